//! JSON-RPC 2.0 as MCP uses it: envelopes in, envelopes out, ids echoed exactly. Methods are not known here.

mod envelope;
mod id;
mod scan;
pub mod write;

use std::borrow::Cow;

pub use envelope::{Inbound, Message};
pub use id::Id;
pub use scan::Limits;

/// An error of the envelope: the request could not be understood or is not for this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// One of the codes below.
    pub code: i32,
    /// One short sentence.
    pub message: Cow<'static, str>,
}

impl RpcError {
    /// Not JSON at all.
    pub const PARSE: i32 = -32700;
    /// JSON, but not a request object.
    pub const INVALID_REQUEST: i32 = -32600;
    /// No such method, or a feature that is not offered.
    pub const METHOD_NOT_FOUND: i32 = -32601;
    /// The parameters do not have the method's shape; also an unknown tool.
    pub const INVALID_PARAMS: i32 = -32602;
    /// A fault of the server.
    pub const INTERNAL: i32 = -32603;

    /// An error with the given code and sentence.
    pub fn new(code: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }

    /// Text that is not JSON.
    pub fn parse(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Self::PARSE, message)
    }

    /// JSON that is not a request, or a request that has no place here.
    pub fn invalid_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Self::INVALID_REQUEST, message)
    }

    /// A method that nobody serves.
    pub fn method_not_found() -> Self {
        Self::new(Self::METHOD_NOT_FOUND, "method not found")
    }

    /// Parameters of the wrong shape.
    pub fn invalid_params(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Self::INVALID_PARAMS, message)
    }

    /// A fault of the server; what it was stays in the log.
    pub fn internal() -> Self {
        Self::new(Self::INTERNAL, "internal error")
    }
}
