//! `invoicing_invoice_create`: a draft of an invoice.

use maitred_core::prelude::*;
use maitred_kernel::money::Rate;
use maitred_kernel::{Currency, Day};
use maitred_party::Company;
use maitred_party::org::today;
use maitred_party::store::companies;

use crate::drafting::{self, Deal, Line, add_up, priced};
use crate::model::{Invoice, InvoiceId};
use crate::store::{profiles, rates};
use crate::views::{InvoiceView, invoice_view};

/// The tool.
pub struct InvoiceCreate;

impl Tool for InvoiceCreate {
    const NAME: &str = "invoicing_invoice_create";
    const TITLE: &str = "Draft invoice";
    const ABOUT: &str = "Draft an invoice. Totals and VAT are computed here. \
                         It gets its number from invoicing_invoice_issue.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: "company acme kind=customer; tax DE standard S 1900",
        args: r#"{"company": "@acme", "lines": [{"description": "Roof repair", "qty": "2.5", "unit": "HUR", "unit_price": "80", "service": true}], "po_reference": "4711"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let company = buyer(cx, &args.company)?;
        let (profile, _) = profiles::profile(cx, &company)?;
        let mut invoice = blank(cx, &company, args.currency.unwrap_or(profile.currency))?;
        invoice.net_days = args.net_days.map_or(profile.net_days, i64::from);
        invoice.due_date = args.due_date;
        (invoice.supply_from, invoice.supply_to) = (args.supply_from, args.supply_to);
        in_order(&invoice)?;
        invoice.po_reference = args.po_reference;
        invoice.note = args.note;
        let deal = Deal {
            invoice: &invoice.id,
            company: &company,
            currency: invoice.currency,
            day: drafting::tax_day(cx, &invoice)?,
            includes_tax: args.includes_tax,
        };
        let mut lines = priced(cx, &deal, &args.lines)?;
        invoice.includes_tax = lines.includes_tax;
        let (mut taxes, warnings) = add_up(cx, &company, &mut invoice, &mut lines.lines)?;
        cx.insert(&mut invoice)?;
        drafting::replace(cx, &invoice.id, &mut lines.lines, &mut taxes)?;
        Ok(Output { id: invoice.id.0.clone(), invoice: invoice_view(cx, invoice)?, warnings })
    }
}

/// The company a text means, if it can be billed.
pub(crate) fn buyer(db: &Reader<'_>, text: &str) -> ToolResult<Company> {
    let company = companies::resolve(db, text, "company")?;
    if company.archived_at.is_some() {
        return Err(refused(Code::IllegalTransition, format!("`{}` is archived", company.name))
            .field("company")
            .hint("take it back first, or name another company"));
    }
    Ok(company)
}

/// The days of a document must follow one another.
pub(crate) fn in_order(invoice: &Invoice) -> ToolResult<()> {
    match (invoice.supply_from, invoice.supply_to) {
        (Some(from), Some(to)) if to < from => Err(invalid("supply_to", "must not be before supply_from")),
        (None, Some(_)) => Err(missing("supply_from").hint("give it beside supply_to")),
        _ => Ok(()),
    }
}

/// A draft without lines.
pub(crate) fn blank(db: &Writer<'_>, company: &Company, currency: Currency) -> ToolResult<Invoice> {
    let fx_rate: Rate = rates::to_base(db, currency, today(db)?)?;
    Ok(Invoice::draft(InvoiceId(db.fresh_id()), company.id.clone(), currency, fx_rate))
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Company.
    #[arg(min = 1, max = 200)]
    company: String,
    /// Lines.
    #[arg(min = 1, max = 200)]
    lines: Vec<Line>,
    /// Due date.
    due_date: Option<Day>,
    /// Net days.
    #[arg(min = 0, max = 365)]
    net_days: Option<u32>,
    /// Supply from.
    supply_from: Option<Day>,
    /// Supply to.
    supply_to: Option<Day>,
    /// Currency.
    currency: Option<Currency>,
    /// Includes tax.
    includes_tax: Option<bool>,
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
    /// What somebody should look at: oss_not_handled, tax_rate_missing.
    warnings: Vec<&'static str>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    #[test]
    fn vat_is_rounded_once_per_rate() {
        check(
            &crate::DOMAIN,
            "company acme kind=customer; tax DE standard S 1900; tax DE reduced S 700",
            "invoicing_invoice_create",
            r#"{"company": "@acme", "lines": [{"description": "A", "qty": 1, "unit_price": "0.33"}, {"description": "B", "qty": 3, "unit_price": "0.335", "discount": 10}, {"description": "Book", "qty": 1, "unit_price": "10", "tax_class": "reduced"}], "supply_from": "2026-02-01"}"#,
            expect![[
                r##"{"id":"#1","invoice":{"id":"#1","version":1,"kind":"invoice","company":{"id":"@acme","name":"Acme"},"status":"draft","overdue":false,"net_days":14,"supply_from":"2026-02-01","currency":"EUR","lines":[{"line":1,"description":"A","qty":"1","unit":"C62","unit_price":"0.33","net":"0.33","tax_category":"S","tax_rate":"19"},{"line":2,"description":"B","qty":"3","unit":"C62","unit_price":"0.335","discount":"10","net":"0.90","tax_category":"S","tax_rate":"19"},{"line":3,"description":"Book","qty":"1","unit":"C62","unit_price":"10.00","net":"10.00","tax_category":"S","tax_rate":"7"}],"taxes":[{"category":"S","rate":"7","taxable":"10.00","tax":"0.70"},{"category":"S","rate":"19","taxable":"1.23","tax":"0.23"}],"net":"11.23","tax":"0.93","gross":"12.16","balance":"12.16","created_at":"@now","next":["invoicing_invoice_issue","invoicing_invoice_update","invoicing_invoice_discard"]},"warnings":[]}"##
            ]],
        );
    }

    #[test]
    fn the_buyer_decides_how_it_is_taxed() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            "company fr country=FR vat=FR40303265045 checked=yes; company private country=FR; company ch country=CH; tax DE standard S 1900",
        );
        let taxed = |company: &str, service: bool| {
            let args = format!(
                r#"{{"company": "@{company}", "lines": [{{"description": "X", "qty": 1, "unit_price": 100, "service": {service}}}]}}"#
            );
            let answer = fixture.call("invoicing_invoice_create", &args).json();
            let group = &answer["invoice"]["taxes"][0];
            let text = |value: &serde_json::Value| value.as_str().unwrap_or("").to_owned();
            (text(&group["category"]), text(&answer["invoice"]["gross"]), text(&answer["warnings"][0]))
        };
        let said = |category: &str, gross: &str, warning: &str| {
            (category.to_owned(), gross.to_owned(), warning.to_owned())
        };
        assert_eq!(taxed("fr", false), said("K", "100.00", ""));
        assert_eq!(taxed("fr", true), said("AE", "100.00", ""));
        assert_eq!(taxed("private", false), said("S", "119.00", "oss_not_handled"));
        assert_eq!(taxed("ch", false), said("G", "100.00", ""));
        assert_eq!(taxed("ch", true), said("O", "100.00", ""));
    }

    #[test]
    fn a_line_says_what_it_is_and_costs() {
        check(
            &crate::DOMAIN,
            "company acme",
            "invoicing_invoice_create",
            r#"{"company": "@acme", "lines": [{"description": "A", "qty": 1}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"missing","message":"`unit_price` is required","field":"lines[0].unit_price","retryable":false}}"#
            ]],
        );
        check(
            &crate::DOMAIN,
            "company acme",
            "invoicing_invoice_create",
            r#"{"company": "@acme", "lines": [{"description": "A", "qty": -1, "unit_price": 5}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`qty` must be more than 0","field":"lines[0].qty","hint":"to take something back, use invoicing_credit_note_create","retryable":false}}"#
            ]],
        );
    }
}
