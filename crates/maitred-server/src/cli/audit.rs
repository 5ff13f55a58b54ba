//! `maitred audit`.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use maitred_store::audit::{self, Line, Verdict};
use maitred_store::{Budget, OrgStore, StoreError};
use serde_json::json;

use super::common::{Format, open, table};
use super::menu::only_org;
use crate::boot::Product;
use crate::config::DataArgs;

/// The audit trail.
#[derive(Subcommand, Debug)]
pub enum AuditCommand {
    /// Show who changed what, newest last
    #[command(
        after_help = "Example:\n  maitred audit show --org acme --tool account_setting_update --since 2026-03-01"
    )]
    Show(Show),
    /// Check that no line was changed, removed or reordered
    #[command(after_help = "Example:\n  maitred audit verify --org acme")]
    Verify(Verify),
}

/// `audit show`.
#[derive(Args, Debug)]
pub struct Show {
    /// The organisation [default: the only one]
    #[arg(long, value_name = "SLUG")]
    org: Option<String>,
    /// Only writes of this tool, or of a command such as "member add"
    #[arg(long, value_name = "TOOL")]
    tool: Option<String>,
    /// Only from this day or moment on (UTC), e.g. 2026-03-01
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// The newest so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    format: Format,
}

/// `audit verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// The organisation [default: every one]
    #[arg(long, value_name = "SLUG")]
    org: Option<String>,
    #[command(flatten)]
    format: Format,
}

/// Time to walk through a whole trail.
const WALK: Duration = Duration::from_secs(600);
const STEP: i64 = 500;

/// Runs the command.
pub fn run(data: &DataArgs, command: &AuditCommand) -> anyhow::Result<()> {
    let product = open(data)?;
    match command {
        AuditCommand::Show(show) => {
            let lines = lines(&product, show)?;
            let values: Vec<_> = lines.iter().map(shown).collect();
            show.format.show(&values.into(), || {
                let rows: Vec<_> = lines.iter().map(row).collect();
                table(&["SEQ", "AT", "TOOL", "BY", "NAME", "VIA", "CHANGES", "PRINCIPAL"], &rows)
            })
        }
        AuditCommand::Verify(verify) => {
            let slugs = match &verify.org {
                Some(slug) => vec![slug.clone()],
                None => product.directory.orgs()?.into_iter().map(|org| org.slug).collect(),
            };
            let mut broken = 0;
            let mut values = Vec::new();
            let mut words = Vec::new();
            for slug in slugs {
                let store = product.directory.open_store(&slug)?;
                let verdict = chain(&*store, product.secrets().audit())
                    .with_context(|| format!("cannot read the audit trail of `{slug}`"))?;
                match verdict {
                    Verdict::Whole(lines) => {
                        values.push(json!({"org": slug, "whole": true, "lines": lines}));
                        words.push(format!("`{slug}`: {lines} lines, whole"));
                    }
                    Verdict::Broken { seq, what } => {
                        broken += 1;
                        values.push(json!({"org": slug, "whole": false, "seq": seq, "what": what}));
                        words.push(format!("`{slug}`: broken at line {seq}: {what}"));
                    }
                }
            }
            verify.format.show(&values.into(), || words.join("\n"))?;
            if broken > 0 {
                bail!("the audit trail is not as it was written");
            }
            Ok(())
        }
    }
}

/// Checks the chain of one organisation.
pub fn chain(store: &dyn OrgStore, key: &[u8]) -> anyhow::Result<Verdict> {
    let mut outcome = Err(StoreError::defect("the read did not run"));
    store.read(&Budget::of(WALK), &mut |tx| outcome = audit::verify(tx, key))?;
    Ok(outcome?)
}

fn lines(product: &Product, show: &Show) -> anyhow::Result<Vec<Line>> {
    let slug = only_org(product, show.org.as_deref())?;
    if product.directory.org(&slug)?.is_none() {
        bail!("there is no organisation `{slug}`");
    }
    let store = product.directory.open_store(&slug)?;
    let wanted = |line: &Line| {
        show.tool.as_ref().is_none_or(|tool| line.tool == *tool)
            // Both are RFC 3339 in UTC: a day is a prefix of its moments, so text order is time order.
            && show.since.as_ref().is_none_or(|since| line.at.as_str() >= since.as_str())
    };
    let mut kept: VecDeque<Line> = VecDeque::new();
    let mut outcome = Ok(());
    store.read(&Budget::of(WALK), &mut |tx| {
        kept.clear();
        let mut last = 0;
        outcome = loop {
            match audit::lines_after(tx, last, STEP) {
                Ok(lines) if lines.is_empty() => break Ok(()),
                Ok(lines) => {
                    last = lines.last().map_or(last, |line| line.seq);
                    for line in lines.into_iter().filter(&wanted) {
                        kept.push_back(line);
                        if kept.len() > show.limit {
                            kept.pop_front();
                        }
                    }
                }
                Err(error) => break Err(error),
            }
        };
    })?;
    outcome?;
    Ok(kept.into())
}

fn row(line: &Line) -> Vec<String> {
    vec![
        line.seq.to_string(),
        line.at.get(..19).unwrap_or(&line.at).replace('T', " "),
        line.tool.clone(),
        line.actor_kind.clone(),
        line.actor_label.clone(),
        line.transport.clone(),
        line.change_count.to_string(),
        line.principal.clone(),
    ]
}

fn shown(line: &Line) -> serde_json::Value {
    json!({
        "seq": line.seq, "at": line.at, "tool": line.tool, "principal": line.principal,
        "actor_kind": line.actor_kind, "actor_id": line.actor_id, "actor_label": line.actor_label,
        "transport": line.transport, "request_key": line.request_key, "changes": line.change_count,
        "arguments_digest": line.arguments_digest, "changes_digest": line.changes_digest, "build": line.build,
        "chain": line.chain,
    })
}
