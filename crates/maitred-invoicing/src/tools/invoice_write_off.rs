//! `invoicing_invoice_write_off`: a balance is given up.

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::wire::Amount;
use maitred_kernel::{Day, Money, format_minor};
use maitred_party::org::{self, today};
use maitred_party::store::companies;

use crate::afterwards::WriteOffCause;
use crate::dunning::dunning_of;
use crate::model::{DocumentKind, Invoice, InvoiceStatus};
use crate::store::{invoices, periods, profiles, reminders};
use crate::views::{InvoiceView, invoice_view};
use crate::writing_off::give_up;

/// Who may.
pub(crate) const ROLES: &[&str] = &["owner", "admin", "finance"];

words! {
    /// Why a balance is given up.
    pub enum Cause {
        /// The customer is insolvent.
        Insolvency = "insolvency",
        /// The last reminder had no effect.
        AfterFinalReminder = "after_final_reminder",
        /// Too little to ask for.
        SmallDifference = "small_difference",
    }
}

/// The tool.
pub struct InvoiceWriteOff;

impl Tool for InvoiceWriteOff {
    const NAME: &str = "invoicing_invoice_write_off";
    const TITLE: &str = "Write off invoice";
    const ABOUT: &str = "Write off an uncollectable balance. Needs the final reminder or an insolvency, except for a \
                         small difference. A later payment reopens it.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::DESTRUCTIVE;
    const EXAMPLE: Example = Example {
        given: r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv;
                  invoicing_invoice_issue {"invoice": "@inv"}"#,
        args: r#"{"invoice": "@inv", "cause": "insolvency", "reason": "proceedings opened on 1 March", "tax_relief": true}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        may_close_books(cx)?;
        let invoice = invoices::resolve(cx, &args.invoice, "invoice")?;
        let open = matches!(invoice.status, InvoiceStatus::Issued | InvoiceStatus::PartiallyPaid);
        if !open || invoice.kind != DocumentKind::Invoice {
            return Err(refused(
                Code::IllegalTransition,
                format!("`{}` has nothing left to pay", invoice.label()),
            )
            .field("invoice")
            .hint("a draft is discarded with invoicing_invoice_discard"));
        }
        let amount = match &args.amount {
            Some(amount) => amount.minor(invoice.currency, "amount")?,
            None => invoice.balance,
        };
        if amount <= 0 {
            return Err(invalid("amount", "must be more than 0"));
        }
        allowed(cx, &invoice, args.cause, amount)?;
        let day = today(cx)?;
        periods::open(cx, day, "invoice")?;
        let cause = match args.cause {
            Cause::Insolvency => WriteOffCause::Insolvency,
            Cause::AfterFinalReminder => WriteOffCause::AfterFinalReminder,
            Cause::SmallDifference => WriteOffCause::SmallDifference,
        };
        let relief = args.tax_relief.unwrap_or(false);
        let (invoice, row) = give_up(cx, &invoice, amount, day, (cause, &args.reason, relief))?;
        let entry = EntryView {
            id: row.id,
            day,
            amount: format_minor(amount, invoice.currency),
            cause: args.cause,
            reason: row.reason,
            tax_relief: relief,
        };
        Ok(Output { invoice: invoice_view(cx, invoice)?, entry })
    }
}

/// Refuses teammates who do not keep the books.
///
/// # Errors
/// `forbidden`.
pub(crate) fn may_close_books(db: &Reader<'_>) -> ToolResult<()> {
    if db.teammate().is_some_and(|teammate| teammate.has_role(ROLES)) {
        return Ok(());
    }
    Err(refused(Code::Forbidden, "this is for owners, admins and finance").hint("ask one of them to do it"))
}

fn allowed(db: &Reader<'_>, invoice: &Invoice, cause: Cause, amount: i64) -> ToolResult<()> {
    let Some(company) = companies::find(db, invoice.company_id.as_ref())? else { return Ok(()) };
    let (profile, _) = profiles::profile(db, &company)?;
    let dunning = dunning_of(db)?;
    let policy = dunning.policy(profile.dunning_policy).unwrap_or(&dunning.standard);
    match cause {
        Cause::Insolvency => Ok(()),
        Cause::AfterFinalReminder if reminders::last_level(db, &invoice.id)? >= policy.last() => Ok(()),
        Cause::AfterFinalReminder => {
            Err(refused(Code::IllegalTransition, "its final reminder was not sent yet")
                .field("cause")
                .hint("send reminders with invoicing_reminder_run first"))
        }
        Cause::SmallDifference => {
            let base = org::settings_of(db)?.currency;
            let worth = invoice.fx_rate.to_base(Money::new(amount, invoice.currency), base);
            let most = policy.minimum(base);
            if worth.map_err(ToolError::internal)?.minor <= most {
                return Ok(());
            }
            Err(refused(
                Code::IllegalTransition,
                format!("more than {} {base} is no small difference", format_minor(most, base)),
            )
            .field("cause")
            .hint("the least sum is in the settings section `invoicing.dunning`"))
        }
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    invoice: String,
    /// Default all that is left.
    amount: Option<Amount>,
    /// Cause.
    cause: Cause,
    /// In words.
    #[arg(min = 3, max = 500)]
    reason: String,
    /// VAT in it is claimed back.
    tax_relief: Option<bool>,
}

/// What was given up.
#[derive(ToolOutput)]
pub struct EntryView {
    /// Id.
    id: String,
    /// Day it counts from.
    day: Day,
    /// How much.
    amount: String,
    /// Why.
    cause: Cause,
    /// Why, in words.
    reason: String,
    /// Whether the tax in it is claimed back.
    tax_relief: bool,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The invoice.
    invoice: InvoiceView,
    /// What was given up.
    entry: EntryView,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;
    use serde_json::{Value, json};

    const GIVEN: &str = r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
        invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 1, "unit_price": "100"}]} as inv;
        invoicing_invoice_issue {"invoice": "@inv"}"#;

    fn call(fixture: &Fixture, tool: &str, args: &str) -> Value {
        fixture.call_confirmed(tool, args).json()
    }

    #[test]
    fn it_needs_a_cause_that_holds() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let code = |args: &str| call(&fixture, "invoicing_invoice_write_off", args)["error"]["code"].clone();
        let with = |cause: &str, more: &str| {
            format!(r#"{{"invoice": "@inv", "cause": "{cause}", "reason": "because"{more}}}"#)
        };
        assert_eq!(code(&with("after_final_reminder", "")), "illegal_transition");
        assert_eq!(code(&with("small_difference", "")), "illegal_transition");
        assert_eq!(code(&with("small_difference", r#", "amount": "5.01""#)), "illegal_transition");
        assert_eq!(code(&with("insolvency", r#", "amount": "119.01""#)), "over_allocation");
        let small =
            call(&fixture, "invoicing_invoice_write_off", &with("small_difference", r#", "amount": "4""#));
        assert_eq!(
            (&small["invoice"]["balance"], &small["invoice"]["status"]),
            (&json!("115.00"), &json!("partially_paid"))
        );
    }

    #[test]
    fn money_that_comes_after_all_reopens_it_by_as_much() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let gone = call(
            &fixture,
            "invoicing_invoice_write_off",
            r#"{"invoice": "@inv", "cause": "insolvency", "reason": "proceedings"}"#,
        );
        assert_eq!(gone["invoice"]["status"], "written_off", "{gone}");
        let owed = call(&fixture, "invoicing_balance_get", r#"{"company": "@acme"}"#);
        assert!(!owed.to_string().contains("119.00"), "{owed}");
        let paid = call(
            &fixture,
            "invoicing_payment_record",
            r#"{"company": "@acme", "amount": "50", "method": "bank_transfer", "allocations": [{"invoice": "@inv", "amount": "50"}]}"#,
        );
        assert!(paid["error"].is_null(), "{paid}");
        let invoice = call(&fixture, "invoicing_invoice_get", r#"{"invoice": "@inv"}"#);
        assert_eq!(
            (&invoice["written_off"], &invoice["allocated"], &invoice["balance"]),
            (&json!("69.00"), &json!("50.00"), &json!("0.00"))
        );
        let statement = call(
            &fixture,
            "invoicing_statement_get",
            r#"{"company": "@acme", "from": "2026-03-01", "to": "2026-03-31"}"#,
        );
        assert_eq!(statement["closing"], "0.00", "{statement}");
    }

    #[test]
    fn only_those_who_keep_the_books_may() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let rights = fixture.caller(&[maitred_core::mode::Mode::Office], false).rights;
        let driver = fixture.caller_with("service", rights);
        let answer = fixture.confirmed_as(
            &driver,
            "invoicing_invoice_write_off",
            r#"{"invoice": "@inv", "cause": "insolvency", "reason": "because"}"#,
        );
        assert_eq!(answer.unwrap().json()["error"]["code"], "forbidden");
    }
}
