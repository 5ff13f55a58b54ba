//! What account gives to the machinery and to its own tools.

use maitred_core::ports::Ports;

/// Adds account's ports.
pub fn provide(_: &mut Ports) {}
