//! `maitred doctor`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{anyhow, bail};
use maitred_directory::{Holder, Org, roles};
use maitred_party::store::members;
use maitred_store::audit::Verdict;
use maitred_store::migrate::{self, STORE_MIGRATIONS};
use maitred_store::{Budget, Engine, Migration, OrgStore, StoreError, ledger};
use serde_json::json;

use super::audit::chain;
use super::common::{self, Format};
use crate::boot::{self, Product};
use crate::config::{DataArgs, Place};
use maitred_core::limits::LimitSettings;

/// Free bytes under which the disk is called nearly full.
const LITTLE: u64 = 1 << 30;

struct Finding {
    what: String,
    detail: String,
    verdict: Mark,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Well,
    Remark,
    Ill,
}

#[derive(Default)]
struct Report(Vec<Finding>);

impl Report {
    fn add(&mut self, what: impl Into<String>, outcome: anyhow::Result<String>) {
        let (verdict, detail) = match outcome {
            Ok(detail) => (Mark::Well, detail),
            Err(error) => (Mark::Ill, format!("{error:#}")),
        };
        self.0.push(Finding { what: what.into(), detail, verdict });
    }

    fn remark(&mut self, what: impl Into<String>, detail: String) {
        self.0.push(Finding { what: what.into(), detail, verdict: Mark::Remark });
    }
}

/// Runs the command.
pub fn run(data: &DataArgs, format: Format) -> anyhow::Result<()> {
    let config = common::config(data)?;
    let mut report = Report::default();
    if config.place.data.join(maitred_directory::secrets::FILE).exists() {
        examine(&config.place, config.door, &mut report);
    } else {
        let outcome =
            Err(anyhow!("`{}` is no data directory: it has no `secret.key`", config.place.data.display()));
        report.add("data directory", outcome);
    }
    let ill = report.0.iter().filter(|finding| finding.verdict == Mark::Ill).count();
    let values: Vec<_> = report
        .0
        .iter()
        .map(|finding| {
            let verdict = match finding.verdict {
                Mark::Well => "ok",
                Mark::Remark => "remark",
                Mark::Ill => "failed",
            };
            json!({"check": finding.what, "verdict": verdict, "detail": finding.detail})
        })
        .collect();
    format.show(&json!({"well": ill == 0, "release": boot::BUILD, "checks": values}), || {
        let lines = report.0.iter().map(|finding| {
            let mark = match finding.verdict {
                Mark::Well => "ok    ",
                Mark::Remark => "remark",
                Mark::Ill => "FAILED",
            };
            format!("{mark}  {}: {}", finding.what, finding.detail)
        });
        lines.collect::<Vec<_>>().join("\n")
    })?;
    if ill > 0 {
        bail!("{ill} of {} checks failed", report.0.len());
    }
    Ok(())
}

fn examine(place: &Place, door: Option<String>, report: &mut Report) {
    let data = place.data.as_path();
    // Before anything else opens a database, which would bring it up to date.
    migrations(place, report);
    let product = match boot::open(place, door, LimitSettings::default()) {
        Ok(product) => Arc::new(product),
        Err(error) => return report.add("data directory", Err(error)),
    };
    report.add("data directory", Ok(format!("`{}` can be read and written", data.display())));
    report.add("secret", Ok("32 bytes, closed to others".to_owned()));
    space(data, report);
    report.add("directory database", damage(&**product.directory.store()));
    for health in product.health() {
        let what = format!("module {}", health.module);
        report.add(
            what,
            match health.failure {
                Some(failure) => Err(anyhow!(failure)),
                None => Ok(format!("well, on {}, in {} ms", health.backend, health.took.as_millis())),
            },
        );
    }
    match product.directory.orgs() {
        Ok(orgs) => {
            if orgs.is_empty() {
                report.remark("organisations", "there is none yet".to_owned());
            }
            for org in &orgs {
                organisation(&product, org, report);
            }
        }
        Err(error) => report.add("organisations", Err(error)),
    }
}

fn damage(store: &dyn OrgStore) -> anyhow::Result<String> {
    let found = store.check()?;
    if found.is_empty() { Ok("no damage found".to_owned()) } else { bail!("damaged: {}", found.join("; ")) }
}

/// Applied and pending migrations of every database, as they are before this binary touches them.
fn migrations(place: &Place, report: &mut Report) {
    let parts = boot::registry().and_then(|registry| Ok((registry, boot::engines(place)?)));
    let (registry, engines) = match parts {
        Ok(parts) => parts,
        Err(error) => return report.add("databases", Err(error)),
    };
    let own: Vec<Migration> = maitred_directory::MIGRATIONS.to_vec();
    for (engine, wanted) in [(engines.own, own), (engines.orgs, registry.migrations())] {
        match engine.names() {
            Ok(names) => {
                for name in names {
                    let outcome = steps(&*engine, &name, &wanted);
                    report.add(format!("migrations of {name}"), outcome);
                }
            }
            Err(error) => report.add("databases", Err(error.into())),
        }
    }
}

fn steps(engine: &dyn Engine, name: &str, wanted: &[Migration]) -> anyhow::Result<String> {
    // Opened without the domains' migrations, so that looking applies none of them.
    let store = engine.open(name, &[])?;
    let all: Vec<Migration> = STORE_MIGRATIONS.iter().chain(wanted).copied().collect();
    let mut pending = Err(StoreError::defect("the read did not run"));
    store.read(&Budget::of(Duration::from_secs(10)), &mut |tx| pending = migrate::pending(tx, &all))?;
    let pending = pending?;
    let applied = all.len() - pending.len();
    if pending.is_empty() {
        return Ok(format!("{applied} applied, none pending"));
    }
    let names: Vec<String> = pending.iter().map(|step| format!("{} {}", step.domain, step.number)).collect();
    Ok(format!("{applied} applied, pending until it is opened: {}", names.join(", ")))
}

fn organisation(product: &Product, org: &Org, report: &mut Report) {
    let slug = &org.slug;
    let store = match product.directory.open_store(slug) {
        Ok(store) => store,
        Err(error) => return report.add(format!("organisation {slug}"), Err(error.into())),
    };
    report.add(format!("database of {slug}"), damage(&*store));
    report.add(
        format!("audit trail of {slug}"),
        match chain(&*store, product.secrets().audit()) {
            Ok(Verdict::Whole(lines)) => Ok(format!("{lines} lines, whole")),
            Ok(Verdict::Broken { seq, what }) => Err(anyhow!("broken at line {seq}: {what}")),
            Err(error) => Err(error),
        },
    );
    outbox(&*store, slug, report);
    report.add(format!("members of {slug}"), roles_known(product, slug));
    report.add(format!("keys of {slug}"), keys_held(product, slug));
}

fn outbox(store: &dyn OrgStore, slug: &str, report: &mut Report) {
    let what = format!("outbox of {slug}");
    let mut counts = Err(StoreError::defect("the read did not run"));
    let read = store.read(&Budget::of(Duration::from_secs(10)), &mut |tx| counts = ledger::outbox_counts(tx));
    match read.and(counts) {
        Err(error) => report.add(what, Err(error.into())),
        Ok(counts) => {
            let words: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
            let words = if words.is_empty() { "empty".to_owned() } else { words.join(", ") };
            if counts.iter().any(|(state, _)| state == "dead") {
                report.remark(what, format!("{words}; see maitred outbox list --org {slug} --state dead"));
            } else {
                report.add(what, Ok(words));
            }
        }
    }
}

fn roles_known(product: &Product, slug: &str) -> anyhow::Result<String> {
    let members = product.look(slug, members::all)?;
    let lost: Vec<String> = members
        .iter()
        .filter(|member| member.is_active() && roles::rights(&member.role_words()).is_err())
        .map(|member| format!("`{}` (roles `{}`)", member.email, member.roles))
        .collect();
    if lost.is_empty() {
        return Ok(format!("{}, every role known", members.len()));
    }
    bail!("let nobody in, their roles are not known: {}; see maitred member set-roles", lost.join(", "))
}

fn keys_held(product: &Product, slug: &str) -> anyhow::Result<String> {
    let keys = product.directory.keys(Some(slug))?;
    let active = keys.iter().filter(|key| key.revoked_at.is_none());
    let mut lost = Vec::new();
    let mut count = 0_usize;
    for key in active {
        count += 1;
        if let Holder::Teammate(id) = &key.holder
            && product.look(slug, |db| members::get(db, id))?.is_none()
        {
            lost.push(format!("mk_{}", key.prefix));
        }
    }
    if lost.is_empty() {
        return Ok(format!("{count} not revoked, all held by somebody"));
    }
    bail!("held by nobody: {}; see maitred key revoke", lost.join(", "))
}

#[cfg(unix)]
fn space(data: &Path, report: &mut Report) {
    match rustix::fs::statvfs(data) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let words = format!("{} MiB free", free >> 20);
            if free < LITTLE {
                report.remark("disk", format!("nearly full: {words}"));
            } else {
                report.add("disk", Ok(words));
            }
        }
        Err(error) => report.remark("disk", format!("cannot tell how much is free: {error}")),
    }
}

#[cfg(not(unix))]
fn space(_: &Path, _: &mut Report) {
    let _ = LITTLE;
}
