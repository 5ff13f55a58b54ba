//! Leads.

use maitred_core::cx::Reader;
use maitred_core::error::{ToolResult, not_found};
use maitred_store::{Record, Sql};

use crate::model::Lead;

/// The lead a text refers to: id or number.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Lead> {
    let text = text.trim();
    if let Some(lead) = db.get::<Lead>(text)? {
        return Ok(lead);
    }
    let mut sql = Sql::new(Lead::SELECT);
    sql.push(" WHERE number = ").bind(text.to_uppercase());
    db.one_of(&sql)?.ok_or_else(|| not_found("lead", text).field(field).hint("search with crm_lead_search"))
}

/// Notes that somebody did something about a lead; only ever forward in time.
pub fn touched(db: &maitred_core::cx::Writer<'_>, id: &str, at: maitred_kernel::Stamp) -> ToolResult<()> {
    if let Some(before) = db.get::<Lead>(id)?
        && before.last_touched_at.is_none_or(|known| known < at)
    {
        let mut after = Lead { last_touched_at: Some(at), ..before.clone() };
        db.update(&before, &mut after)?;
    }
    Ok(())
}
