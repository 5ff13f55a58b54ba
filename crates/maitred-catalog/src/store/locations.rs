//! Locations.

use maitred_core::prelude::*;
use maitred_store::{Record, Sql, params};

use crate::model::{Location, LocationId, LocationKind};
use crate::store::products::name_key;

/// Every location, the one sold from first in front; retired ones last.
pub fn all(db: &Reader<'_>) -> ToolResult<Vec<Location>> {
    let mut sql = Sql::new(Location::SELECT);
    sql.push(
        " ORDER BY CASE WHEN retired_at IS NULL THEN 0 ELSE 1 END, sellable DESC, priority DESC, name_key, id",
    );
    Ok(db.all_of(&sql)?)
}

/// Locations that are in use.
pub fn live(db: &Reader<'_>) -> ToolResult<Vec<Location>> {
    Ok(all(db)?.into_iter().filter(|location| location.retired_at.is_none()).collect())
}

/// Locations from which is sold, first first.
pub fn sellable(db: &Reader<'_>) -> ToolResult<Vec<Location>> {
    Ok(live(db)?.into_iter().filter(|location| location.sellable).collect())
}

/// The first location in use of a kind.
///
/// # Errors
/// `not_found` when the organisation has none.
pub fn of_kind(db: &Reader<'_>, kind: LocationKind) -> ToolResult<Location> {
    live(db)?.into_iter().find(|location| location.kind == kind).ok_or_else(|| {
        refused(Code::NotFound, format!("there is no {kind} location"))
            .hint("add one to the section catalog.locations with account_setting_update")
    })
}

/// The location a text means: id or name; without one the first from which is sold.
///
/// # Errors
/// `not_found` at `field`.
pub fn resolve(db: &Reader<'_>, text: Option<&str>, field: &str) -> ToolResult<Location> {
    let all = live(db)?;
    let found = match text.map(str::trim) {
        None => all.iter().find(|location| location.sellable),
        Some(text) => all
            .iter()
            .find(|location| location.id.0 == text)
            .or_else(|| all.iter().find(|location| location.name_key == name_key(text))),
    };
    found.cloned().ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|location| location.name.as_str()).collect();
        not_found("location", text.unwrap_or("sold from"))
            .field(field)
            .hint(format!("locations are {}", names.join(", ")))
    })
}

/// Whether anything lies or ever lay at a location.
pub fn is_used(db: &Reader<'_>, location: &LocationId) -> ToolResult<bool> {
    let found: Option<String> =
        db.scalar("SELECT id FROM stock_move WHERE from_id = $1 OR to_id = $1 LIMIT 1", params![location])?;
    Ok(found.is_some())
}

/// Whether stock lies at a location.
pub fn holds_stock(db: &Reader<'_>, location: &LocationId) -> ToolResult<bool> {
    let found: Option<i64> = db.scalar(
        "SELECT on_hand FROM stock_level WHERE location_id = $1 AND on_hand > 0 LIMIT 1",
        params![location],
    )?;
    Ok(found.is_some())
}

/// How often locations were made or changed.
pub fn version(db: &Reader<'_>) -> ToolResult<i64> {
    Ok(db.count("SELECT CAST(SUM(version) AS BIGINT) FROM location", &[])?)
}
