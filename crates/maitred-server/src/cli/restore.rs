//! `maitred restore`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use maitred_core::clock::{Clock as _, SystemClock};
use maitred_core::limits::LimitSettings;
use maitred_directory::{DATABASE, MIGRATIONS, Secrets, secrets};
use maitred_store::Budget;
use maitred_store::audit::Verdict;
use maitred_store::engine::is_slug;
use serde_json::json;

use super::audit::chain;
use super::backup::verified;
use super::common::{self, Format, remark};
use crate::boot::{self, Held, ORGS};
use crate::config::{DataArgs, Place};

/// `restore`.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("which").args(["org", "all"]).required(true))]
pub struct RestoreArgs {
    /// A directory that `maitred backup` made
    directory: PathBuf,
    /// This organisation; its keys are minted anew where the data directory does not know it
    #[arg(long, value_name = "SLUG")]
    org: Option<String>,
    /// Everything, into a data directory that has nothing yet
    #[arg(long)]
    all: bool,
    /// Put it in the place of the one that is there, which is kept beside it
    #[arg(long, requires = "org")]
    replace: bool,
    #[command(flatten)]
    format: Format,
}

/// Runs the command.
pub fn run(data: &DataArgs, args: &RestoreArgs) -> anyhow::Result<()> {
    let config = common::config(data)?;
    if config.place.database.is_some() {
        bail!("a copy is brought back into a directory; for a database server use its own pg_restore");
    }
    boot::make(&config.place.data)?;
    let held = Held::alone(&config.place.data)?;
    match &args.org {
        Some(slug) => one(&config.place.data, args, slug, held),
        None => everything(&config.place.data, args),
    }
}

/// A private copy of the file, so that checking it changes nothing in the backup.
fn draft(from: &Path, to: &Path) -> anyhow::Result<()> {
    if !from.exists() {
        bail!("there is no `{}`", from.display());
    }
    std::fs::copy(from, to).with_context(|| format!("cannot copy `{}`", from.display()))?;
    // On the disk before anything relies on it.
    std::fs::File::open(to)
        .and_then(|file| file.sync_all())
        .with_context(|| format!("cannot keep `{}`", to.display()))
}

fn everything(data: &Path, args: &RestoreArgs) -> anyhow::Result<()> {
    let directory = data.join(format!("{DATABASE}.sqlite"));
    if directory.exists() {
        bail!("`{}` has data already; restore --org SLUG brings one organisation into it", data.display());
    }
    let (from, secret) = (args.directory.join(secrets::FILE), data.join(secrets::FILE));
    if !secret.exists() {
        if !from.exists() {
            bail!(
                "neither the copy nor the data directory has the secret, and without it no key opens anything: put \
                 it at `{}` first",
                secret.display()
            );
        }
        std::fs::copy(&from, &secret).context("cannot copy the secret")?;
    }
    let keys = Secrets::load_or_create(data)?;
    let registry = boot::registry()?;
    let orgs = data.join(ORGS);
    std::fs::create_dir_all(&orgs).with_context(|| format!("cannot make `{}`", orgs.display()))?;
    let mut restored = Vec::new();
    let listed =
        std::fs::read_dir(args.directory.join(ORGS)).context("this is no copy that maitred backup made")?;
    for file in listed {
        let path = file?.path();
        let slug =
            path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".sqlite"));
        let Some(slug) = slug.filter(|slug| is_slug(slug)) else { continue };
        draft(&path, &orgs.join(format!("{slug}.sqlite")))?;
        let store = verified(&orgs, slug, &registry.migrations())?;
        whole(slug, &chain(&*store, keys.audit())?)?;
        restored.push(slug.to_owned());
    }
    restored.sort();
    // Last: a directory that is there means that everything is.
    draft(&args.directory.join(format!("{DATABASE}.sqlite")), &directory)?;
    verified(data, DATABASE, MIGRATIONS)?;
    args.format.show(&json!({"restored": restored}), || format!("restored: {}", restored.join(", ")))
}

fn whole(slug: &str, verdict: &Verdict) -> anyhow::Result<()> {
    match verdict {
        Verdict::Whole(_) => Ok(()),
        Verdict::Broken { seq, what } => Err(anyhow!(
            "the audit trail of the copy of `{slug}` is broken at line {seq}: {what}; or it was written under another \
             secret than this data directory's"
        )),
    }
}

fn one(data: &Path, args: &RestoreArgs, slug: &str, held: Held) -> anyhow::Result<()> {
    if !is_slug(slug) {
        bail!("`{slug}` cannot name an organisation");
    }
    let orgs = data.join(ORGS);
    std::fs::create_dir_all(&orgs).with_context(|| format!("cannot make `{}`", orgs.display()))?;
    let place = orgs.join(format!("{slug}.sqlite"));
    if place.exists() && !args.replace {
        bail!("`{slug}` is there already; --replace puts the copy in its place");
    }
    let keys = Secrets::load_or_create(data)?;
    // Checked beside the others under a name that no organisation has, before anything is touched.
    let checking = orgs.join(".restoring");
    clear(&checking);
    std::fs::create_dir_all(&checking).with_context(|| format!("cannot make `{}`", checking.display()))?;
    let (name, door) = described(&args.directory, &checking, slug)?;
    let candidate = checking.join(format!("{slug}.sqlite"));
    draft(&args.directory.join(ORGS).join(format!("{slug}.sqlite")), &candidate)?;
    let registry = boot::registry()?;
    let verdict = verified(&checking, slug, &registry.migrations())
        .and_then(|store| chain(&*store, keys.audit()))
        .and_then(|verdict| whole(slug, &verdict));
    if let Err(error) = verdict {
        clear(&checking);
        return Err(error.context("nothing was restored"));
    }
    let mut kept = None;
    if place.exists() {
        let mark = SystemClock.now().as_second();
        let aside = format!("{slug}.replaced-{mark}.sqlite");
        // With its write-ahead log, without which the file is not the whole database.
        for tail in ["-wal", "-shm", ""] {
            let from = orgs.join(format!("{slug}.sqlite{tail}"));
            if from.exists() {
                std::fs::rename(&from, orgs.join(format!("{aside}{tail}")))
                    .with_context(|| format!("cannot move `{}` aside", from.display()))?;
            }
        }
        kept = Some(orgs.join(aside));
    }
    std::fs::rename(&candidate, &place)
        .with_context(|| format!("cannot put `{}` in place", place.display()))?;
    clear(&checking);
    drop(held);
    let product = boot::open(&Place::directory(data), None, LimitSettings::default())?;
    if product.directory.org(slug)?.is_none() {
        product.directory.create_org(slug, &name, door)?;
        remark(&format!("`{slug}` is new here: mint keys with maitred key mint --org {slug}"));
    }
    product.directory.open_store(slug)?;
    let aside = kept.as_ref().map(|path| path.display().to_string());
    args.format.show(&json!({"restored": [slug], "replaced_kept_as": aside}), || {
        let kept =
            aside.as_ref().map_or_else(String::new, |path| format!("\nthe one before is kept as {path}"));
        format!("restored `{slug}`{kept}")
    })
}

fn clear(directory: &Path) {
    // What is left over from an attempt that was cut short; if it cannot go, making it anew says why.
    let _ = std::fs::remove_dir_all(directory);
}

/// Name and door of the organisation as the copy's directory has them.
fn described(copy: &Path, beside: &Path, slug: &str) -> anyhow::Result<(String, bool)> {
    let file = copy.join(format!("{DATABASE}.sqlite"));
    if !file.exists() {
        return Ok((slug.to_owned(), false));
    }
    draft(&file, &beside.join(format!("{DATABASE}.sqlite")))?;
    let store = verified(beside, DATABASE, MIGRATIONS)?;
    let mut found = Ok(None);
    store
        .read(&Budget::of(Duration::from_secs(10)), &mut |tx| found = maitred_directory::org_in(tx, slug))?;
    Ok(found?.map_or_else(|| (slug.to_owned(), false), |org| (org.name, org.door_open)))
}
