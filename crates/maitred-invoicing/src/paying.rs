//! Payments as they are shown, and how credit is spread over invoices.

use maitred_core::prelude::*;
use maitred_kernel::wire::Amount;
use maitred_kernel::{Currency, Day, format_minor};
use maitred_party::CompanyId;
use maitred_party::store::companies;

use crate::issue_rules::same_currency;
use crate::model::{
    Allocation, Direction, DocumentKind, Invoice, InvoiceStatus, Method, Payment, PaymentStatus,
};
use crate::settling::{Source, Target, apply};
use crate::store::invoices;
use crate::views::Named;
use crate::writing_off::reopened;

/// An invoice to pay and how much of it.
#[derive(ToolArgs)]
pub struct Share {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    pub invoice: String,
    /// Default as much as goes.
    pub amount: Option<Amount>,
}

/// Credit as it was applied.
#[derive(ToolOutput)]
pub struct ShareView {
    /// Number of the invoice.
    pub invoice: String,
    /// How much.
    pub amount: String,
    /// What is left to pay of it.
    pub balance: String,
    /// How far it is now.
    pub status: InvoiceStatus,
}

/// A payment.
#[derive(ToolOutput)]
pub struct PaymentView {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// Number.
    pub number: String,
    /// Customer.
    pub company: Named,
    /// In, or out for a refund.
    pub direction: Direction,
    /// How.
    pub method: Method,
    /// Value day.
    pub received_on: Day,
    /// Currency.
    pub currency: Currency,
    /// How much.
    pub amount: String,
    /// What was not applied yet: the customer's credit.
    pub unallocated: String,
    /// What the customer wrote on it.
    pub reference: Option<String>,
    /// Whether it stands.
    pub status: PaymentStatus,
    /// When it was undone.
    pub reversed_on: Option<Day>,
    /// Why.
    pub reversal_reason: Option<String>,
}

/// A payment as shown.
pub fn payment_view(db: &Reader<'_>, payment: Payment) -> ToolResult<PaymentView> {
    let company = companies::find(db, payment.company_id.as_ref())?;
    Ok(PaymentView {
        unallocated: format_minor(payment.rest(), payment.currency),
        amount: format_minor(payment.amount, payment.currency),
        company: Named {
            name: company.map_or_else(String::new, |company| company.name),
            id: payment.company_id.0,
        },
        id: payment.id.0,
        version: payment.version,
        number: payment.number,
        direction: payment.direction,
        method: payment.method,
        received_on: payment.received_on,
        currency: payment.currency,
        reference: payment.reference,
        status: payment.status,
        reversed_on: payment.reversed_on,
        reversal_reason: payment.reversal_reason,
    })
}

/// Credit to be applied.
pub struct Credit<'a> {
    /// What it comes from.
    pub source: Source,
    /// Whose it is.
    pub company: &'a CompanyId,
    /// Currency.
    pub currency: Currency,
    /// How much is left of it.
    pub rest: i64,
    /// From when it counts.
    pub day: Day,
}

/// Applies credit to the invoices that are named, or to the open ones, first by due date and then by number. Answers what
/// was applied and what is left of the credit.
///
/// # Errors
/// `over_allocation`, and `invalid` for invoices of others or in another currency.
pub fn spread(
    db: &Writer<'_>,
    credit: &Credit<'_>,
    named: Option<&[Share]>,
) -> ToolResult<(Vec<ShareView>, i64)> {
    let mut rest = credit.rest;
    let mut views = Vec::new();
    let Some(named) = named else {
        for invoice in invoices::open_of(db, credit.company, DocumentKind::Invoice, credit.currency)? {
            let amount = invoice.balance.min(rest);
            if amount == 0 {
                break;
            }
            views.push(applied(db, credit, &invoice, amount)?);
            rest -= amount;
        }
        return Ok((views, rest));
    };
    for (index, share) in named.iter().enumerate() {
        let field = format!("allocations[{index}]");
        let invoice = payable(db, credit, &share.invoice, &format!("{field}.invoice"))?;
        let wanted = match &share.amount {
            Some(amount) => amount.minor(credit.currency, &format!("{field}.amount"))?,
            None if invoice.balance == 0 => rest,
            None => invoice.balance,
        };
        let invoice = reopened(db, invoice, wanted.min(rest), credit.day)?;
        let amount = match &share.amount {
            Some(amount) => amount.minor(credit.currency, &format!("{field}.amount"))?,
            None => invoice.balance.min(rest),
        };
        let most = invoice.balance.min(rest);
        if amount <= 0 && share.amount.is_some() {
            return Err(invalid(&format!("{field}.amount"), "must be more than 0"));
        }
        if amount > most || amount == 0 {
            let (balance, rest) =
                (format_minor(invoice.balance, credit.currency), format_minor(rest, credit.currency));
            return Err(refused(
                Code::OverAllocation,
                format!("`{}` has {balance} left to pay, and {rest} is left to apply", invoice.label()),
            )
            .field(format!("{field}.amount"))
            .hint("give no more than both"));
        }
        views.push(applied(db, credit, &invoice, amount)?);
        rest -= amount;
    }
    Ok((views, rest))
}

/// The invoice a text means, if this credit can pay it.
fn payable(db: &Reader<'_>, credit: &Credit<'_>, text: &str, field: &str) -> ToolResult<Invoice> {
    let invoice = invoices::resolve(db, text, field)?;
    if invoice.kind != DocumentKind::Invoice || !invoice.status.is_issued() {
        return Err(refused(Code::IllegalTransition, format!("`{}` is not to be paid", invoice.label()))
            .field(field)
            .hint("only issued invoices are: issue it with invoicing_invoice_issue"));
    }
    if invoice.company_id != *credit.company {
        return Err(
            invalid(field, "is of another customer").hint("one customer's money pays no other's invoice")
        );
    }
    same_currency(credit.currency, invoice.currency, field)?;
    Ok(invoice)
}

fn applied(db: &Writer<'_>, credit: &Credit<'_>, invoice: &Invoice, amount: i64) -> ToolResult<ShareView> {
    // What was paid in advance counts from the day on which there was something to pay.
    let day = invoice.issue_date.map_or(credit.day, |issued| issued.max(credit.day));
    apply(db, &credit.source, &Target::Invoice(invoice.id.clone()), amount, day)?;
    share_view(db, invoice, amount)
}

/// How an invoice stands after credit was applied or taken back.
pub fn share_view(db: &Reader<'_>, invoice: &Invoice, amount: i64) -> ToolResult<ShareView> {
    let now = db.get::<Invoice>(invoice.id.as_ref())?.unwrap_or_else(|| invoice.clone());
    Ok(ShareView {
        invoice: now.label(),
        amount: format_minor(amount, now.currency),
        balance: format_minor(now.balance, now.currency),
        status: now.status,
    })
}

/// The invoice that an allocation went to.
pub fn invoice_of(db: &Reader<'_>, row: &Allocation) -> ToolResult<Option<Invoice>> {
    match &row.invoice_id {
        Some(id) => Ok(db.get::<Invoice>(id.as_ref())?),
        None => Ok(None),
    }
}
