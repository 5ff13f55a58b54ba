//! Bank accounts, statements and lines.

use std::collections::BTreeSet;

use maitred_bank::{fold_text, normal_account};
use maitred_core::cx::{Reader, Writer};
use maitred_core::error::{ToolResult, not_found};
use maitred_core::paging::Page;
use maitred_kernel::{Currency, Day, tokens};
use maitred_store::{Param, Record, Sql, params, search as index};

use crate::bank::import::Stored;
use crate::bank::model::{BankAccount, BankAccountId, BankClass, BankLine, BankLineStatus, BankStatement};

/// What the search index calls a line.
const KIND: &str = "bank_line";

/// Every account, by name.
pub fn accounts(db: &Reader<'_>) -> ToolResult<Vec<BankAccount>> {
    let mut sql = Sql::new(BankAccount::SELECT);
    sql.push(" ORDER BY name, id");
    Ok(db.all_of(&sql)?)
}

/// The account that a text means: its id, its IBAN or number, or its exact name.
///
/// # Errors
/// `not_found`.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<BankAccount> {
    let (number, name) = (normal_account(text), fold_text(text));
    let fits = |account: &BankAccount| {
        account.id.0 == text.trim() || account.iban == number || fold_text(&account.name) == name
    };
    accounts(db)?.into_iter().find(fits).ok_or_else(|| {
        not_found("bank account", text).field(field).hint("invoicing_bank_account_list shows them")
    })
}

/// Whether anything was imported for an account.
pub fn has_statements(db: &Reader<'_>, account: &BankAccountId) -> ToolResult<bool> {
    let found: Option<i64> =
        db.scalar("SELECT 1 FROM bank_statement WHERE account_id = $1 LIMIT 1", params![account])?;
    Ok(found.is_some())
}

/// Whether this statement of this file was imported for the account before.
pub fn has_file(db: &Reader<'_>, account: &BankAccountId, sha256: &str, position: i64) -> ToolResult<bool> {
    let found: Option<i64> = db.scalar(
        "SELECT 1 FROM bank_statement WHERE account_id = $1 AND file_sha256 = $2 AND position = $3",
        params![account, sha256, position],
    )?;
    Ok(found.is_some())
}

/// Which of these fingerprints the account has.
pub fn fingerprints(
    db: &Reader<'_>,
    account: &BankAccountId,
    wanted: &[String],
) -> ToolResult<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for chunk in wanted.chunks(90) {
        let mut sql = Sql::new("SELECT fingerprint FROM bank_line WHERE account_id = ");
        sql.bind(account).push(" AND fingerprint IN ").bind_list(chunk);
        found.extend(db.all_of::<(String,)>(&sql)?.into_iter().map(|(print,)| print));
    }
    Ok(found)
}

/// What is stored under these bank ids.
pub fn by_ref(db: &Reader<'_>, account: &BankAccountId, refs: &[String]) -> ToolResult<Vec<Stored>> {
    let mut found = Vec::new();
    for chunk in refs.chunks(90) {
        let mut sql =
            Sql::new("SELECT bank_ref, amount_minor, fingerprint FROM bank_line WHERE account_id = ");
        sql.bind(account).push(" AND bank_ref IN ").bind_list(chunk).push(" ORDER BY id");
        let rows: Vec<(String, i64, String)> = db.all_of(&sql)?;
        found.extend(rows.into_iter().map(|(bank_ref, amount, fingerprint)| Stored {
            bank_ref,
            amount,
            fingerprint,
        }));
    }
    Ok(found)
}

/// Writes a line and what it is found by.
pub fn insert_line(db: &Writer<'_>, line: &mut BankLine) -> ToolResult<()> {
    db.insert(line)?;
    let outer = [
        line.counterparty_name.as_deref(),
        line.counterparty_iban.as_deref(),
        line.end_to_end_id.as_deref(),
        line.creditor_ref.as_deref(),
    ];
    let mut words: Vec<(String, i64)> =
        outer.into_iter().flatten().flat_map(tokens).map(|token| (token, 20)).collect();
    words.extend(tokens(&line.remittance).into_iter().map(|token| (token, 10)));
    index::put(db.tx(), KIND, &line.id.0, &words)?;
    Ok(())
}

/// The line with this id.
///
/// # Errors
/// `not_found`.
pub fn line(db: &Reader<'_>, id: &str, field: &str) -> ToolResult<BankLine> {
    db.get::<BankLine>(id.trim())?.ok_or_else(|| {
        not_found("bank line", id).field(field).hint("invoicing_bank_line_search shows their ids")
    })
}

/// What lines are searched by. Filters that are not given do not narrow.
#[derive(Clone, Debug, Default)]
pub struct LineFilter {
    /// Folded terms, all of which must match.
    pub terms: Vec<String>,
    /// Account.
    pub account: Option<BankAccountId>,
    /// Status.
    pub status: Option<BankLineStatus>,
    /// Class.
    pub class: Option<BankClass>,
    /// First booking day.
    pub from: Option<Day>,
    /// Last booking day.
    pub to: Option<Day>,
    /// Smallest amount, signed minor units.
    pub least: Option<i64>,
    /// Largest amount, signed minor units.
    pub most: Option<i64>,
    /// Currency; given with amounts.
    pub currency: Option<Currency>,
    /// Only these lines.
    pub ids: Option<Vec<String>>,
    /// Only money in.
    pub receipts: bool,
}

/// Values in a cursor of this search.
pub const KEYS: usize = 2;

/// The key that cursors hold.
pub fn key(line: &BankLine) -> Vec<Param<'static>> {
    vec![Param::Text(line.booked_on.to_string().into()), Param::Text(line.id.0.clone().into())]
}

fn narrow(filter: &LineFilter, what: &'static str) -> Sql {
    let by_text = !filter.terms.is_empty();
    let mut sql = if by_text { index::hits(KIND, &filter.terms) } else { Sql::new("") };
    sql.push(what).push(if by_text { " WHERE id IN (SELECT id FROM hit)" } else { " WHERE 1 = 1" });
    if let Some(account) = &filter.account {
        sql.and("account_id =", account);
    }
    if let Some(status) = filter.status {
        sql.and("status =", status);
    }
    if let Some(class) = filter.class {
        sql.and("class =", class);
    }
    if let Some(from) = filter.from {
        sql.and("booked_on >=", from);
    }
    if let Some(to) = filter.to {
        sql.and("booked_on <=", to);
    }
    if let Some(currency) = filter.currency {
        sql.and("currency =", currency);
    }
    if let Some(least) = filter.least {
        sql.and("amount_minor >=", least);
    }
    if let Some(most) = filter.most {
        sql.and("amount_minor <=", most);
    }
    if filter.receipts {
        sql.and("amount_minor >", 0_i64);
    }
    if let Some(ids) = &filter.ids {
        sql.push(" AND id IN ").bind_list(ids);
    }
    sql
}

/// A page of lines, the latest first; one row more than the page holds when there is another.
pub fn search(db: &Reader<'_>, filter: &LineFilter, page: &Page) -> ToolResult<Vec<BankLine>> {
    let mut sql = narrow(filter, BankLine::SELECT);
    if let Some([Param::Text(day), Param::Text(id)]) = page.after.as_deref() {
        sql.push(" AND (booked_on < ").bind(day.as_ref());
        sql.push(" OR (booked_on = ").bind(day.as_ref()).push(" AND id > ").bind(id.as_ref()).push("))");
    }
    sql.push(" ORDER BY booked_on DESC, id LIMIT ").bind(page.fetch());
    Ok(db.all_of(&sql)?)
}

/// How many lines fit.
pub fn count(db: &Reader<'_>, filter: &LineFilter) -> ToolResult<i64> {
    Ok(db.count_of(&narrow(filter, "SELECT COUNT(*) FROM bank_line"))?)
}

/// Receipts nobody has matched, the oldest first, at most `most`.
pub fn receipts(db: &Reader<'_>, account: Option<&BankAccountId>, most: i64) -> ToolResult<Vec<BankLine>> {
    let filter = LineFilter {
        account: account.cloned(),
        status: Some(BankLineStatus::Unmatched),
        receipts: true,
        ..LineFilter::default()
    };
    let mut sql = narrow(&filter, BankLine::SELECT);
    sql.push(" ORDER BY booked_on, id LIMIT ").bind(most);
    Ok(db.all_of(&sql)?)
}

/// The statements of an account, oldest first.
pub fn statements(db: &Reader<'_>, account: &BankAccountId) -> ToolResult<Vec<BankStatement>> {
    let mut sql = Sql::new(BankStatement::SELECT);
    sql.push(" WHERE account_id = ").bind(account).push(" ORDER BY to_on, from_on, id");
    Ok(db.all_of(&sql)?)
}

/// Lines of an account that nobody has matched or classified, and the sum of all its lines.
pub fn totals(db: &Reader<'_>, account: &BankAccountId) -> ToolResult<(i64, i64)> {
    let found: Option<(i64, Option<i64>)> = db.one(
        "SELECT CAST(SUM(CASE WHEN status = 'unmatched' THEN 1 ELSE 0 END) AS BIGINT), \
         CAST(SUM(amount_minor) AS BIGINT) FROM bank_line WHERE account_id = $1 HAVING COUNT(*) > 0",
        params![account],
    )?;
    Ok(found.map_or((0, 0), |(open, sum)| (open, sum.unwrap_or_default())))
}

/// Gives a line another status. A matched line comes back to unmatched when its payment is undone.
pub fn set_status(
    db: &Writer<'_>,
    line: &BankLine,
    status: BankLineStatus,
    class: Option<BankClass>,
    note: Option<String>,
) -> ToolResult<BankLine> {
    let mut after = BankLine { status, class, note, ..line.clone() };
    db.update(line, &mut after)?;
    Ok(after)
}

/// Sends a line back to unmatched because its payment was undone.
pub fn unmatch(db: &Writer<'_>, id: &str) -> ToolResult<()> {
    if let Some(line) = db.get::<BankLine>(id)?
        && line.status == BankLineStatus::Matched
    {
        let note = line.note.clone();
        set_status(db, &line, BankLineStatus::Unmatched, None, note)?;
    }
    Ok(())
}
