//! `invoicing_invoice_get`: one invoice or credit note.

use maitred_core::prelude::*;

use crate::store::invoices;
use crate::views::{InvoiceView, invoice_view};

/// The tool.
pub struct InvoiceGet;

impl Tool for InvoiceGet {
    const NAME: &str = "invoicing_invoice_get";
    const TITLE: &str = "Get invoice";
    const ABOUT: &str = "One invoice or credit note with lines, tax breakdown, payments, corrections and what can be done next.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company acme kind=customer; tax DE standard S 1900;
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv"#,
        args: r#"{"invoice": "@inv"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Selected<InvoiceView>;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Self::Output> {
        let mask = FieldMask::of(args.fields.as_deref(), FieldMask::all())?;
        let invoice = invoices::resolve(cx, &args.invoice, "invoice")?;
        Ok(Selected::new(invoice_view(cx, invoice)?, mask))
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    invoice: String,
    /// * shows all.
    fields: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    #[test]
    fn shows_what_is_asked_for() {
        check(
            &crate::DOMAIN,
            r#"company acme kind=customer; tax DE standard S 1900;
               invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv"#,
            "invoicing_invoice_get",
            r#"{"invoice": "@inv", "fields": ["status", "gross", "next"]}"#,
            expect![[
                r#"{"id":"@inv","version":1,"status":"draft","gross":"119.00","next":["invoicing_invoice_issue","invoicing_invoice_update","invoicing_invoice_discard"]}"#
            ]],
        );
    }

    #[test]
    fn says_how_to_find_it() {
        check(
            &crate::DOMAIN,
            "",
            "invoicing_invoice_get",
            r#"{"invoice": "INV-2026-00001"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"not_found","message":"no invoice fits `INV-2026-00001`","field":"invoice","hint":"find it with invoicing_invoice_search","retryable":false}}"#
            ]],
        );
    }
}
