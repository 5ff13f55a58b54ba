//! What replenishment looks at: every stocked variant that is bought, its level, and how long deliveries took.

use std::collections::HashMap;

use maitred_core::prelude::*;
use maitred_kernel::{Quantity, Stamp};
use maitred_party::CompanyId;
use maitred_store::value::FromRow;
use maitred_store::{Row, Sql, StoreResult};

use crate::model::LocationId;

/// A variant that can be bought again.
#[derive(Clone, Debug)]
pub struct Stocked {
    /// Id.
    pub id: String,
    /// Folded SKU.
    pub sku_key: String,
    /// SKU.
    pub sku: String,
    /// Name of the product.
    pub product: String,
    /// Options.
    pub options: String,
    /// The product's own lead time in working days.
    pub lead_time_days: i64,
    /// What is there for the taking where it is sold from.
    pub available: Quantity,
    /// What lies there.
    pub on_hand: Quantity,
}

impl FromRow for Stocked {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            id: row.get(0)?,
            sku_key: row.get(1)?,
            sku: row.get(2)?,
            product: row.get(3)?,
            options: row.get(4)?,
            lead_time_days: row.get(5)?,
            available: row.get(6)?,
            on_hand: row.get(7)?,
        })
    }
}

/// Active goods of which stock is kept, with what is there, over sellable locations or at one.
pub fn stocked(db: &Reader<'_>, location: Option<&LocationId>) -> ToolResult<Vec<Stocked>> {
    let mut sql = Sql::new(
        "SELECT v.id, v.sku_key, v.sku, p.name, v.options, p.lead_time_days, \
         CAST(COALESCE(SUM(s.on_hand - s.reserved), 0) AS BIGINT), CAST(COALESCE(SUM(s.on_hand), 0) AS BIGINT) \
         FROM product p JOIN variant v ON v.product_id = p.id \
         LEFT JOIN (SELECT t.variant_id, t.on_hand, t.reserved FROM stock_level t JOIN location l \
         ON l.id = t.location_id WHERE ",
    );
    match location {
        Some(location) => sql.push("l.id = ").bind(location),
        None => sql.push("l.sellable = 1 AND l.retired_at IS NULL"),
    };
    sql.push(
        ") s ON s.variant_id = v.id WHERE p.kind = 'goods' AND p.tracked = 1 AND p.status = 'active' \
         AND v.status = 'active' GROUP BY v.id, v.sku_key, v.sku, p.name, v.options, p.lead_time_days \
         ORDER BY v.sku_key",
    );
    Ok(db.all_of(&sql)?)
}

/// How long the deliveries of a year took, in days, by supplier and variant.
pub fn lead_times(db: &Reader<'_>, since: Stamp) -> ToolResult<HashMap<(CompanyId, String), Vec<i64>>> {
    let mut sql = Sql::new(
        "SELECT o.company_id, m.variant_id, o.sent_at, m.at FROM stock_move m \
         JOIN purchase_order o ON o.id = m.ref_id WHERE m.kind = 'receipt' AND m.ref_kind = 'purchase_order' \
         AND o.sent_at IS NOT NULL AND m.at >= ",
    );
    sql.bind(since).push(" ORDER BY m.id");
    let mut times: HashMap<(CompanyId, String), Vec<i64>> = HashMap::new();
    for (company, variant, sent, came) in db.all_of::<(CompanyId, String, Stamp, Stamp)>(&sql)? {
        let days = sent.millis_until(came).max(0) / 86_400_000;
        times.entry((company, variant)).or_default().push(days);
    }
    Ok(times)
}
