//! The product from outside: the binary's commands and refusals, and what it tells Sentry.

mod commands;
mod machine;
mod refusals;
#[cfg(feature = "sentry")]
mod sentry;
mod serving;
