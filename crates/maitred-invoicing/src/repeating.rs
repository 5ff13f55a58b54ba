//! Recurring invoices at work: how they are shown, and how one of their periods becomes an invoice.

use maitred_core::prelude::*;
use maitred_kernel::wire::at_field;
use maitred_kernel::{Currency, Day, Quantity, Stamp, format_minor, round};
use maitred_party::store::companies;

use crate::drafting::Line;
use crate::drafts::{Ask, draft};
use crate::model::{Invoice, InvoiceLine};
use crate::recurring::{Every, Recurring, RecurringId, RecurringLine, RecurringPeriod, RecurringStatus};
use crate::store::recurring;
use crate::tools::invoice_create::buyer;
use crate::views::Named;

/// How many of the next days are shown.
const SHOWN: usize = 3;

/// A recurring invoice as it is shown.
#[derive(ToolOutput)]
pub struct RecurringView {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// What it is called.
    #[output(summary)]
    pub name: String,
    /// Customer.
    #[output(summary)]
    pub company: Named,
    /// Whether it is made.
    #[output(summary)]
    pub status: RecurringStatus,
    /// What the interval counts.
    pub every: Every,
    /// How many of them.
    pub count: i64,
    /// Day of the month; the last one of months that are shorter.
    pub day: i64,
    /// The next three days on which it falls; none while it is paused or ended.
    #[output(summary)]
    pub next_dates: Vec<Day>,
    /// No invoice after this day.
    pub end: Option<Day>,
    /// Whether its invoices are issued at once.
    pub auto_issue: bool,
    /// Without tax; missing where a price is looked up each time.
    #[output(summary)]
    pub net: Option<String>,
    /// Currency.
    #[output(summary)]
    pub currency: Currency,
    /// What came of the last run.
    #[output(summary)]
    pub last_result: Option<String>,
}

/// Shows a recurring invoice.
pub fn view(db: &Reader<'_>, one: Recurring) -> ToolResult<RecurringView> {
    let company = companies::find(db, one.company_id.as_ref())?;
    let lines = recurring::lines(db, &one.id)?;
    let next_dates = match one.status {
        RecurringStatus::Active => at_field(one.schedule().upcoming(one.next_on, SHOWN), "start")?,
        _ => Vec::new(),
    };
    Ok(RecurringView {
        net: net_of(&lines, one.currency)?.map(|net| format_minor(net, one.currency)),
        next_dates,
        company: Named {
            name: company.map_or_else(String::new, |company| company.name),
            id: one.company_id.0,
        },
        id: one.id.0,
        version: one.version,
        name: one.name,
        status: one.status,
        every: one.every_unit,
        count: one.every_count,
        day: one.anchor_day,
        end: one.end_on,
        auto_issue: one.auto_issue,
        currency: one.currency,
        last_result: one.last_result,
    })
}

/// What the lines come to without tax, where every one has a price of its own.
pub fn net_of(lines: &[RecurringLine], currency: Currency) -> ToolResult<Option<i64>> {
    let mut net = 0_i128;
    for line in lines {
        let Some(price) = line.unit_price else { return Ok(None) };
        let one = round::line_net_per(line.quantity, price, Quantity::ONE, line.discount_bp, currency);
        net += i128::from(one.map_err(ToolError::internal)?);
    }
    round::narrow(net).map(Some).map_err(ToolError::internal)
}

/// The lines of an invoice as a recurring one keeps them. A line without a price of its own keeps none.
pub fn kept(db: &Writer<'_>, id: &RecurringId, asked: &[Line], made: &[InvoiceLine]) -> Vec<RecurringLine> {
    asked
        .iter()
        .zip(made)
        .map(|(asked, made)| RecurringLine {
            id: db.fresh_id(),
            version: 1,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            recurring_id: id.clone(),
            position: made.position,
            // The SKU outlives the spelling that was given.
            product: asked.product.as_ref().and(made.variant_id.clone()),
            description: made.description.clone(),
            quantity: made.quantity,
            unit: asked.unit.clone(),
            unit_price: asked.unit_price,
            discount_bp: made.discount_bp,
            tax_class: asked.tax_class,
            service: asked.service,
        })
        .collect()
}

fn asked(line: RecurringLine) -> Line {
    Line {
        product: line.product,
        description: Some(line.description),
        qty: line.quantity,
        unit_price: line.unit_price,
        discount: Some(line.discount_bp).filter(|share| share.bp() != 0),
        tax_class: line.tax_class,
        service: line.service,
        unit: line.unit,
    }
}

/// Drafts the invoice of one period and remembers that it was billed.
///
/// # Errors
/// Whatever keeps the lines from being priced: nothing is kept then.
pub fn draft_period(db: &Writer<'_>, one: &Recurring, day: Day) -> ToolResult<Invoice> {
    let company = buyer(db, one.company_id.as_ref())?;
    let asked: Vec<Line> = recurring::lines(db, &one.id)?.into_iter().map(asked).collect();
    let ask = Ask {
        company: &company,
        source: "recurring",
        currency: one.currency,
        supplied: Some((day, at_field(one.schedule().period_end(day), "start")?)),
        day,
        includes_tax: None,
        po_reference: one.po_reference.clone(),
        note: one.note.clone(),
    };
    let invoice = draft(db, ask, &asked)?.invoice;
    db.insert(&mut RecurringPeriod {
        id: db.fresh_id(),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        recurring_id: one.id.clone(),
        period_on: day,
        invoice_id: invoice.id.clone(),
    })?;
    Ok(invoice)
}
