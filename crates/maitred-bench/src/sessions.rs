//! Opening many sessions, each with its handshake, and leaving them idle.

use std::net::SocketAddr;

use anyhow::{Result, anyhow};
use serde::Serialize;

use crate::client::Client;
use crate::process::{self, Memory};

const CONNECTIONS: usize = 8;

/// What the sessions cost.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cost {
    /// Sessions that were opened.
    pub sessions: usize,
    /// Before.
    pub before: Memory,
    /// After.
    pub after: Memory,
    /// KiB of anonymous memory for each.
    pub kib_each: f64,
}

/// Opens `count` sessions over a few connections, one after another on each.
///
/// # Errors
/// When one is refused.
pub fn open(address: SocketAddr, path: &str, key: Option<&str>, count: usize) -> Result<()> {
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..CONNECTIONS)
            .map(|number| {
                scope.spawn(move || -> Result<()> {
                    let mut client = Client::connect(address, path, key)?;
                    for _ in (number..count).step_by(CONNECTIONS) {
                        client.open_session()?;
                    }
                    Ok(())
                })
            })
            .collect();
        for thread in running {
            thread.join().map_err(|_| anyhow!("a client panicked"))??;
        }
        Ok(())
    })
}

/// Memory of the process `pid` before and after `count` sessions. A hundred are opened first, so that what the
/// first of them builds once is not divided among the rest.
///
/// # Errors
/// When a session is refused or there is no such process.
pub fn cost(address: SocketAddr, path: &str, key: Option<&str>, count: usize, pid: u32) -> Result<Cost> {
    open(address, path, key, 100)?;
    let before = process::memory(pid)?;
    open(address, path, key, count)?;
    let after = process::memory(pid)?;
    let kib_each = (after.anonymous as f64 - before.anonymous as f64) / count.max(1) as f64;
    Ok(Cost { sessions: count, before, after, kib_each })
}
