//! `invoicing_reminder_run`: send every reminder that is due.

use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Day, Price, Quantity, Stamp, format_minor};
use maitred_party::CompanyId;
use maitred_party::model::TaxClass;
use maitred_party::org::{self, today};
use maitred_party::outward::Mail;
use maitred_party::store::companies;

use crate::afterwards::{Reminder, ReminderId, ReminderInvoice};
use crate::drafting::Line;
use crate::drafts::{Ask, draft};
use crate::model::InvoiceId;
use crate::reminding::{Candidate, candidates, letter};
use crate::views::Named;

/// The tool.
pub struct ReminderRun;

impl Tool for ReminderRun {
    const NAME: &str = "invoicing_reminder_run";
    const TITLE: &str = "Send reminders";
    const ABOUT: &str = "Send all reminders that are due, one per customer. \
                         Dry-run gives the exact list and texts; see invoicing_reminder_list for who is skipped.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write { leaves_house: true, long: true, ..Write::PREVIEWED };
    const EXAMPLE: Example =
        Example { given: "company acme; contact ada company=acme email=ada@acme.example", args: "{}" };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let now = today(cx)?;
        let day = args.as_of.unwrap_or(now);
        if day > now {
            return Err(
                invalid("as_of", "must not be in the future").hint("look ahead with invoicing_reminder_list")
            );
        }
        let chosen = args
            .companies
            .map(|texts| {
                texts
                    .iter()
                    .enumerate()
                    .map(|(at, text)| Ok(companies::resolve(cx, text, &format!("companies[{at}]"))?.id))
                    .collect::<ToolResult<Vec<CompanyId>>>()
            })
            .transpose()?;
        let most = args.max.map_or(usize::MAX, |most| most as usize);
        let all = candidates(cx, day, chosen.as_deref(), None)?;
        let (mut sent, mut skipped) = (Vec::new(), Vec::new());
        let total = all.iter().filter(|one| one.level.is_some()).count().min(most) as u64;
        for one in all {
            cx.check_cancelled()?;
            match (one.level, one.skip) {
                (Some(level), _) if sent.len() < most => {
                    cx.progress(sent.len() as u64, Some(total), &one.company.name);
                    sent.push(send(cx, &one, level, day)?);
                }
                (Some(_), _) => skipped.push(left_out(one, "over_max")),
                (None, why) => skipped.push(left_out(one, why.unwrap_or("nothing_due"))),
            }
        }
        cx.progress(total, Some(total), "done");
        Ok(Output { sent, skipped })
    }
}

fn left_out(one: Candidate, reason: &'static str) -> Skipped {
    Skipped { company: Named { id: one.company.id.0, name: one.company.name }, reason }
}

fn send(db: &Writer<'_>, one: &Candidate, level: i64, day: Day) -> ToolResult<Sent> {
    let base = org::settings_of(db)?.currency;
    let Some(recipient) = &one.recipient else {
        return Err(invalid("companies", format!("{} has no address", one.company.name)));
    };
    let (subject, text) = letter(db, one, level, day)?;
    let fee_invoice = if one.fee > 0 { Some(fee(db, one, level, day)?) } else { None };
    let mut reminder = Reminder {
        id: ReminderId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        company_id: one.company.id.clone(),
        level,
        day,
        slot: one.slot(level, day),
        recipient: recipient.email.clone(),
        fee: one.fee,
        currency: base,
        fee_invoice_id: fee_invoice.clone(),
    };
    db.insert(&mut reminder)?;
    let mut invoices = Vec::new();
    for (invoice, own_level) in one.spoken_of() {
        db.insert(&mut ReminderInvoice {
            id: db.fresh_id(),
            version: 1,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            reminder_id: reminder.id.clone(),
            invoice_id: InvoiceId(invoice.id.clone()),
            level: own_level,
            day,
            balance: invoice.balance,
        })?;
        invoices.push(invoice.number.clone());
    }
    Mail {
        to: vec![recipient.email.clone()],
        subject: subject.clone(),
        text: text.clone(),
        entity: "reminder",
        entity_id: reminder.id.0.clone(),
        ..Mail::default()
    }
    .send(db)?;
    Ok(Sent {
        reminder: reminder.id.0,
        company: Named { id: one.company.id.0.clone(), name: one.company.name.clone() },
        level,
        to: recipient.email.clone(),
        invoices,
        fee: (one.fee > 0).then(|| format!("{} {base}", format_minor(one.fee, base))),
        fee_invoice: fee_invoice.map(|id| id.0),
        subject,
        text,
    })
}

/// The fee is asked for by a draft that somebody issues: damages, which are not taxed.
fn fee(db: &Writer<'_>, one: &Candidate, level: i64, day: Day) -> ToolResult<InvoiceId> {
    let base = org::settings_of(db)?.currency;
    let micros = i128::from(one.fee) * 1_000_000 / i128::from(base.minor_per_major());
    let price = maitred_kernel::round::narrow(micros).map_err(ToolError::internal)?;
    let line = Line {
        product: None,
        description: Some(format!("Fee for reminder {level} of {day}")),
        qty: Quantity::ONE,
        unit_price: Some(Price::from_micros(price)),
        discount: None::<BasisPoints>,
        tax_class: Some(TaxClass::Exempt),
        service: Some(true),
        unit: None,
    };
    let ask = Ask {
        company: &one.company,
        source: "fee",
        currency: base,
        supplied: Some((day, day)),
        day,
        includes_tax: None,
        po_reference: None,
        note: None,
    };
    Ok(draft(db, ask, &[line])?.invoice.id)
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Default today.
    as_of: Option<Day>,
    /// Only these.
    #[arg(min = 1, max = 100)]
    companies: Option<Vec<String>>,
    /// Most to send.
    #[arg(min = 1, max = 1000)]
    max: Option<u32>,
}

/// A reminder that goes out.
#[derive(ToolOutput)]
pub struct Sent {
    /// Id.
    reminder: String,
    /// Customer.
    company: Named,
    /// How insistent.
    level: i64,
    /// Where it goes.
    to: String,
    /// Numbers of the invoices.
    invoices: Vec<String>,
    /// Fee.
    fee: Option<String>,
    /// The draft that asks for it.
    fee_invoice: Option<String>,
    /// Subject.
    subject: String,
    /// The letter.
    text: String,
}

/// A customer who is not reminded.
#[derive(ToolOutput)]
pub struct Skipped {
    /// Customer.
    company: Named,
    /// Why.
    reason: &'static str,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// What goes out.
    sent: Vec<Sent>,
    /// Who is left out, and why.
    skipped: Vec<Skipped>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;
    use serde_json::{Value, json};

    /// An invoice of 100.00, due on 16 March, and a clock that is set on.
    const GIVEN: &str = r#"company acme; company oak; contact ada company=acme email=ada@acme.example; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "1", "iban": "DE89370400440532013000"}; tax DE standard S 0; invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Roof", "qty": 1, "unit_price": 100, "tax_class": "zero"}]} as roof; invoicing_invoice_issue {"invoice": "@roof"}"#;

    fn fixture(on: &str) -> Fixture {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        fixture.set_clock(on);
        fixture
    }

    fn run(fixture: &Fixture, args: &str) -> Value {
        fixture.call_confirmed("invoicing_reminder_run", args).json()
    }

    fn mails(fixture: &Fixture) -> usize {
        fixture.read(|db| Ok(crate::store::testing::outbox(db, "mail")?.len())).unwrap()
    }

    #[test]
    fn one_reminder_per_level_and_day_however_often_it_runs() {
        let fixture = fixture("2026-03-25T10:00:00Z");
        let shown = fixture.call("invoicing_reminder_run", r#"{"dry_run": true}"#).json();
        assert_eq!(shown["preview"]["sent"][0]["to"], "ada@acme.example", "{shown}");
        assert_eq!(mails(&fixture), 0);
        let sent = run(&fixture, "{}");
        assert_eq!(sent["sent"][0]["level"], 1);
        let text = sent["sent"][0]["text"].as_str().unwrap();
        assert!(text.contains("INV-2026-00001  due 2026-03-16 (9 days ago)  100.00 EUR"), "{text}");
        assert!(text.contains("DE89370400440532013000"), "{text}");
        assert_eq!(mails(&fixture), 1);
        let again = run(&fixture, r#"{"companies": ["@acme", "@oak"]}"#);
        assert_eq!((&again["sent"], &again["skipped"][0]["reason"]), (&json!([]), &json!("too_fresh")));
        assert_eq!(mails(&fixture), 1);
        fixture.set_clock("2026-04-06T10:00:00Z");
        assert_eq!(run(&fixture, "{}")["sent"][0]["level"], 2);
    }

    #[test]
    fn nobody_is_reminded_who_has_no_address_or_owes_too_little() {
        let fixture = fixture("2026-03-25T10:00:00Z");
        let listed = fixture.call("invoicing_reminder_list", r#"{"min_amount": "100.01"}"#).json();
        assert_eq!(listed["customers"][0]["skip_reason"], "below_minimum", "{listed}");
        assert_eq!(listed["due"], 0);
        let none = run(&fixture, r#"{"as_of": "2026-03-26"}"#);
        assert_eq!(none["error"]["field"], "as_of", "{none}");
        let other = Fixture::new(&[&crate::DOMAIN], &GIVEN.replace(" email=ada@acme.example", ""));
        other.set_clock("2026-03-25T10:00:00Z");
        assert_eq!(run(&other, "{}")["skipped"][0]["reason"], "no_address");
    }

    #[test]
    fn a_fee_is_a_draft_and_no_silent_charge() {
        let fixture = fixture("2026-03-25T10:00:00Z");
        let mut policy = crate::dunning::Dunning::default();
        policy.standard.levels[0].fee = Some("5".to_owned());
        let json = serde_json::to_string(&policy).unwrap();
        fixture
            .write(move |db| {
                use maitred_party::sources::SettingSource;
                crate::dunning::DunningSection.set(db, &json)
            })
            .unwrap();
        let sent = run(&fixture, "{}");
        assert_eq!(sent["sent"][0]["fee"], "5.00 EUR", "{sent}");
        let draft = format!(r#"{{"invoice": {}}}"#, sent["sent"][0]["fee_invoice"]);
        let draft = fixture.call("invoicing_invoice_get", &draft).json();
        assert_eq!((&draft["status"], &draft["gross"]), (&json!("draft"), &json!("5.00")), "{draft}");
        let roof = fixture.call("invoicing_invoice_get", r#"{"invoice": "@roof"}"#).json();
        assert_eq!(roof["balance"], "100.00");
    }
}
