//! `catalog_stock_list`: what lies where, what is coming, how long it lasts.

use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Quantity};

use crate::store::locations;
use crate::store::products::{self, named};
use crate::store::stock_lists::{self, Demands, FoundLevel, LEVEL_KEYS, LevelFilter};

/// The tool.
pub struct StockList;

impl Tool for StockList {
    const NAME: &str = "catalog_stock_list";
    const TITLE: &str = "List stock";
    const ABOUT: &str = "Stock per product and location: on hand, reserved, available, incoming, cover days.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}, {"sku": "CH-2"}]} as chair;
                  catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}, {"product": "CH-2", "delta": 2, "reason": "found"}]}"#,
        args: r#"{"product": "@chair", "below": "20"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, LEVEL_KEYS)?;
        let filter = args.filter(cx)?;
        let total = page.count.then(|| stock_lists::count_levels(cx, &filter)).transpose()?;
        let (rows, next_cursor) = page.cut(stock_lists::levels(cx, &filter, &page)?, FoundLevel::key);
        let rows = views(cx, rows)?.into_iter().map(|view| Selected::new(view, mask)).collect();
        Ok(Output { rows, next_cursor, total })
    }
}

/// Rows as shown, with what is coming and how long they last.
pub(crate) fn views(db: &Reader<'_>, rows: Vec<FoundLevel>) -> ToolResult<Vec<RowView>> {
    let mut variants: Vec<&str> = rows.iter().map(|row| row.variant.as_str()).collect();
    variants.dedup();
    let coming = stock_lists::incoming(db, &variants)?;
    let demands = Demands::of(db, Some(&variants))?;
    let views = rows.iter().map(|row| {
        let demand = demands.demand(&row.variant, Some(&row.location), row.level.on_hand);
        let key = (row.variant.clone(), row.location.clone());
        RowView {
            sku: row.sku.clone(),
            name: named(&row.product, &row.options),
            location: row.place.clone(),
            unit: row.unit.clone(),
            on_hand: row.level.on_hand,
            reserved: row.level.reserved,
            available: row.level.free(),
            incoming: coming.get(&key).copied().unwrap_or_default(),
            cover_days: demand.cover(row.level.free()),
            variant_id: row.variant.clone(),
        }
    });
    Ok(views.collect())
}

impl Args {
    /// The filter these arguments mean.
    pub(crate) fn filter(&self, db: &Reader<'_>) -> ToolResult<LevelFilter> {
        let product =
            self.product.as_deref().map(|text| products::resolve_product(db, text, "product")).transpose()?;
        let location = match &self.location {
            Some(text) => Some(locations::resolve(db, Some(text), "location")?.id),
            None => None,
        };
        Ok(LevelFilter { product: product.map(|product| product.id.0), location, below: self.below })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id, SKU or exact name.
    #[arg(max = 200)]
    product: Option<String>,
    /// Name.
    #[arg(max = 80)]
    location: Option<String>,
    /// Less than this available.
    below: Option<Quantity>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// What lies at a location.
#[derive(ToolOutput)]
pub struct RowView {
    /// SKU.
    #[output(summary)]
    sku: String,
    /// Name.
    #[output(summary)]
    name: String,
    /// Location.
    #[output(summary)]
    location: String,
    /// Unit of measure.
    unit: String,
    /// How much lies there.
    #[output(summary)]
    on_hand: Quantity,
    /// How much of it is held.
    #[output(summary)]
    reserved: Quantity,
    /// How much is there for the taking.
    #[output(summary)]
    available: Quantity,
    /// How much is on its way there.
    #[output(summary)]
    incoming: Quantity,
    /// Days that what is available lasts; missing where nothing was sold in 56 days.
    #[output(summary)]
    cover_days: Option<BasisPoints>,
    /// Id of the variant.
    variant_id: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Levels by SKU.
    rows: Vec<Selected<RowView>>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    #[test]
    fn shows_what_is_coming() {
        check(
            &crate::DOMAIN,
            r#"company oak kind=supplier;
               catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
               catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}]};
               catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 10, "cost": "3"}]} as po;
               catalog_purchase_send {"purchase_order": "@po", "to": "orders@oak.example"}"#,
            "catalog_stock_list",
            r#"{"location": "main warehouse"}"#,
            expect![[
                r#"{"rows":[{"sku":"CH-1","name":"Chair","location":"Main warehouse","on_hand":"12","reserved":"0","available":"12","incoming":"10"}]}"#
            ]],
        );
    }

    #[test]
    fn a_location_is_named() {
        check(
            &crate::DOMAIN,
            "",
            "catalog_stock_list",
            r#"{"location": "Moon"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"not_found","message":"no location fits `Moon`","field":"location","hint":"locations are Main warehouse, Quarantine, Transit","retryable":false}}"#
            ]],
        );
    }
}
