//! The protocol layer, the tool trait, callers, menus and dispatch.
//!
//! Entry points: [`tool::Tool`] for those who write tools, [`dispatch::Dispatch`] for those who serve them,
//! [`mcp::Service`] for those who speak the protocol. What does not belong here: tables, transports, any one domain.

extern crate self as maitred_core;

pub mod args;
pub mod caller;
pub mod clock;
pub mod cx;
pub mod dispatch;
pub mod door;
pub mod effect;
pub mod error;
pub mod jsonrpc;
pub mod limits;
pub mod mcp;
pub mod menu;
pub mod meters;
pub mod mode;
pub mod output;
pub mod paging;
pub mod ports;
pub mod registry;
pub mod roles;
pub mod tool;

pub use cx::Cx;

/// What every tool file needs.
pub mod prelude {
    pub use crate::cx::{Cx, Reader, Writer};
    pub use crate::effect::{Anyone, Client, Read, Staff, Stranger, Write};
    pub use crate::error::{Code, ToolError, ToolResult, invalid, missing, not_found, refused};
    pub use crate::mode::Mode;
    pub use crate::output::{Counts, FieldMask, RawJson, Selected};
    pub use crate::paging::{Listing, Page, Paging};
    pub use crate::tool::{Example, Tool};
    pub use maitred_macros::{ToolArgs, ToolOutput};
}
