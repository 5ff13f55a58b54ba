//! Deals.

use maitred_core::cx::Reader;
use maitred_core::error::{ToolResult, not_found};
use maitred_store::{Record, Sql};

use crate::model::Deal;

/// The deal a text refers to: id or number.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Deal> {
    let text = text.trim();
    if let Some(deal) = db.get::<Deal>(text)? {
        return Ok(deal);
    }
    let mut sql = Sql::new(Deal::SELECT);
    sql.push(" WHERE number = ").bind(text.to_uppercase());
    db.one_of(&sql)?.ok_or_else(|| not_found("deal", text).field(field).hint("search with crm_deal_search"))
}
