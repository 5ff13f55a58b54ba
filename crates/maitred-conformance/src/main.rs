//! `maitred-conformance --listen 127.0.0.1:PORT`: the product's own protocol and transport in front of the fixtures of
//! the official conformance suite. Never part of a product build.

#![allow(clippy::print_stderr, reason = "a program for the terminal of a test run")]

mod fixtures;

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use maitred_core::jsonrpc::Limits;
use maitred_core::mcp::Mcp;
use maitred_server::http::{HttpConfig, Shutdown, serve};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let address = match &arguments[..] {
        [flag, address] if flag == "--listen" => address,
        _ => bail!("usage: maitred-conformance --listen 127.0.0.1:PORT"),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener =
            tokio::net::TcpListener::bind(address).await.with_context(|| format!("binding `{address}`"))?;
        eprintln!("listening on http://{}/mcp", listener.local_addr()?);
        let shutdown = Shutdown::default();
        let stop = shutdown.clone();
        tokio::spawn(async move {
            // Without a signal handler the default action ends the process just as well.
            let _ = tokio::signal::ctrl_c().await;
            stop.start();
        });
        let mcp = Arc::new(Mcp::new(Arc::new(fixtures::Fixtures::default()), Limits::default()));
        serve(listener, mcp, HttpConfig::default(), Arc::new(()), shutdown).await?;
        Ok(())
    })
}
