//! `invoicing_payment_undo`: allocations are taken back, or a whole payment is.

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_party::org::today;

use crate::model::{Direction, Payment, PaymentStatus};
use crate::paying::{PaymentView, ShareView, invoice_of, payment_view, share_view};
use crate::settling::undo;
use crate::store::{allocations, bank, payments, periods};

words! {
    /// How much is undone.
    pub enum Scope {
        /// What it paid; the money stays.
        Allocations = "allocations",
        /// The payment: it bounced, or was somebody else's.
        Payment = "payment",
    }
}

/// The tool.
pub struct PaymentUndo;

impl Tool for PaymentUndo {
    const NAME: &str = "invoicing_payment_undo";
    const TITLE: &str = "Undo payment";
    const ABOUT: &str = "Undo what a payment paid, or reverse a whole payment that bounced or was somebody else's. Dated today.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::DESTRUCTIVE;
    const EXAMPLE: Example = Example {
        given: r#"company acme kind=customer; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv;
                  invoicing_invoice_issue {"invoice": "@inv"};
                  invoicing_payment_record {"company": "@acme", "amount": "50", "method": "cheque"} as pay"#,
        args: r#"{"payment": "@pay", "scope": "payment", "reason": "cheque bounced"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let payment = payments::resolve(cx, &args.payment, "payment")?;
        if payment.status == PaymentStatus::Reversed {
            return Err(refused(Code::AlreadyDone, format!("`{}` was reversed before", payment.number))
                .field("payment")
                .hint("record the money with invoicing_payment_record if it came after all"));
        }
        if payment.direction == Direction::Out && args.scope == Scope::Allocations {
            return Err(invalid("scope", "must be payment: a refund stands or falls as a whole"));
        }
        let day = today(cx)?;
        periods::open(cx, day, "payment")?;
        let mut reopened = Vec::new();
        for row in allocations::live_of_payment(cx, &payment.id)? {
            if let (Some(refund), Direction::In) = (&row.refund_id, payment.direction) {
                let number =
                    cx.get::<Payment>(refund.as_ref())?.map_or_else(String::new, |refund| refund.number);
                if args.scope == Scope::Allocations {
                    continue;
                }
                return Err(refused(Code::OpenDependents, format!("`{number}` gave some of it back"))
                    .field("payment")
                    .hint("undo that refund first"));
            }
            undo(cx, &row, day.max(row.day), &args.reason)?;
            if let Some(invoice) = invoice_of(cx, &row)? {
                reopened.push(share_view(cx, &invoice, row.amount)?);
            }
        }
        let before = cx.get::<Payment>(payment.id.as_ref())?.unwrap_or(payment);
        let mut after = before.clone();
        if args.scope == Scope::Payment {
            after.allocated = 0;
            after.status = PaymentStatus::Reversed;
            after.reversed_on = Some(day);
            after.reversal_reason = Some(args.reason);
            if let Some(line) = &before.bank_line_id {
                bank::unmatch(cx, line)?;
            }
        }
        cx.update(&before, &mut after)?;
        Ok(Output { payment: payment_view(cx, after)?, reopened })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    payment: String,
    /// What to undo.
    scope: Scope,
    /// Why.
    #[arg(min = 3, max = 500)]
    reason: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The payment.
    payment: PaymentView,
    /// Invoices that are to be paid again, with what was taken back.
    reopened: Vec<ShareView>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    const GIVEN: &str = r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
        invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 1, "unit_price": "100"}]} as inv;
        invoicing_invoice_issue {"invoice": "@inv"};
        invoicing_payment_record {"company": "@acme", "amount": "150", "method": "cash"} as pay"#;

    #[test]
    fn what_was_paid_is_to_be_paid_again() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let undo = |scope: &str| {
            let args = format!(r#"{{"payment": "@pay", "scope": "{scope}", "reason": "wrong one"}}"#);
            fixture.call_confirmed("invoicing_payment_undo", &args).json()
        };
        let freed = undo("allocations");
        assert_eq!(
            (&freed["payment"]["unallocated"], &freed["reopened"][0]["balance"]),
            (&"150.00".into(), &"119.00".into())
        );
        assert_eq!(freed["reopened"][0]["status"], "issued");
        let again = fixture.call_confirmed("invoicing_payment_allocate", r#"{"payment": "@pay"}"#).json();
        assert_eq!(again["allocations"][0]["status"], "paid");
        assert_eq!(undo("payment")["payment"]["status"], "reversed");
        assert_eq!(undo("payment")["error"]["code"], "already_done");
        let invoice = fixture.call("invoicing_invoice_get", r#"{"invoice": "@inv"}"#).json();
        assert_eq!(
            (&invoice["balance"], invoice["applied"].as_array().unwrap().len()),
            (&"119.00".into(), 4)
        );
    }

    #[test]
    fn what_was_given_back_holds_the_payment() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let refund = fixture
            .call_confirmed(
                "invoicing_payment_record",
                r#"{"company": "@acme", "amount": "31", "method": "cash", "direction": "out"}"#,
            )
            .json();
        fixture.name("refund", refund["id"].as_str().unwrap());
        let undo = |name: &str| {
            let args = format!(r#"{{"payment": "@{name}", "scope": "payment", "reason": "wrong one"}}"#);
            fixture.call_confirmed("invoicing_payment_undo", &args).json()
        };
        assert_eq!(undo("pay")["error"]["code"], "open_dependents");
        assert_eq!(undo("refund")["payment"]["status"], "reversed");
        assert_eq!(undo("pay")["payment"]["status"], "reversed");
    }
}
