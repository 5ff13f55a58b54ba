//! `maitred import`.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use maitred_demo::online_retail::{self, Progress};

use super::common::{Format, open};
use super::demo::target;
use crate::config::DataArgs;

/// Importers of real data sets.
#[derive(Subcommand, Debug)]
pub enum ImportCommand {
    /// Import the UCI Online Retail file: customers, products, prices, orders, invoices, credit notes, stock
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
    let style = ProgressStyle::with_template("{msg:7} {bar:40} {percent:>3} %  {elapsed}")
        .context("the progress bar")?;
    bar.set_style(style);
    let mut progress = |how_far: Progress| {
        let (word, done, all) = match how_far {
            Progress::Read(done, all) => ("reading", done, all),
            Progress::Written(done, all) => ("writing", done, all),
        };
        bar.set_message(word);
        bar.set_length(all);
        bar.set_position(done);
    };
    let outcome = online_retail::import(&target, product.clock.now(), &args.file, &mut progress);
    bar.finish_and_clear();
    let report = outcome.with_context(|| format!("cannot import `{}`", args.file.display()))?;
    args.format.show(&serde_json::to_value(&report)?, || report.to_string().trim_end().to_owned())
}
