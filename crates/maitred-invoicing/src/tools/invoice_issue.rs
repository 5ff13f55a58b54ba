//! `invoicing_invoice_issue`: a draft becomes final.

use maitred_core::prelude::*;
use maitred_kernel::Day;

use crate::issuing::issue;
use crate::store::invoices;
use crate::tools::invoice_update::is_draft;
use crate::views::{InvoiceView, invoice_view};

/// The tool.
pub struct InvoiceIssue;

impl Tool for InvoiceIssue {
    const NAME: &str = "invoicing_invoice_issue";
    const TITLE: &str = "Issue invoice";
    const ABOUT: &str = "Issue a draft invoice or credit note: give it the next number and make it final. Dry-run checks it \
                         and shows the number it would get.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example {
        given: r#"company acme kind=customer; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv"#,
        args: r#"{"invoice": "@inv"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = invoices::resolve(cx, &args.invoice, "invoice")?;
        is_draft(&before, "issued again")?;
        let (issued, warnings) = issue(cx, &before, args.issue_date)?;
        Ok(Output { invoice: invoice_view(cx, issued)?, warnings })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id.
    #[arg(min = 1, max = 80)]
    invoice: String,
    /// Default today.
    issue_date: Option<Day>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The document.
    invoice: InvoiceView,
    /// What somebody should look at.
    warnings: Vec<&'static str>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_core::error::ToolError;
    use maitred_kernel::Stamp;
    use maitred_testkit::{Fixture, check};

    use crate::model::{Invoice, Period, PeriodStatus};

    const GIVEN: &str = r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
        invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 2, "unit_price": "50"}]} as one;
        invoicing_invoice_create {"company": "@acme", "lines": [{"description": "B", "qty": 1, "unit_price": "50"}]} as two"#;

    fn issue(fixture: &Fixture, name: &str, day: &str) -> String {
        let args = format!(r#"{{"invoice": "@{name}", "issue_date": "{day}"}}"#);
        fixture.call_confirmed("invoicing_invoice_issue", &args).raw
    }

    #[test]
    fn numbers_go_on_and_days_do_not_go_back() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let first = issue(&fixture, "one", "2026-03-01");
        assert!(first.contains("INV-2026-00001") && first.contains(r#""due_date":"2026-03-15""#), "{first}");
        let back = issue(&fixture, "two", "2026-02-28");
        assert!(back.contains("must not be before 2026-03-01"), "{back}");
        assert!(issue(&fixture, "two", "2026-03-03").contains("in the future"));
        assert!(issue(&fixture, "two", "2026-03-02").contains("INV-2026-00002"), "no number was lost");
        assert!(issue(&fixture, "two", "2026-03-02").contains("immutable"), "only once");
    }

    #[test]
    fn a_closed_month_takes_nothing() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let closed = fixture.write(|db| {
            db.insert(&mut Period {
                id: "2026-02".to_owned(),
                version: 1,
                created_at: Stamp::EPOCH,
                updated_at: Stamp::EPOCH,
                status: PeriodStatus::Closed,
                reason: None,
            })?;
            Ok(())
        });
        closed.unwrap();
        assert!(issue(&fixture, "one", "2026-02-27").contains("closed_period"));
        assert!(issue(&fixture, "one", "2026-03-02").contains("INV-2026-00001"));
    }

    #[test]
    fn what_is_missing_is_said_at_once() {
        check(
            &crate::DOMAIN,
            r#"company acme country=FR vat=FR40303265045 checked=yes;
               invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 2, "unit_price": "50"}]} as inv"#,
            "invoicing_invoice_issue",
            r#"{"invoice": "@inv", "dry_run": true}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"it cannot be issued: the seller has no name: fill in the section `invoicing.seller` with account_setting_update","field":"invoice","hint":"mend what `violations` lists, then issue it again","retryable":false,"violations":[{"rule":"BR-6","what":"the seller has no name: fill in the section `invoicing.seller` with account_setting_update"},{"rule":"BR-IC-2","what":"the seller needs a VAT id in the section `invoicing.seller`"}]}}"#
            ]],
        );
    }

    #[test]
    fn the_database_refuses_to_change_what_was_issued() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        issue(&fixture, "one", "2026-03-02");
        let change = |body: fn(&mut Invoice)| {
            let id = fixture.id("one");
            fixture.write(move |db| {
                let before =
                    db.get::<Invoice>(&id)?.ok_or_else(|| ToolError::internal(anyhow::anyhow!("gone")))?;
                let mut after = before.clone();
                body(&mut after);
                db.update(&before, &mut after)?;
                Ok(())
            })
        };
        assert!(change(|invoice| invoice.note = Some("changed".to_owned())).is_err());
        assert!(change(|invoice| invoice.number = Some("INV-2026-00009".to_owned())).is_err());
        assert!(change(|invoice| invoice.collection = crate::model::Collection::Disputed).is_ok());
        let id = fixture.id("one");
        let line = fixture.write(move |db| {
            for line in crate::store::invoices::lines(db, &crate::model::InvoiceId(id.clone()))? {
                db.delete(&line)?;
            }
            Ok(())
        });
        assert!(line.is_err(), "nor its lines");
    }
}
