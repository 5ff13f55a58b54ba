//! Quotes, their revisions and lines.

use maitred_core::prelude::*;
use maitred_kernel::{Day, tokens};
use maitred_party::{CompanyId, MemberId};
use maitred_store::{Param, Record, Sql, search};

use crate::model::{Quote, QuoteId, QuoteLine, QuoteStatus};
use crate::snapshot::Buyer;

/// What the search index and the change log call a quote.
pub const KIND: &str = "quote";

/// The newest revision of the quote a text means: id of a revision, or number.
pub fn find(db: &Reader<'_>, text: &str) -> ToolResult<Option<Quote>> {
    let text = text.trim();
    if let Some(quote) = db.get::<Quote>(text)? {
        return Ok(Some(quote));
    }
    Ok(revisions(db, &text.to_uppercase())?.into_iter().next())
}

/// The quote a text means: id of a revision, or number, which means the newest one.
///
/// # Errors
/// `not_found` at `field`.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Quote> {
    find(db, text)?
        .ok_or_else(|| not_found("quote", text).field(field).hint("find it with orders_quote_search"))
}

/// The quote of this company that a text means. What a client may not see is not there: drafts, and quotes of others.
///
/// # Errors
/// `not_found` at `field`, the same whether there is such a quote or not.
pub fn resolve_of(db: &Reader<'_>, company: &str, text: &str, field: &str) -> ToolResult<Quote> {
    let seen = |quote: &Quote| quote.company_id.as_ref() == company && quote.sent_at.is_some();
    let text = text.trim();
    if let Some(quote) = db.get::<Quote>(text)?.filter(&seen) {
        return Ok(quote);
    }
    revisions(db, &text.to_uppercase())?
        .into_iter()
        .find(seen)
        .ok_or_else(|| not_found("quote", text).field(field).hint("your quotes are in orders_my_order_list"))
}

/// Every revision of a number, newest first.
pub fn revisions(db: &Reader<'_>, number: &str) -> ToolResult<Vec<Quote>> {
    let mut sql = Sql::new(Quote::SELECT);
    sql.push(" WHERE number = ").bind(number).push(" ORDER BY revision DESC");
    Ok(db.all_of(&sql)?)
}

/// The lines of a revision, in their order.
pub fn lines(db: &Reader<'_>, quote: &QuoteId) -> ToolResult<Vec<QuoteLine>> {
    let mut sql = Sql::new(QuoteLine::SELECT);
    sql.push(" WHERE quote_id = ").bind(quote).push(" ORDER BY position");
    Ok(db.all_of(&sql)?)
}

/// The quotes of a deal, newest first.
pub fn of_deal(db: &Reader<'_>, deal: &str) -> ToolResult<Vec<Quote>> {
    let mut sql = Sql::new(Quote::SELECT);
    sql.push(" WHERE deal_id = ").bind(deal).push(" AND status <> 'superseded' ORDER BY id DESC");
    Ok(db.all_of(&sql)?)
}

/// Quotes of a company that wait for an answer on a day, oldest first.
pub fn open_of(db: &Reader<'_>, company: &CompanyId, today: Day) -> ToolResult<Vec<Quote>> {
    let mut sql = Sql::new(Quote::SELECT);
    sql.push(" WHERE company_id = ").bind(company).and("valid_until >=", today);
    sql.push(" AND status = 'sent' ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// Open quotes that a member looks after.
pub fn owned_by(db: &Reader<'_>, member: &str) -> ToolResult<Vec<Quote>> {
    let mut sql = Sql::new(Quote::SELECT);
    sql.push(" WHERE owner_id = ").bind(member);
    sql.push(" AND status IN ('draft', 'sent', 'accepted') ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// Quotes that a client may see, newest first.
pub fn seen_by(db: &Reader<'_>, company: &str, most: i64) -> ToolResult<Vec<Quote>> {
    let mut sql = Sql::new(Quote::SELECT);
    sql.push(" WHERE company_id = ").bind(company);
    sql.push(" AND sent_at IS NOT NULL AND status IN ('sent', 'accepted') ORDER BY id DESC LIMIT ")
        .bind(most);
    Ok(db.all_of(&sql)?)
}

/// Puts a quote into the search index; an earlier revision leaves it.
pub fn index(db: &Writer<'_>, quote: &Quote, lines: &[QuoteLine]) -> ToolResult<()> {
    let mut words: Vec<(String, i64)> = Vec::new();
    let mut add = |text: &str, weight: i64| {
        words.extend(tokens(text).into_iter().map(|token| (token, weight)));
    };
    add(&quote.number, 50);
    add(&Buyer::parse(&quote.buyer)?.name, 30);
    for line in lines {
        add(&line.description, 10);
        if let Some(sku) = &line.sku {
            add(sku, 20);
        }
    }
    search::put(db.tx(), KIND, &quote.id.0, &words)?;
    if let Some(before) = &quote.supersedes_id {
        search::remove(db.tx(), KIND, before.as_ref())?;
    }
    Ok(())
}

/// What quotes are searched by. Filters that are not given do not narrow.
#[derive(Clone, Debug, Default)]
pub struct QuoteFilter {
    /// Folded terms, all of which must match.
    pub terms: Vec<String>,
    /// For this company.
    pub company: Option<CompanyId>,
    /// Of this owner.
    pub owner: Option<MemberId>,
    /// This far on `today`; every state but superseded when not given.
    pub status: Option<QuoteStatus>,
    /// The day that decides what has expired.
    pub today: Option<Day>,
    /// Valid until this day at most.
    pub valid_until: Option<Day>,
    /// In minor units of this currency, at least.
    pub value_min: Option<i64>,
    /// At most.
    pub value_max: Option<i64>,
    /// In this currency.
    pub currency: Option<maitred_kernel::Currency>,
}

/// Values in a cursor of this search.
pub const KEYS: usize = 1;

/// The key that cursors hold.
pub fn key(found: &Quote) -> Vec<Param<'static>> {
    vec![Param::Text(found.id.0.clone().into())]
}

fn narrow(sql: &mut Sql, filter: &QuoteFilter) {
    sql.push(" WHERE 1 = 1");
    if !filter.terms.is_empty() {
        sql.push(" AND id IN (SELECT id FROM hit)");
    }
    if let Some(company) = &filter.company {
        sql.and("company_id =", company);
    }
    if let Some(owner) = &filter.owner {
        sql.and("owner_id =", owner);
    }
    match (filter.status, filter.today) {
        (None, _) => {
            sql.push(" AND status <> 'superseded'");
        }
        (Some(QuoteStatus::Expired), Some(today)) => {
            sql.push(" AND (status = 'expired' OR (status = 'sent' AND valid_until < ")
                .bind(today)
                .push("))");
        }
        (Some(QuoteStatus::Sent), Some(today)) => {
            sql.push(" AND status = 'sent'").and("valid_until >=", today);
        }
        (Some(status), _) => {
            sql.and("status =", status);
        }
    }
    if let Some(day) = filter.valid_until {
        sql.and("valid_until <=", day);
    }
    if let Some(currency) = filter.currency {
        sql.and("currency =", currency);
    }
    if let Some(least) = filter.value_min {
        sql.and("gross >=", least);
    }
    if let Some(most) = filter.value_max {
        sql.and("gross <=", most);
    }
}

fn begin(filter: &QuoteFilter, select: &'static str) -> Sql {
    if filter.terms.is_empty() {
        return Sql::new(select);
    }
    let mut sql = search::hits(KIND, &filter.terms);
    sql.push(select);
    sql
}

/// A page of quotes, newest first; one row more than the page holds when there is another.
pub fn search(db: &Reader<'_>, filter: &QuoteFilter, page: &Page) -> ToolResult<Vec<Quote>> {
    let mut sql = begin(filter, Quote::SELECT);
    narrow(&mut sql, filter);
    if let Some([id]) = page.after.as_deref() {
        sql.and("id <", id.clone());
    }
    sql.push(" ORDER BY id DESC LIMIT ").bind(page.fetch());
    Ok(db.all_of(&sql)?)
}

/// How many quotes fit.
pub fn count(db: &Reader<'_>, filter: &QuoteFilter) -> ToolResult<i64> {
    let mut sql = begin(filter, "SELECT COUNT(*) FROM quote");
    narrow(&mut sql, filter);
    Ok(db.count_of(&sql)?)
}

/// Hits of a free text, best first: score, id, number and gross of the newest revision.
pub fn text_hits(db: &Reader<'_>, terms: &[String], limit: usize) -> ToolResult<Vec<(i64, String)>> {
    let mut sql = search::hits(KIND, terms);
    sql.push("SELECT score, id FROM hit ORDER BY score DESC, id LIMIT ").bind(limit as i64);
    Ok(db.all_of(&sql)?)
}
