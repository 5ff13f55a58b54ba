//! `maitred backup`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use maitred_directory::{DATABASE, MIGRATIONS, secrets};
use maitred_store::audit::Verdict;
use maitred_store::sqlite::{SqliteEngine, SqliteOptions};
use maitred_store::{Engine, Migration};
use serde_json::json;

use super::audit::chain;
use super::common::{Format, open, remark};
use crate::boot::ORGS;
use crate::config::DataArgs;

/// `backup`.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("which").args(["org", "all"]).required(true))]
pub struct BackupArgs {
    /// Copy into this directory, made when it is not there; nothing in it is replaced
    directory: PathBuf,
    /// Only this organisation, with the directory of keys; may be repeated
    #[arg(long, value_name = "SLUG")]
    org: Vec<String>,
    /// Every organisation, with the directory of keys
    #[arg(long)]
    all: bool,
    /// Copy the secret too: whoever has such a copy has everything
    #[arg(long)]
    with_secret: bool,
    #[command(flatten)]
    format: Format,
}

/// Runs the command.
pub fn run(data: &DataArgs, args: &BackupArgs) -> anyhow::Result<()> {
    let product = open(data)?;
    let slugs: Vec<String> = if args.all {
        product.directory.orgs()?.into_iter().map(|org| org.slug).collect()
    } else {
        args.org.clone()
    };
    for slug in &slugs {
        if product.directory.org(slug)?.is_none() {
            bail!("there is no organisation `{slug}`");
        }
    }
    let orgs = args.directory.join(ORGS);
    std::fs::create_dir_all(&orgs).with_context(|| format!("cannot make `{}`", orgs.display()))?;
    let copy = args.directory.join(format!("{DATABASE}.sqlite"));
    product.directory.store().backup(&copy).context("cannot copy the directory of keys")?;
    let mut copies = vec![json!({"database": DATABASE, "file": copy.display().to_string()})];
    let mut lines = vec![format!("{}", copy.display())];
    verified(&args.directory, DATABASE, MIGRATIONS)?;
    for slug in &slugs {
        let copy = orgs.join(format!("{slug}.sqlite"));
        let store = product.directory.open_store(slug)?;
        store.backup(&copy).with_context(|| format!("cannot copy `{slug}`"))?;
        let copied = verified(&orgs, slug, &product.registry.migrations())?;
        match chain(&*copied, product.secrets().audit())? {
            Verdict::Whole(audit) => {
                lines.push(format!("{} ({audit} audit lines)", copy.display()));
                copies.push(
                    json!({"database": slug, "file": copy.display().to_string(), "audit_lines": audit}),
                );
            }
            Verdict::Broken { seq, what } => {
                bail!("the audit trail of the copy of `{slug}` is broken at line {seq}: {what}")
            }
        }
    }
    if args.with_secret {
        copy_secret(&product.data, &args.directory)?;
        lines.push(format!("{}", args.directory.join(secrets::FILE).display()));
    }
    args.format.show(&json!({"copies": copies, "secret": args.with_secret}), || {
        format!("copied and checked:\n  {}", lines.join("\n  "))
    })?;
    if !args.with_secret {
        remark(&format!(
            "the secret is not in the copy; keep `{}` elsewhere, without it the keys open nothing",
            product.data.join(secrets::FILE).display()
        ));
    }
    Ok(())
}

/// Opens a copy and looks for damage.
pub fn verified(
    directory: &Path,
    name: &str,
    migrations: &[Migration],
) -> anyhow::Result<std::sync::Arc<dyn maitred_store::OrgStore>> {
    let engine = SqliteEngine::new(directory, SqliteOptions { report_threads: 1, ..Default::default() })?;
    let store =
        engine.open(name, migrations).with_context(|| format!("the copy of `{name}` cannot be opened"))?;
    let found = store.check()?;
    if !found.is_empty() {
        bail!("the copy of `{name}` is damaged: {}", found.join("; "));
    }
    Ok(store)
}

fn copy_secret(from: &Path, to: &Path) -> anyhow::Result<()> {
    let target = to.join(secrets::FILE);
    if target.exists() {
        bail!("`{}` exists already", target.display());
    }
    // Copies the rights too: it is as closed as the original.
    std::fs::copy(from.join(secrets::FILE), &target)
        .with_context(|| format!("cannot copy the secret to `{}`", target.display()))?;
    Ok(())
}
