//! `orders_order_search`: orders by customer, status, product, date; late, unpaid or uninvoiced.

use maitred_core::prelude::*;
use maitred_kernel::{Day, tokens};
use maitred_party::commerce::DocumentDrafter;
use maitred_party::org::{settings_of, today};
use maitred_party::store::{companies, members};

use crate::lines::book;
use crate::model::{Order, OrderStatus};
use crate::store::order_search::{self, KEYS, OrderFilter};
use crate::store::orders;
use crate::views::{OrderView, order};

/// The tool.
pub struct OrderSearch;

/// Orders that a search for unpaid ones looks at in one call.
const MOST: usize = 1000;

impl Tool for OrderSearch {
    const NAME: &str = "orders_order_search";
    const TITLE: &str = "Search orders";
    const ABOUT: &str = "Search orders by customer, status, product or date, newest first.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}], "po_reference": "Spring"} as so=order.id;
                        orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 2}], "po_reference": "Spring 2"} as so2=order.id"#
        ),
        args: r#"{"q": "spri", "company": "@acme", "status": "draft", "product": "CH-1"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let filter = args.filter(cx)?;
        let (rows, total) = if args.unpaid == Some(true) {
            unpaid(cx, &filter, &page)?
        } else {
            let total = page.count.then(|| order_search::count(cx, &filter)).transpose()?;
            (order_search::search(cx, &filter, &page)?, total)
        };
        let (rows, next_cursor) = page.cut(rows, order_search::key);
        let orders =
            rows.iter().map(|row| Ok(Selected::new(order(cx, row)?, mask))).collect::<ToolResult<_>>()?;
        Ok(Output { orders, next_cursor, total })
    }
}

/// A page of the orders with something unpaid: invoices are another module's, so they are asked for order by order.
fn unpaid(db: &Reader<'_>, filter: &OrderFilter, page: &Page) -> ToolResult<(Vec<Order>, Option<i64>)> {
    let Some(drafter) = db.port::<dyn DocumentDrafter>() else {
        return Err(refused(Code::ModuleMissing, "no module of this server keeps invoices")
            .field("unpaid")
            .hint("leave `unpaid` out"));
    };
    let all = order_search::search(db, filter, &Page::first(db, KEYS, MOST)?)?;
    let mut found = Vec::new();
    for order in all.into_iter().take(MOST) {
        let lines = orders::lines(db, &order.id)?;
        let units: Vec<&str> = lines.iter().map(|line| line.id.as_ref()).collect();
        let owes = |document: &maitred_party::commerce::DocumentOf| {
            document.kind == "invoice" && document.number.is_some() && document.balance.minor > 0
        };
        if drafter.documents_of(db, &units)?.iter().any(owes) {
            found.push(order);
        }
    }
    let total = page.count.then_some(found.len() as i64);
    if let Some([maitred_store::Param::Text(after)]) = page.after.as_deref() {
        found.retain(|order| order.id.0.as_str() < after.as_ref());
    }
    found.truncate(page.rows + 1);
    Ok((found, total))
}

impl Args {
    /// Refuses what a file of all rows cannot be narrowed by.
    pub(crate) fn exportable(&self) -> ToolResult<()> {
        match self.unpaid {
            Some(true) => {
                Err(invalid("unpaid", "narrows the search only").hint("leave it out of the export"))
            }
            _ => Ok(()),
        }
    }

    /// The filter these arguments mean.
    pub(crate) fn filter(&self, db: &Reader<'_>) -> ToolResult<OrderFilter> {
        let company =
            self.company.as_deref().map(|text| companies::resolve(db, text, "company")).transpose()?;
        let owner = self.owner.as_deref().map(|text| members::resolve(db, text, "owner")).transpose()?;
        let product = self.product.as_deref().map(|text| book(db)?.find(db, text, "product")).transpose()?;
        let zone = &settings_of(db)?.zone;
        let start = |day: Day| day.start(zone).map_err(ToolError::internal);
        let until = |day: Day| day.plus_days(1).map_err(ToolError::internal).and_then(start);
        Ok(OrderFilter {
            terms: self.q.as_deref().map(tokens).unwrap_or_default(),
            company: company.map(|company| company.id),
            owner: owner.map(|member| member.id),
            status: self.status,
            variant: product.map(|item| item.variant),
            from: self.from.map(start).transpose()?,
            before: self.to.map(until).transpose()?,
            late_on: if self.late == Some(true) { Some(today(db)?) } else { None },
            uninvoiced: self.uninvoiced == Some(true),
            held: self.on_hold == Some(true),
            seen_by_client: false,
        })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Number, reference, customer or product.
    #[arg(max = 200)]
    q: Option<String>,
    /// Company.
    #[arg(max = 200)]
    company: Option<String>,
    /// Member.
    #[arg(max = 200)]
    owner: Option<String>,
    /// Status.
    status: Option<OrderStatus>,
    /// SKU or id.
    #[arg(max = 200)]
    product: Option<String>,
    /// First day made.
    from: Option<Day>,
    /// Last day made.
    to: Option<Day>,
    /// Should have left.
    late: Option<bool>,
    /// With an open invoice.
    unpaid: Option<bool>,
    /// Agreed, not fully invoiced.
    uninvoiced: Option<bool>,
    /// On hold.
    on_hold: Option<bool>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Orders, newest first.
    orders: Vec<Selected<OrderView>>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn late_and_uninvoiced_are_computed() {
        let fixture = Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}], "requested_date": "2026-03-05"} as so=order.id;
                     orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 1}], "requested_date": "2026-03-05"} as draft=order.id;
                     orders_order_confirm {"order": "@so"}"#
            ),
        );
        let found =
            |args: &str| fixture.call("orders_order_search", args).json()["orders"].as_array().unwrap().len();
        assert_eq!((found(r#"{"late": true}"#), found(r#"{"uninvoiced": true}"#)), (0, 1));
        fixture.set_clock("2026-03-06T10:00:00Z");
        assert_eq!((found(r#"{"late": true}"#), found("{}")), (1, 2), "a draft is not late");
        fixture.call_confirmed("orders_shipment_create", &fixture.filled(r#"{"order": "@so"}"#));
        assert_eq!(found(r#"{"late": true}"#), 0);
        assert_eq!(found(r#"{"status": "fulfilled", "from": "2026-03-02", "to": "2026-03-02"}"#), 1);
        let unpaid = fixture.call("orders_order_search", r#"{"unpaid": true}"#).json();
        assert_eq!(unpaid["error"]["code"], "module_missing");
    }
}
