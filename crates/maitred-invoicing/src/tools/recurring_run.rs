//! `invoicing_recurring_run`: the invoices that are due from recurring ones.

use maitred_core::prelude::*;
use maitred_kernel::wire::at_field;
use maitred_kernel::{Currency, Day, format_minor};
use maitred_party::org::today;

use crate::issuing::issue;
use crate::recurring::{Recurring, RecurringStatus};
use crate::repeating::draft_period;
use crate::store::recurring;

/// The tool.
pub struct RecurringRun;

impl Tool for RecurringRun {
    const NAME: &str = "invoicing_recurring_run";
    const TITLE: &str = "Run recurring invoices";
    const ABOUT: &str = "Create the invoices that are due from recurring templates: exactly one per template and \
                         period, however often it runs.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write { long: true, ..Write::PREVIEWED };
    const EXAMPLE: Example = Example {
        given: r#"company acme; invoicing_recurring_save {"company": "@acme", "name": "Rent", "lines": [{"description": "Rent", "qty": 1, "unit_price": 500}], "start": "2026-03-01"} as rent"#,
        args: r#"{"as_of": "2026-03-31"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let day = match args.as_of {
            Some(day) => day,
            None => today(cx)?,
        };
        let chosen = match &args.template {
            Some(text) => vec![recurring::resolve(cx, text, "template")?],
            None => recurring::due(cx, day)?,
        };
        let (mut created, mut skipped) = (Vec::new(), Vec::new());
        let total = chosen.len() as u64;
        for (done, one) in chosen.into_iter().enumerate() {
            cx.check_cancelled()?;
            cx.progress(done as u64, Some(total), &one.name);
            run(cx, one, day, args.catch_up.unwrap_or(false), &mut created, &mut skipped)?;
        }
        cx.progress(total, Some(total), "done");
        Ok(Output { created, skipped })
    }
}

fn run(
    db: &Writer<'_>,
    before: Recurring,
    day: Day,
    catch_up: bool,
    created: &mut Vec<Created>,
    skipped: &mut Vec<Skipped>,
) -> ToolResult<()> {
    let mut skip = |why: String| {
        skipped.push(Skipped { template: before.id.0.clone(), name: before.name.clone(), why });
    };
    if before.status != RecurringStatus::Active {
        skip(format!("is {}", before.status.as_str()));
        return Ok(());
    }
    let schedule = before.schedule();
    let mut days = Vec::new();
    let mut next = before.next_on;
    while next <= day && schedule.runs_on(next) {
        days.push(next);
        next = at_field(schedule.after(next), "as_of")?;
    }
    let mut after = before.clone();
    if days.len() > 1 && !catch_up {
        skip(format!("{} periods are due from {} on; bill them with catch_up", days.len(), days[0]));
        return Ok(());
    }
    if days.is_empty() && schedule.runs_on(before.next_on) {
        skip(format!("is next due on {}", before.next_on));
        return Ok(());
    }
    for day in days {
        let mut invoice = match draft_period(db, &before, day) {
            Ok(invoice) => invoice,
            // A price or customer that is missing is for people to mend; what others owe is billed all the same.
            Err(error) if after.next_on == before.next_on && error.code() != Code::Internal => {
                skip(error.message().to_owned());
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        after.next_on = at_field(schedule.after(day), "as_of")?;
        let mut not_issued = None;
        if before.auto_issue {
            match issue(db, &invoice, None) {
                Ok((issued, _)) => invoice = issued,
                Err(error) if error.code() == Code::Internal => return Err(error),
                // What is missing is for people to mend; the draft waits for them.
                Err(error) => not_issued = Some(error.message().to_owned()),
            }
        }
        let gross = format_minor(invoice.gross, invoice.currency);
        let label = invoice.number.clone().unwrap_or_else(|| "draft".to_owned());
        after.last_result = Some(match &not_issued {
            Some(why) => format!("{day}: {label}, {gross} {}, {why}", invoice.currency),
            None => format!("{day}: {label}, {gross} {}", invoice.currency),
        });
        created.push(Created {
            template: before.id.0.clone(),
            name: before.name.clone(),
            period: day,
            invoice: invoice.id.0,
            number: invoice.number,
            gross,
            currency: invoice.currency,
            not_issued,
        });
    }
    if !schedule.runs_on(after.next_on) {
        after.status = RecurringStatus::Ended;
    }
    db.update(&before, &mut after)?;
    Ok(())
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Default today.
    as_of: Option<Day>,
    /// Only this: id or name.
    #[arg(max = 200)]
    template: Option<String>,
    /// Bill missed periods too.
    catch_up: Option<bool>,
}

/// An invoice that was made.
#[derive(ToolOutput)]
pub struct Created {
    /// Id of the recurring invoice.
    template: String,
    /// What it is called.
    name: String,
    /// First day of the period.
    period: Day,
    /// Id of the invoice.
    invoice: String,
    /// Its number, where it was issued.
    number: Option<String>,
    /// With tax.
    gross: String,
    /// Currency.
    currency: Currency,
    /// Why it was not issued at once as it should have been.
    not_issued: Option<String>,
}

/// One of which no invoice was made.
#[derive(ToolOutput)]
pub struct Skipped {
    /// Id of the recurring invoice.
    template: String,
    /// What it is called.
    name: String,
    /// Why.
    why: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Invoices made.
    created: Vec<Created>,
    /// What was left out, and why.
    skipped: Vec<Skipped>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;
    use serde_json::{Value, json};

    fn fixture(start: &str) -> Fixture {
        let given = format!(
            r#"company acme; invoicing_recurring_save {{"company": "@acme", "name": "Rent", "lines": [{{"description": "Rent", "qty": 1, "unit_price": 500}}], "start": "{start}"}} as rent"#
        );
        Fixture::new(&[&crate::DOMAIN], &given)
    }

    fn run(fixture: &Fixture, args: &str) -> Value {
        fixture.call_confirmed("invoicing_recurring_run", args).json()
    }

    fn periods(answer: &Value) -> Vec<&str> {
        let created = answer["created"].as_array().map(Vec::as_slice).unwrap_or_default();
        created.iter().filter_map(|one| one["period"].as_str()).collect()
    }

    #[test]
    fn a_period_is_billed_once() {
        let fixture = fixture("2026-02-28");
        let first = run(&fixture, "{}");
        assert_eq!(periods(&first), ["2026-02-28"]);
        assert_eq!(first["created"][0]["gross"], "500.00");
        assert_eq!(run(&fixture, "{}"), json!({"created": [], "skipped": []}));
        let draft = fixture
            .call("invoicing_invoice_get", &format!(r#"{{"invoice": {}}}"#, first["created"][0]["invoice"]));
        assert_eq!(draft.json()["supply_from"], "2026-02-28");
        assert_eq!(draft.json()["supply_to"], "2026-03-27", "anchored on the 28th");
    }

    #[test]
    fn missed_periods_are_billed_one_by_one_when_asked_for() {
        let fixture = fixture("2025-12-31");
        let hesitant = run(&fixture, "{}");
        assert_eq!(periods(&hesitant), [""; 0]);
        assert_eq!(
            hesitant["skipped"][0]["why"],
            "3 periods are due from 2025-12-31 on; bill them with catch_up"
        );
        let all = run(&fixture, r#"{"catch_up": true}"#);
        assert_eq!(periods(&all), ["2025-12-31", "2026-01-31", "2026-02-28"]);
        assert_eq!(periods(&run(&fixture, r#"{"catch_up": true}"#)), [""; 0]);
    }

    #[test]
    fn what_cannot_be_issued_waits_as_a_draft() {
        let fixture = fixture("2026-03-01");
        fixture.call(
            "invoicing_recurring_save",
            r#"{"template": "Rent", "auto_issue": true, "end": "2026-04-01"}"#,
        );
        let made = run(&fixture, "{}");
        let why = made["created"][0]["not_issued"].as_str().unwrap_or_default();
        assert!(why.starts_with("it cannot be issued"), "{made}");
        assert_eq!(made["created"][0]["number"], Value::Null);
    }

    #[test]
    fn with_a_seller_it_is_issued_at_once() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "vat_id": "DE136695976"}; invoicing_recurring_save {"company": "@acme", "name": "Rent", "lines": [{"description": "Rent", "qty": 1, "unit_price": 500}], "start": "2026-03-01", "auto_issue": true} as rent"#,
        );
        let made = run(&fixture, "{}");
        assert_eq!(made["created"][0]["number"], "INV-2026-00001", "{made}");
        assert_eq!(made["created"][0]["gross"], "595.00");
    }

    #[test]
    fn it_ends_by_itself_and_one_that_cannot_be_priced_stops_nobody() {
        let fixture = fixture("2026-03-01");
        let save = |args: &str| fixture.call("invoicing_recurring_save", args).json();
        save(r#"{"template": "Rent", "end": "2026-03-15"}"#);
        assert_eq!(periods(&run(&fixture, "{}")), ["2026-03-01"]);
        let listed = fixture.call("invoicing_recurring_list", "{}").json();
        assert_eq!(listed["templates"][0]["status"], "ended");
        assert_eq!(listed["templates"][0]["last_result"], "2026-03-01: draft, 500.00 EUR");
    }
}
