//! `invoicing_invoice_discard`: a draft is thrown away.

use maitred_core::prelude::*;
use maitred_kernel::Quantity;
use maitred_party::commerce::BillableSource;

use crate::model::{BillableLink, Invoice, InvoiceId, InvoiceStatus};
use crate::store::{billables, invoices};
use crate::tools::invoice_update::is_draft;

/// The tool.
pub struct InvoiceDiscard;

impl Tool for InvoiceDiscard {
    const NAME: &str = "invoicing_invoice_discard";
    const TITLE: &str = "Discard draft";
    const ABOUT: &str =
        "Discard a draft invoice or credit note that was never issued. What it billed can be billed again.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::DESTRUCTIVE;
    const EXAMPLE: Example = Example {
        given: r#"company acme kind=customer; tax DE standard S 1900;
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv"#,
        args: r#"{"invoice": "@inv"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = invoices::resolve(cx, &args.invoice, "invoice")?;
        is_draft(&before, "discarded")?;
        let freed = free(cx, &before.id)?;
        let mut after = Invoice { status: InvoiceStatus::Discarded, ..before.clone() };
        cx.update(&before, &mut after)?;
        Ok(Output { id: after.id.0, status: after.status, freed })
    }
}

/// Lets go of the units that a draft bills; answers how many.
fn free(db: &Writer<'_>, invoice: &InvoiceId) -> ToolResult<i64> {
    let links: Vec<BillableLink> = billables::of_invoice(db, invoice)?;
    for link in &links {
        for source in db.ports::<dyn BillableSource>() {
            if billables::source_of(&link.unit_kind) == source.source() {
                let less = Quantity::from_thousandths(-link.quantity.thousandths());
                source.billed(db, &link.unit_id, less)?;
            }
        }
        db.delete(link)?;
    }
    Ok(links.len() as i64)
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id.
    #[arg(min = 1, max = 80)]
    invoice: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Id.
    id: String,
    /// How far it is now.
    status: InvoiceStatus,
    /// How many units can be billed again.
    freed: i64,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    #[test]
    fn no_draft_is_discarded_twice() {
        check(
            &crate::DOMAIN,
            r#"company acme; tax DE standard S 1900;
               invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 2, "unit_price": "50"}]} as inv;
               invoicing_invoice_discard {"invoice": "@inv"}"#,
            "invoicing_invoice_discard",
            r#"{"invoice": "@inv"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"illegal_transition","message":"the draft invoice was discarded","field":"invoice","hint":"draft another with invoicing_invoice_create","retryable":false}}"#
            ]],
        );
    }
}
