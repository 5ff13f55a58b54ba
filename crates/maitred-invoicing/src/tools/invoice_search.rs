//! `invoicing_invoice_search`: invoices and credit notes.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, format_minor};
use maitred_party::org::today;
use maitred_party::store::companies;

use crate::model::{Collection, DocumentKind, InvoiceStatus};
use crate::store::invoices::{self, FoundInvoice, InvoiceFilter, KEYS};
use crate::views::is_overdue;

/// The tool.
pub struct InvoiceSearch;

impl Tool for InvoiceSearch {
    const NAME: &str = "invoicing_invoice_search";
    const TITLE: &str = "Search invoices";
    const ABOUT: &str =
        "Search invoices and credit notes by text, customer, status, days or what is overdue, newest first.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company acme kind=customer; tax DE standard S 1900;
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as one;
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair, oak", "qty": 1, "unit_price": "70"}]} as two"#,
        args: r#"{"q": "chair", "company": "@acme", "status": "draft"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let filter = args.filter(cx)?;
        let total = page.count.then(|| invoices::count(cx, &filter)).transpose()?;
        let (rows, next_cursor) = page.cut(invoices::search(cx, &filter, &page)?, FoundInvoice::key);
        let today = today(cx)?;
        let documents = rows.into_iter().map(|row| Selected::new(view(row, today), mask)).collect();
        Ok(Output { documents, next_cursor, total })
    }
}

/// A document as lists show it.
pub(crate) fn view(row: FoundInvoice, today: Day) -> ListedInvoice {
    ListedInvoice {
        overdue: is_overdue(row.kind, row.status, row.due_date, row.balance, today),
        id: row.id,
        version: row.version,
        number: row.number,
        kind: row.kind,
        company: row.company,
        company_id: row.company_id,
        status: row.status,
        issue_date: row.issue_date,
        due_date: row.due_date,
        currency: row.currency,
        net: format_minor(row.net, row.currency),
        gross: format_minor(row.gross, row.currency),
        balance: format_minor(row.balance, row.currency),
        collection: Some(row.collection).filter(|mark| *mark != Collection::None),
        po_reference: row.po_reference,
    }
}

impl Args {
    /// The filter these arguments mean.
    pub(crate) fn filter(&self, db: &Reader<'_>) -> ToolResult<InvoiceFilter> {
        let company =
            self.company.as_deref().map(|text| companies::resolve(db, text, "company")).transpose()?;
        Ok(InvoiceFilter {
            text: self.q.clone(),
            company: company.map(|company| company.id),
            kind: self.kind,
            status: self.status,
            overdue_on: if self.overdue.unwrap_or(false) { Some(today(db)?) } else { None },
            open: false,
            due_from: self.due_from,
            due_to: self.due_to,
            issued_from: self.issued_from,
            issued_to: self.issued_to,
            issued_only: false,
        })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// In number, reference, customer, lines.
    #[arg(max = 200)]
    q: Option<String>,
    /// Customer.
    #[arg(max = 200)]
    company: Option<String>,
    /// Both by default.
    kind: Option<DocumentKind>,
    /// Status.
    status: Option<InvoiceStatus>,
    /// Only those.
    overdue: Option<bool>,
    /// Day.
    due_from: Option<Day>,
    /// Day.
    due_to: Option<Day>,
    /// Day.
    issued_from: Option<Day>,
    /// Day.
    issued_to: Option<Day>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// A document as lists show it.
#[derive(ToolOutput)]
pub struct ListedInvoice {
    /// Id.
    #[output(summary)]
    id: String,
    /// Version.
    version: i64,
    /// Number; none of a draft.
    #[output(summary)]
    number: Option<String>,
    /// Invoice or credit note.
    #[output(summary)]
    kind: DocumentKind,
    /// Customer.
    #[output(summary)]
    company: String,
    /// Id of the customer.
    company_id: String,
    /// How far it is.
    #[output(summary)]
    status: InvoiceStatus,
    /// Whether its due date is over and something is left to pay.
    #[output(summary)]
    overdue: bool,
    /// Day of issue.
    #[output(summary)]
    issue_date: Option<Day>,
    /// Last day to pay.
    #[output(summary)]
    due_date: Option<Day>,
    /// Currency.
    #[output(summary)]
    currency: Currency,
    /// Without tax.
    net: String,
    /// With tax.
    #[output(summary)]
    gross: String,
    /// What is left to pay, or of a credit note to apply.
    #[output(summary)]
    balance: String,
    /// How collection stands.
    collection: Option<Collection>,
    /// The customer's reference.
    po_reference: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Documents, newest first.
    documents: Vec<Selected<ListedInvoice>>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn finds_by_words_of_lines_and_takes_signs_as_they_are() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; company oak; tax DE standard S 1900;
               invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair 100%", "qty": 2, "unit_price": "50"}], "po_reference": "PO_7"} as one;
               invoicing_invoice_create {"company": "@oak", "lines": [{"description": "Chair 1000", "qty": 1, "unit_price": "70"}]} as two"#,
        );
        let found = |args: &str| {
            fixture.call("invoicing_invoice_search", args).json()["documents"].as_array().unwrap().len()
        };
        assert_eq!(found(r#"{"q": "CHAIR"}"#), 2);
        assert_eq!(found(r#"{"q": "100%"}"#), 1);
        assert_eq!(found(r#"{"q": "po_7"}"#), 1);
        assert_eq!(found(r#"{"q": "oak"}"#), 1);
        assert_eq!(found(r#"{"kind": "credit_note"}"#), 0);
        assert_eq!(found(r#"{"overdue": true}"#), 0, "drafts are not overdue");
    }
}
