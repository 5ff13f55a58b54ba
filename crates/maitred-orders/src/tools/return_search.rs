//! `orders_return_search`: returns by customer, order, status or reason.

use maitred_core::prelude::*;
use maitred_kernel::Day;
use maitred_party::org::settings_of;
use maitred_party::store::companies;

use crate::model::{Resolution, ReturnReason, ReturnStatus};
use crate::store::orders;
use crate::store::returns::{self, KEYS, ReturnFilter};
use crate::views::{ReturnView, goods_return};

/// The tool.
pub struct ReturnSearch;

impl Tool for ReturnSearch {
    const NAME: &str = "orders_return_search";
    const TITLE: &str = "Search returns";
    const ABOUT: &str = "Search returns by customer, order, status or reason, newest first; shows days waiting and whether a credit is owed.";
    const MODES: &[Mode] = &[Mode::Service, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_order_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                        orders_order_confirm {"order": "@so"}; orders_shipment_create {"order": "@so"};
                        orders_return_create {"order": "@so", "lines": [{"line": "1", "qty": 1, "reason": "damaged"}], "resolution": "refund"};
                        orders_return_create {"order": "@so", "lines": [{"line": "1", "qty": 2, "reason": "late"}], "resolution": "credit"}"#
        ),
        args: r#"{"company": "@acme", "status": "requested"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let filter = args.filter(cx)?;
        let total = page.count.then(|| returns::count(cx, &filter)).transpose()?;
        let (rows, next_cursor) = page.cut(returns::search(cx, &filter, &page)?, returns::key);
        let returns = rows
            .iter()
            .map(|row| Ok(Selected::new(goods_return(cx, row)?, mask)))
            .collect::<ToolResult<_>>()?;
        Ok(Output { returns, next_cursor, total })
    }
}

impl Args {
    /// The filter these arguments mean.
    pub(crate) fn filter(&self, db: &Reader<'_>) -> ToolResult<ReturnFilter> {
        let company =
            self.company.as_deref().map(|text| companies::resolve(db, text, "company")).transpose()?;
        let order = self.order.as_deref().map(|text| orders::resolve(db, text, "order")).transpose()?;
        let zone = &settings_of(db)?.zone;
        Ok(ReturnFilter {
            company: company.map(|company| company.id),
            order: order.map(|order| order.id),
            status: self.status,
            reason: self.reason,
            resolution: self.resolution,
            from: self.from.map(|day| day.start(zone).map_err(ToolError::internal)).transpose()?,
            credit_owed: self.credit_owed == Some(true),
        })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Company.
    #[arg(max = 200)]
    company: Option<String>,
    /// Id or number.
    #[arg(max = 80)]
    order: Option<String>,
    /// Status.
    status: Option<ReturnStatus>,
    /// Reason.
    reason: Option<ReturnReason>,
    /// Resolution.
    resolution: Option<Resolution>,
    /// First day opened.
    from: Option<Day>,
    /// Back and not credited.
    credit_owed: Option<bool>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Returns, newest first.
    returns: Vec<Selected<ReturnView>>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn waiting_and_owed() {
        let fixture = Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"orders_order_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                     orders_order_confirm {"order": "@so"}; orders_shipment_create {"order": "@so"};
                     orders_return_create {"order": "@so", "lines": [{"line": "1", "qty": 1, "reason": "damaged"}], "resolution": "refund"} as rma;
                     orders_return_decide {"return": "@rma", "decision": "approve"}"#
            ),
        );
        let search = |args: &str| fixture.call("orders_return_search", args).json()["returns"].clone();
        assert_eq!(search(r#"{"credit_owed": true}"#).as_array().unwrap().len(), 0);
        fixture.set_clock("2026-03-07T10:00:00Z");
        fixture.call(
            "orders_return_receive",
            &fixture
                .filled(r#"{"return": "@rma", "lines": [{"line": "1", "qty": 1, "condition": "opened"}]}"#),
        );
        let owed = search(r#"{"credit_owed": true, "reason": "damaged"}"#);
        assert_eq!((&owed[0]["days_waiting"], &owed[0]["credit_owed"]), (&5.into(), &true.into()));
        assert_eq!(search(r#"{"reason": "late"}"#).as_array().unwrap().len(), 0);
    }
}
