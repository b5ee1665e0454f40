//! Emulator of Lambda's Invoke and Runtime APIs, with the semantics that functions rely on.
//!
//! | module | content |
//! |---|---|
//! | `emulator` | what tests use: deploy, invoke, observe, disturb |
//! | `function` | configuration of a deployed function |
//! | `invocation` | one attempt and its outcome |
//! | `decision` | how a test alters a call of the Invoke API |
//! | `delivery` | an accepted call, from its first to its last attempt |
//! | `environment` | execution environment: one process of a function |
//! | `invoke_api`, `runtime_api` | the two APIs over HTTP |
//! | `state` | state that all of them share |

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
pub use emulator::LambdaEmulator;
pub use function::Function;
pub use invocation::{Invocation, InvocationType, Outcome, Victim};
