//! `invoicing_payment_record`: money that came in, or was given back.

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::wire::Amount;
use maitred_kernel::{Currency, Day, Stamp, fold, format_minor};
use maitred_party::org::today;
use maitred_party::store::{companies, numbers};

use crate::model::{Direction, DocumentKind, Method, Payment, PaymentId, PaymentStatus};
use crate::paying::{Credit, PaymentView, Share, ShareView, payment_view, spread};
use crate::settling::{Source, Target, apply};
use crate::store::{invoices, payments, periods, profiles};

words! {
    /// What becomes of money that came in.
    pub enum Allocate {
        /// It pays what is due first.
        Auto = "auto",
        /// It stays the customer's credit.
        Nothing = "none",
    }
}

/// The tool.
pub struct PaymentRecord;

impl Tool for PaymentRecord {
    const NAME: &str = "invoicing_payment_record";
    const TITLE: &str = "Record payment";
    const ABOUT: &str = "Record money received from a customer, or refunded to one. It pays what is due first, unless you \
                         name the invoices or say none.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example {
        given: r#"company acme kind=customer; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv;
                  invoicing_invoice_issue {"invoice": "@inv"}"#,
        args: r#"{"company": "@acme", "amount": "100", "method": "bank_transfer", "reference": "INV-2026-00001"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let mut payment = payment(cx, &args)?;
        if let Some(twin) = payments::twin(cx, &payment)?.filter(|_| !args.confirm_duplicate.unwrap_or(false))
        {
            return Err(refused(Code::DuplicateSuspect, format!("`{twin}` is the same payment"))
                .hint("set confirm_duplicate when the customer paid twice"));
        }
        cx.insert(&mut payment)?;
        let (allocations, _) = match payment.direction {
            Direction::Out => {
                draw(cx, &payment)?;
                (vec![], 0)
            }
            Direction::In if args.allocations.is_none() && args.allocate == Some(Allocate::Nothing) => {
                (vec![], 0)
            }
            Direction::In => {
                let credit = Credit {
                    source: Source::Payment(payment.id.clone()),
                    company: &payment.company_id,
                    currency: payment.currency,
                    rest: payment.amount,
                    day: payment.received_on,
                };
                spread(cx, &credit, args.allocations.as_deref())?
            }
        };
        let stored = cx.get::<Payment>(payment.id.as_ref())?.unwrap_or(payment);
        Ok(Output { id: stored.id.0.clone(), payment: payment_view(cx, stored)?, allocations })
    }
}

fn payment(db: &Writer<'_>, args: &Args) -> ToolResult<Payment> {
    let company = companies::resolve(db, &args.company, "company")?;
    let currency = match args.currency {
        Some(currency) => currency,
        None => profiles::profile(db, &company)?.0.currency,
    };
    let amount = args.amount.minor(currency, "amount")?;
    if amount <= 0 {
        return Err(invalid("amount", "must be more than 0").hint("money given back has direction out"));
    }
    let today = today(db)?;
    let received_on = args.received_on.unwrap_or(today);
    if received_on > today {
        return Err(invalid("received_on", "is in the future"));
    }
    periods::open(db, received_on, "received_on")?;
    let direction = args.direction.unwrap_or(Direction::In);
    if direction == Direction::Out && args.allocations.is_some() {
        return Err(
            invalid("allocations", "go with money received").hint("a refund uses up the customer's credit")
        );
    }
    let reference = args.reference.as_deref().map(str::trim).filter(|text| !text.is_empty());
    Ok(Payment {
        id: PaymentId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        number: numbers::next(db, "PAY")?,
        company_id: company.id,
        direction,
        method: args.method,
        received_on,
        amount,
        // A refund is applied as a whole, or it is refused.
        allocated: if direction == Direction::Out { amount } else { 0 },
        currency,
        reference: reference.map(str::to_owned),
        reference_key: reference.map(fold),
        bank_line_id: None,
        status: PaymentStatus::Posted,
        reversed_on: None,
        reversal_reason: None,
    })
}

/// A refund uses up the customer's credit: payments first, then credit notes, oldest first.
fn draw(db: &Writer<'_>, refund: &Payment) -> ToolResult<()> {
    let (company, currency) = (&refund.company_id, refund.currency);
    let paid = payments::unapplied(db, company, currency)?;
    let notes = invoices::open_of(db, company, DocumentKind::CreditNote, currency)?;
    let credit: Vec<(Source, i64, Day)> = paid
        .into_iter()
        .map(|payment| (Source::Payment(payment.id.clone()), payment.rest(), payment.received_on))
        .chain(notes.into_iter().map(|note| {
            (Source::CreditNote(note.id), note.balance, note.issue_date.unwrap_or(refund.received_on))
        }))
        .collect();
    let all: i64 = credit.iter().map(|(_, left, _)| left).sum();
    if refund.amount > all {
        return Err(refused(
            Code::OverAllocation,
            format!("the customer has {} {currency} of credit", format_minor(all, currency)),
        )
        .field("amount")
        .hint("credit an invoice with invoicing_credit_note_create first, or refund less"));
    }
    let mut rest = refund.amount;
    for (source, left, since) in credit {
        let amount = left.min(rest);
        if amount > 0 {
            apply(db, &source, &Target::Refund(refund.id.clone()), amount, refund.received_on.max(since))?;
            rest -= amount;
        }
    }
    Ok(())
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Company.
    #[arg(min = 1, max = 200)]
    company: String,
    /// Amount.
    amount: Amount,
    /// Currency.
    currency: Option<Currency>,
    /// Default today.
    received_on: Option<Day>,
    /// Method.
    method: Method,
    /// As on the transfer.
    #[arg(max = 200)]
    reference: Option<String>,
    /// Out is a refund.
    direction: Option<Direction>,
    /// Default auto.
    allocate: Option<Allocate>,
    /// Instead of auto.
    #[arg(min = 1, max = 100)]
    allocations: Option<Vec<Share>>,
    /// Paid twice indeed.
    confirm_duplicate: Option<bool>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Id.
    id: String,
    /// The payment.
    payment: PaymentView,
    /// What it paid.
    allocations: Vec<ShareView>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    const GIVEN: &str = r#"company acme; company oak; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
        invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 1, "unit_price": "100"}], "net_days": 30} as late;
        invoicing_invoice_create {"company": "@acme", "lines": [{"description": "B", "qty": 1, "unit_price": "10"}], "net_days": 7} as soon;
        invoicing_invoice_create {"company": "@oak", "lines": [{"description": "B", "qty": 1, "unit_price": "10"}]} as theirs;
        invoicing_invoice_issue {"invoice": "@late"}; invoicing_invoice_issue {"invoice": "@soon"}; invoicing_invoice_issue {"invoice": "@theirs"}"#;

    fn pay(fixture: &Fixture, rest: &str) -> serde_json::Value {
        let args = format!(r#"{{"company": "@acme", "method": "bank_transfer", {rest}}}"#);
        fixture.call_confirmed("invoicing_payment_record", &args).json()
    }

    #[test]
    fn what_is_due_first_is_paid_first_and_the_rest_is_credit() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let paid = pay(&fixture, r#""amount": "20""#);
        let status = |at: usize| paid["allocations"][at]["status"].clone();
        assert_eq!((status(0), status(1)), ("paid".into(), "partially_paid".into()));
        let more = pay(&fixture, r#""amount": "200""#);
        assert_eq!(more["payment"]["unallocated"], "89.10");
    }

    #[test]
    fn the_same_payment_twice_is_asked_about() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        pay(&fixture, r#""amount": "20", "reference": "Inv 1""#);
        assert_eq!(
            pay(&fixture, r#""amount": "20", "reference": "INV 1""#)["error"]["code"],
            "duplicate_suspect"
        );
        assert!(
            pay(&fixture, r#""amount": "20", "reference": "INV 1", "confirm_duplicate": true"#)["error"]
                .is_null()
        );
        assert!(pay(&fixture, r#""amount": "20", "reference": "other""#)["error"].is_null());
    }

    #[test]
    fn nobody_pays_for_others_or_more_than_there_is() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let refused =
            |rest: &str, code: &str| assert_eq!(pay(&fixture, rest)["error"]["code"], code, "{rest}");
        refused(r#""amount": "5", "allocations": [{"invoice": "@theirs"}]"#, "invalid");
        refused(r#""amount": "50", "allocations": [{"invoice": "@soon", "amount": 12}]"#, "over_allocation");
        refused(r#""amount": "5", "allocations": [{"invoice": "@late", "amount": 6}]"#, "over_allocation");
        refused(r#""amount": "5", "currency": "USD", "allocations": [{"invoice": "@late"}]"#, "invalid");
        refused(r#""amount": "0""#, "invalid");
        refused(r#""amount": "5", "received_on": "2026-03-03""#, "invalid");
        refused(r#""amount": "5", "direction": "out""#, "over_allocation");
    }

    #[test]
    fn a_refund_uses_credit_up() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        pay(&fixture, r#""amount": "30", "allocate": "none""#);
        assert_eq!(
            pay(&fixture, r#""amount": "30.01", "direction": "out""#)["error"]["code"],
            "over_allocation"
        );
        assert!(pay(&fixture, r#""amount": "25", "direction": "out""#)["error"].is_null());
        assert_eq!(pay(&fixture, r#""amount": "6", "direction": "out""#)["error"]["code"], "over_allocation");
    }
}
