//! `maitred serve`.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use hyper::StatusCode;
use maitred_core::dispatch::{Dispatch, Reporter};
use maitred_core::jsonrpc::Limits;
use maitred_core::mcp::Mcp;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;

use super::common::DEFAULT_DATA;
use crate::boot::{self, Product};
use crate::config::{Config, DataArgs, ServeArgs, TransportChoice};
use crate::health::Watch;
use crate::http::{self, Extra, HttpConfig, Shutdown};
use crate::outbox::{self, Carrier};
use crate::stdio::{self, StdioConfig, Stop};
use crate::{telemetry, upkeep};

/// Time between two runs of the metrics' housekeeping.
const HOUSEKEEPING: Duration = Duration::from_secs(5);

/// Runs the command.
pub fn run(data: &DataArgs, args: &ServeArgs) -> anyhow::Result<()> {
    let config = Config::settle(data, args, DEFAULT_DATA)?;
    let default = if config.transport == TransportChoice::Http { "info" } else { "warn" };
    telemetry::logs(config.log_format, config.log.as_deref(), default)?;
    reachable(&config)?;
    let meters = telemetry::metrics()?;
    let product = Arc::new(boot::open(&config.place, config.door.clone(), config.limits)?);
    serve(&config, product, meters, |_| Ok(()))
}

/// Refuses an address beyond loopback without host names, before anything is opened or made.
pub fn reachable(config: &Config) -> anyhow::Result<()> {
    let beyond = config.transport == TransportChoice::Http && !config.listen.ip().is_loopback();
    if beyond && config.allowed_hosts.is_empty() {
        bail!(
            "refusing to listen on {}: it is not a loopback address and no host name is allowed; name those that \
             clients use with --allowed-host",
            config.listen
        );
    }
    Ok(())
}

#[cfg(feature = "outward")]
fn carriers(config: &Config, product: &Product) -> anyhow::Result<Vec<Box<dyn Carrier>>> {
    crate::carriers::make(&config.outward, Arc::clone(&product.clock))
}

#[cfg(not(feature = "outward"))]
fn carriers(config: &Config, _: &Product) -> anyhow::Result<Vec<Box<dyn Carrier>>> {
    if config.outward.mail_url.is_some() || config.outward.webhook_url.is_some() {
        bail!("this build sends nothing: build it with --features outward for mails and webhooks");
    }
    Ok(Vec::new())
}

/// Makes sure that the product works and serves until told to stop. `announce` hears where, once it can be reached.
pub fn serve(
    config: &Config,
    product: Arc<Product>,
    meters: PrometheusHandle,
    announce: impl FnOnce(SocketAddr) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let health = product.health();
    let failures: Vec<String> = health
        .iter()
        .filter_map(|health| {
            let why = health.failure.as_ref()?;
            Some(format!("module `{}` on {}: {why}", health.module, health.backend))
        })
        .collect();
    if !failures.is_empty() {
        bail!("refusing to start:\n  {}", failures.join("\n  "));
    }
    let reports = Reports::new(config)?;
    let dispatch = product.dispatch(reports.reporter());
    let mcp = Arc::new(Mcp::new(Arc::new(dispatch), Limits::default()));
    product.directory.listen();
    let carriers = carriers(config, &product)?;
    if !carriers.is_empty() {
        outbox::start(Arc::clone(&product), carriers).context("cannot start the thread of the outbox")?;
    }
    upkeep::start(Arc::clone(&product)).context("cannot start the thread that clears away")?;
    match config.transport {
        TransportChoice::Stdio => {
            let stop = Stop::default();
            stop.on_signals().context("cannot listen for signals")?;
            stdio::serve_process(mcp, config.key.clone(), StdioConfig::default(), &stop)?;
            reports.flush();
            // The thread that reads standard input may still wait for a line that nobody needs.
            std::process::exit(0);
        }
        TransportChoice::Http => {
            let watch = Watch::start(product, health).context("cannot watch over the modules")?;
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .context("cannot start the network threads")?;
            let served = runtime.block_on(serve_http(config, mcp, watch, meters, announce));
            reports.flush();
            served
        }
    }
}

async fn serve_http(
    config: &Config,
    mcp: Arc<Mcp<Dispatch>>,
    watch: Arc<Watch>,
    meters: PrometheusHandle,
    announce: impl FnOnce(SocketAddr) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.listen).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "cannot listen on {}: another program listens there; choose another address with --listen",
            config.listen
        ),
        _ => anyhow!("cannot listen on {}: {error}", config.listen),
    })?;
    let address = listener.local_addr()?;
    let shutdown = Shutdown::default();
    let pages = Pages { watch: Arc::clone(&watch), meters: meters.clone() };
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
        watch.stopping();
        stop.start();
    });
    tracing::info!("listening on http://{address}/mcp");
    announce(address)?;
    let http = HttpConfig {
        allowed_hosts: config.allowed_hosts.clone(),
        allowed_origins: config.allowed_origins.clone(),
        ..HttpConfig::default()
    };
    http::serve(listener, mcp, http, Arc::new(pages), shutdown)
        .await
        .with_context(|| format!("cannot serve on {address}"))
}

/// `/health` and `/metrics`.
struct Pages {
    watch: Arc<Watch>,
    meters: PrometheusHandle,
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
                let (well, body) = self.watch.page();
                let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                Some((status, "application/json", body))
            }
            _ => None,
        }
    }
}

/// Where failures go, if anywhere.
struct Reports {
    #[cfg(feature = "sentry")]
    sentry: Option<Arc<crate::report::SentryReporter>>,
}

#[cfg(feature = "sentry")]
impl Reports {
    fn new(config: &Config) -> anyhow::Result<Self> {
        let sentry = config.sentry_dsn.as_deref().map(crate::report::SentryReporter::new).transpose()?;
        Ok(Self { sentry: sentry.map(Arc::new) })
    }

    fn reporter(&self) -> Option<Arc<dyn Reporter>> {
        self.sentry.clone().map(|sentry| sentry as Arc<dyn Reporter>)
    }

    fn flush(&self) {
        if self.sentry.as_ref().is_some_and(|sentry| !sentry.flush()) {
            tracing::warn!("not every failure reached Sentry in time");
        }
    }
}

#[cfg(not(feature = "sentry"))]
impl Reports {
    fn new(config: &Config) -> anyhow::Result<Self> {
        if config.sentry_dsn.is_some() {
            bail!("this build cannot report to Sentry");
        }
        Ok(Self {})
    }

    fn reporter(&self) -> Option<Arc<dyn Reporter>> {
        None
    }

    fn flush(&self) {}
}
