//! Logs to standard error, metrics for Prometheus. Standard output belongs to the protocol.

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Upper bounds of the latency buckets, seconds: fine where keyed reads are, coarse where reports are.
const BUCKETS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0,
];

/// Installs the log writer. `default` is the filter when nobody set one.
///
/// # Errors
/// A filter that cannot be read.
pub fn logs(format: LogFormat, filter: Option<&str>, default: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter.unwrap_or(default)).context("the log filter cannot be read")?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second installation in one process, as tests do, keeps the first.
    let _ = match format {
        LogFormat::Human => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    Ok(())
}

/// Installs the metrics recorder. Must run before the registry is made, which takes its meters from it.
///
/// # Errors
/// When another recorder is installed.
pub fn metrics() -> anyhow::Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS)
        .context("the latency buckets")?
        .install_recorder()
        .context("the metrics recorder")
}
