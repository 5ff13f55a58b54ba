//! The protocol layer, the tool trait, callers, menus and dispatch.

pub mod jsonrpc;
pub mod mcp;
