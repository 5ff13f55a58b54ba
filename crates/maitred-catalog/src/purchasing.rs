//! Orders to suppliers as they are shown, and what their tools share.

use maitred_core::prelude::*;
use maitred_kernel::round::line_net;
use maitred_kernel::{BasisPoints, Currency, Day, Quantity, Stamp, format_minor};
use maitred_party::org::today;
use maitred_party::store::companies;

use crate::model::{Location, PurchaseLine, PurchaseOrder, PurchaseStatus};
use crate::store::purchases;
use crate::views::Named;

/// A line of an order to a supplier.
#[derive(ToolOutput)]
pub struct LineView {
    /// Number of the line.
    pub line: i64,
    /// SKU.
    pub sku: String,
    /// Name.
    pub name: String,
    /// What the supplier calls it.
    pub supplier_sku: Option<String>,
    /// How much was ordered.
    pub ordered: Quantity,
    /// How much came, damaged goods too.
    pub received: Quantity,
    /// How much of that was damaged.
    pub damaged: Option<Quantity>,
    /// How much will not come.
    pub closed_short: Option<Quantity>,
    /// How much is still to come.
    pub open: Quantity,
    /// Cost per unit.
    pub cost: String,
    /// Ordered times cost.
    pub amount: String,
}

/// An order to a supplier.
#[derive(ToolOutput)]
pub struct PurchaseView {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// Number.
    pub number: String,
    /// Supplier.
    pub supplier: Named,
    /// Where the goods go.
    pub location: String,
    /// How far it is.
    pub status: PurchaseStatus,
    /// When the goods are expected.
    pub expected_on: Option<Day>,
    /// Whether that day is over and something is still to come.
    pub late: bool,
    /// Currency.
    pub currency: Currency,
    /// Sum of the lines.
    pub total: String,
    /// When sent.
    pub sent_at: Option<Stamp>,
    /// When closed or cancelled.
    pub closed_at: Option<Stamp>,
    /// Why.
    pub close_reason: Option<String>,
    /// Lines.
    pub lines: Vec<LineView>,
}

/// Whether goods should have come by now.
pub fn is_late(status: PurchaseStatus, expected_on: Option<Day>, today: Day) -> bool {
    status.is_incoming() && expected_on.is_some_and(|day| day < today)
}

/// A quantity, where there is any.
pub fn some(quantity: Quantity) -> Option<Quantity> {
    (quantity != Quantity::default()).then_some(quantity)
}

/// What the lines come to, in minor units.
pub fn total(lines: &[PurchaseLine], currency: Currency) -> ToolResult<i64> {
    lines.iter().try_fold(0_i64, |sum, line| {
        let net = line_net(line.ordered, line.cost, BasisPoints::default(), currency);
        sum.checked_add(net.map_err(ToolError::internal)?)
            .ok_or_else(|| invalid("lines", "come to more than can be counted"))
    })
}

fn line_view(line: PurchaseLine, currency: Currency) -> ToolResult<LineView> {
    let net = line_net(line.ordered, line.cost, BasisPoints::default(), currency);
    Ok(LineView {
        open: line.open(),
        line: line.position,
        sku: line.sku,
        name: line.name,
        supplier_sku: line.supplier_sku,
        ordered: line.ordered,
        received: line.received,
        damaged: some(line.damaged),
        closed_short: some(line.closed_short),
        cost: line.cost.format(currency),
        amount: format_minor(net.map_err(ToolError::internal)?, currency),
    })
}

/// An order as shown, with its lines as stored.
pub fn purchase_view(db: &Reader<'_>, order: PurchaseOrder) -> ToolResult<PurchaseView> {
    let lines = purchases::lines(db, &order.id)?;
    let supplier = companies::find(db, order.company_id.as_ref())?;
    let location = db.get::<Location>(order.location_id.as_ref())?;
    Ok(PurchaseView {
        late: is_late(order.status, order.expected_on, today(db)?),
        total: format_minor(total(&lines, order.currency)?, order.currency),
        lines: lines.into_iter().map(|line| line_view(line, order.currency)).collect::<ToolResult<_>>()?,
        id: order.id.0,
        version: order.version,
        number: order.number,
        supplier: Named {
            id: order.company_id.0,
            name: supplier.map_or_else(String::new, |company| company.name),
        },
        location: location.map_or_else(String::new, |location| location.name),
        status: order.status,
        expected_on: order.expected_on,
        currency: order.currency,
        sent_at: order.sent_at,
        closed_at: order.closed_at,
        close_reason: order.close_reason,
    })
}

/// Refuses a step that an order's state does not allow.
pub fn illegal(order: &PurchaseOrder, what: &str, hint: &'static str) -> ToolError {
    refused(
        Code::IllegalTransition,
        format!("`{}` is {}, so it cannot be {what}", order.number, order.status),
    )
    .field("purchase_order")
    .hint(hint)
}
