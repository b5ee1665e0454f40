//! A small emulator of Lambda's Invoke and Runtime APIs, with the semantics that functions rely on.
//!
//! | file | noun |
//! |---|---|
//! | `emulator` | what tests hold: deploy, invoke, watch, disturb |
//! | `function` | what is deployed |
//! | `invocation` | one attempt, and how it ended |
//! | `decision` | what a test wants done to a call |
//! | `delivery` | from an accepted call to its last attempt |
//! | `environment` | one process of a function |
//! | `invoke_api`, `runtime_api` | the two APIs on the wire |
//! | `state` | what all of them share |

mod decision;
mod delivery;
mod emulator;
mod environment;
mod function;
mod invocation;
mod invoke_api;
mod runtime_api;
mod state;

pub use decision::{Decision, InvokeCall, Refusal};
pub use emulator::Emulator;
pub use function::Function;
pub use invocation::{Invocation, Kind, Outcome};
