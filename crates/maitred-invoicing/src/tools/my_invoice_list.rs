//! `invoicing_my_invoice_list`: a client's own documents.

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::{Currency, Day, format_minor};
use maitred_party::CompanyId;
use maitred_party::org::today;

use crate::clients;
use crate::model::{DocumentKind, InvoiceStatus};
use crate::store::invoices::{self, FoundInvoice, InvoiceFilter, KEYS};
use crate::views::is_overdue;

words! {
    /// Which documents a client wants to see.
    pub enum Wanted {
        /// With something left to pay.
        Open = "open",
        /// Late ones.
        Overdue = "overdue",
        /// Paid ones.
        Paid = "paid",
    }
}

/// The tool.
pub struct MyInvoiceList;

impl Tool for MyInvoiceList {
    const NAME: &str = "invoicing_my_invoice_list";
    const TITLE: &str = "List my invoices";
    const ABOUT: &str = "Your invoices and credit notes with amount due and due date, newest first.";
    const MODES: &[Mode] = &[Mode::ClientOrder];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company acme kind=customer; contact ada company=acme role=billing can-order=yes; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as one;
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Table", "qty": 1, "unit_price": "150"}]} as two;
                  invoicing_invoice_issue {"invoice": "@one"}; invoicing_invoice_issue {"invoice": "@two"}"#,
        args: r#"{"status": "open"}"#,
    };
    type Effect = Read;
    type Audience = Client;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read, Client>, args: Args) -> ToolResult<Output> {
        let client = cx.client()?;
        clients::may_see_money(client)?;
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let today = today(cx)?;
        let filter = InvoiceFilter {
            company: Some(CompanyId(client.company.clone())),
            status: (args.status == Some(Wanted::Paid)).then_some(InvoiceStatus::Paid),
            overdue_on: (args.status == Some(Wanted::Overdue)).then_some(today),
            open: args.status == Some(Wanted::Open),
            issued_from: args.from,
            issued_only: true,
            ..InvoiceFilter::default()
        };
        let total = page.count.then(|| invoices::count(cx, &filter)).transpose()?;
        let (rows, next_cursor) = page.cut(invoices::search(cx, &filter, &page)?, FoundInvoice::key);
        let documents = rows.into_iter().map(|row| Selected::new(view(row, today), mask)).collect();
        Ok(Output { documents, next_cursor, total })
    }
}

fn view(row: FoundInvoice, today: Day) -> MyDocument {
    MyDocument {
        overdue: is_overdue(row.kind, row.status, row.due_date, row.balance, today),
        number: row.number,
        kind: row.kind,
        issue_date: row.issue_date,
        due_date: row.due_date,
        currency: row.currency,
        net: format_minor(row.net, row.currency),
        gross: format_minor(row.gross, row.currency),
        balance: format_minor(row.balance, row.currency),
        your_reference: row.po_reference,
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Default all.
    status: Option<Wanted>,
    /// First day of issue.
    from: Option<Day>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// A document as its customer sees it.
#[derive(ToolOutput)]
pub struct MyDocument {
    /// Number.
    #[output(summary)]
    number: Option<String>,
    /// Invoice or credit note.
    #[output(summary)]
    kind: DocumentKind,
    /// Day of issue.
    #[output(summary)]
    issue_date: Option<Day>,
    /// Last day to pay.
    #[output(summary)]
    due_date: Option<Day>,
    /// Whether that day is over and something is left to pay.
    #[output(summary)]
    overdue: bool,
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
    /// Your reference.
    your_reference: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Documents, newest first.
    documents: Vec<Selected<MyDocument>>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn only_what_was_issued_to_them_and_only_who_may() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; company oak; contact ada company=acme role=billing can-order=yes; contact bob company=acme role=technical can-order=yes; contact eve company=oak role=billing can-order=yes;
               tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
               invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 1, "unit_price": "100"}]} as one;
               invoicing_invoice_create {"company": "@acme", "lines": [{"description": "B", "qty": 1, "unit_price": "10"}]} as draft;
               invoicing_invoice_issue {"invoice": "@one"}"#,
        );
        let list = |who: &str| {
            fixture.call_as(&fixture.client_caller(who), "invoicing_my_invoice_list", "{}").unwrap().json()
        };
        assert_eq!(list("ada")["documents"].as_array().unwrap().len(), 1);
        assert_eq!(list("eve")["documents"].as_array().unwrap().len(), 0);
        assert_eq!(list("bob")["error"]["code"], "forbidden");
        let get = |who: &str, invoice: &str| {
            let args = format!(r#"{{"invoice": "{invoice}"}}"#);
            fixture.call_as(&fixture.client_caller(who), "invoicing_my_invoice_get", &args).unwrap().raw
        };
        assert!(get("ada", "INV-2026-00001").contains("119.00"));
        let nothing = get("eve", "INV-2026-00009");
        assert!(nothing.contains("not_found"));
        assert_eq!(get("eve", "INV-2026-00001").replace("00001", "00009"), nothing, "as if it did not exist");
        let draft = fixture.id("draft");
        assert_eq!(get("ada", &draft).replace(&draft, "INV-2026-00009"), nothing, "nor does a draft");
    }
}
