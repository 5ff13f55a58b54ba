//! What the commands share: opening the data directory, and writing to standard output.

use std::io::{self, ErrorKind, Write as _};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use maitred_core::limits::LimitSettings;

use crate::boot::{self, Product};
use crate::config::{Config, DataArgs, ServeArgs};
use crate::telemetry;

/// Data directory of every command but `demo`, when nobody names one.
pub const DEFAULT_DATA: &str = "./maitred-data";

/// Whether a script reads the answer.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Format {
    /// Print JSON, for scripts
    #[arg(long)]
    pub json: bool,
}

impl Format {
    /// Prints the value for scripts, or the words for people.
    pub fn show(self, value: &serde_json::Value, words: impl FnOnce() -> String) -> anyhow::Result<()> {
        if self.json { print(&value.to_string()) } else { print(&words()) }
    }
}

/// The settled configuration of a command that is not the server.
pub fn config(data: &DataArgs) -> anyhow::Result<Config> {
    let config = Config::settle(data, &ServeArgs::default(), DEFAULT_DATA)?;
    telemetry::logs(config.log_format, config.log.as_deref(), "warn")?;
    Ok(config)
}

/// Opens a data directory that is there.
pub fn open(data: &DataArgs) -> anyhow::Result<Arc<Product>> {
    let config = config(data)?;
    if !config.place.data.join(maitred_directory::secrets::FILE).exists() {
        bail!(
            "there is no data directory `{}`; `maitred org create SLUG --name NAME` makes one",
            config.place.data.display()
        );
    }
    boot::open(&config.place, config.door, LimitSettings::default()).map(Arc::new)
}

/// Opens a data directory, making it when it is not there.
pub fn open_or_make(data: &DataArgs) -> anyhow::Result<Arc<Product>> {
    let config = config(data)?;
    boot::open(&config.place, config.door, LimitSettings::default()).map(Arc::new)
}

/// Writes a text and a line end to standard output. A reader that has gone away is no failure.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}

/// Writes a remark for the operator to standard error, where it spoils no script.
pub fn remark(text: &str) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Rows under headings, each column as wide as its longest cell.
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(headings.get(column).map(|cell| cell.len())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut out = String::new();
        for (cell, width) in cells.zip(&widths) {
            out.push_str(cell);
            out.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count()) + 2));
        }
        out.trim_end().to_owned()
    };
    let mut lines = vec![line(&mut headings.iter().copied())];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines.join("\n")
}

/// A moment of the books without its milliseconds; `-` for none.
pub fn moment(at: Option<&str>) -> String {
    at.and_then(|at| at.get(..16)).map_or_else(|| "-".to_owned(), |at| at.replace('T', " "))
}
