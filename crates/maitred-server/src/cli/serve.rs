//! `maitred serve`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use hyper::StatusCode;
use maitred_core::jsonrpc::Limits;
use maitred_core::mcp::Mcp;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;

use crate::boot::{self, Product};
use crate::config::{Config, DataArgs, ServeArgs, TransportChoice};
use crate::http::{self, Extra, HttpConfig, Shutdown};
use crate::stdio::{self, StdioConfig, Stop};
use crate::telemetry;

const DEFAULT_DATA: &str = "./maitred-data";

/// Time between two runs of the metrics' housekeeping.
const HOUSEKEEPING: Duration = Duration::from_secs(5);

/// Runs the command.
pub fn run(data: &DataArgs, args: &ServeArgs) -> anyhow::Result<()> {
    let config = Config::settle(data, args, DEFAULT_DATA)?;
    let default = if config.transport == TransportChoice::Http { "info" } else { "warn" };
    telemetry::logs(config.log_format, config.log.as_deref(), default)?;
    let meters = telemetry::metrics()?;
    serve(&config, meters)
}

/// Opens the product, makes sure that it works, and serves until told to stop.
pub fn serve(config: &Config, meters: PrometheusHandle) -> anyhow::Result<()> {
    let product = Arc::new(boot::open(&config.data, config.door.clone(), config.limits)?);
    let failures: Vec<String> = product
        .health()
        .into_iter()
        .filter_map(|health| {
            health.failure.map(|why| format!("module `{}` on {}: {why}", health.module, health.backend))
        })
        .collect();
    if !failures.is_empty() {
        bail!("refusing to start:\n  {}", failures.join("\n  "));
    }
    let dispatch = product.dispatch(None);
    let mcp = Arc::new(Mcp::new(Arc::new(dispatch), Limits::default()));
    match config.transport {
        TransportChoice::Stdio => {
            let stop = Stop::default();
            stop.on_signals().context("cannot listen for signals")?;
            stdio::serve_process(mcp, config.key.clone(), StdioConfig::default(), &stop)?;
            // The thread that reads standard input may still wait for a line that nobody needs.
            std::process::exit(0);
        }
        TransportChoice::Http => {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .context("cannot start the network threads")?;
            runtime.block_on(serve_http(config, mcp, product, meters))
        }
    }
}

async fn serve_http(
    config: &Config,
    mcp: Arc<Mcp<maitred_core::dispatch::Dispatch>>,
    product: Arc<Product>,
    meters: PrometheusHandle,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener.local_addr()?;
    let shutdown = Shutdown::default();
    let ready = Arc::new(AtomicBool::new(true));
    let pages = Pages { product, meters: meters.clone(), ready: Arc::clone(&ready) };
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(HOUSEKEEPING).await;
            meters.run_upkeep();
        }
    });
    let stop = shutdown.clone();
    tokio::spawn(async move {
        match stdio::signalled().await {
            Ok(()) => tracing::info!("stopping: running calls finish, new ones are refused"),
            Err(error) => tracing::warn!(%error, "signals are not handled"),
        }
        ready.store(false, Ordering::Relaxed);
        stop.start();
    });
    tracing::info!("listening on http://{address}/mcp");
    let http = HttpConfig {
        allowed_hosts: config.allowed_hosts.clone(),
        allowed_origins: config.allowed_origins.clone(),
        ..HttpConfig::default()
    };
    http::serve(listener, mcp, http, Arc::new(pages), shutdown)
        .await
        .with_context(|| format!("cannot serve on {address}; name the hosts with --allowed-host"))
}

/// `/health` and `/metrics`.
struct Pages {
    product: Arc<Product>,
    meters: PrometheusHandle,
    ready: Arc<AtomicBool>,
}

impl Extra for Pages {
    fn page(&self, path: &str) -> Option<(StatusCode, &'static str, Bytes)> {
        match path {
            "/metrics" => Some((
                StatusCode::OK,
                "text/plain; version=0.0.4; charset=utf-8",
                self.meters.render().into(),
            )),
            "/health" => {
                let modules = self.product.health();
                let well = self.ready.load(Ordering::Relaxed)
                    && modules.iter().all(|module| module.failure.is_none());
                let body = serde_json::json!({
                    "status": if well { "ok" } else { "unavailable" },
                    "release": boot::BUILD,
                    "modules": modules,
                });
                let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                Some((status, "application/json", body.to_string().into()))
            }
            _ => None,
        }
    }
}
