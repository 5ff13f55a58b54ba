//! The directory's statements.

use maitred_store::{ReadTx, Record as _, Sql, StoreError, StoreResult, WriteTx, params};

use crate::model::{ChannelRow, FoundKey, KeyRow, Org};

/// The only row of a query by something unique; two are a damaged database, and nobody's.
fn only<T: maitred_store::value::FromRow>(tx: &ReadTx<'_>, sql: &Sql) -> StoreResult<Option<T>> {
    let mut rows: Vec<T> = tx.all_of(sql)?;
    if rows.len() > 1 {
        return Err(StoreError::defect("two rows where one is expected"));
    }
    Ok(rows.pop())
}

pub(crate) fn org_by_slug(tx: &ReadTx<'_>, slug: &str) -> StoreResult<Option<Org>> {
    let mut sql = Sql::new(Org::SELECT);
    sql.push(" WHERE slug = ").bind(slug);
    only(tx, &sql)
}

pub(crate) fn orgs(tx: &ReadTx<'_>) -> StoreResult<Vec<Org>> {
    let mut sql = Sql::new(Org::SELECT);
    sql.push(" ORDER BY slug");
    tx.all_of(&sql)
}

/// The only organisation with an open door; `None` where there is none, or where several are.
pub(crate) fn only_open_org(tx: &ReadTx<'_>) -> StoreResult<Option<Org>> {
    let mut sql = Sql::new(Org::SELECT);
    sql.push(" WHERE door_open = 1 AND archived_at IS NULL LIMIT 2");
    let mut open: Vec<Org> = tx.all_of(&sql)?;
    Ok(if open.len() == 1 { open.pop() } else { None })
}

/// What tells the secret that the data was made with from others, once it has been noted.
pub(crate) fn secret_mark(tx: &ReadTx<'_>) -> StoreResult<Option<String>> {
    tx.scalar("SELECT mark FROM secret_mark WHERE one = 1", &[])
}

/// Notes it, unless another process was faster.
pub(crate) fn put_secret_mark(tx: &WriteTx<'_>, mark: &str) -> StoreResult<()> {
    tx.execute(
        "INSERT INTO secret_mark (one, mark) VALUES (1, $1) ON CONFLICT (one) DO NOTHING",
        params![mark],
    )?;
    Ok(())
}

pub(crate) fn key_by_prefix(tx: &ReadTx<'_>, prefix: &str) -> StoreResult<Option<FoundKey>> {
    let mut sql = Sql::new(KeyRow::SELECT);
    sql.push(" WHERE prefix = ").bind(prefix);
    let Some(key) = only::<KeyRow>(tx, &sql)? else {
        return Ok(None);
    };
    let org = tx.get::<Org>(&key.org_id)?.ok_or_else(|| StoreError::defect("a key of no organisation"))?;
    let channel = match &key.channel_id {
        Some(id) => tx.get::<ChannelRow>(id)?,
        None => None,
    };
    Ok(Some(FoundKey { key, org, channel }))
}

/// A key by its id or by its lookup part.
pub(crate) fn key_by_name(tx: &ReadTx<'_>, name: &str) -> StoreResult<Option<KeyRow>> {
    let mut sql = Sql::new(KeyRow::SELECT);
    sql.push(" WHERE id = ").bind(name).push(" OR prefix = ").bind(name);
    only(tx, &sql)
}

pub(crate) fn keys(tx: &ReadTx<'_>, org: Option<&str>) -> StoreResult<Vec<KeyRow>> {
    let mut sql = Sql::new(KeyRow::SELECT);
    if let Some(org) = org {
        sql.push(" WHERE org_id = ").bind(org);
    }
    sql.push(" ORDER BY org_id, created_at, id");
    tx.all_of(&sql)
}

/// A channel of an organisation by its id or by its name.
pub(crate) fn channel_by_name(tx: &ReadTx<'_>, org: &str, name: &str) -> StoreResult<Option<ChannelRow>> {
    let mut sql = Sql::new(ChannelRow::SELECT);
    sql.push(" WHERE org_id = ").bind(org).push(" AND (id = ").bind(name).push(" OR name = ").bind(name);
    sql.push(")");
    only(tx, &sql)
}

pub(crate) fn channels(tx: &ReadTx<'_>, org: Option<&str>) -> StoreResult<Vec<ChannelRow>> {
    let mut sql = Sql::new(ChannelRow::SELECT);
    if let Some(org) = org {
        sql.push(" WHERE org_id = ").bind(org);
    }
    sql.push(" ORDER BY org_id, name");
    tx.all_of(&sql)
}

/// Notes that a key was used, unless that was noted after `since` already.
pub(crate) fn touch_key(tx: &WriteTx<'_>, key: &str, at: &str, since: &str) -> StoreResult<u64> {
    tx.execute(
        "UPDATE access_key SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3)",
        params![key, at, since],
    )
}

/// Removes keys that were revoked or have expired before `before`.
pub(crate) fn purge_keys(tx: &WriteTx<'_>, before: &str) -> StoreResult<u64> {
    tx.execute("DELETE FROM access_key WHERE revoked_at < $1 OR expires_at < $1", params![before])
}

/// Removes ended sessions that have expired by themselves. The newest row stays, so that the numbers go on from it.
pub(crate) fn purge_sessions(tx: &WriteTx<'_>, now_unix: i64) -> StoreResult<u64> {
    tx.execute(
        "DELETE FROM session_end WHERE expires_unix < $1 AND seq < (SELECT MAX(seq) FROM session_end)",
        params![now_unix],
    )
}

/// Notes that a session has ended. Numbers rise in the order in which the ends become visible: whoever takes the same
/// number at the same moment violates its uniqueness and tries again.
pub(crate) fn end_session(tx: &WriteTx<'_>, hash: &str, expires_unix: i64) -> StoreResult<()> {
    let known = tx.count("SELECT COUNT(*) FROM session_end WHERE hash = $1", params![hash])?;
    if known == 0 {
        let newest = tx.count("SELECT MAX(seq) FROM session_end", &[])?;
        tx.execute(
            "INSERT INTO session_end (hash, seq, expires_unix) VALUES ($1, $2, $3)",
            params![hash, newest + 1, expires_unix],
        )?;
    }
    Ok(())
}

/// Sessions that ended after number `after`, oldest first: hash, number, expiry.
pub(crate) fn sessions_after(tx: &ReadTx<'_>, after: i64) -> StoreResult<Vec<(String, i64, i64)>> {
    tx.all("SELECT hash, seq, expires_unix FROM session_end WHERE seq > $1 ORDER BY seq", params![after])
}
