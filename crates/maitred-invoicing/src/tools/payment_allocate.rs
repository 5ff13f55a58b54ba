//! `invoicing_payment_allocate`: credit pays invoices.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, format_minor};
use maitred_party::CompanyId;
use maitred_party::org::today;

use crate::forgiving::take_discounts;
use crate::model::{Direction, DocumentKind, Invoice, PaymentStatus};
use crate::paying::{Credit, Share, ShareView, spread};
use crate::settling::Source;
use crate::store::{invoices, payments, periods};

/// The tool.
pub struct PaymentAllocate;

impl Tool for PaymentAllocate {
    const NAME: &str = "invoicing_payment_allocate";
    const TITLE: &str = "Allocate credit";
    const ABOUT: &str = "Apply a payment or credit note to invoices: oldest due first, or as you say.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example {
        given: r#"company acme kind=customer; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv;
                  invoicing_invoice_issue {"invoice": "@inv"};
                  invoicing_payment_record {"company": "@acme", "amount": "50", "method": "cash", "allocate": "none"} as pay"#,
        args: r#"{"payment": "@pay", "allocations": [{"invoice": "@inv", "amount": "20"}]}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let day = today(cx)?;
        periods::open(cx, day, "payment")?;
        let Held { source, company, currency, rest, received_on } = match (&args.payment, &args.credit_note) {
            (Some(text), None) => held_by_payment(cx, text)?,
            (None, Some(text)) => held_by_note(cx, text, day)?,
            (Some(_), Some(_)) => return Err(invalid("credit_note", "goes without payment")),
            (None, None) => return Err(missing("payment").hint("or name a credit_note")),
        };
        let credit = Credit { source, company: &company, currency, rest, day };
        let discounts = if args.take_discount.unwrap_or(false) {
            let mut open = match &args.allocations {
                Some(named) => named
                    .iter()
                    .map(|share| invoices::resolve(cx, &share.invoice, "allocations"))
                    .collect::<ToolResult<Vec<_>>>()?,
                None => invoices::open_of(cx, &company, DocumentKind::Invoice, currency)?,
            };
            open.retain(|one| one.company_id == company);
            take_discounts(cx, &open, rest, received_on)?
        } else {
            Vec::new()
        };
        let (allocations, rest) = spread(cx, &credit, args.allocations.as_deref())?;
        let view = |note: Invoice| DiscountView {
            credit_note: note.label(),
            amount: format_minor(note.payable(), note.currency),
        };
        let discounts = discounts.into_iter().map(view).collect();
        Ok(Output { allocations, discounts, unallocated: format_minor(rest, currency) })
    }
}

/// Credit that a customer holds with us.
struct Held {
    source: Source,
    company: CompanyId,
    currency: Currency,
    rest: i64,
    /// The day on which cash discounts are measured.
    received_on: Day,
}

fn held_by_payment(db: &Reader<'_>, text: &str) -> ToolResult<Held> {
    let payment = payments::resolve(db, text, "payment")?;
    if payment.direction == Direction::Out || payment.status == PaymentStatus::Reversed {
        let what = format!("`{}` is a refund or was reversed", payment.number);
        return Err(refused(Code::IllegalTransition, what)
            .field("payment")
            .hint("name a payment received, or a credit note"));
    }
    Ok(Held {
        rest: payment.rest(),
        source: Source::Payment(payment.id),
        company: payment.company_id,
        currency: payment.currency,
        received_on: payment.received_on,
    })
}

fn held_by_note(db: &Reader<'_>, text: &str, today: Day) -> ToolResult<Held> {
    let note = invoices::resolve(db, text, "credit_note")?;
    if note.kind != DocumentKind::CreditNote || !note.status.is_issued() {
        let what = format!("`{}` is no issued credit note", note.label());
        return Err(refused(Code::IllegalTransition, what)
            .field("credit_note")
            .hint("issue it with invoicing_invoice_issue"));
    }
    Ok(Held {
        source: Source::CreditNote(note.id),
        company: note.company_id,
        currency: note.currency,
        rest: note.balance,
        received_on: today,
    })
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(max = 80)]
    payment: Option<String>,
    /// Instead of payment.
    #[arg(max = 80)]
    credit_note: Option<String>,
    /// Default oldest due first.
    #[arg(min = 1, max = 100)]
    allocations: Option<Vec<Share>>,
    /// Cash discount as agreed, in its window.
    take_discount: Option<bool>,
}

/// A cash discount that was taken.
#[derive(ToolOutput)]
pub struct DiscountView {
    /// Number of the credit note.
    credit_note: String,
    /// With tax.
    amount: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// What was applied.
    allocations: Vec<ShareView>,
    /// Cash discounts that were taken.
    discounts: Vec<DiscountView>,
    /// What is left of the credit.
    unallocated: String,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    const GIVEN: &str = r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
        invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 1, "unit_price": "100"}]} as one;
        invoicing_invoice_create {"company": "@acme", "lines": [{"description": "B", "qty": 1, "unit_price": "10"}]} as two;
        invoicing_invoice_issue {"invoice": "@one"}; invoicing_invoice_issue {"invoice": "@two"}"#;

    #[test]
    fn a_credit_note_of_a_paid_invoice_pays_another() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let call = |tool: &str, args: &str| fixture.call_confirmed(tool, args).json();
        call(
            "invoicing_payment_record",
            r#"{"company": "@acme", "method": "cash", "amount": "119", "allocations": [{"invoice": "@one"}]}"#,
        );
        let note = call(
            "invoicing_credit_note_create",
            r#"{"invoice": "@one", "lines": [{"line": 1, "amount": "20"}], "reason": "quality"}"#,
        );
        assert_eq!(note["credit_note"]["balance"], "23.80", "nothing was left to clear");
        fixture.name("note", note["id"].as_str().unwrap());
        let done = call("invoicing_payment_allocate", r#"{"credit_note": "@note"}"#);
        assert_eq!(
            (&done["allocations"][0]["status"], &done["unallocated"]),
            (&"credited".into(), &"11.90".into())
        );
    }

    #[test]
    fn a_discount_is_a_credit_note_inside_its_window() {
        let run = |received: &str, amount: &str| {
            let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
            let call = |tool: &str, args: &str| fixture.call_confirmed(tool, args).json();
            let terms = call(
                "invoicing_terms_update",
                r#"{"company": "@acme", "discount_days": 7, "discount": "2"}"#,
            );
            assert!(terms["error"].is_null(), "{terms}");
            fixture.set_clock("2026-03-20T10:00:00Z");
            let pay = format!(
                r#"{{"company": "@acme", "method": "cash", "amount": "{amount}", "received_on": "{received}", "allocate": "none"}}"#
            );
            let paid = call("invoicing_payment_record", &pay);
            fixture.name("pay", paid["id"].as_str().unwrap_or_default());
            let done = call(
                "invoicing_payment_allocate",
                r#"{"payment": "@pay", "allocations": [{"invoice": "@one"}], "take_discount": true}"#,
            );
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            (
                text(&done["discounts"][0]["amount"]),
                text(&done["allocations"][0]["balance"]),
                text(&done["allocations"][0]["status"]),
            )
        };
        let said = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(run("2026-03-09", "116.62"), said("2.38", "0.00", "paid"));
        assert_eq!(run("2026-03-10", "116.62"), said("", "2.38", "partially_paid"));
        assert_eq!(run("2026-03-09", "116.61"), said("", "2.39", "partially_paid"), "too little for it");
    }

    #[test]
    fn a_discount_that_is_no_net_with_its_tax_leaves_nothing_open() {
        let given = format!(
            "{GIVEN}; invoicing_invoice_create {}",
            r#"{"company": "@acme", "lines": [{"description": "C", "qty": 1, "unit_price": "1.26"}]} as small;
               invoicing_invoice_issue {"invoice": "@small"};
               invoicing_terms_update {"company": "@acme", "discount_days": 7, "discount": "2"};
               invoicing_payment_record {"company": "@acme", "method": "cash", "amount": "1.47", "allocate": "none"} as pay"#
        );
        let fixture = Fixture::new(&[&crate::DOMAIN], &given);
        let done = fixture.call_confirmed(
            "invoicing_payment_allocate",
            r#"{"payment": "@pay", "allocations": [{"invoice": "@small"}], "take_discount": true}"#,
        );
        let done = done.json();
        // 0.03 is neither 0.02 with its 0.00 nor 0.03 with its 0.01.
        assert_eq!(done["discounts"][0]["amount"], "0.03", "{done}");
        let paid = &done["allocations"][0];
        assert_eq!((&paid["balance"], &paid["status"]), (&"0.00".into(), &"paid".into()), "{done}");
        fixture.name("note", done["discounts"][0]["credit_note"].as_str().unwrap());
        let note = fixture.call("invoicing_invoice_get", r#"{"invoice": "@note"}"#).json();
        assert_eq!((&note["gross"], &note["balance"]), (&"0.04".into(), &"0.00".into()), "{note}");
    }

    #[test]
    fn one_source_is_named() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let code = |args: &str| {
            fixture.call_confirmed("invoicing_payment_allocate", args).json()["error"]["code"].clone()
        };
        assert_eq!(code("{}"), "missing");
        assert_eq!(code(r#"{"credit_note": "@one"}"#), "illegal_transition");
        assert_eq!(code(r#"{"payment": "PAY-2026-00001"}"#), "not_found");
    }
}
