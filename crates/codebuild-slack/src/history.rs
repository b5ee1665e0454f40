//! Earlier events and earlier builds: the record of a build's message, and the comparison with previous builds.

pub(crate) mod rank;
pub(crate) mod recent_posts;
pub(crate) mod record;
pub(crate) mod setup;
pub(crate) mod verdict;
