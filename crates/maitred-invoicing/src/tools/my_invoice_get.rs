//! `invoicing_my_invoice_get`: one of a client's own documents.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day};

use crate::clients::{self, PayTo};
use crate::model::DocumentKind;
use crate::views::{AppliedView, LineView, TaxView, invoice_view};

/// The tool.
pub struct MyInvoiceGet;

impl Tool for MyInvoiceGet {
    const NAME: &str = "invoicing_my_invoice_get";
    const TITLE: &str = "Get my invoice";
    const ABOUT: &str = "One of your invoices or credit notes with lines, tax, payments and where to pay.";
    const MODES: &[Mode] = &[Mode::ClientOrder];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company acme kind=customer; contact ada company=acme role=billing can-order=yes; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345", "iban": "DE89370400440532013000"};
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as one;
                  invoicing_invoice_issue {"invoice": "@one"}"#,
        args: r#"{"invoice": "@one"}"#,
    };
    type Effect = Read;
    type Audience = Client;
    type Args = Args;
    type Output = Selected<MyInvoice>;

    fn call(cx: &mut Cx<'_, Read, Client>, args: Args) -> ToolResult<Self::Output> {
        let mask = FieldMask::of(args.fields.as_deref(), FieldMask::all())?;
        let client = cx.client()?;
        clients::may_see_money(client)?;
        let whole = invoice_view(cx, clients::own(cx, client, &args.invoice)?)?;
        let mine = MyInvoice {
            number: whole.number,
            kind: whole.kind,
            issue_date: whole.issue_date,
            due_date: whole.due_date,
            overdue: whole.overdue,
            supply_from: whole.supply_from,
            supply_to: whole.supply_to,
            your_reference: whole.po_reference,
            note: whole.note,
            corrects: whole.corrects,
            currency: whole.currency,
            lines: whole.lines,
            taxes: whole.taxes,
            net: whole.net,
            tax: whole.tax,
            gross: whole.gross,
            rounding: whole.rounding,
            balance: whole.balance,
            payments: whole.applied,
            pay_to: clients::pay_to(cx)?,
        };
        Ok(Selected::new(mine, mask))
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Number.
    #[arg(min = 1, max = 80)]
    invoice: String,
    /// * shows all.
    fields: Option<Vec<String>>,
}

/// A document as its customer sees it.
#[derive(ToolOutput)]
pub struct MyInvoice {
    /// Number.
    number: Option<String>,
    /// Invoice or credit note.
    kind: DocumentKind,
    /// Day of issue.
    issue_date: Option<Day>,
    /// Last day to pay.
    due_date: Option<Day>,
    /// Whether that day is over and something is left to pay.
    overdue: bool,
    /// First day of supply.
    supply_from: Option<Day>,
    /// Last day of supply.
    supply_to: Option<Day>,
    /// Your reference.
    your_reference: Option<String>,
    /// A sentence on the document.
    note: Option<String>,
    /// Number of the invoice that this corrects.
    corrects: Option<String>,
    /// Currency.
    currency: Currency,
    /// Lines.
    lines: Vec<LineView>,
    /// Tax by category and rate.
    taxes: Vec<TaxView>,
    /// Without tax.
    net: String,
    /// Tax.
    tax: String,
    /// With tax.
    gross: String,
    /// Added to that, so that nothing of it stays open.
    rounding: Option<String>,
    /// What is left to pay, or of a credit note to apply.
    balance: String,
    /// Payments and credit notes applied.
    payments: Option<Vec<AppliedView>>,
    /// Where to pay.
    pay_to: Option<PayTo>,
}
