//! The systems outside: the user's database and Amazon SNS.

pub(crate) mod postgres;
pub(crate) mod sns;
