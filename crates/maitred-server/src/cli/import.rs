//! `maitred import`.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use maitred_demo::online_retail;

use super::common::{Format, open};
use super::demo::target;
use crate::config::DataArgs;

/// Importers of real data sets.
#[derive(Subcommand, Debug)]
pub enum ImportCommand {
    /// Import the customers of the UCI Online Retail file; what it leaves for later is counted
    #[command(
        after_help = "Example:\n  maitred org create retail --name \"Online Retail\"\n  maitred import \
                            online-retail online_retail.csv.xz --org retail"
    )]
    OnlineRetail(OnlineRetail),
}

/// `import online-retail`.
#[derive(Args, Debug)]
pub struct OnlineRetail {
    /// The file: CSV, plain or compressed with xz, zstd or gzip
    file: PathBuf,
    /// The organisation; importing again changes nothing
    #[arg(long, value_name = "SLUG")]
    org: String,
    #[command(flatten)]
    format: Format,
}

/// Runs the command.
pub fn run(data: &DataArgs, command: &ImportCommand) -> anyhow::Result<()> {
    let ImportCommand::OnlineRetail(args) = command;
    let product = open(data)?;
    let target = target(&product, &args.org, "import online-retail")?;
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {bytes} of {total_bytes}  {elapsed}")
        .context("the progress bar")?;
    bar.set_style(style);
    let mut progress = |read: u64, all: u64| {
        bar.set_length(all);
        bar.set_position(read);
    };
    let outcome = online_retail::import(&target, product.clock.now(), &args.file, &mut progress);
    bar.finish_and_clear();
    let report = outcome.with_context(|| format!("cannot import `{}`", args.file.display()))?;
    args.format.show(&serde_json::to_value(&report)?, || report.to_string().trim_end().to_owned())
}
