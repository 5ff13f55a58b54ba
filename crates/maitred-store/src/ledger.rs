//! What is written beside every change, in the same transaction: change log, receipt, outbox.

use crate::{ReadTx, StoreResult, WriteTx, params};

/// A stored answer, for retries of the same request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Tool that was called.
    pub tool: String,
    /// Digest of its arguments.
    pub arguments_digest: String,
    /// The answer as it was given, JSON.
    pub answer: String,
}

/// The receipt under this key of this principal, if there is one.
pub fn receipt(tx: &ReadTx<'_>, principal: &str, request_key: &str) -> StoreResult<Option<Receipt>> {
    Ok(tx
        .one::<(String, String, String)>(
            "SELECT tool, arguments_digest, answer FROM receipt WHERE principal = $1 AND request_key = $2",
            params![principal, request_key],
        )?
        .map(|(tool, arguments_digest, answer)| Receipt { tool, arguments_digest, answer }))
}

/// Keeps an answer for retries.
pub fn put_receipt(
    tx: &WriteTx<'_>,
    principal: &str,
    request_key: &str,
    receipt: &Receipt,
) -> StoreResult<()> {
    tx.execute(
        "INSERT INTO receipt (principal, request_key, tool, arguments_digest, answer, at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![principal, request_key, receipt.tool, receipt.arguments_digest, receipt.answer, tx.now()],
    )?;
    Ok(())
}

/// Writes the transaction's changes to the change log, under the audit line with this number.
pub fn put_changes(tx: &WriteTx<'_>, audit_seq: i64) -> StoreResult<()> {
    for (position, change) in (1_i64..).zip(tx.changes().iter()) {
        tx.execute(
            "INSERT INTO change_log (audit_seq, position, entity, entity_id, kind, before_json, after_json, \
             company_id, contact_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            params![
                audit_seq,
                position,
                change.entity,
                change.id,
                change.kind.as_str(),
                change.before,
                change.after,
                change.company,
                change.contact
            ],
        )?;
    }
    Ok(())
}

/// Queues an outward act (mail, webhook) to be carried out after the commit. `id` is also the stable message id.
pub fn put_outbox(tx: &WriteTx<'_>, id: &str, topic: &'static str, payload: &str) -> StoreResult<()> {
    tx.execute(
        "INSERT INTO outbox (id, topic, payload, state, attempts, due_at, created_at, last_error) \
         VALUES ($1, $2, $3, 'waiting', 0, $4, $4, NULL)",
        params![id, topic, payload, tx.now()],
    )?;
    tx.announce();
    Ok(())
}

/// Forgets receipts older than `before` (RFC 3339 UTC); answers how many.
pub fn prune_receipts(tx: &WriteTx<'_>, before: &str) -> StoreResult<u64> {
    tx.execute("DELETE FROM receipt WHERE at < $1", params![before])
}
