//! `invoicing_recurring_save`: make, change, pause, resume or end a recurring invoice.

use maitred_core::args::Described;
use maitred_core::prelude::*;
use maitred_kernel::wire::at_field;
use maitred_kernel::{Day, Stamp};
use maitred_party::Company;
use maitred_party::org::today;

use crate::drafting::{Deal, Line, plain, priced};
use crate::model::InvoiceId;
use crate::recurring::{Every, Recurring, RecurringId, RecurringStatus};
use crate::repeating::{RecurringView, kept, view};
use crate::store::{profiles, recurring};
use crate::tools::invoice_create::buyer;

/// The tool.
pub struct RecurringSave;

impl Tool for RecurringSave {
    const NAME: &str = "invoicing_recurring_save";
    const TITLE: &str = "Save recurring invoice";
    const ABOUT: &str =
        "Create, change, pause, resume or end a recurring invoice. A change applies from the next period.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: "company acme kind=customer",
        args: r#"{"company": "@acme", "name": "Maintenance", "lines": [{"description": "Maintenance", "qty": 1, "unit_price": "120"}], "every": "quarter", "day": 31, "start": "2026-03-31"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        for (name, value, most) in [("count", args.count, 60), ("day", args.day, 31)] {
            if value.is_some_and(|value| !(1..=most).contains(&value)) {
                return Err(invalid(name, format!("must be from 1 to {most}")));
            }
        }
        let (before, company) = match &args.template {
            Some(text) => {
                let known = recurring::resolve(cx, text, "template")?;
                let company = buyer(cx, known.company_id.as_ref())?;
                (Some(known), company)
            }
            None => {
                let text = args.company.as_deref().ok_or_else(|| missing("company"))?;
                (None, buyer(cx, text)?)
            }
        };
        let mut after = match &before {
            Some(before) => changed(cx, before, &args)?,
            None => begun(cx, &company, &args)?,
        };
        if after.end_on.is_some_and(|end| end < after.start_on) {
            return Err(invalid("end", "must not be before the start"));
        }
        match &before {
            Some(before) => {
                cx.update(before, &mut after)?;
            }
            None => cx.insert(&mut after)?,
        }
        if let Some(asked) = &args.lines {
            let asked = &plain(asked);
            let invoice = InvoiceId(cx.fresh_id());
            let deal = Deal {
                invoice: &invoice,
                company: &company,
                currency: after.currency,
                day: after.next_on,
                includes_tax: None,
            };
            let made = priced(cx, &deal, asked)?;
            let mut lines = kept(cx, &after.id, asked, &made.lines);
            recurring::replace_lines(cx, &after.id, &mut lines)?;
        }
        Ok(Output { id: after.id.0.clone(), template: view(cx, after)? })
    }
}

fn begun(db: &Writer<'_>, company: &Company, args: &Args) -> ToolResult<Recurring> {
    let start = args.start.ok_or_else(|| missing("start"))?;
    if args.lines.as_ref().is_none_or(Vec::is_empty) {
        return Err(missing("lines"));
    }
    if args.status == Some(RecurringStatus::Ended) {
        return Err(invalid("status", "cannot be ended from the start"));
    }
    let mut one = Recurring {
        id: RecurringId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        company_id: company.id.clone(),
        name: args.name.clone().ok_or_else(|| missing("name"))?,
        status: args.status.unwrap_or(RecurringStatus::Active),
        every_unit: args.every.unwrap_or(Every::Month),
        every_count: args.count.map_or(1, i64::from),
        anchor_day: args.day.map_or_else(|| i64::from(start.date().day()), i64::from),
        start_on: start,
        next_on: start,
        end_on: args.end,
        auto_issue: args.auto_issue.unwrap_or(false),
        currency: profiles::profile(db, company)?.0.currency,
        po_reference: args.po_reference.clone(),
        note: None,
        last_result: None,
    };
    one.next_on = at_field(one.schedule().first(start), "start")?;
    Ok(one)
}

fn changed(db: &Writer<'_>, before: &Recurring, args: &Args) -> ToolResult<Recurring> {
    if before.status == RecurringStatus::Ended {
        return Err(refused(Code::IllegalTransition, format!("`{}` has ended", before.name))
            .field("template")
            .hint("save a new one with company, lines and start"));
    }
    if let Some(text) = &args.company
        && buyer(db, text)?.id != before.company_id
    {
        return Err(invalid("company", "cannot be changed").hint("end this one and save another"));
    }
    let mut after = before.clone();
    if let Some(name) = &args.name {
        after.name.clone_from(name);
    }
    after.every_unit = args.every.unwrap_or(before.every_unit);
    after.every_count = args.count.map_or(before.every_count, i64::from);
    after.anchor_day = args.day.map_or(before.anchor_day, i64::from);
    after.end_on = args.end.or(before.end_on);
    after.auto_issue = args.auto_issue.unwrap_or(before.auto_issue);
    after.po_reference = args.po_reference.clone().or_else(|| before.po_reference.clone());
    after.status = args.status.unwrap_or(before.status);
    if let Some(start) = args.start {
        if start < before.start_on {
            return Err(invalid("start", format!("must not be before `{}`", before.start_on)));
        }
        after.next_on = at_field(after.schedule().first(start), "start")?;
    } else if args.day.is_some() {
        after.next_on = at_field(after.schedule().first(before.next_on.first_of_month()), "day")?;
    }
    if (before.status, after.status) == (RecurringStatus::Paused, RecurringStatus::Active)
        && args.start.is_none()
    {
        // What fell into the pause was not supplied and is not billed.
        let today = today(db)?;
        while after.next_on < today {
            after.next_on = at_field(after.schedule().after(after.next_on), "status")?;
        }
    }
    while recurring::billed(db, &after.id, after.next_on)?.is_some() {
        after.next_on = at_field(after.schedule().after(after.next_on), "day")?;
    }
    Ok(after)
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// To change one.
    #[arg(max = 200)]
    template: Option<String>,
    /// Company.
    #[arg(max = 200)]
    company: Option<String>,
    /// Name.
    #[arg(min = 1, max = 200)]
    name: Option<String>,
    /// As in invoicing_invoice_create; replaces all.
    #[arg(min = 1, max = 100)]
    lines: Option<Vec<Described<Line>>>,
    /// Every.
    every: Option<Every>,
    /// Count.
    count: Option<u32>,
    /// 31: last.
    day: Option<u32>,
    /// First invoice.
    start: Option<Day>,
    /// End.
    end: Option<Day>,
    /// Auto issue.
    auto_issue: Option<bool>,
    /// Status.
    status: Option<RecurringStatus>,
    /// Po reference.
    #[arg(max = 100)]
    po_reference: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Id.
    id: String,
    /// As it stands.
    template: RecurringView,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    const RENT: &str = r#"company acme; invoicing_recurring_save {"company": "@acme", "name": "Rent", "lines": [{"description": "Rent", "qty": 1, "unit_price": 500}], "start": "2025-12-31"} as rent"#;

    #[test]
    fn the_31st_is_the_last_of_the_month() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "company acme");
        let made = fixture.call(
            "invoicing_recurring_save",
            r#"{"company": "@acme", "name": "X", "lines": [{"description": "X", "qty": 2, "unit_price": 10}], "start": "2026-01-31"}"#,
        );
        assert_eq!(
            made.json()["template"]["next_dates"],
            serde_json::json!(["2026-01-31", "2026-02-28", "2026-03-31"])
        );
    }

    #[test]
    fn a_pause_is_not_billed_and_an_end_is_final() {
        let fixture = Fixture::new(&[&crate::DOMAIN], RENT);
        let save = |args: &str| fixture.call("invoicing_recurring_save", args).json();
        assert_eq!(
            save(r#"{"template": "Rent", "status": "paused"}"#)["template"]["next_dates"],
            serde_json::json!([])
        );
        assert_eq!(
            save(r#"{"template": "@rent", "status": "active"}"#)["template"]["next_dates"][0],
            "2026-03-31",
            "the months of the pause are left out"
        );
        assert_eq!(save(r#"{"template": "@rent", "status": "ended"}"#)["template"]["status"], "ended");
        assert_eq!(
            save(r#"{"template": "@rent", "status": "active"}"#)["error"]["code"],
            "illegal_transition"
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "company acme");
        let fault = |args: &str| {
            let answer = fixture.call("invoicing_recurring_save", args).json();
            (answer["error"]["code"].to_string(), answer["error"]["field"].to_string())
        };
        let said = |code: &str, field: &str| (format!("\"{code}\""), format!("\"{field}\""));
        assert_eq!(fault(r#"{"name": "X"}"#), said("missing", "company"));
        assert_eq!(fault(r#"{"company": "@acme", "name": "X"}"#), said("missing", "start"));
        assert_eq!(
            fault(
                r#"{"company": "@acme", "name": "X", "start": "2026-04-01", "end": "2026-03-01", "lines": [{"description": "X", "qty": 1, "unit_price": 1}]}"#
            ),
            said("invalid", "end")
        );
        assert_eq!(fault(r#"{"template": "nothing"}"#), said("not_found", "template"));
    }
}
