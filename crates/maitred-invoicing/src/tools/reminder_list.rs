//! `invoicing_reminder_list`: who should be reminded now.

use maitred_core::prelude::*;
use maitred_kernel::wire::Amount;
use maitred_kernel::{Currency, Day, format_minor};
use maitred_party::org::{self, today};
use maitred_store::Param;

use crate::reminding::{Candidate, candidates};
use crate::views::Named;

/// The tool.
pub struct ReminderList;

impl Tool for ReminderList {
    const NAME: &str = "invoicing_reminder_list";
    const TITLE: &str = "List due reminders";
    const ABOUT: &str =
        "Who should be reminded now, at which level, for which invoices, and who is skipped and why.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example {
        given: "company acme; contact ada company=acme email=ada@acme.example",
        args: r#"{"as_of": "2026-04-30"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let page = args.paging.page(cx, 1)?;
        let day = match args.as_of {
            Some(day) => day,
            None => today(cx)?,
        };
        let base = org::settings_of(cx)?.currency;
        let least = args.min_amount.map(|amount| amount.minor(base, "min_amount")).transpose()?;
        let all = candidates(cx, day, None, least)?;
        let total = page.count.then_some(all.len() as i64);
        let due = all.iter().filter(|one| one.level.is_some()).count();
        let after = match page.after.as_deref() {
            Some([Param::Text(id)]) => id.to_string(),
            _ => String::new(),
        };
        let rest: Vec<Candidate> =
            all.into_iter().filter(|one| one.company.id.0 > after).take(page.rows + 1).collect();
        let (rows, next_cursor) = page.cut(rest, |one| vec![Param::Text(one.company.id.0.clone().into())]);
        let customers = rows.into_iter().map(|one| shown(one, day, base)).collect();
        Ok(Output { day, due: due as i64, customers, currency: base, next_cursor, total })
    }
}

/// A customer as shown.
pub(crate) fn shown(one: Candidate, day: Day, base: Currency) -> CustomerView {
    let invoices = one
        .invoices
        .iter()
        .map(|reminded| LateView {
            number: reminded.invoice.number.clone(),
            due_date: reminded.invoice.due,
            days_late: reminded.invoice.due.days_until(day),
            balance: format_minor(reminded.invoice.balance, reminded.invoice.currency),
            currency: reminded.invoice.currency,
            level: reminded.level,
            skipped: reminded.why,
        })
        .collect();
    CustomerView {
        company: Named { id: one.company.id.0, name: one.company.name },
        level: one.level,
        to: one.recipient.map(|recipient| recipient.email),
        invoices,
        fee: (one.fee > 0).then(|| format_minor(one.fee, base)),
        skip_reason: one.skip,
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Default today.
    as_of: Option<Day>,
    /// Instead of the policy's minimum.
    min_amount: Option<Amount>,
    /// Paging.
    #[arg(flatten)]
    paging: Paging,
}

/// A late invoice.
#[derive(ToolOutput)]
pub struct LateView {
    /// Number.
    number: String,
    /// Last day to pay.
    due_date: Day,
    /// Days since.
    days_late: i64,
    /// What is left.
    balance: String,
    /// Currency.
    currency: Currency,
    /// Its level in the reminder.
    level: Option<i64>,
    /// Why it is left out.
    skipped: Option<&'static str>,
}

/// A customer with late invoices.
#[derive(ToolOutput)]
pub struct CustomerView {
    /// Customer.
    company: Named,
    /// Level of the reminder that is due.
    level: Option<i64>,
    /// Where it goes.
    to: Option<String>,
    /// Late invoices, by due date.
    invoices: Vec<LateView>,
    /// Fee, in the organisation's currency.
    fee: Option<String>,
    /// Why none is due.
    skip_reason: Option<&'static str>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The day looked at.
    day: Day,
    /// How many reminders are due.
    due: i64,
    /// Customers with late invoices.
    customers: Vec<CustomerView>,
    /// Currency of fees.
    currency: Currency,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// Customers in all.
    total: Option<i64>,
}
