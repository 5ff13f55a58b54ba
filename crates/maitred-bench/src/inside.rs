//! The product's path from a received message to the bytes of its answer, without sockets: where a call's time goes
//! can be seen here by a profiler, and counted in instructions.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use maitred_core::dispatch::Dispatch;
use maitred_core::jsonrpc::Limits;
use maitred_core::limits::LimitSettings;
use maitred_core::mcp::{Credentials, Link, Mcp, Outcome, Service, Transport};
use maitred_server::boot;
use maitred_server::config::Place;
use serde::Serialize;

/// What a loop measured.
#[derive(Clone, Debug, Serialize)]
pub struct Inside {
    /// Calls.
    pub calls: usize,
    /// Microseconds for each.
    pub each_us: f64,
    /// Bytes of the last answer.
    pub bytes: usize,
}

/// Opens the product on a data directory and answers `request` so many times in this thread, each time with all that
/// an HTTP request costs behind the socket: the door, the session, the message.
///
/// # Errors
/// When the product does not open, the key opens nothing, or an answer is wrong or comes later.
pub fn run(data: &Path, key: &str, request: &str, calls: usize) -> Result<Inside> {
    let limits = LimitSettings {
        calls_per_second: 1_000_000_000,
        writes_per_second: 1_000_000_000,
        // A profiler makes everything slow; what is measured is this path, not the other lane.
        inline_time: Duration::from_secs(10),
        ..LimitSettings::default()
    };
    let mcp = Mcp::new(
        Arc::new(boot::open(&Place::directory(data), None, limits)?.dispatch(None)),
        Limits::default(),
    );
    let credentials = Credentials {
        bearer: Some(key),
        address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        transport: Transport::Http,
    };
    let service = mcp.service();
    let guest = admitted(service, &credentials)?;
    let (session, _) = mcp
        .sessions()
        .issue(service.principal(&guest), service.unix_now())
        .context("no randomness for a session")?;
    let mut out = Vec::with_capacity(512);
    let started = Instant::now();
    for _ in 0..calls {
        out = Vec::with_capacity(512);
        let guest = admitted(service, &credentials)?;
        let inbound = mcp.parse(request.as_bytes());
        let known = mcp
            .sessions()
            .verify(&session, service.principal(&guest), service.unix_now())
            .filter(|known| !service.session_ended(known.name))
            .context("the session is not known")?;
        let link =
            Link { guest: &guest, transport: Transport::Http, session: known.key, may_initialize: true };
        let outcome = mcp.receive(&link, &inbound, &mut out, &mut |_| Arc::new(Nowhere));
        if outcome != Outcome::Answered {
            bail!("`{request}` was not answered at once: {outcome:?}");
        }
    }
    let each_us = started.elapsed().as_secs_f64() * 1e6 / calls.max(1) as f64;
    let text = String::from_utf8_lossy(&out);
    if text.contains("\"isError\":true") || text.contains("\"error\":{") {
        bail!("`{request}` was answered with `{text}`");
    }
    Ok(Inside { calls, each_us, bytes: out.len() })
}

fn admitted(service: &Dispatch, credentials: &Credentials<'_>) -> Result<<Dispatch as Service>::Guest> {
    service.admit(credentials).map_err(|refusal| anyhow::anyhow!("the key opens nothing: {refusal:?}"))
}

/// Takes what nobody waits for.
struct Nowhere;

impl maitred_core::mcp::Sink for Nowhere {
    fn notify(&self, _: bytes::Bytes) {}
    fn finish(&self, _: Option<bytes::Bytes>) {}
    fn streams(&self) -> bool {
        false
    }
}
