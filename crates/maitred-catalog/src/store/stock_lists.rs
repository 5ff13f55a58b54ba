//! Lists of levels and of moves.

use std::collections::HashMap;

use maitred_core::prelude::*;
use maitred_kernel::{Day, Price, Quantity, Stamp};
use maitred_party::org::{settings_of, today};
use maitred_store::value::FromRow;
use maitred_store::{Param, Row, Sql, StoreResult};

use crate::demand::{Demand, Flow, SPAN, demand};
use crate::model::{LocationId, MoveKind, VariantId};
use crate::stock_ledger::{Standing, Step};
use crate::store::levels::Level;

/// What levels are listed by. Filters that are not given do not narrow.
#[derive(Clone, Debug, Default)]
pub struct LevelFilter {
    /// Variants of this product.
    pub product: Option<String>,
    /// At this location.
    pub location: Option<LocationId>,
    /// With less than this available.
    pub below: Option<Quantity>,
}

/// A level as a list shows it.
#[derive(Clone, Debug)]
pub struct FoundLevel {
    /// Folded SKU.
    pub sku_key: String,
    /// Location.
    pub location: String,
    /// Variant.
    pub variant: String,
    /// SKU.
    pub sku: String,
    /// Name of the product.
    pub product: String,
    /// Options of the variant.
    pub options: String,
    /// Name of the location.
    pub place: String,
    /// What lies there.
    pub level: Level,
    /// Unit of measure.
    pub unit: String,
}

impl FromRow for FoundLevel {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            sku_key: row.get(0)?,
            location: row.get(1)?,
            variant: row.get(2)?,
            sku: row.get(3)?,
            product: row.get(4)?,
            options: row.get(5)?,
            place: row.get(6)?,
            level: Level { on_hand: row.get(7)?, reserved: row.get(8)? },
            unit: row.get(9)?,
        })
    }
}

/// Values in a cursor of [`levels`].
pub const LEVEL_KEYS: usize = 2;

impl FoundLevel {
    /// The key that cursors hold.
    pub fn key(&self) -> Vec<Param<'static>> {
        vec![Param::Text(self.sku_key.clone().into()), Param::Text(self.location.clone().into())]
    }
}

fn narrow_levels(sql: &mut Sql, filter: &LevelFilter) {
    sql.push(
        // The order of the page is that of SKUs, so variants come first whatever else narrows.
        " FROM variant v CROSS JOIN stock_level s JOIN location l ON l.id = s.location_id \
         JOIN product p ON p.id = v.product_id WHERE s.variant_id = v.id",
    );
    if let Some(product) = &filter.product {
        sql.and("v.product_id =", product);
    }
    if let Some(location) = &filter.location {
        sql.and("s.location_id =", location);
    }
    if let Some(below) = filter.below {
        sql.and("s.on_hand - s.reserved <", below);
    }
}

/// A page of levels, by SKU and location.
pub fn levels(db: &Reader<'_>, filter: &LevelFilter, page: &Page) -> ToolResult<Vec<FoundLevel>> {
    let mut sql = Sql::new(
        "SELECT v.sku_key, s.location_id, v.id, v.sku, p.name, v.options, l.name, s.on_hand, s.reserved, p.unit",
    );
    narrow_levels(&mut sql, filter);
    if let Some([sku, location]) = page.after.as_deref() {
        // The first half lets the index on SKUs find the place, the second leaves out what was there.
        sql.push(" AND v.sku_key >= ").bind(sku.clone()).push(" AND (v.sku_key > ").bind(sku.clone());
        sql.push(" OR s.location_id > ").bind(location.clone()).push(")");
    }
    sql.push(" ORDER BY v.sku_key, s.location_id LIMIT ").bind(page.fetch());
    Ok(db.all_of(&sql)?)
}

/// How many levels fit.
pub fn count_levels(db: &Reader<'_>, filter: &LevelFilter) -> ToolResult<i64> {
    let mut sql = Sql::new("SELECT COUNT(*)");
    narrow_levels(&mut sql, filter);
    Ok(db.count_of(&sql)?)
}

/// What is on its way to each location, by variant and location.
pub fn incoming(db: &Reader<'_>, variants: &[&str]) -> ToolResult<HashMap<(String, String), Quantity>> {
    let mut found = HashMap::new();
    for some in variants.chunks(60) {
        let mut sql = Sql::new(
            "SELECT l.variant_id, o.location_id, CAST(SUM(l.ordered - l.received - l.closed_short) AS BIGINT) \
             FROM purchase_line l JOIN purchase_order o ON o.id = l.purchase_id \
             WHERE o.status IN ('sent', 'partially_received') AND l.ordered > l.received + l.closed_short \
             AND l.variant_id IN ",
        );
        sql.bind_list(some).push(" GROUP BY l.variant_id, o.location_id");
        for (variant, place, quantity) in db.all_of::<(String, String, Quantity)>(&sql)? {
            found.insert((variant, place), quantity);
        }
    }
    Ok(found)
}

type RawFlow = (String, Stamp, Option<String>, Option<String>, i64, MoveKind);

/// The moves of these variants in the span that demand looks back on, newest first; of all variants without any named.
fn recent(db: &Reader<'_>, variants: Option<&[&str]>, since: Stamp) -> ToolResult<Vec<RawFlow>> {
    let select = "SELECT variant_id, at, from_id, to_id, quantity, kind FROM stock_move WHERE at >= ";
    let mut found = Vec::new();
    match variants {
        None => {
            let mut sql = Sql::new(select);
            sql.bind(since).push(" ORDER BY at DESC, id DESC");
            found = db.all_of(&sql)?;
        }
        // One by one: each is a short range of the index by variant and moment.
        Some(variants) => {
            for variant in variants {
                let mut sql = Sql::new(select);
                sql.bind(since).and("variant_id =", *variant).push(" ORDER BY at DESC, id DESC");
                found.extend(db.all_of::<RawFlow>(&sql)?);
            }
        }
    }
    Ok(found)
}

/// The demand of variants over all locations, or at one.
pub struct Demands {
    today: Day,
    flows: HashMap<String, Vec<(Day, RawFlow)>>,
}

impl Demands {
    /// Reads what happened in the span.
    pub fn of(db: &Reader<'_>, variants: Option<&[&str]>) -> ToolResult<Self> {
        let today = today(db)?;
        let zone = settings_of(db)?.zone.clone();
        let first = today.plus_days(1 - SPAN).unwrap_or(today);
        let since = first.start(&zone).map_err(ToolError::internal)?;
        let mut flows: HashMap<String, Vec<(Day, RawFlow)>> = HashMap::new();
        for flow in recent(db, variants, since)? {
            flows.entry(flow.0.clone()).or_default().push((flow.1.day(&zone), flow));
        }
        Ok(Self { today, flows })
    }

    /// The demand of a variant of which so much is there now.
    pub fn demand(&self, variant: &str, place: Option<&str>, now: Quantity) -> Demand {
        let all = self.flows.get(variant).map_or(&[][..], Vec::as_slice);
        let flows: Vec<Flow> = all
            .iter()
            .filter_map(|(day, (_, _, from, to, quantity, kind))| {
                let (from, to) = (from.as_deref(), to.as_deref());
                let inward = to.is_some_and(|to| place.is_none_or(|place| place == to));
                let outward = from.is_some_and(|from| place.is_none_or(|place| place == from));
                if !inward && !outward {
                    return None;
                }
                let change = if inward { *quantity } else { 0 } - if outward { *quantity } else { 0 };
                let sold = match kind {
                    MoveKind::Shipment => *quantity,
                    // What came back and was thrown away at once was sold all the same.
                    MoveKind::Return if inward => -*quantity,
                    MoveKind::Scrap if outward => *quantity,
                    _ => 0,
                };
                Some(Flow { day: *day, change, sold })
            })
            .collect();
        demand(&flows, now, self.today)
    }
}

/// What moves are searched by.
#[derive(Clone, Debug, Default)]
pub struct MoveFilter {
    /// Of this variant.
    pub variant: Option<VariantId>,
    /// From or to this location.
    pub location: Option<LocationId>,
    /// Of this kind.
    pub kind: Option<MoveKind>,
    /// Not before.
    pub from: Option<Stamp>,
    /// Before.
    pub to: Option<Stamp>,
}

/// A move as a list shows it.
#[derive(Clone, Debug)]
pub struct FoundMove {
    /// When it happened.
    pub at: Stamp,
    /// Id.
    pub id: String,
    /// SKU.
    pub sku: String,
    /// Name of the location it left.
    pub from: Option<String>,
    /// Name of the location it came to.
    pub to: Option<String>,
    /// Id of the location it left.
    pub from_id: Option<String>,
    /// Id of the location it came to.
    pub to_id: Option<String>,
    /// How much.
    pub quantity: Quantity,
    /// Why.
    pub kind: MoveKind,
    /// Why exactly.
    pub reason: Option<String>,
    /// Remark.
    pub note: Option<String>,
    /// Cost per unit.
    pub unit_cost: Option<Price>,
    /// Kind of document.
    pub ref_kind: Option<String>,
    /// The document: its number where it is an order to a supplier, else its id.
    pub document: Option<String>,
    /// Who posted it.
    pub by: Option<String>,
}

impl FromRow for FoundMove {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            at: row.get(0)?,
            id: row.get(1)?,
            sku: row.get(2)?,
            from: row.get(3)?,
            to: row.get(4)?,
            from_id: row.get(5)?,
            to_id: row.get(6)?,
            quantity: row.get(7)?,
            kind: row.get(8)?,
            reason: row.get(9)?,
            note: row.get(10)?,
            unit_cost: row.get(11)?,
            ref_kind: row.get(12)?,
            document: row.get(13)?,
            by: row.get(14)?,
        })
    }
}

/// Values in a cursor of [`moves`].
pub const MOVE_KEYS: usize = 2;

impl FoundMove {
    /// The key that cursors hold.
    pub fn key(&self) -> Vec<Param<'static>> {
        vec![Param::Text(self.at.text().into()), Param::Text(self.id.clone().into())]
    }

    /// What it did to the stock at a location, or to all stock: more, less, or nothing for a transfer.
    pub fn change(&self, location: Option<&LocationId>) -> i64 {
        let counts = |id: &Option<String>| {
            id.as_ref().is_some_and(|id| location.is_none_or(|location| location.0 == *id))
        };
        let quantity = self.quantity.thousandths();
        (if counts(&self.to_id) { quantity } else { 0 }) - if counts(&self.from_id) { quantity } else { 0 }
    }
}

/// The way a move went, seen from a location.
#[derive(Clone, Copy)]
enum Way {
    Out,
    In,
    Either,
}

fn narrow_moves(sql: &mut Sql, filter: &MoveFilter, way: Way) {
    sql.push(" WHERE 1 = 1");
    if let Some(variant) = &filter.variant {
        sql.and("m.variant_id =", variant);
    }
    if let Some(location) = &filter.location {
        match way {
            Way::Out => sql.and("m.from_id =", location),
            Way::In => sql.and("m.to_id =", location),
            Way::Either => {
                sql.push(" AND (m.from_id = ").bind(location).push(" OR m.to_id = ").bind(location).push(")")
            }
        };
    }
    if let Some(kind) = filter.kind {
        sql.and("m.kind =", kind);
    }
    if let Some(from) = filter.from {
        sql.and("m.at >=", from);
    }
    if let Some(to) = filter.to {
        sql.and("m.at <", to);
    }
}

fn move_page(sql: &mut Sql, filter: &MoveFilter, way: Way, page: &Page) {
    sql.push("SELECT m.* FROM stock_move m");
    narrow_moves(sql, filter, way);
    if let Some([at, id]) = page.after.as_deref() {
        sql.push(" AND (m.at, m.id) < (").bind(at.clone()).push(", ").bind(id.clone()).push(")");
    }
    sql.push(" ORDER BY m.at DESC, m.id DESC LIMIT ").bind(page.fetch());
}

/// A page of moves, newest first.
pub fn moves(db: &Reader<'_>, filter: &MoveFilter, page: &Page) -> ToolResult<Vec<FoundMove>> {
    let mut sql = Sql::new(
        "SELECT f.at, f.id, v.sku, a.name, b.name, f.from_id, f.to_id, f.quantity, f.kind, f.reason, f.note, \
         f.unit_cost, f.ref_kind, COALESCE(o.number, f.ref_id), w.name FROM (",
    );
    if filter.location.is_some() && filter.variant.is_none() {
        // Each way is a range of an index of its own; no move goes both ways at one location.
        sql.push("SELECT x.* FROM (");
        move_page(&mut sql, filter, Way::Out, page);
        sql.push(") x UNION ALL SELECT y.* FROM (");
        move_page(&mut sql, filter, Way::In, page);
        sql.push(") y");
    } else {
        move_page(&mut sql, filter, Way::Either, page);
    }
    sql.push(
        ") f JOIN variant v ON v.id = f.variant_id LEFT JOIN location a ON a.id = f.from_id \
         LEFT JOIN location b ON b.id = f.to_id LEFT JOIN member w ON w.id = f.by_member \
         LEFT JOIN purchase_order o ON o.id = f.ref_id ORDER BY f.at DESC, f.id DESC LIMIT ",
    );
    sql.bind(page.fetch());
    Ok(db.all_of(&sql)?)
}

/// How many moves fit.
pub fn count_moves(db: &Reader<'_>, filter: &MoveFilter) -> ToolResult<i64> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM stock_move m");
    narrow_moves(&mut sql, filter, Way::Either);
    Ok(db.count_of(&sql)?)
}

/// What moves of a variant behind a point did, at a location or to all its stock: behind a moment, and behind a move
/// of that moment where its id is given.
pub fn moved_since(
    db: &Reader<'_>,
    variant: &VariantId,
    location: Option<&LocationId>,
    at: Stamp,
    id: Option<&str>,
) -> ToolResult<i64> {
    let mut sql = Sql::new("SELECT CAST(SUM(");
    match location {
        Some(location) => sql
            .push("CASE WHEN to_id = ")
            .bind(location)
            .push(" THEN quantity ELSE 0 END - CASE WHEN from_id = ")
            .bind(location)
            .push(" THEN quantity ELSE 0 END"),
        None => sql.push(
            "CASE WHEN to_id IS NULL THEN 0 ELSE quantity END - CASE WHEN from_id IS NULL THEN 0 ELSE quantity END",
        ),
    };
    sql.push(") AS BIGINT) FROM stock_move WHERE variant_id = ").bind(variant);
    match id {
        Some(id) => sql.push(" AND (at, id) > (").bind(at).push(", ").bind(id).push(")"),
        None => sql.push(" AND at > ").bind(at),
    };
    Ok(db.count_of(&sql)?)
}

/// Variants of which something lay at a location at or after a moment: those whose level there is not empty now, or
/// that moved there since.
pub fn present_since(db: &Reader<'_>, location: &LocationId, at: Stamp) -> ToolResult<Vec<VariantId>> {
    let mut sql = Sql::new("SELECT variant_id FROM stock_level WHERE on_hand > 0 AND location_id = ");
    sql.bind(location);
    sql.push(" UNION SELECT variant_id FROM stock_move WHERE from_id = ").bind(location).and("at >", at);
    sql.push(" ORDER BY variant_id");
    let rows: Vec<(String,)> = db.all_of(&sql)?;
    Ok(rows.into_iter().map(|(id,)| VariantId(id)).collect())
}

/// Hands every move up to a moment on, in the order in which they were posted: that is the order of the table itself, so
/// nothing is looked up or sorted.
pub fn walk(db: &Reader<'_>, until: Stamp, mut each: impl FnMut(Step)) -> ToolResult<()> {
    let mut sql = Sql::new(
        "SELECT at, variant_id, from_id, to_id, quantity, kind, unit_cost FROM stock_move WHERE at < ",
    );
    sql.bind(until).push(" ORDER BY id");
    db.each_of(&sql, |row| {
        each(Step {
            at: row.get(0)?,
            variant: row.get(1)?,
            from: row.get(2)?,
            to: row.get(3)?,
            quantity: row.get(4)?,
            kind: row.get(5)?,
            unit_cost: row.get(6)?,
        });
        Ok(())
    })?;
    Ok(())
}

/// What reports call a variant: folded SKU, SKU, product, options, category.
pub type Label = (String, String, String, String, Option<String>);

/// What reports call every stocked variant, by id.
pub fn labels(db: &Reader<'_>) -> ToolResult<HashMap<String, Label>> {
    let mut labels = HashMap::new();
    db.each(
        "SELECT v.id, v.sku_key, v.sku, p.name, v.options, c.path FROM variant v JOIN product p \
         ON p.id = v.product_id LEFT JOIN category c ON c.id = p.category_id WHERE p.kind = 'goods'",
        &[],
        |row| {
            let label = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
            labels.insert(row.get(0)?, label);
            Ok(())
        },
    )?;
    Ok(labels)
}

/// What of every variant is there for the taking, over sellable locations or at one.
pub fn free(db: &Reader<'_>, location: Option<&LocationId>) -> ToolResult<HashMap<String, Quantity>> {
    let mut sql = Sql::new(
        "SELECT s.variant_id, CAST(SUM(s.on_hand - s.reserved) AS BIGINT) FROM stock_level s JOIN location l \
         ON l.id = s.location_id WHERE ",
    );
    match location {
        Some(location) => sql.push("l.id = ").bind(location),
        None => sql.push("l.sellable = 1 AND l.retired_at IS NULL"),
    };
    sql.push(" GROUP BY s.variant_id");
    let rows: Vec<(String, Quantity)> = db.all_of(&sql)?;
    Ok(rows.into_iter().collect())
}

/// What there is of every variant today and what it costs on average: what walking through the ledger would say.
pub fn standings(db: &Reader<'_>) -> ToolResult<HashMap<String, Standing>> {
    let mut standings: HashMap<String, Standing> = HashMap::new();
    db.each(
        "SELECT s.variant_id, s.location_id, s.on_hand, c.average_cost FROM stock_level s \
         LEFT JOIN valuation c ON c.variant_id = s.variant_id",
        &[],
        |row| {
            let standing = standings.entry(row.get(0)?).or_default();
            let (place, on_hand): (String, i64) = (row.get(1)?, row.get(2)?);
            standing.lies(&place, on_hand);
            standing.on_hand += on_hand;
            standing.average = row.get(3)?;
            Ok(())
        },
    )?;
    Ok(standings)
}
