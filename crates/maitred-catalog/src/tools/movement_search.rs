//! `catalog_movement_search`: the stock ledger.

use maitred_core::prelude::*;
use maitred_kernel::{Day, Quantity, Stamp};
use maitred_party::org::settings_of;

use crate::model::MoveKind;
use crate::store::stock_lists::{self, FoundMove, MOVE_KEYS, MoveFilter};
use crate::store::{levels, locations};
use crate::tools::stock_adjust::stocked;

/// The tool.
pub struct MovementSearch;

impl Tool for MovementSearch {
    const NAME: &str = "catalog_movement_search";
    const TITLE: &str = "Search stock movements";
    const ABOUT: &str = "Stock ledger of a product or location, newest first: each move with reason, document and \
                         person; of one product also opening and closing of the page.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example {
        given: r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}, {"product": "CH-1", "delta": -2, "reason": "damage"}]}"#,
        args: r#"{"product": "@chair", "from": "2026-03-01"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, MOVE_KEYS)?;
        let filter = args.filter(cx)?;
        let total = page.count.then(|| stock_lists::count_moves(cx, &filter)).transpose()?;
        let (rows, next_cursor) = page.cut(stock_lists::moves(cx, &filter, &page)?, FoundMove::key);
        let balance = balance(cx, &filter, &rows)?;
        let currency = settings_of(cx)?.currency;
        let moves = rows.into_iter().map(|row| Selected::new(view(row, &filter, currency), mask)).collect();
        Ok(Output {
            moves,
            opening: balance.map(|(opening, _)| opening),
            closing: balance.map(|(_, closing)| closing),
            next_cursor,
            total,
        })
    }
}

/// What there was before the oldest and after the newest move of a page: of one product, with no move left out.
fn balance(
    db: &Reader<'_>,
    filter: &MoveFilter,
    rows: &[FoundMove],
) -> ToolResult<Option<(Quantity, Quantity)>> {
    let (Some(variant), None, Some(newest)) = (&filter.variant, filter.kind, rows.first()) else {
        return Ok(None);
    };
    let location = filter.location.as_ref();
    let now = match location {
        Some(location) => levels::level(db, variant, location)?.on_hand,
        None => levels::total(db, variant)?,
    };
    let later = stock_lists::moved_since(db, variant, location, newest.at, Some(&newest.id))?;
    let closing = now.thousandths() - later;
    let moved: i64 = rows.iter().map(|row| row.change(location)).sum();
    Ok(Some((Quantity::from_thousandths(closing - moved), Quantity::from_thousandths(closing))))
}

/// A move as shown.
pub(crate) fn view(row: FoundMove, filter: &MoveFilter, currency: maitred_kernel::Currency) -> MoveView {
    MoveView {
        change: Quantity::from_thousandths(row.change(filter.location.as_ref())),
        id: row.id,
        at: row.at,
        sku: row.sku,
        kind: row.kind,
        from: row.from,
        to: row.to,
        quantity: row.quantity,
        reason: row.reason,
        note: row.note,
        unit_cost: row.unit_cost.map(|cost| cost.format(currency)),
        document_kind: row.ref_kind,
        document: row.document,
        by: row.by,
    }
}

impl Args {
    /// The filter these arguments mean: whole days where the organisation is.
    pub(crate) fn filter(&self, db: &Reader<'_>) -> ToolResult<MoveFilter> {
        let zone = settings_of(db)?.zone.clone();
        let item = self.product.as_deref().map(|text| stocked(db, text, "product")).transpose()?;
        let location = match &self.location {
            Some(text) => Some(locations::resolve(db, Some(text), "location")?.id),
            None => None,
        };
        let from = self.from.map(|day| day.start(&zone)).transpose().map_err(ToolError::internal)?;
        let to = self.to.map(|day| day.bounds(&zone)).transpose().map_err(ToolError::internal)?;
        Ok(MoveFilter {
            variant: item.map(|item| item.variant.id),
            location,
            kind: self.kind,
            from,
            to: to.map(|(_, end)| end),
        })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// SKU, barcode or id.
    #[arg(max = 200)]
    product: Option<String>,
    /// From or to it.
    #[arg(max = 80)]
    location: Option<String>,
    /// Kind.
    kind: Option<MoveKind>,
    /// First day.
    from: Option<Day>,
    /// Last day.
    to: Option<Day>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// A move.
#[derive(ToolOutput)]
pub struct MoveView {
    /// Id.
    id: String,
    /// When it happened.
    #[output(summary)]
    at: Stamp,
    /// SKU.
    #[output(summary)]
    sku: String,
    /// Why.
    #[output(summary)]
    kind: MoveKind,
    /// What it did to the stock at the location asked for, or to all stock: nothing for a transfer.
    #[output(summary)]
    change: Quantity,
    /// How much moved.
    quantity: Quantity,
    /// Location it left.
    #[output(summary)]
    from: Option<String>,
    /// Location it came to.
    #[output(summary)]
    to: Option<String>,
    /// Why exactly.
    #[output(summary)]
    reason: Option<String>,
    /// Remark.
    note: Option<String>,
    /// Cost per unit, in the organisation's currency.
    unit_cost: Option<String>,
    /// Kind of document.
    document_kind: Option<String>,
    /// The document.
    #[output(summary)]
    document: Option<String>,
    /// Who posted it.
    #[output(summary)]
    by: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Moves, newest first.
    moves: Vec<Selected<MoveView>>,
    /// What there was before the oldest move of this page; opening and the changes make closing.
    opening: Option<Quantity>,
    /// What there was after the newest.
    closing: Option<Quantity>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use maitred_kernel::Quantity;
    use maitred_testkit::Fixture;

    fn quantity(value: &serde_json::Value) -> i64 {
        Quantity::parse(value.as_str().unwrap()).unwrap().thousandths()
    }

    #[test]
    fn every_page_adds_up_and_chains() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
               catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}, {"product": "CH-1", "delta": -2, "reason": "damage"}]};
               catalog_stock_transfer {"lines": [{"product": "CH-1", "qty": 3}], "from": "Main warehouse", "to": "Quarantine"};
               catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 5, "reason": "found"}]}"#,
        );
        for (location, last) in [("", 15_000), (r#", "location": "Main warehouse""#, 12_000)] {
            let mut cursor = String::new();
            let mut later = None;
            loop {
                let args = format!(r#"{{"product": "CH-1", "limit": 2{location}{cursor}}}"#);
                let page = fixture.call("catalog_movement_search", &args).json();
                let changes: i64 =
                    page["moves"].as_array().unwrap().iter().map(|row| quantity(&row["change"])).sum();
                let (opening, closing) = (quantity(&page["opening"]), quantity(&page["closing"]));
                assert_eq!(opening + changes, closing, "{page}");
                assert_eq!(closing, later.unwrap_or(last));
                later = Some(opening);
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!(r#", "cursor": "{next}""#),
                    None => break,
                }
            }
            assert_eq!(later, Some(0));
        }
    }

    #[test]
    fn a_kind_or_a_day_narrows() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
               catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}]}"#,
        );
        for (args, wanted) in [
            (r#"{"kind": "receipt"}"#, 0),
            (r#"{"kind": "adjustment"}"#, 1),
            (r#"{"to": "2026-03-01"}"#, 0),
            (r#"{"from": "2026-03-02", "to": "2026-03-02"}"#, 1),
        ] {
            let answer = fixture.call("catalog_movement_search", args).json();
            assert_eq!(answer["moves"].as_array().unwrap().len(), wanted, "{args}");
        }
    }
}
