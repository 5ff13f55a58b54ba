//! `catalog_purchase_search`: orders to suppliers by supplier, status, product or day.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, Quantity, Stamp, format_minor};
use maitred_party::org::today;
use maitred_party::store::companies;

use crate::model::PurchaseStatus;
use crate::purchasing::is_late;
use crate::store::products;
use crate::store::purchases::{self, FoundPurchase, KEYS, PurchaseFilter};

/// The tool.
pub struct PurchaseSearch;

impl Tool for PurchaseSearch {
    const NAME: &str = "catalog_purchase_search";
    const TITLE: &str = "Search purchase orders";
    const ABOUT: &str = "Search purchase orders by supplier, status, product or day expected, newest first.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company oak kind=supplier; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 10, "cost": "3"}]} as po;
                  catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 20, "cost": "3"}]} as po2"#,
        args: r#"{"supplier": "@oak", "product": "@chair", "status": "draft"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let filter = args.filter(cx)?;
        let total = page.count.then(|| purchases::count(cx, &filter)).transpose()?;
        let (rows, next_cursor) = page.cut(purchases::search(cx, &filter, &page)?, FoundPurchase::key);
        let today = today(cx)?;
        let purchase_orders = rows
            .into_iter()
            .map(|row| Ok(Selected::new(view(cx, row, today)?, mask)))
            .collect::<ToolResult<_>>()?;
        Ok(Output { purchase_orders, next_cursor, total })
    }
}

/// An order as lists show it.
pub(crate) fn view(db: &Reader<'_>, row: FoundPurchase, today: Day) -> ToolResult<ListedPurchase> {
    let lines = purchases::lines(db, &crate::model::PurchaseId(row.id.clone()))?;
    let open = lines.iter().map(|line| line.open().thousandths()).sum();
    Ok(ListedPurchase {
        late: is_late(row.status, row.expected_on, today),
        total: format_minor(crate::purchasing::total(&lines, row.currency)?, row.currency),
        lines: lines.len() as i64,
        open: Quantity::from_thousandths(open),
        id: row.id,
        version: row.version,
        number: row.number,
        supplier: row.supplier,
        location: row.location,
        status: row.status,
        expected_on: row.expected_on,
        currency: row.currency,
        sent_at: row.sent_at,
    })
}

impl Args {
    /// The filter these arguments mean.
    pub(crate) fn filter(&self, db: &Reader<'_>) -> ToolResult<PurchaseFilter> {
        let supplier =
            self.supplier.as_deref().map(|text| companies::resolve(db, text, "supplier")).transpose()?;
        let product =
            self.product.as_deref().map(|text| products::resolve_product(db, text, "product")).transpose()?;
        let late = self.late.unwrap_or(false);
        Ok(PurchaseFilter {
            supplier: supplier.map(|company| company.id),
            product: product.map(|product| product.id.0),
            status: self.status,
            expected_until: self.expected_until,
            late_on: if late { Some(today(db)?) } else { None },
        })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Company.
    #[arg(max = 200)]
    supplier: Option<String>,
    /// SKU, id or exact name.
    #[arg(max = 200)]
    product: Option<String>,
    /// Status.
    status: Option<PurchaseStatus>,
    /// Day.
    expected_until: Option<Day>,
    /// Only overdue ones.
    late: Option<bool>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// An order to a supplier as lists show it.
#[derive(ToolOutput)]
pub struct ListedPurchase {
    /// Id.
    #[output(summary)]
    id: String,
    /// Version.
    #[output(summary)]
    version: i64,
    /// Number.
    #[output(summary)]
    number: String,
    /// Supplier.
    #[output(summary)]
    supplier: String,
    /// Where the goods go.
    location: String,
    /// How far it is.
    #[output(summary)]
    status: PurchaseStatus,
    /// When the goods are expected.
    #[output(summary)]
    expected_on: Option<Day>,
    /// Whether that day is over and something is still to come.
    #[output(summary)]
    late: bool,
    /// Currency.
    #[output(summary)]
    currency: Currency,
    /// Sum of the lines.
    #[output(summary)]
    total: String,
    /// How many lines.
    lines: i64,
    /// How much is still to come, over all lines.
    open: Quantity,
    /// When sent.
    sent_at: Option<Stamp>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Orders, newest first.
    purchase_orders: Vec<Selected<ListedPurchase>>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn late_is_what_is_open_after_its_day() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company oak kind=supplier; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
               catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 10, "cost": "3"}], "expected_on": "2026-03-05"} as po;
               catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 10, "cost": "3"}], "expected_on": "2026-03-05"} as draft;
               catalog_purchase_send {"purchase_order": "@po", "to": "orders@oak.example"}"#,
        );
        let late = |args: &str| {
            let found = fixture.call("catalog_purchase_search", args).json();
            found["purchase_orders"].as_array().unwrap().len()
        };
        assert_eq!(late(r#"{"late": true}"#), 0);
        fixture.set_clock("2026-03-06T10:00:00Z");
        assert_eq!(late(r#"{"late": true}"#), 1, "a draft is not late");
        assert_eq!(late(r#"{"expected_until": "2026-03-05", "product": "CH-1"}"#), 2);
        assert_eq!(late(r#"{"status": "closed"}"#), 0);
    }
}
