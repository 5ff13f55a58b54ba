//! Running a write: the bill before the meal, the meal once, the books with it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use subtle::ConstantTimeEq;

use maitred_store::audit::{self, Entry};
use maitred_store::ledger::{self, Receipt};
use maitred_store::{Verdict, WriteJob, WriteTx};

use super::answer::with_lead;
use super::confirm::{Bound, arguments_digest, changes_digest, changes_json, normalise};
use super::read::panicked;
use super::{Call, Inner, Outcome};
use crate::args::Object;
use crate::caller::Policy;
use crate::clock::stamp;
use crate::cx::{World, Writer};
use crate::error::{Code, ToolError, ToolResult};
use crate::mcp::Done;
use crate::mode::CallerKind;
use crate::tool::Body;

/// Changes shown in a preview; more are counted.
const SHOWN: usize = 50;
/// Times that exactly the same change is told apart from its repetition.
const ROUNDS: u32 = 1_000;

struct Run {
    outcome: Outcome,
    verdict: Verdict,
    touched: Vec<&'static str>,
}

impl Run {
    fn undone(outcome: Outcome) -> Self {
        Self { outcome, verdict: Verdict::RollBack, touched: Vec::new() }
    }
}

impl Inner {
    /// Queues a write and answers through `done` once it is durable, refused or shown.
    pub(super) fn write(self: &Arc<Self>, call: Call, done: Done) {
        let store = Arc::clone(&call.guest.caller.store);
        let until = Instant::now() + self.gates.settings().call_time;
        let now = stamp(call.now);
        let alone = call.tool.entry.effect.long;
        let call = Arc::new(call);
        let slot: Arc<Mutex<Option<Run>>> = Arc::default();

        let (inner, asked, result) = (Arc::clone(self), Arc::clone(&call), Arc::clone(&slot));
        let body = move |tx: &WriteTx<'_>| {
            let run = catch_unwind(AssertUnwindSafe(|| inner.run_write(&asked, tx)))
                .unwrap_or_else(|_| Run::undone(Err(panicked())));
            let verdict = run.verdict;
            *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(run);
            verdict
        };
        let inner = Arc::clone(self);
        let finish = move |stored: Result<(), maitred_store::StoreError>| {
            let run = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            let outcome = match (stored, run) {
                (Ok(()), Some(run)) => {
                    if run.verdict == Verdict::Commit {
                        inner.door.changed(&call.guest.caller, &run.touched);
                    }
                    run.outcome
                }
                (Ok(()), None) => Err(ToolError::internal(anyhow::anyhow!("the write did not run"))),
                (Err(error), _) => Err(error.into()),
            };
            inner.answer(&call, outcome, done);
        };
        store.write(WriteJob { body: Box::new(body), done: Box::new(finish), until, now, alone });
    }

    fn run_write(&self, call: &Call, tx: &WriteTx<'_>) -> Run {
        match self.try_write(call, tx) {
            Ok(run) => run,
            Err(error) => Run::undone(Err(error)),
        }
    }

    fn try_write(&self, call: &Call, tx: &WriteTx<'_>) -> ToolResult<Run> {
        let caller = &call.guest.caller;
        let tool = &call.tool.entry;
        if call.cancel.as_ref().is_some_and(crate::mcp::CancelFlag::is_cancelled) {
            return Err(ToolError::new(Code::Cancelled, "the call was cancelled, nothing was changed"));
        }
        let arguments = arguments_digest(&call.arguments);
        let request_key =
            call.confirm.as_deref().or(call.idempotency_key.as_deref()).filter(|_| !call.dry_run);

        // A request that was carried out before is answered from its receipt.
        if let Some(key) = request_key
            && let Some(receipt) = ledger::receipt(tx, &caller.principal, key)?
        {
            if receipt.tool != tool.name || receipt.arguments_digest != arguments {
                return Err(ToolError::new(
                    Code::ReceiptMismatch,
                    "this confirm or idempotency key was used before with another tool or other arguments",
                )
                .hint("make a new dry run and use its confirm"));
            }
            return Ok(Run::undone(Ok(with_lead("\"replayed\":true", receipt.answer.as_bytes()))));
        }

        let Body::Write(body) = tool.body else {
            return Err(ToolError::internal(anyhow::anyhow!("a read in the writer's queue")));
        };
        let world = World {
            outlet: call.outlet.as_deref(),
            cancel: call.cancel.as_ref(),
            dry_run: call.dry_run,
            ..self.world(&call.guest, &call.arguments, call.via, call.now)
        };
        let mut json = Vec::with_capacity(1024);
        body(Writer::new(tx, &world), Object::parse(&call.arguments)?, &mut json)?;

        let (all, _) = changes_json(&tx.changes(), usize::MAX);
        let changes = changes_digest(&normalise(&all, &world.fresh.borrow(), tx.now()));
        let bound = Bound {
            org: &caller.org.slug,
            principal: &caller.principal,
            tool: tool.name,
            arguments: &arguments,
            changes: &changes,
        };
        let must_show = tool.effect.preview_first
            || caller.policy == Policy::PreviewFirst
            || matches!(caller.kind(), CallerKind::Client | CallerKind::Stranger);
        // A write that is neither shown nor confirmed needs no name for its change.
        let expected = if call.dry_run || must_show || call.confirm.is_some() {
            self.confirm_for(&bound, tx, &caller.principal)?
        } else {
            String::new()
        };
        if call.dry_run {
            return Ok(Run::undone(Ok(preview(tool.name, &json, tx, &expected))));
        }
        match &call.confirm {
            Some(given) if !bool::from(given.as_bytes().ct_eq(expected.as_bytes())) => {
                return Err(show(
                    ToolError::new(
                        Code::PreviewOutdated,
                        "the change is no longer the one that was shown, nothing was written",
                    )
                    .hint("show the new preview, then repeat the call with its confirm"),
                    tool.name,
                    &json,
                    tx,
                    &expected,
                ));
            }
            None if must_show => {
                return Err(show(
                    ToolError::new(
                        Code::PreviewRequired,
                        "this write is shown before it is done, nothing was written",
                    )
                    .hint("show the preview to the person concerned, then repeat the call with its confirm"),
                    tool.name,
                    &json,
                    tx,
                    &expected,
                ));
            }
            _ => {}
        }
        if tx.changes().is_empty() {
            return Ok(Run::undone(Ok(json)));
        }

        let (actor_kind, actor_id, actor_label) = caller.actor();
        let seq = audit::append(
            tx,
            &self.secrets.audit,
            &Entry {
                principal: &caller.principal,
                actor_kind,
                actor_id,
                actor_label,
                tool: tool.name,
                transport: call.via.as_str(),
                request_key,
                arguments_digest: &arguments,
                changes_digest: &changes,
                build: self.build,
            },
        )?;
        ledger::put_changes(tx, seq)?;
        if let Some(key) = request_key {
            let answer = String::from_utf8(json.clone()).map_err(ToolError::internal)?;
            let receipt = Receipt { tool: tool.name.to_owned(), arguments_digest: arguments, answer };
            ledger::put_receipt(tx, &caller.principal, key, &receipt)?;
        }
        let mut touched: Vec<&'static str> = tx.changes().iter().map(|change| change.entity).collect();
        touched.sort_unstable();
        touched.dedup();
        Ok(Run { outcome: Ok(json), verdict: Verdict::Commit, touched })
    }

    /// The confirm of this change: the first one in its row that has no receipt yet, so that the same change can be
    /// made on purpose a second time and is never made twice by a retry.
    fn confirm_for(&self, bound: &Bound<'_>, tx: &WriteTx<'_>, principal: &str) -> ToolResult<String> {
        for round in 0..ROUNDS {
            let digest = bound.digest(&self.secrets.confirm, round);
            if ledger::receipt(tx, principal, &digest)?.is_none() {
                return Ok(digest);
            }
        }
        Err(ToolError::new(Code::LimitExceeded, "exactly this change was made too often"))
    }
}

/// `{"dry_run":true,"preview":{"action":..,..},"changes":[..],"confirm":".."}`
fn preview(tool: &str, json: &[u8], tx: &WriteTx<'_>, confirm: &str) -> Vec<u8> {
    let mut out = b"{\"dry_run\":true,".to_vec();
    write_preview(&mut out, tool, json, tx, confirm);
    out.push(b'}');
    out
}

fn write_preview(out: &mut Vec<u8>, tool: &str, json: &[u8], tx: &WriteTx<'_>, confirm: &str) {
    let (changes, more) = changes_json(&tx.changes(), SHOWN);
    out.extend_from_slice(b"\"preview\":");
    out.extend_from_slice(&with_lead(&format!("\"action\":\"{tool}\""), json));
    out.extend_from_slice(b",\"changes\":");
    out.extend_from_slice(changes.as_bytes());
    if more > 0 {
        out.extend_from_slice(format!(",\"more_changes\":{more}").as_bytes());
    }
    out.extend_from_slice(format!(",\"confirm\":\"{confirm}\"").as_bytes());
}

/// Attaches the preview to a refusal.
fn show(error: ToolError, tool: &str, json: &[u8], tx: &WriteTx<'_>, confirm: &str) -> ToolError {
    let (changes, more) = changes_json(&tx.changes(), SHOWN);
    let shown = String::from_utf8(with_lead(&format!("\"action\":\"{tool}\""), json)).unwrap_or_default();
    let error = error.with("preview", shown).with("changes", changes);
    let error = if more > 0 { error.with("more_changes", more.to_string()) } else { error };
    error.with("confirm", format!("\"{confirm}\""))
}
