//! Documents and payments as they are shown.

use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Currency, Day, Quantity, Stamp, format_minor};
use maitred_party::model::TaxCategory;
use maitred_party::org::today;
use maitred_party::store::companies;

use crate::model::{Collection, CreditReason, DocumentKind, Invoice, InvoiceLine, InvoiceStatus, InvoiceTax};
use crate::store::{allocations, invoices};

/// A record by id and name.
#[derive(ToolOutput)]
pub struct Named {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// A line of a document.
#[derive(ToolOutput)]
pub struct LineView {
    /// Number of the line.
    pub line: i64,
    /// SKU.
    pub sku: Option<String>,
    /// What it is.
    pub description: String,
    /// How much.
    pub qty: Quantity,
    /// Unit of measure.
    pub unit: String,
    /// Price per unit.
    pub unit_price: String,
    /// Percent.
    pub discount: Option<BasisPoints>,
    /// Without tax.
    pub net: String,
    /// Category of tax: S, Z, E, AE, K, G or O.
    pub tax_category: TaxCategory,
    /// Percent.
    pub tax_rate: BasisPoints,
    /// What credit notes may still take back of the net amount.
    pub creditable: Option<String>,
}

/// What is taxed alike.
#[derive(ToolOutput)]
pub struct TaxView {
    /// Category.
    pub category: TaxCategory,
    /// Percent.
    pub rate: BasisPoints,
    /// What is taxed.
    pub taxable: String,
    /// The tax.
    pub tax: String,
    /// Reason of an exemption.
    pub exemption: Option<String>,
}

/// Credit that was applied.
#[derive(ToolOutput)]
pub struct AppliedView {
    /// The payment or credit note it comes from, or the invoice it went to.
    pub document: String,
    /// How much; negative where it was undone.
    pub amount: String,
    /// From when it counts.
    pub on: Day,
}

/// A credit note of an invoice.
#[derive(ToolOutput)]
pub struct CorrectionView {
    /// Id.
    pub id: String,
    /// Number; none of a draft.
    pub number: Option<String>,
    /// How far it is.
    pub status: InvoiceStatus,
    /// With tax.
    pub gross: String,
}

/// An invoice or a credit note.
#[derive(ToolOutput)]
pub struct InvoiceView {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// Number; none of a draft.
    pub number: Option<String>,
    /// Invoice or credit note.
    pub kind: DocumentKind,
    /// Customer.
    pub company: Named,
    /// How far it is.
    pub status: InvoiceStatus,
    /// Whether its due date is over and something is left to pay.
    pub overdue: bool,
    /// Day of issue.
    pub issue_date: Option<Day>,
    /// Last day to pay.
    pub due_date: Option<Day>,
    /// Days to pay, while there is no due date.
    pub net_days: Option<i64>,
    /// First day of supply.
    pub supply_from: Option<Day>,
    /// Last day of supply.
    pub supply_to: Option<Day>,
    /// The customer's reference.
    pub po_reference: Option<String>,
    /// A sentence on the document.
    pub note: Option<String>,
    /// Number of the invoice that this corrects.
    pub corrects: Option<String>,
    /// Why.
    pub reason: Option<CreditReason>,
    /// Currency.
    pub currency: Currency,
    /// Whether unit prices include tax.
    pub includes_tax: Option<bool>,
    /// Lines.
    pub lines: Vec<LineView>,
    /// Tax by category and rate.
    pub taxes: Vec<TaxView>,
    /// Without tax.
    pub net: String,
    /// Tax.
    pub tax: String,
    /// With tax.
    pub gross: String,
    /// Added to that, so that nothing of it stays open.
    pub rounding: Option<String>,
    /// Paid, or of a credit note applied.
    pub allocated: Option<String>,
    /// Taken back by credit notes.
    pub credited: Option<String>,
    /// Given up.
    pub written_off: Option<String>,
    /// What is left to pay, or of a credit note to apply.
    pub balance: String,
    /// How collection stands.
    pub collection: Option<Collection>,
    /// Payments and credit notes applied to it, or what a credit note was applied to.
    pub applied: Option<Vec<AppliedView>>,
    /// Credit notes that correct it.
    pub corrections: Option<Vec<CorrectionView>>,
    /// When made.
    pub created_at: Stamp,
    /// What can be done next.
    pub next: Vec<&'static str>,
}

/// Whether a document's due date is over and something is left to pay.
pub fn is_overdue(
    kind: DocumentKind,
    status: InvoiceStatus,
    due: Option<Day>,
    balance: i64,
    today: Day,
) -> bool {
    kind == DocumentKind::Invoice
        && matches!(status, InvoiceStatus::Issued | InvoiceStatus::PartiallyPaid)
        && balance > 0
        && due.is_some_and(|day| day < today)
}

/// An amount, where there is any.
pub fn some(minor: i64, currency: Currency) -> Option<String> {
    (minor != 0).then(|| format_minor(minor, currency))
}

/// What can be done next with a document, by the names of the tools.
pub fn next_steps(invoice: &Invoice) -> Vec<&'static str> {
    match (invoice.status, invoice.kind) {
        (InvoiceStatus::Draft, DocumentKind::CreditNote) => {
            vec!["invoicing_invoice_issue", "invoicing_invoice_discard"]
        }
        (InvoiceStatus::Draft, DocumentKind::Invoice) => {
            vec!["invoicing_invoice_issue", "invoicing_invoice_update", "invoicing_invoice_discard"]
        }
        (InvoiceStatus::Issued | InvoiceStatus::PartiallyPaid, DocumentKind::Invoice) => {
            vec!["invoicing_payment_record", "invoicing_payment_allocate", "invoicing_credit_note_create"]
        }
        (InvoiceStatus::Issued | InvoiceStatus::PartiallyPaid, DocumentKind::CreditNote) => {
            vec!["invoicing_payment_allocate"]
        }
        (InvoiceStatus::Paid, DocumentKind::Invoice) => vec!["invoicing_credit_note_create"],
        _ => vec![],
    }
}

fn line_view(db: &Reader<'_>, invoice: &Invoice, line: InvoiceLine) -> ToolResult<LineView> {
    let creditable = if invoice.kind == DocumentKind::Invoice && invoice.status.is_issued() {
        let (_, taken) = invoices::credited(db, &line.id)?;
        (taken != 0).then(|| format_minor(line.net - taken, invoice.currency))
    } else {
        None
    };
    Ok(LineView {
        line: line.position,
        sku: line.sku,
        description: line.description,
        qty: line.quantity,
        unit: line.unit,
        unit_price: line.unit_price.format(invoice.currency),
        discount: Some(line.discount_bp).filter(|share| share.bp() != 0),
        net: format_minor(line.net, invoice.currency),
        tax_category: line.tax_category,
        tax_rate: line.tax_rate_bp,
        creditable,
    })
}

/// The tax breakdown as shown.
pub fn tax_views(taxes: Vec<InvoiceTax>, currency: Currency) -> Vec<TaxView> {
    taxes
        .into_iter()
        .map(|row| TaxView {
            category: row.category,
            rate: row.rate_bp,
            taxable: format_minor(row.taxable, currency),
            tax: format_minor(row.tax, currency),
            exemption: row.exemption_code,
        })
        .collect()
}

/// A document as shown, as stored.
pub fn invoice_view(db: &Reader<'_>, invoice: Invoice) -> ToolResult<InvoiceView> {
    let currency = invoice.currency;
    let company = companies::find(db, invoice.company_id.as_ref())?;
    let corrects = match &invoice.corrects_id {
        Some(id) => db.get::<Invoice>(id.as_ref())?.and_then(|corrected| corrected.number),
        None => None,
    };
    let lines = invoices::lines(db, &invoice.id)?;
    let lines = lines.into_iter().map(|line| line_view(db, &invoice, line)).collect::<ToolResult<_>>()?;
    let applied: Vec<AppliedView> = allocations::of_document(db, &invoice.id)?
        .into_iter()
        .map(|row| AppliedView {
            document: row.document,
            amount: format_minor(row.amount, currency),
            on: row.day,
        })
        .collect();
    let corrections: Vec<CorrectionView> = invoices::corrections(db, &invoice.id)?
        .into_iter()
        .map(|note| CorrectionView {
            id: note.id.0,
            number: note.number,
            status: note.status,
            gross: format_minor(note.gross, currency),
        })
        .collect();
    Ok(InvoiceView {
        overdue: is_overdue(invoice.kind, invoice.status, invoice.due_date, invoice.balance, today(db)?),
        next: next_steps(&invoice),
        taxes: tax_views(invoices::taxes(db, &invoice.id)?, currency),
        lines,
        applied: Some(applied).filter(|rows| !rows.is_empty()),
        corrections: Some(corrections).filter(|rows| !rows.is_empty()),
        company: Named {
            name: company.map_or_else(String::new, |company| company.name),
            id: invoice.company_id.0,
        },
        id: invoice.id.0,
        version: invoice.version,
        number: invoice.number,
        kind: invoice.kind,
        status: invoice.status,
        issue_date: invoice.issue_date,
        due_date: invoice.due_date,
        net_days: Some(invoice.net_days).filter(|_| invoice.due_date.is_none()),
        supply_from: invoice.supply_from,
        supply_to: invoice.supply_to,
        po_reference: invoice.po_reference,
        note: invoice.note,
        corrects,
        reason: invoice.reason_code,
        currency,
        includes_tax: Some(true).filter(|_| invoice.includes_tax),
        net: format_minor(invoice.net, currency),
        tax: format_minor(invoice.tax, currency),
        gross: format_minor(invoice.gross, currency),
        rounding: some(invoice.rounding, currency),
        allocated: some(invoice.allocated, currency),
        credited: some(invoice.credited, currency),
        written_off: some(invoice.written_off, currency),
        balance: format_minor(invoice.balance, currency),
        collection: Some(invoice.collection).filter(|mark| *mark != Collection::None),
        created_at: invoice.created_at,
    })
}
