//! MCP 2025-03-26 over JSON-RPC: lifecycle, sessions, streams, utilities. No tool and no table is known here.

mod call;
mod engine;
mod levels;
mod lifecycle;
pub mod service;
mod session;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use call::Sink;
pub use engine::{Link, MakeSink, Mcp, Outcome};
pub use lifecycle::PROTOCOL_VERSION;
pub use service::{
    Answer, CancelFlag, Credentials, Done, Features, Handled, LogLevel, Outlet, Refusal, Request, ServerInfo,
    Service, Ticket, Transport,
};
pub use session::{SESSION_SECONDS, Session, SessionKey, Sessions};

/// Locks a mutex whose data stays whole even if a holder panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
