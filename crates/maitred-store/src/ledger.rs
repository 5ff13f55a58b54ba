//! What is written beside every change, in the same transaction: change log, receipt, outbox.

use crate::{ReadTx, Sql, StoreResult, WriteTx, params};

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

/// An outward act that waits to be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Stable: the same however often it is tried.
    pub id: String,
    /// What kind of act.
    pub topic: String,
    /// JSON.
    pub payload: String,
    /// How often it was tried, this time included.
    pub attempts: i64,
    /// When it was ordered, RFC 3339 UTC.
    pub created_at: String,
}

/// True when an outward act is due at `now`.
pub fn outbox_due(tx: &ReadTx<'_>, now: &str) -> StoreResult<bool> {
    const DUE: &str =
        "SELECT COUNT(*) FROM (SELECT id FROM outbox WHERE state = 'waiting' AND due_at <= $1 LIMIT 1) d";
    Ok(tx.count(DUE, params![now])? > 0)
}

/// Takes up to `most` acts that are due, oldest first. Until `lease` nobody else gets them: writes of one database come
/// one after the other, on every engine and from every node, so no act is taken by two; and what its taker does not
/// finish is due again then.
pub fn take_outbox(tx: &WriteTx<'_>, most: i64, lease: &str) -> StoreResult<Vec<Outgoing>> {
    let mut taken: Vec<Outgoing> = tx
        .all::<(String, String, String, i64, String)>(
            "UPDATE outbox SET attempts = attempts + 1, due_at = $2 WHERE id IN (SELECT id FROM outbox \
             WHERE state = 'waiting' AND due_at <= $1 ORDER BY due_at, id LIMIT $3) \
             RETURNING id, topic, payload, attempts, created_at",
            params![tx.now(), lease, most],
        )?
        .into_iter()
        .map(|(id, topic, payload, attempts, created_at)| Outgoing {
            id,
            topic,
            payload,
            attempts,
            created_at,
        })
        .collect();
    taken.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(taken)
}

/// The act was carried out.
pub fn outbox_sent(tx: &WriteTx<'_>, id: &str) -> StoreResult<()> {
    tx.execute(
        "UPDATE outbox SET state = 'sent', due_at = $2, last_error = NULL WHERE id = $1",
        params![id, tx.now()],
    )?;
    Ok(())
}

/// The act failed: it is tried again at `again`, or never.
pub fn outbox_failed(tx: &WriteTx<'_>, id: &str, what: &str, again: Option<&str>) -> StoreResult<()> {
    let state = if again.is_some() { "waiting" } else { "dead" };
    tx.execute(
        "UPDATE outbox SET state = $2, due_at = $3, last_error = $4 WHERE id = $1 AND state = 'waiting'",
        params![id, state, again.unwrap_or(tx.now()), what],
    )?;
    Ok(())
}

/// Lets a dead act be tried again, from the start; false when there is no such dead act.
pub fn revive_outbox(tx: &WriteTx<'_>, id: &str) -> StoreResult<bool> {
    let revived = tx.execute(
        "UPDATE outbox SET state = 'waiting', attempts = 0, due_at = $2 WHERE id = $1 AND state = 'dead'",
        params![id, tx.now()],
    )?;
    tx.announce();
    Ok(revived > 0)
}

/// An outward act as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Id.
    pub id: String,
    /// What kind of act.
    pub topic: String,
    /// `waiting`, `sent` or `dead`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was sent, or is tried next, or was given up. RFC 3339 UTC.
    pub due_at: String,
    /// When it was ordered.
    pub created_at: String,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

/// Outward acts in a state, newest first.
pub fn outbox(tx: &ReadTx<'_>, state: Option<&str>, most: i64) -> StoreResult<Vec<Listed>> {
    let mut sql =
        Sql::new("SELECT id, topic, state, attempts, due_at, created_at, last_error FROM outbox WHERE 1 = 1");
    if let Some(state) = state {
        sql.and("state =", state);
    }
    sql.push(" ORDER BY created_at DESC, id DESC LIMIT ").bind(most);
    type Row = (String, String, String, i64, String, String, Option<String>);
    let rows: Vec<Row> = tx.all_of(&sql)?;
    Ok(rows
        .into_iter()
        .map(|(id, topic, state, attempts, due_at, created_at, last_error)| Listed {
            id,
            topic,
            state,
            attempts,
            due_at,
            created_at,
            last_error,
        })
        .collect())
}

/// How many acts are in each state.
pub fn outbox_counts(tx: &ReadTx<'_>) -> StoreResult<Vec<(String, i64)>> {
    tx.all("SELECT state, COUNT(*) FROM outbox GROUP BY state ORDER BY state", &[])
}

/// Forgets acts that were carried out before `before`; answers how many.
pub fn prune_outbox(tx: &WriteTx<'_>, before: &str) -> StoreResult<u64> {
    tx.execute("DELETE FROM outbox WHERE state = 'sent' AND due_at < $1", params![before])
}

/// Forgets receipts older than `before` (RFC 3339 UTC); answers how many.
pub fn prune_receipts(tx: &WriteTx<'_>, before: &str) -> StoreResult<u64> {
    tx.execute("DELETE FROM receipt WHERE at < $1", params![before])
}
