//! `invoicing_cash_report`: what is expected to come in, week by week (F-INV-8).

use std::collections::BTreeMap;

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::round::share_of;
use maitred_kernel::{BasisPoints, BusinessCalendar, Currency, Day, Quantity, format_minor, round};
use maitred_party::commerce::Exposure;
use maitred_party::model::TaxClass;
use maitred_party::org::{settings_of, today};
use maitred_party::store::{calendars, companies};
use maitred_party::taxes::Taxation;

use crate::dunning::promise_stands;
use crate::model::Collection;
use crate::recurring::{Recurring, RecurringLine};
use crate::reporting::{Delay, delay, expected, in_base};
use crate::store::reports::{self, ToBePaid};
use crate::store::{profiles, rates, recurring};

/// Weeks shown where none are asked for.
const WEEKS: i64 = 8;
/// Months that delays are learnt from.
const MONTHS: i64 = 12;
/// Most periods of one recurring invoice in the span.
const PERIODS: usize = 60;

words! {
    /// How delays are taken.
    pub enum Scenario {
        /// As customers paid on average.
        Expected = "expected",
        /// One standard deviation later; nothing of what is disputed.
        Pessimistic = "pessimistic",
    }
}

/// The tool.
pub struct CashReport;

impl Tool for CashReport {
    const NAME: &str = "invoicing_cash_report";
    const TITLE: &str = "Expected receipts";
    const ABOUT: &str = "Expected receipts by week from open invoices, promises and recurring invoices, by how late \
                         each customer pays.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example {
        given: r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv;
                  invoicing_invoice_issue {"invoice": "@inv"}"#,
        args: r#"{"weeks": 4, "scenario": "pessimistic"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let weeks = args.weeks.map_or(WEEKS, i64::from);
        let scenario = args.scenario.unwrap_or(Scenario::Expected);
        let mut forecast = Forecast::new(cx, weeks, scenario == Scenario::Pessimistic)?;
        for invoice in reports::to_be_paid(cx)? {
            forecast.invoice(cx, &invoice)?;
        }
        for one in recurring::active(cx)? {
            forecast.recurring(cx, &one)?;
        }
        let others = cx.ports::<dyn Exposure>().len() > 1;
        Ok(forecast.shown(scenario, others))
    }
}

#[derive(Clone, Copy, Default)]
struct Week {
    invoices: i64,
    promised: i64,
    recurring: i64,
}

struct Forecast {
    base: Currency,
    today: Day,
    first: Day,
    calendar: BusinessCalendar,
    pessimistic: bool,
    own: BTreeMap<String, Delay>,
    all: Delay,
    weeks: Vec<Week>,
    later: i64,
    disputed: i64,
    unpriced: i64,
}

impl Forecast {
    fn new(db: &Reader<'_>, weeks: i64, pessimistic: bool) -> ToolResult<Self> {
        let (today, base) = (today(db)?, settings_of(db)?.currency);
        let since = today.plus_months(-MONTHS).map_err(ToolError::internal)?;
        let mut paid: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
        let mut all = Vec::new();
        for row in reports::paid_since(db, since)? {
            let weight = in_base(row.gross, row.currency, row.fx_rate, base)?;
            let one = (row.due.days_until(row.paid_on), weight);
            all.push(one);
            paid.entry(row.company_id).or_default().push(one);
        }
        let since_monday = i64::from(today.date().weekday().to_monday_zero_offset());
        Ok(Self {
            base,
            today,
            first: today.plus_days(-since_monday).map_err(ToolError::internal)?,
            calendar: calendars::working_time(db, None)?,
            pessimistic,
            own: paid.into_iter().map(|(company, paid)| (company, delay(&paid))).collect(),
            all: delay(&all),
            weeks: vec![Week::default(); usize::try_from(weeks).unwrap_or(1)],
            later: 0,
            disputed: 0,
            unpriced: 0,
        })
    }

    /// The working day on which money that is due on `due` is expected; never before today.
    fn day(&self, company: &str, due: Day) -> ToolResult<Day> {
        let own = self.own.get(company).copied().unwrap_or_default();
        let day = due.plus_days(expected(own, self.all, self.pessimistic)).map_err(ToolError::internal)?;
        self.calendar.working_day_from(day.max(self.today)).map_err(ToolError::internal)
    }

    fn put(&mut self, day: Day, amount: i64, kind: impl FnOnce(&mut Week) -> &mut i64) {
        let at = usize::try_from(self.first.days_until(day) / 7).ok();
        match at.and_then(|at| self.weeks.get_mut(at)) {
            Some(week) => *kind(week) += amount,
            None => self.later += amount,
        }
    }

    fn invoice(&mut self, _db: &Reader<'_>, invoice: &ToBePaid) -> ToolResult<()> {
        let amount = in_base(invoice.balance, invoice.currency, invoice.fx_rate, self.base)?;
        if invoice.collection == Collection::HandedOver
            || (self.pessimistic && invoice.collection == Collection::Disputed)
        {
            self.disputed += amount;
            return Ok(());
        }
        let usual = self.day(&invoice.company_id, invoice.due)?;
        let promised = invoice.promised.filter(|_| {
            invoice.collection == Collection::Promised && promise_stands(invoice.promised, self.today)
        });
        let Some(day) = promised else {
            self.put(usual, amount, |week| &mut week.invoices);
            return Ok(());
        };
        let day = self.calendar.working_day_from(day).map_err(ToolError::internal)?;
        let part = invoice.promised_amount.unwrap_or(invoice.balance).min(invoice.balance);
        let part = in_base(part, invoice.currency, invoice.fx_rate, self.base)?;
        self.put(day, part, |week| &mut week.promised);
        if amount > part {
            self.put(usual.max(day), amount - part, |week| &mut week.invoices);
        }
        Ok(())
    }

    fn recurring(&mut self, db: &Reader<'_>, one: &Recurring) -> ToolResult<()> {
        let Some(company) = companies::find(db, one.company_id.as_ref())? else { return Ok(()) };
        let (profile, _) = profiles::profile(db, &company)?;
        let lines = recurring::lines(db, &one.id)?;
        let horizon = self.first.plus_days(7 * self.weeks.len() as i64).map_err(ToolError::internal)?;
        let days = one.schedule().upcoming(one.next_on, PERIODS).map_err(ToolError::internal)?;
        for day in days.into_iter().take_while(|day| *day < horizon) {
            let mut taxation = Taxation::new(db, Some(&company), day)?;
            let Some(gross) = gross_of(db, one, &lines, &mut taxation)? else {
                self.unpriced += 1;
                return Ok(());
            };
            let rate = rates::to_base(db, one.currency, self.today)?;
            let amount = in_base(gross, one.currency, rate, self.base)?;
            let due = day.plus_days(profile.net_days).map_err(ToolError::internal)?;
            let paid = self.day(company.id.as_ref(), due)?;
            self.put(paid, amount, |week| &mut week.recurring);
        }
        Ok(())
    }

    fn shown(self, scenario: Scenario, others: bool) -> Output {
        let text = |minor: i64| format_minor(minor, self.base);
        let mut assumptions = vec![
            format!(
                "customers pay {} days after the due date on average, learnt from {} invoices of {MONTHS} months; \
                 a customer with at least 3 has an own average",
                self.all.mean, self.all.invoices
            ),
            "what is overdue counts from today on; a promise that stands replaces the average".to_owned(),
        ];
        if self.disputed != 0 {
            assumptions.push(format!("{} disputed or handed over is left out", text(self.disputed)));
        }
        if self.unpriced != 0 {
            assumptions.push(format!(
                "{} recurring invoices are left out, because their prices are looked up each time",
                self.unpriced
            ));
        }
        if others {
            assumptions.push("orders that are not invoiced yet are left out".to_owned());
        }
        let mut total = 0;
        let mut weeks = Vec::with_capacity(self.weeks.len());
        for (at, week) in self.weeks.iter().enumerate() {
            let sum = week.invoices + week.promised + week.recurring;
            total += sum;
            weeks.push(WeekView {
                // Within a few years of today.
                from: self.first.plus_days(7 * at as i64).unwrap_or(self.first),
                invoices: text(week.invoices),
                promised: text(week.promised),
                recurring: text(week.recurring),
                total: text(sum),
                running: text(total),
            });
        }
        Output {
            currency: self.base,
            scenario,
            total: text(total),
            later: text(self.later),
            weeks,
            assumptions,
            missing: if others { vec!["orders"] } else { vec![] },
        }
    }
}

/// What one period comes to with tax, where every line has a price of its own.
fn gross_of(
    db: &Reader<'_>,
    one: &Recurring,
    lines: &[RecurringLine],
    taxation: &mut Taxation,
) -> ToolResult<Option<i64>> {
    let mut groups: BTreeMap<(&str, BasisPoints), i64> = BTreeMap::new();
    for line in lines {
        let Some(price) = line.unit_price else { return Ok(None) };
        let net = round::line_net_per(line.quantity, price, Quantity::ONE, line.discount_bp, one.currency);
        let class = line.tax_class.unwrap_or(TaxClass::Standard);
        let taxed = taxation.of(db, class, line.service.unwrap_or(false))?;
        *groups.entry((taxed.category.as_str(), taxed.rate)).or_default() +=
            net.map_err(ToolError::internal)?;
    }
    let mut gross = 0;
    for ((_, rate), net) in groups {
        gross += net + share_of(net, rate).map_err(ToolError::internal)?;
    }
    Ok(Some(gross))
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Default 8.
    #[arg(min = 1, max = 52)]
    weeks: Option<u32>,
    /// Scenario.
    scenario: Option<Scenario>,
}

/// A week.
#[derive(ToolOutput)]
pub struct WeekView {
    /// Its Monday.
    from: Day,
    /// From open invoices.
    invoices: String,
    /// Promised.
    promised: String,
    /// From recurring invoices.
    recurring: String,
    /// All of it.
    total: String,
    /// All of it up to here.
    running: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The organisation's currency.
    currency: Currency,
    /// How delays are taken.
    scenario: Scenario,
    /// All weeks.
    total: String,
    /// What is expected after them.
    later: String,
    /// From this week on.
    weeks: Vec<WeekView>,
    /// What the figures stand on.
    assumptions: Vec<String>,
    /// What is not in them.
    missing: Vec<&'static str>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;
    use serde_json::{Value, json};

    const GIVEN: &str = r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
        invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 1, "unit_price": "100"}]} as a;
        invoicing_invoice_issue {"invoice": "@a"};
        invoicing_recurring_save {"company": "@acme", "name": "Rent", "lines": [{"description": "Rent", "qty": 1, "unit_price": 50}], "start": "2026-03-31"}"#;

    fn report(fixture: &Fixture, args: &str) -> Value {
        fixture.call("invoicing_cash_report", args).json()
    }

    #[test]
    fn due_dates_promises_and_what_recurs_fall_into_weeks() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let plain = report(&fixture, "{}");
        assert_eq!(plain["weeks"][0]["from"], "2026-03-02", "{plain}");
        assert_eq!(plain["weeks"][2]["invoices"], "119.00", "due on 16 March");
        assert_eq!(plain["weeks"][6]["recurring"], "59.50", "due on 14 April");
        assert_eq!(plain["total"], "178.50");
        fixture.call(
            "invoicing_collection_mark",
            r#"{"invoice": "@a", "mark": "promised", "date": "2026-03-28", "amount": "100"}"#,
        );
        let promised = report(&fixture, "{}");
        assert_eq!(promised["weeks"][4]["promised"], "100.00", "the 28th is a Saturday: {promised}");
        assert_eq!(promised["weeks"][4]["invoices"], "19.00", "the rest not before");
        fixture.call("invoicing_collection_mark", r#"{"invoice": "@a", "mark": "disputed", "reason": "no"}"#);
        assert_eq!(report(&fixture, r#"{"scenario": "pessimistic"}"#)["total"], "59.50");
        assert_eq!(report(&fixture, "{}")["total"], "178.50");
    }

    #[test]
    fn the_weeks_and_what_comes_later_are_everything() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let short = report(&fixture, r#"{"weeks": 1}"#);
        assert_eq!((&short["total"], &short["later"]), (&json!("0.00"), &json!("119.00")));
    }
}
