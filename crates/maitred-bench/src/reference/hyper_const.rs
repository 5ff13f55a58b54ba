//! Bare hyper: reads the body and answers a constant. What HTTP itself costs.

use std::convert::Infallible;
use std::net::TcpListener;

use anyhow::Result;
use bytes::Bytes;

use super::{json, serve};

/// Serves `body` to every request until the process ends.
///
/// # Errors
/// When the runtime does not start or the listener breaks.
pub fn run(listener: TcpListener, workers: usize, body: Bytes) -> Result<Infallible> {
    serve(listener, workers, move |_| json(body.clone()))
}
