//! Configuration: flags beat environment beats `maitred.toml` beats defaults. Nothing else in maitred reads the
//! environment.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde::Deserialize;

use maitred_core::limits::LimitSettings;

/// How the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransportChoice {
    /// Lines on standard input and output, for one client on this machine.
    Stdio,
    /// Streamable HTTP on `/mcp`.
    Http,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object per line.
    Json,
}

/// Where the data is. Shared by every command.
#[derive(Args, Clone, Debug, Default)]
pub struct DataArgs {
    /// Directory of the databases and of the server's secret [default: ./maitred-data]
    #[arg(long, env = "MAITRED_DATA", value_name = "DIR", global = true, help_heading = "Everywhere")]
    pub data: Option<PathBuf>,
    /// Keep the databases on this PostgreSQL server instead of in the directory: postgres://USER:PASSWORD@HOST/NAME
    #[arg(
        long,
        env = "MAITRED_DATABASE_URL",
        value_name = "URL",
        global = true,
        hide_env_values = true,
        help_heading = "Everywhere"
    )]
    pub database_url: Option<DatabaseUrl>,
    /// Connections that this process keeps to the PostgreSQL server [default: 8]
    #[arg(
        long,
        env = "MAITRED_DATABASE_CONNECTIONS",
        value_name = "N",
        global = true,
        value_parser = clap::value_parser!(u16).range(2..=500),
        help_heading = "Everywhere"
    )]
    pub database_connections: Option<u16>,
    /// Configuration file [default: ./maitred.toml where there is one]
    #[arg(long, env = "MAITRED_CONFIG", value_name = "FILE", global = true, help_heading = "Everywhere")]
    pub config: Option<PathBuf>,
    /// How log lines on standard error look [default: human]
    #[arg(
        long,
        env = "MAITRED_LOG_FORMAT",
        value_name = "FORMAT",
        global = true,
        help_heading = "Everywhere"
    )]
    pub log_format: Option<LogFormat>,
    /// What is logged, e.g. `info` or `maitred_core=debug` [default: warn, for serve info]
    #[arg(long, env = "MAITRED_LOG", value_name = "FILTER", global = true, help_heading = "Everywhere")]
    pub log: Option<String>,
}

/// How the server runs.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArgs {
    /// How to speak [default: http]
    #[arg(long, env = "TRANSPORT", value_name = "TRANSPORT")]
    pub transport: Option<TransportChoice>,
    /// Address to listen on [default: 127.0.0.1:8808]
    #[arg(long, env = "MAITRED_LISTEN", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Host names clients may use; needed when the address is not loopback
    #[arg(
        long = "allowed-host",
        env = "MAITRED_ALLOWED_HOSTS",
        value_name = "NAME[:PORT]",
        value_delimiter = ','
    )]
    pub allowed_hosts: Vec<String>,
    /// Web origins that may call from a browser
    #[arg(
        long = "allowed-origin",
        env = "MAITRED_ALLOWED_ORIGINS",
        value_name = "URL",
        value_delimiter = ','
    )]
    pub allowed_origins: Vec<String>,
    /// The organisation whose door strangers knock at [default: the only one with an open door]
    #[arg(long, env = "MAITRED_DOOR", value_name = "SLUG")]
    pub door: Option<String>,
    /// Calls per second and key; twice as many in a burst [default: 500]
    #[arg(long, env = "MAITRED_CALLS_PER_SECOND", value_name = "N")]
    pub calls_per_second: Option<u32>,
    /// Writes per second and key; twice as many in a burst [default: 100]
    #[arg(long, env = "MAITRED_WRITES_PER_SECOND", value_name = "N")]
    pub writes_per_second: Option<u32>,
    /// Calls in flight at once per key [default: 64]
    #[arg(long, env = "MAITRED_IN_FLIGHT", value_name = "N")]
    pub in_flight: Option<u32>,
    /// Seconds one call may take [default: 30]
    #[arg(long, env = "MAITRED_CALL_SECONDS", value_name = "N")]
    pub call_seconds: Option<u64>,
    /// The key of a stdio client (environment only in practice: arguments are visible to others)
    #[arg(long, env = "MAITRED_KEY", value_name = "KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// Mail server for what tools send: smtps://USER:PASSWORD@HOST or smtp://USER:PASSWORD@HOST:587?tls=required
    #[arg(
        long,
        env = "MAITRED_MAIL_URL",
        value_name = "URL",
        hide_env_values = true,
        requires = "mail_from"
    )]
    pub mail_url: Option<String>,
    /// Sender of mails, e.g. "Acme <office@acme.example>"
    #[arg(long, env = "MAITRED_MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,
    /// Where everything else that leaves the house is posted to, signed as Standard Webhooks has it
    #[arg(long, env = "MAITRED_WEBHOOK_URL", value_name = "URL", hide_env_values = true)]
    pub webhook_url: Option<String>,
    /// Secret of the signature: `whsec_` and at least 24 bytes in base64 (environment only in practice)
    #[arg(long, env = "MAITRED_WEBHOOK_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub webhook_secret: Option<String>,
    /// Where to report failures to
    #[arg(long, env = "SENTRY_DSN", value_name = "URL", hide_env_values = true)]
    pub sentry_dsn: Option<String>,
}

/// The same settings in `maitred.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct File {
    data: Option<PathBuf>,
    database_url: Option<DatabaseUrl>,
    database_connections: Option<u16>,
    log_format: Option<LogFormat>,
    log: Option<String>,
    transport: Option<TransportChoice>,
    listen: Option<SocketAddr>,
    allowed_hosts: Vec<String>,
    allowed_origins: Vec<String>,
    door: Option<String>,
    calls_per_second: Option<u32>,
    writes_per_second: Option<u32>,
    in_flight: Option<u32>,
    call_seconds: Option<u64>,
    mail_url: Option<String>,
    mail_from: Option<String>,
    webhook_url: Option<String>,
    webhook_secret: Option<String>,
    sentry_dsn: Option<String>,
}

/// How mails and webhooks leave. URLs and secret may hold passwords: never shown.
#[derive(Clone, Default)]
pub struct Outward {
    /// Mail server.
    pub mail_url: Option<String>,
    /// Sender.
    pub mail_from: Option<String>,
    /// Receiver of webhooks.
    pub webhook_url: Option<String>,
    /// Secret of their signature.
    pub webhook_secret: Option<String>,
}

impl std::fmt::Debug for Outward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outward")
    }
}

/// A setting of the command line, else of the file; an empty one is none.
fn said(flag: &Option<String>, file: Option<String>) -> Option<String> {
    flag.clone().or(file).filter(|text| !text.is_empty())
}

/// Everything settled.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where everything is kept.
    pub place: Place,
    /// Log format.
    pub log_format: LogFormat,
    /// Log filter, where somebody set one.
    pub log: Option<String>,
    /// Transport.
    pub transport: TransportChoice,
    /// Address.
    pub listen: SocketAddr,
    /// Host names.
    pub allowed_hosts: Vec<String>,
    /// Origins.
    pub allowed_origins: Vec<String>,
    /// Door.
    pub door: Option<String>,
    /// Limits.
    pub limits: LimitSettings,
    /// Key of a stdio client.
    pub key: Option<String>,
    /// Ways out of the house.
    pub outward: Outward,
    /// Sentry.
    pub sentry_dsn: Option<String>,
}

/// Where everything is kept.
#[derive(Clone, Debug)]
pub struct Place {
    /// Directory of the server's secret, of exported files, and of the databases where they are in files.
    pub data: PathBuf,
    /// The server of the databases, where they are not in files.
    pub database: Option<DatabaseUrl>,
    /// Connections kept to it.
    pub connections: usize,
}

/// [`Place::connections`] when nobody says.
const CONNECTIONS: u16 = 8;

impl Place {
    /// All of it in a directory.
    pub fn directory(data: &Path) -> Self {
        Self { data: data.to_owned(), database: None, connections: CONNECTIONS.into() }
    }
}

/// A database server's address, which may hold a password: never shown.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(pub String);

impl From<String> for DatabaseUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseUrl(..)")
    }
}

const DEFAULT_FILE: &str = "maitred.toml";

impl Config {
    /// Settles the configuration. `default_data` is the data directory when nobody names one.
    ///
    /// # Errors
    /// A configuration file that is missing although it was named, that cannot be read, or that has an unknown member.
    pub fn settle(data: &DataArgs, serve: &ServeArgs, default_data: &str) -> anyhow::Result<Self> {
        let file = read_file(data.config.as_deref())?;
        let standard = LimitSettings::default();
        let or = |flag: &[String], file: Vec<String>| if flag.is_empty() { file } else { flag.to_vec() };
        Ok(Self {
            place: Place {
                data: data.data.clone().or(file.data).unwrap_or_else(|| PathBuf::from(default_data)),
                database: data.database_url.clone().or(file.database_url).filter(|url| !url.0.is_empty()),
                connections: data
                    .database_connections
                    .or(file.database_connections)
                    .unwrap_or(CONNECTIONS)
                    .clamp(2, 500)
                    .into(),
            },
            log_format: data.log_format.or(file.log_format).unwrap_or(LogFormat::Human),
            log: data.log.clone().or(file.log),
            transport: serve.transport.or(file.transport).unwrap_or(TransportChoice::Http),
            listen: serve.listen.or(file.listen).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8808))),
            allowed_hosts: or(&serve.allowed_hosts, file.allowed_hosts),
            allowed_origins: or(&serve.allowed_origins, file.allowed_origins),
            door: serve.door.clone().or(file.door),
            limits: LimitSettings {
                calls_per_second: serve
                    .calls_per_second
                    .or(file.calls_per_second)
                    .unwrap_or(standard.calls_per_second),
                writes_per_second: serve
                    .writes_per_second
                    .or(file.writes_per_second)
                    .unwrap_or(standard.writes_per_second),
                in_flight: serve.in_flight.or(file.in_flight).unwrap_or(standard.in_flight),
                call_time: serve
                    .call_seconds
                    .or(file.call_seconds)
                    .map_or(standard.call_time, |seconds| Duration::from_secs(seconds.clamp(1, 3600))),
                ..standard
            },
            key: serve.key.clone().filter(|key| !key.is_empty()),
            outward: Outward {
                mail_url: said(&serve.mail_url, file.mail_url),
                mail_from: said(&serve.mail_from, file.mail_from),
                webhook_url: said(&serve.webhook_url, file.webhook_url),
                webhook_secret: said(&serve.webhook_secret, file.webhook_secret),
            },
            sentry_dsn: serve.sentry_dsn.clone().or(file.sentry_dsn).filter(|dsn| !dsn.is_empty()),
        })
    }
}

fn read_file(named: Option<&Path>) -> anyhow::Result<File> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    if named.is_none() && !path.exists() {
        return Ok(File::default());
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    match toml::from_str(&text) {
        Ok(file) => Ok(file),
        Err(error) => bail!("`{}`: {}", path.display(), error.message()),
    }
}
