//! Documents as clients see them: without margins, reasons of ours, sources of prices and remarks of ours.

use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Currency, Day, Quantity, Stamp, format_minor};
use maitred_party::org::today;

use crate::model::{
    Extent, Order, OrderLine, OrderStatus, Quote, QuoteLine, QuoteStatus, ReturnStatus, ShipmentStatus,
};
use crate::states::{fulfilment, quote_status};
use crate::store::{orders, quotes, returns, shipments};
use crate::views::{DocumentView, LineQuantity, documents, shipment};

/// A line of an order or quote.
#[derive(ToolOutput, Clone, Debug)]
pub struct ClientLine {
    /// Number of the line.
    pub line: i64,
    /// SKU.
    pub sku: Option<String>,
    /// What it is.
    pub description: String,
    /// Unit of measure.
    pub unit: String,
    /// How much.
    pub quantity: Quantity,
    /// How much of it was called off.
    pub cancelled: Option<Quantity>,
    /// How much of it was shipped.
    pub shipped: Option<Quantity>,
    /// How much of it came back.
    pub returned: Option<Quantity>,
    /// Price per unit.
    pub unit_price: Option<String>,
    /// Percent.
    pub discount: Option<BasisPoints>,
    /// Percent of tax.
    pub tax_rate: BasisPoints,
    /// Without tax.
    pub net: String,
}

fn some(quantity: Quantity) -> Option<Quantity> {
    (quantity.thousandths() != 0).then_some(quantity)
}

fn order_line(line: &OrderLine, currency: Currency) -> ClientLine {
    ClientLine {
        line: line.position,
        sku: line.sku.clone(),
        description: line.description.clone(),
        unit: line.unit.clone(),
        quantity: line.ordered,
        cancelled: some(line.cancelled),
        shipped: some(line.shipped),
        returned: some(line.returned),
        unit_price: Some(line.unit_price.format(currency)),
        discount: (line.discount_bp.bp() != 0).then_some(line.discount_bp),
        tax_rate: line.tax_rate_bp,
        net: format_minor(line.net, currency),
    }
}

fn quote_line(line: &QuoteLine, currency: Currency) -> ClientLine {
    ClientLine {
        line: line.position,
        sku: line.sku.clone(),
        description: line.description.clone(),
        unit: line.unit.clone(),
        quantity: line.quantity,
        cancelled: None,
        shipped: None,
        returned: None,
        unit_price: line.unit_price.map(|price| price.format(currency)),
        discount: (line.discount_bp.bp() != 0).then_some(line.discount_bp),
        tax_rate: line.tax_rate_bp,
        net: format_minor(line.net, currency),
    }
}

/// A shipment.
#[derive(ToolOutput, Clone, Debug)]
pub struct ClientShipment {
    /// Number.
    pub number: String,
    /// How far it is.
    pub status: ShipmentStatus,
    /// Carrier.
    pub carrier: Option<String>,
    /// Tracking number.
    pub tracking: Option<String>,
    /// When the carrier took it.
    pub shipped_at: Option<Stamp>,
    /// When it was there.
    pub delivered_at: Option<Stamp>,
    /// What is in it.
    pub lines: Vec<LineQuantity>,
}

/// A return.
#[derive(ToolOutput, Clone, Debug)]
pub struct ClientReturn {
    /// Number.
    pub number: String,
    /// How far it is.
    pub status: ReturnStatus,
    /// Why it was decided so.
    pub decision: Option<String>,
    /// When asked for.
    pub requested_at: Stamp,
}

/// An order.
#[derive(ToolOutput, Clone, Debug)]
pub struct ClientOrder {
    /// Number.
    pub number: String,
    /// How far it is.
    #[output(summary)]
    pub status: OrderStatus,
    /// When placed.
    #[output(summary)]
    pub placed_at: Stamp,
    /// Your reference.
    #[output(summary)]
    pub po_reference: Option<String>,
    /// When you want it.
    pub requested_date: Option<Day>,
    /// When it is expected.
    #[output(summary)]
    pub expected: Option<Day>,
    /// Where it goes.
    pub ship_to: Option<String>,
    /// Currency.
    #[output(summary)]
    pub currency: Currency,
    /// Without tax.
    pub net: String,
    /// Tax.
    pub tax: String,
    /// With tax.
    #[output(summary)]
    pub gross: String,
    /// How much was shipped.
    #[output(summary)]
    pub fulfilment: Extent,
    /// Lines.
    pub lines: Vec<ClientLine>,
    /// Shipments, oldest first.
    pub shipments: Vec<ClientShipment>,
    /// Returns, oldest first.
    pub returns: Vec<ClientReturn>,
    /// Invoices and credit notes.
    pub documents: Option<Vec<DocumentView>>,
}

/// An order as its client sees it.
pub fn order(db: &Reader<'_>, order: &Order) -> ToolResult<ClientOrder> {
    let lines = orders::lines(db, &order.id)?;
    let mut sent = Vec::new();
    for one in shipments::of_order(db, &order.id)? {
        if one.status == ShipmentStatus::Cancelled {
            continue;
        }
        let within = shipment(db, &one, &lines)?;
        sent.push(ClientShipment {
            number: one.number,
            status: one.status,
            carrier: one.carrier,
            tracking: one.tracking,
            shipped_at: one.shipped_at,
            delivered_at: one.delivered_at,
            lines: within.lines,
        });
    }
    let back = returns::of_order(db, &order.id)?
        .into_iter()
        .map(|one| ClientReturn {
            number: one.number,
            status: one.status,
            decision: one.decision_reason,
            requested_at: one.created_at,
        })
        .collect();
    let issued = documents(db, &lines)?
        .map(|all| all.into_iter().filter(|document| document.number.is_some()).collect());
    Ok(ClientOrder {
        number: order.number.clone(),
        status: order.status,
        placed_at: order.created_at,
        po_reference: order.po_reference.clone(),
        requested_date: order.requested_date,
        expected: order.promise_date,
        ship_to: order.ship_to.clone(),
        currency: order.currency,
        net: format_minor(order.net, order.currency),
        tax: format_minor(order.tax, order.currency),
        gross: format_minor(order.gross, order.currency),
        fulfilment: fulfilment(&lines),
        lines: lines.iter().map(|line| order_line(line, order.currency)).collect(),
        shipments: sent,
        returns: back,
        documents: issued,
    })
}

/// A quote.
#[derive(ToolOutput, Clone, Debug)]
pub struct ClientQuote {
    /// Number.
    pub number: String,
    /// Revision.
    pub revision: i64,
    /// How far it is.
    pub status: QuoteStatus,
    /// Last day on which it can be accepted.
    pub valid_until: Day,
    /// Terms.
    pub terms: Option<String>,
    /// Currency.
    pub currency: Currency,
    /// Without tax.
    pub net: String,
    /// Tax.
    pub tax: String,
    /// With tax.
    pub gross: String,
    /// Lines.
    pub lines: Vec<ClientLine>,
}

/// A quote as its client sees it.
pub fn quote(db: &Reader<'_>, quote: &Quote) -> ToolResult<ClientQuote> {
    let lines = quotes::lines(db, &quote.id)?;
    Ok(ClientQuote {
        number: quote.number.clone(),
        revision: quote.revision,
        status: quote_status(quote, today(db)?),
        valid_until: quote.valid_until,
        terms: quote.terms.clone(),
        currency: quote.currency,
        net: format_minor(quote.net, quote.currency),
        tax: format_minor(quote.tax, quote.currency),
        gross: format_minor(quote.gross, quote.currency),
        lines: lines.iter().map(|line| quote_line(line, quote.currency)).collect(),
    })
}
