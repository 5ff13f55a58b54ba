//! `invoicing_invoice_update`: changes of a draft.

use maitred_core::args::Described;
use maitred_core::prelude::*;
use maitred_kernel::Day;
use maitred_party::store::companies;

use crate::drafting::{self, Deal, Line, add_up, plain, priced};
use crate::model::{DocumentKind, Invoice, InvoiceStatus};
use crate::store::{billables, invoices};
use crate::tools::invoice_create::in_order;
use crate::views::{InvoiceView, invoice_view};

/// The tool.
pub struct InvoiceUpdate;

impl Tool for InvoiceUpdate {
    const NAME: &str = "invoicing_invoice_update";
    const TITLE: &str = "Change draft invoice";
    const ABOUT: &str = "Change a draft invoice: dates, terms, texts, or all lines at once. What was issued is corrected \
                         with invoicing_credit_note_create instead.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: r#"company acme kind=customer; tax DE standard S 1900;
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv"#,
        args: r#"{"invoice": "@inv", "lines": [{"description": "Chair", "qty": 3, "unit_price": "50"}], "note": "Thank you."}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = invoices::resolve(cx, &args.invoice, "invoice")?;
        is_draft(&before, "changed")?;
        if before.kind == DocumentKind::CreditNote {
            return Err(refused(Code::Immutable, "a credit note follows its invoice")
                .field("invoice")
                .hint("discard it with invoicing_invoice_discard and draft another"));
        }
        if args.lines.is_some() && !billables::of_invoice(cx, &before.id)?.is_empty() {
            return Err(refused(Code::Immutable, "its lines bill units of another document")
                .field("lines")
                .hint("discard it with invoicing_invoice_discard, then invoicing_invoice_generate again"));
        }
        let company = companies::find(cx, before.company_id.as_ref())?
            .ok_or_else(|| not_found("company", before.company_id.as_ref()))?;
        let mut after = changed(&args, &before);
        in_order(&after)?;
        let mut lines = match &args.lines {
            Some(asked) => {
                let deal = Deal {
                    invoice: &before.id,
                    company: &company,
                    currency: before.currency,
                    day: drafting::tax_day(cx, &after)?,
                    includes_tax: Some(before.includes_tax),
                };
                priced(cx, &deal, &plain(asked))?.lines
            }
            None => invoices::lines(cx, &before.id)?,
        };
        let (mut taxes, warnings) = add_up(cx, &company, &mut after, &mut lines)?;
        cx.update(&before, &mut after)?;
        drafting::replace(cx, &before.id, &mut lines, &mut taxes)?;
        Ok(Output { id: after.id.0.clone(), invoice: invoice_view(cx, after)?, warnings })
    }
}

/// Refuses what is not a draft.
pub(crate) fn is_draft(invoice: &Invoice, what: &str) -> ToolResult<()> {
    match invoice.status {
        InvoiceStatus::Draft => Ok(()),
        InvoiceStatus::Discarded => {
            Err(refused(Code::IllegalTransition, format!("{} was discarded", invoice.label()))
                .field("invoice")
                .hint("draft another with invoicing_invoice_create"))
        }
        status => Err(refused(
            Code::Immutable,
            format!("`{}` is {status}, so it cannot be {what}", invoice.label()),
        )
        .field("invoice")
        .hint("correct it with invoicing_credit_note_create")),
    }
}

fn changed(args: &Args, before: &Invoice) -> Invoice {
    let mut after = before.clone();
    let text = |given: &Option<String>, known: &Option<String>| match given {
        Some(given) => Some(given.trim().to_owned()).filter(|text| !text.is_empty()),
        None => known.clone(),
    };
    if let Some(days) = args.net_days {
        after.net_days = i64::from(days);
        after.due_date = None;
    }
    after.due_date = args.due_date.or(after.due_date);
    after.supply_from = args.supply_from.or(before.supply_from);
    after.supply_to = args.supply_to.or(before.supply_to);
    after.po_reference = text(&args.po_reference, &before.po_reference);
    after.note = text(&args.note, &before.note);
    after
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id.
    #[arg(min = 1, max = 80)]
    invoice: String,
    /// As in invoicing_invoice_create; replaces all.
    #[arg(min = 1, max = 200)]
    lines: Option<Vec<Described<Line>>>,
    /// Due date.
    due_date: Option<Day>,
    /// Instead of due_date.
    #[arg(min = 0, max = 365)]
    net_days: Option<u32>,
    /// Supply from.
    supply_from: Option<Day>,
    /// Supply to.
    supply_to: Option<Day>,
    /// Po reference.
    #[arg(max = 100)]
    po_reference: Option<String>,
    /// Note.
    #[arg(max = 1000)]
    note: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Id of the draft.
    id: String,
    /// The draft.
    invoice: InvoiceView,
    /// What somebody should look at.
    warnings: Vec<&'static str>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    const GIVEN: &str = r#"company acme; tax DE standard S 1900;
        invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 2, "unit_price": "50"}, {"description": "B", "qty": 1, "unit_price": "1"}], "note": "Old"} as inv"#;

    #[test]
    fn lines_are_replaced_and_the_rest_stays() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let answer = fixture
            .call(
                "invoicing_invoice_update",
                r#"{"invoice": "@inv", "lines": [{"description": "C", "qty": 1, "unit_price": "10"}], "po_reference": "7"}"#,
            )
            .json();
        let invoice = &answer["invoice"];
        assert_eq!(invoice["lines"].as_array().unwrap().len(), 1);
        assert_eq!(
            (&invoice["gross"], &invoice["note"], &invoice["po_reference"]),
            (&"11.90".into(), &"Old".into(), &"7".into())
        );
        let answer = fixture.call("invoicing_invoice_update", r#"{"invoice": "@inv", "note": ""}"#).json();
        assert!(answer["invoice"]["note"].is_null(), "an empty text takes it away");
    }

    #[test]
    fn what_was_discarded_stays_so() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        fixture.call_confirmed("invoicing_invoice_discard", r#"{"invoice": "@inv"}"#);
        let answer = fixture.call("invoicing_invoice_update", r#"{"invoice": "@inv", "note": "x"}"#);
        assert!(answer.raw.contains("illegal_transition"), "{}", answer.raw);
    }
}
