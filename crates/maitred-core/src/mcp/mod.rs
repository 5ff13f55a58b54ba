//! MCP 2025-03-26 over JSON-RPC: lifecycle, sessions, streams, utilities. No tool and no table is known here.

pub mod service;

pub use service::{
    Answer, CancelFlag, Credentials, Done, Features, Handled, LogLevel, Outlet, Refusal, Request, ServerInfo,
    Service, Ticket, Transport,
};
