//! What the tests stand on: a data directory with people in it, and the product run over it.

mod client;
mod house;
mod server;

pub use client::{Client, Reply, text_of};
pub use house::{House, TEAM};
pub use server::{BINARY, Server, Stdio, maitred};
