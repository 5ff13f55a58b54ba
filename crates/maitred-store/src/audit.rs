//! The audit trail: one line per committed write, chained so that a changed, removed or reordered line shows.
//!
//! Each line carries `chain = HMAC-SHA256(key, previous chain, line)`. The key is kept outside the database. Cutting
//! off the newest lines together with the head is only noticed against a copy kept elsewhere.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::value::{FromRow, Row};
use crate::{ReadTx, StoreError, StoreResult, WriteTx, params};

/// Who did what, before it has a place in the chain.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Principal that receipts and limits are kept for, e.g. `key:<id>`.
    pub principal: &'a str,
    /// `teammate`, `client`, `stranger` or `operator`.
    pub actor_kind: &'a str,
    /// Member or contact id.
    pub actor_id: Option<&'a str>,
    /// Name or key label, for people.
    pub actor_label: &'a str,
    /// Tool name, or the command of an operator.
    pub tool: &'a str,
    /// `stdio`, `http` or `cli`.
    pub transport: &'a str,
    /// Confirm digest or idempotency key of the request.
    pub request_key: Option<&'a str>,
    /// Digest of the canonical arguments.
    pub arguments_digest: &'a str,
    /// Digest of the changes.
    pub changes_digest: &'a str,
    /// Release of the binary.
    pub build: &'a str,
}

/// A stored line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Number, from 1 without gaps.
    pub seq: i64,
    /// When, RFC 3339 UTC.
    pub at: String,
    /// See [`Entry`].
    pub principal: String,
    /// See [`Entry`].
    pub actor_kind: String,
    /// See [`Entry`].
    pub actor_id: Option<String>,
    /// See [`Entry`].
    pub actor_label: String,
    /// See [`Entry`].
    pub tool: String,
    /// See [`Entry`].
    pub transport: String,
    /// See [`Entry`].
    pub request_key: Option<String>,
    /// See [`Entry`].
    pub arguments_digest: String,
    /// See [`Entry`].
    pub changes_digest: String,
    /// Number of changed records.
    pub change_count: i64,
    /// See [`Entry`].
    pub build: String,
    /// The chain value.
    pub chain: String,
}

const COLUMNS: &str = "SELECT seq, at, principal, actor_kind, actor_id, actor_label, tool, transport, request_key, \
                       arguments_digest, changes_digest, change_count, build, chain FROM audit WHERE seq > $1 \
                       ORDER BY seq LIMIT $2";

impl FromRow for Line {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            seq: row.get(0)?,
            at: row.get(1)?,
            principal: row.get(2)?,
            actor_kind: row.get(3)?,
            actor_id: row.get(4)?,
            actor_label: row.get(5)?,
            tool: row.get(6)?,
            transport: row.get(7)?,
            request_key: row.get(8)?,
            arguments_digest: row.get(9)?,
            changes_digest: row.get(10)?,
            change_count: row.get(11)?,
            build: row.get(12)?,
            chain: row.get(13)?,
        })
    }
}

impl Line {
    fn link(&self, key: &[u8], previous: &str) -> StoreResult<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| StoreError::defect("audit key"))?;
        let seq = self.seq.to_string();
        let count = self.change_count.to_string();
        let parts = [
            previous,
            &seq,
            &self.at,
            &self.principal,
            &self.actor_kind,
            self.actor_id.as_deref().unwrap_or(""),
            &self.actor_label,
            &self.tool,
            &self.transport,
            self.request_key.as_deref().unwrap_or(""),
            &self.arguments_digest,
            &self.changes_digest,
            &count,
            &self.build,
        ];
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part.as_bytes());
        }
        Ok(hex(&mac.finalize().into_bytes()[..16]))
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

/// Appends a line and answers its number. The head row is taken last in a transaction, so that writers of one
/// organisation wait for each other as briefly as can be.
pub fn append(tx: &WriteTx<'_>, key: &[u8], entry: &Entry<'_>) -> StoreResult<i64> {
    let (seq, previous): (i64, String) = tx
        .one("UPDATE audit_head SET seq = seq + 1 WHERE one = 1 RETURNING seq, chain", &[])?
        .ok_or_else(|| StoreError::defect("the audit head is missing"))?;
    let mut line = Line {
        seq,
        at: tx.now().to_owned(),
        principal: entry.principal.to_owned(),
        actor_kind: entry.actor_kind.to_owned(),
        actor_id: entry.actor_id.map(str::to_owned),
        actor_label: entry.actor_label.to_owned(),
        tool: entry.tool.to_owned(),
        transport: entry.transport.to_owned(),
        request_key: entry.request_key.map(str::to_owned),
        arguments_digest: entry.arguments_digest.to_owned(),
        changes_digest: entry.changes_digest.to_owned(),
        change_count: tx.changes().len() as i64,
        build: entry.build.to_owned(),
        chain: String::new(),
    };
    line.chain = line.link(key, &previous)?;
    tx.execute("UPDATE audit_head SET chain = $1 WHERE one = 1", params![line.chain])?;
    tx.execute(
        "INSERT INTO audit (seq, at, principal, actor_kind, actor_id, actor_label, tool, transport, request_key, \
         arguments_digest, changes_digest, change_count, build, chain) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        params![
            line.seq,
            line.at,
            line.principal,
            line.actor_kind,
            line.actor_id,
            line.actor_label,
            line.tool,
            line.transport,
            line.request_key,
            line.arguments_digest,
            line.changes_digest,
            line.change_count,
            line.build,
            line.chain
        ],
    )?;
    Ok(seq)
}

/// What a check of the chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every line is as it was written; the number of lines.
    Whole(i64),
    /// The first line that is not, and what is wrong with it.
    Broken {
        /// Number of the line.
        seq: i64,
        /// In words.
        what: String,
    },
}

/// Checks the chain from the first line to the head.
pub fn verify(tx: &ReadTx<'_>, key: &[u8]) -> StoreResult<Verdict> {
    let (mut expected, mut previous) = (0_i64, String::new());
    loop {
        let lines: Vec<Line> = tx.all(COLUMNS, params![expected, 500_i64])?;
        if lines.is_empty() {
            break;
        }
        for line in lines {
            expected += 1;
            let broken = |what: &str| Ok(Verdict::Broken { seq: expected, what: what.to_owned() });
            if line.seq != expected {
                return broken("the line is missing");
            }
            if line.link(key, &previous)? != line.chain {
                return broken("the line, or the one before it, was changed");
            }
            let logged =
                tx.count("SELECT COUNT(*) FROM change_log WHERE audit_seq = $1", params![line.seq])?;
            if logged != line.change_count {
                return broken("its change log entries are not complete");
            }
            previous = line.chain;
        }
    }
    let head: Option<(i64, String)> = tx.one("SELECT seq, chain FROM audit_head WHERE one = 1", &[])?;
    Ok(match head {
        Some((seq, chain)) if seq == expected && chain == previous => Verdict::Whole(expected),
        _ => Verdict::Broken { seq: expected + 1, what: "lines after this one are missing".to_owned() },
    })
}

/// Lines after `seq`, at most `limit`.
pub fn lines_after(tx: &ReadTx<'_>, seq: i64, limit: i64) -> StoreResult<Vec<Line>> {
    tx.all(COLUMNS, params![seq, limit])
}
