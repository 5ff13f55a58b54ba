//! `invoicing_collection_mark`: how the collection of an invoice stands.

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::wire::Amount;
use maitred_kernel::{Day, Stamp};
use maitred_party::org::today;

use crate::afterwards::CollectionNote;
use crate::model::{Collection, DocumentKind, Invoice, InvoiceStatus};
use crate::store::invoices;
use crate::views::{InvoiceView, invoice_view};

words! {
    /// How collection stands.
    pub enum Mark {
        /// The customer objects.
        Disputed = "disputed",
        /// The customer promised to pay.
        Promised = "promised",
        /// Somebody else collects.
        HandedOver = "handed_over",
        /// Nothing is the matter any more.
        Clear = "clear",
    }
}

/// The tool.
pub struct CollectionMark;

impl Tool for CollectionMark {
    const NAME: &str = "invoicing_collection_mark";
    const TITLE: &str = "Mark collection";
    const ABOUT: &str = "Note how collection of an invoice stands: disputed (why), promised (until when, how much), \
                         handed over, or clear again. Disputed and promised pause reminders.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv;
                  invoicing_invoice_issue {"invoice": "@inv"}"#,
        args: r#"{"invoice": "@inv", "mark": "promised", "date": "2026-03-20", "amount": "60"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = invoices::resolve(cx, &args.invoice, "invoice")?;
        let open = matches!(before.status, InvoiceStatus::Issued | InvoiceStatus::PartiallyPaid);
        if before.kind != DocumentKind::Invoice || !open {
            return Err(refused(
                Code::IllegalTransition,
                format!("`{}` has nothing to collect", before.label()),
            )
            .field("invoice")
            .hint("only issued invoices that are not paid are collected"));
        }
        let (mark, promise) = noted(cx, &before, &args)?;
        let mut after = Invoice {
            collection: mark,
            promise_date: promise.map(|(day, _)| day),
            promise_amount: promise.map(|(_, amount)| amount),
            ..before.clone()
        };
        cx.insert(&mut CollectionNote {
            id: cx.fresh_id(),
            version: 1,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            invoice_id: before.id.clone(),
            mark,
            promise_date: after.promise_date,
            promise_amount: after.promise_amount,
            reason: args.reason,
            noted_by: cx.teammate().map_or_else(|| "system".to_owned(), |mate| mate.member.clone()),
        })?;
        cx.update(&before, &mut after)?;
        Ok(Output { invoice: invoice_view(cx, after)? })
    }
}

type Promise = (Day, i64);

fn noted(cx: &Cx<'_, Write>, invoice: &Invoice, args: &Args) -> ToolResult<(Collection, Option<Promise>)> {
    if args.mark != Mark::Promised {
        for (name, given) in [("date", args.date.is_some()), ("amount", args.amount.is_some())] {
            if given {
                return Err(invalid(name, "belongs to a promise").hint("set mark to promised"));
            }
        }
    }
    match args.mark {
        Mark::Clear => Ok((Collection::None, None)),
        Mark::Disputed => match args.reason.as_deref().map(str::trim) {
            Some(reason) if !reason.is_empty() => Ok((Collection::Disputed, None)),
            _ => Err(missing("reason").hint("say what the customer objects to")),
        },
        Mark::HandedOver => {
            let office = ["owner", "admin", "finance"];
            if cx.teammate().is_some_and(|mate| mate.has_role(&office)) {
                return Ok((Collection::HandedOver, None));
            }
            Err(refused(Code::Forbidden, "handing over is for owners, admins and finance")
                .field("mark")
                .hint("mark it disputed or promised, or ask finance"))
        }
        Mark::Promised => {
            let day = args.date.ok_or_else(|| missing("date"))?;
            if day < today(cx)? {
                return Err(invalid("date", "must not be in the past"));
            }
            let amount = match &args.amount {
                Some(amount) => amount.minor(invoice.currency, "amount")?,
                None => invoice.balance,
            };
            if amount <= 0 || amount > invoice.balance {
                return Err(invalid("amount", "must be more than 0 and at most what is left to pay"));
            }
            Ok((Collection::Promised, Some((day, amount))))
        }
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    invoice: String,
    /// Mark.
    mark: Mark,
    /// Promised until.
    date: Option<Day>,
    /// Promised; default all.
    amount: Option<Amount>,
    /// Reason.
    #[arg(max = 500)]
    reason: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The invoice.
    invoice: InvoiceView,
}

#[cfg(test)]
mod tests {
    use maitred_core::mode::Mode;
    use maitred_testkit::Fixture;

    const GIVEN: &str = r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
        invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 1, "unit_price": "100"}]} as inv;
        invoicing_invoice_issue {"invoice": "@inv"}"#;

    #[test]
    fn a_promise_has_a_day_and_a_dispute_a_reason() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let mark = |args: &str| fixture.call("invoicing_collection_mark", args).json();
        let field = |args: &str| mark(args)["error"]["field"].clone();
        assert_eq!(field(r#"{"invoice": "@inv", "mark": "promised"}"#), "date");
        assert_eq!(field(r#"{"invoice": "@inv", "mark": "promised", "date": "2026-03-01"}"#), "date");
        assert_eq!(
            field(r#"{"invoice": "@inv", "mark": "promised", "date": "2026-03-09", "amount": "119.01"}"#),
            "amount"
        );
        assert_eq!(field(r#"{"invoice": "@inv", "mark": "disputed"}"#), "reason");
        assert_eq!(field(r#"{"invoice": "@inv", "mark": "clear", "date": "2026-03-09"}"#), "date");
        let disputed = mark(r#"{"invoice": "@inv", "mark": "disputed", "reason": "wrong colour"}"#);
        assert_eq!(disputed["invoice"]["collection"], "disputed");
        let clear = mark(r#"{"invoice": "@inv", "mark": "clear"}"#);
        assert!(clear["invoice"]["collection"].is_null(), "{clear}");
    }

    #[test]
    fn sales_may_not_hand_over() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let args = r#"{"invoice": "@inv", "mark": "handed_over"}"#;
        let by = |modes: &[Mode]| {
            let caller = fixture.caller(modes, false);
            fixture.call_as(&caller, "invoicing_collection_mark", args).unwrap().json()
        };
        assert_eq!(by(&[Mode::Sales])["error"]["code"], "forbidden");
        assert_eq!(by(&[Mode::Office])["invoice"]["collection"], "handed_over");
    }
}
