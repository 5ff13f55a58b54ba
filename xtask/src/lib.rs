//! What the repository must be true of, as functions that the chores and `cargo test` share.
//!
//! Chores that start processes or talk to a terminal are in the binary, not here.

pub mod codegen;
pub mod scaffold;
pub mod surface;
pub mod tidy;
pub mod tree;
