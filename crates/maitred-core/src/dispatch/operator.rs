//! Writes of the operator at the command line: in the same books as everybody else's.

use maitred_store::audit::{self, Entry};
use maitred_store::{StoreResult, WriteTx, ledger};

use super::confirm::{arguments_digest, changes_digest, changes_json, normalise};
use crate::cx::World;

/// Adds the audit line and the change log of a write made outside a call. Does nothing when nothing changed.
/// `arguments` is JSON; only its digest is kept.
///
/// # Errors
/// When the database fails.
pub fn record(
    tx: &WriteTx<'_>,
    world: &World<'_>,
    audit_key: &[u8],
    arguments: &str,
    build: &str,
) -> StoreResult<()> {
    if tx.changes().is_empty() {
        return Ok(());
    }
    let (all, _) = changes_json(&tx.changes(), usize::MAX);
    let changes = changes_digest(&normalise(&all, &world.fresh.borrow(), tx.now()));
    let (actor_kind, actor_id, actor_label) = world.caller.actor();
    let seq = audit::append(
        tx,
        audit_key,
        &Entry {
            principal: &world.caller.principal,
            actor_kind,
            actor_id,
            actor_label,
            tool: actor_label,
            transport: world.via.as_str(),
            request_key: None,
            arguments_digest: &arguments_digest(arguments),
            changes_digest: &changes,
            build,
        },
    )?;
    ledger::put_changes(tx, seq)
}
