//! Full-text search with the same answers on every engine.
//!
//! The index is a table of folded tokens. A query term matches a token it begins (prefix match), every term must match,
//! and the score of a hit is the sum over the terms of the best weight it matched, doubled where the whole token is
//! equal. Folding (case, accents) is the caller's: both sides must use the same function.

use crate::value::Column;
use crate::{Sql, StoreResult, WriteTx};

/// Terms of a query beyond this number are ignored.
pub const MAX_TERMS: usize = 6;
/// Tokens longer than this many bytes are cut.
pub const MAX_TOKEN: usize = 64;

fn cut(token: &str) -> &str {
    let mut end = token.len().min(MAX_TOKEN);
    while !token.is_char_boundary(end) {
        end -= 1;
    }
    &token[..end]
}

/// Replaces what the index knows about a record. `tokens` are folded; of equal tokens the heaviest weight counts.
pub fn put(tx: &WriteTx<'_>, kind: &'static str, id: &str, tokens: &[(String, i64)]) -> StoreResult<()> {
    remove(tx, kind, id)?;
    let mut best: Vec<(&str, i64)> = tokens.iter().map(|(token, weight)| (cut(token), *weight)).collect();
    best.sort_by(|a, b| a.0.cmp(b.0).then(b.1.cmp(&a.1)));
    best.dedup_by(|next, kept| next.0 == kept.0);
    for (token, weight) in best {
        if token.is_empty() {
            continue;
        }
        tx.execute(
            "INSERT INTO search_token (kind, token, entity_id, weight) VALUES ($1, $2, $3, $4)",
            &[kind.to_param(), token.to_param(), id.to_param(), weight.to_param()],
        )?;
    }
    Ok(())
}

/// Takes a record out of the index.
pub fn remove(tx: &WriteTx<'_>, kind: &'static str, id: &str) -> StoreResult<()> {
    tx.execute(
        "DELETE FROM search_token WHERE entity_id = $1 AND kind = $2",
        &[id.to_param(), kind.to_param()],
    )?;
    Ok(())
}

/// Starts a statement with a common table `hit (id, score)` of the records of `kind` that match every term; what
/// follows joins it: `sql.push("SELECT .. FROM hit JOIN contact c ON c.id = hit.id ORDER BY hit.score DESC, c.id")`.
/// Without terms the table is empty.
pub fn hits(kind: &'static str, terms: &[String]) -> Sql {
    let mut sql = Sql::new("WITH hit (id, score) AS (");
    let terms = &terms[..terms.len().min(MAX_TERMS)];
    if terms.is_empty() {
        sql.push("SELECT entity_id, weight FROM search_token WHERE kind = ").bind(kind).push(" AND 1 = 0");
    }
    // The longest term is usually the rarest, so it comes first.
    let mut order: Vec<&str> = terms.iter().map(|term| cut(term)).collect();
    order.sort_by_key(|term| std::cmp::Reverse(term.len()));
    const SCORES: [&str; MAX_TERMS] = ["t0.s", " + t1.s", " + t2.s", " + t3.s", " + t4.s", " + t5.s"];
    const OPEN: [&str; MAX_TERMS] = [" FROM (", " JOIN (", " JOIN (", " JOIN (", " JOIN (", " JOIN ("];
    const CLOSE: [&str; MAX_TERMS] = [
        ") t0",
        ") t1 ON t1.entity_id = t0.entity_id",
        ") t2 ON t2.entity_id = t0.entity_id",
        ") t3 ON t3.entity_id = t0.entity_id",
        ") t4 ON t4.entity_id = t0.entity_id",
        ") t5 ON t5.entity_id = t0.entity_id",
    ];
    if !order.is_empty() {
        sql.push("SELECT t0.entity_id, ");
        for score in SCORES.iter().take(order.len()) {
            sql.push(score);
        }
    }
    for (position, term) in order.iter().enumerate() {
        let beyond = format!("{term}\u{10FFFF}");
        sql.push(OPEN[position])
            .push("SELECT entity_id, MAX(CASE WHEN token = ")
            .bind(*term)
            .push(" THEN 2 * weight ELSE weight END) AS s FROM search_token WHERE kind = ")
            .bind(kind)
            .push(" AND token >= ")
            .bind(*term)
            .push(" AND token < ")
            .bind(beyond)
            .push(" GROUP BY entity_id")
            .push(CLOSE[position]);
    }
    sql.push(") ");
    sql
}
