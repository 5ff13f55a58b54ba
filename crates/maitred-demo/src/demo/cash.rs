//! What is billed and how it is paid: invoices, payments, the account and its weekly statements.

use maitred_core::error::{ToolError, ToolResult};
use maitred_kernel::round::share_of;
use maitred_kernel::{BasisPoints, Currency, Day, Stamp, parse_minor};
use serde_json::{Value, json};

use super::bank_file::{Account, Entry};
use super::dice::{Times, fault};
use super::oddities::Odd;
use super::season::{Act, Season};
use super::stage::{Part, text};
use super::trade::DAYS;

/// Days for which there are statements of the account.
const BANKED: i64 = 112;

/// An issued invoice.
#[derive(Clone, Debug)]
pub struct Bill {
    /// Number.
    pub number: String,
    /// Who pays, as a place in the customers.
    pub customer: usize,
    /// When issued.
    pub issued: Day,
    /// When due.
    pub due: Day,
    /// Minor units still to come.
    pub open: i64,
    /// Currency.
    pub currency: Currency,
    /// Whether somebody else tells how it goes on.
    pub spoken_for: bool,
}

/// Money.
pub struct Cash {
    /// Invoices so far.
    pub bills: Vec<Bill>,
    /// Lines that are on no statement yet.
    pub lines: Vec<Entry>,
    /// The account.
    pub account: Account,
    /// First day of the first statement.
    pub since: Day,
    /// Last day of the last statement that is imported.
    pub until: Day,
    /// Who keeps wine in the cellars: name of the recurring invoice, customer.
    pub keepers: Vec<(String, usize)>,
    payments: usize,
}

impl Cash {
    /// No money yet.
    pub fn new(times: &Times) -> ToolResult<Self> {
        // Statements are of whole weeks; the last one ended some days ago, the rest is for whoever looks at the demo.
        let recent = times.today.plus_days(-4).map_err(fault)?;
        let weekday = i64::from(recent.weekday().to_monday_zero_offset());
        let until = recent.plus_days(-((weekday + 1) % 7)).map_err(fault)?;
        let since = until.plus_days(1 - BANKED).map_err(fault)?;
        Ok(Self {
            bills: Vec::new(),
            lines: Vec::new(),
            account: Account { balance: 31_421_355, number: 40, line: 3_100 },
            since,
            until,
            keepers: Vec::new(),
            payments: 0,
        })
    }
}

/// Two percent of an amount.
fn discount(minor: i64) -> ToolResult<i64> {
    share_of(minor, BasisPoints::from_bp(200)).map_err(ToolError::internal)
}

impl Season<'_, '_> {
    /// What goes on without any order: statements, reminders, what the house spends, recurring invoices.
    pub fn plan_money(&mut self) -> ToolResult<()> {
        let mut week = self.cash.since;
        while week < self.cash.until {
            let to = week.plus_days(6).map_err(fault)?;
            let at = self.times.at(to.plus_days(1).map_err(fault)?, 7 * 60 + 30)?;
            self.at(at, Act::Statement { from: week, to, last: to >= self.cash.until });
            week = week.plus_days(7).map_err(fault)?;
        }
        for days in (0..DAYS - 60).step_by(14) {
            let day = self.times.today.plus_days(-days).map_err(fault)?;
            let at = self.times.at(self.times.workday(day)?, 11 * 60)?;
            self.at(at, Act::Remind);
        }
        let mut month = self.times.today.plus_days(-130).map_err(fault)?.first_of_month();
        let mut first = true;
        while month <= self.times.today {
            let at = self.times.at(month, 7 * 60)?;
            self.at(at, Act::Recur { first });
            first = false;
            for (days, cents, name, words) in [
                (4, -580_000, "SCI Quai des Tonneliers", "Rent of the month"),
                (19, -910_000, "Direction générale des finances publiques", "TVA"),
                (26, -2_645_000, "Maison Valbrune & Filles", "Salaries"),
                (27, -3_850, "Banque du Quai", "Account fee"),
            ] {
                let day = self.times.workday(month.plus_days(days).map_err(fault)?)?;
                let spread = self.dice.between(-2_000, 2_000) * i64::from(words == "TVA");
                let at = self.times.at(day, 9 * 60)?;
                self.at(
                    at,
                    Act::Spend(Entry {
                        day,
                        cents: cents + spread,
                        name: name.to_owned(),
                        iban: None,
                        text: format!("{words} {month}"),
                    }),
                );
            }
            month = month.plus_months(1).map_err(fault)?;
        }
        Odd::plan(self)
    }

    /// Invoices what was shipped of an order; what was shipped last may still be a draft.
    pub fn bill(&mut self, at: Stamp, order: &str, customer: usize) -> ToolResult<()> {
        let source = json!({"source": "order", "ref": order});
        let Some(made) = self.stage.ask(at, Part::Finance, "invoicing_invoice_generate", &source)? else {
            return Ok(());
        };
        if self.times.days_since(at) < 4 {
            return Ok(());
        }
        let draft = json!({"invoice": text(&made, "/id")});
        let Some(issued) = self.stage.ask(at, Part::Finance, "invoicing_invoice_issue", &draft)? else {
            return Ok(());
        };
        let bill = self.billed(at, customer, issued.get("invoice").unwrap_or(&Value::Null))?;
        let send = json!({"invoice": self.cash.bills[bill].number});
        self.stage.ask(at, Part::Finance, "invoicing_invoice_send", &send)?;
        if self.dice.chance(4) {
            let days = self.dice.between(3, 9);
            let then = self.after(at, days)?;
            self.at(then, Act::Return { order: order.to_owned(), bill });
        }
        Ok(())
    }

    /// Remembers an invoice and plans how it is paid.
    pub fn billed(&mut self, at: Stamp, customer: usize, invoice: &Value) -> ToolResult<usize> {
        let issued = at.day(&self.times.zone);
        let who = &self.market.customers[customer];
        let due = Day::parse(text(invoice, "/due_date")).or_else(|_| issued.plus_days(30)).map_err(fault)?;
        let open = parse_minor(text(invoice, "/gross"), who.currency).unwrap_or(0);
        let (currency, discount) = (who.currency, who.discount);
        let number = text(invoice, "/number").to_owned();
        self.cash.bills.push(Bill { number, customer, issued, due, open, currency, spoken_for: false });
        let term = issued.days_until(due);
        let days = match *self.dice.weighted(&[(60, 0), (24, 1), (8, 2), (5, 3), (3, 4)]) {
            _ if discount && self.dice.chance(75) => Some(self.dice.between(3, 7)),
            0 => Some(term - self.dice.between(0, 6)),
            1 => Some(term + self.dice.between(2, 16)),
            2 => Some(self.dice.between(4, term.max(5) - 1)),
            3 => Some(term + self.dice.between(22, 60)),
            _ => None,
        };
        let bill = self.cash.bills.len() - 1;
        if let Some(days) = days {
            // A working day that does not come after the one meant, or a discount would be late.
            let mut day = issued.plus_days(days.max(1)).map_err(fault)?;
            if self.times.workday(day)? != day {
                day = day.plus_days(-2).map_err(fault)?;
            }
            let minutes = self.dice.between(9 * 60, 16 * 60);
            let then = self.times.at(day.max(issued.plus_days(1).map_err(fault)?), minutes)?;
            self.at(then, Act::Pay { bill });
        }
        Ok(bill)
    }

    /// The customer pays, as they do.
    pub fn pay(&mut self, at: Stamp, bill: usize) -> ToolResult<()> {
        let known = self.cash.bills[bill].clone();
        if known.open <= 0 || known.spoken_for {
            return Ok(());
        }
        self.cash.payments += 1;
        let day = at.day(&self.times.zone);
        let in_time = known.issued.days_until(day) <= 8;
        let less =
            if self.market.customers[known.customer].discount && in_time { known.open / 50 } else { 0 };
        let amount = known.open - less;
        if known.currency.code() == "EUR" && day >= self.cash.since {
            let words = self.words(&[&known.number]);
            let entry = self.receipt(day, known.customer, amount, words);
            self.cash.lines.push(entry);
            self.cash.bills[bill].open = 0;
            return Ok(());
        }
        let method = *self.dice.weighted(&[(86, "bank_transfer"), (9, "card"), (5, "cheque")]);
        let mut payment = json!({
            "company": self.market.customers[known.customer].company,
            "amount": maitred_kernel::format_minor(amount, known.currency),
            "currency": known.currency.code(),
            "method": method,
            "reference": known.number,
            "allocations": [{"invoice": known.number}],
        });
        // Somebody now and then pays a part, or a few cents too little that are let go.
        let rest = match self.cash.payments {
            _ if less > 0 => 0,
            21 | 22 => amount / 2,
            34 | 35 => 80,
            _ => 0,
        };
        if less > 0 {
            payment["allocate"] = json!("none");
            if let Some(fields) = payment.as_object_mut() {
                fields.remove("allocations");
            }
        }
        if rest > 0 {
            payment["amount"] = json!(maitred_kernel::format_minor(amount - rest, known.currency));
        }
        let made = self.stage.ask(at, Part::Finance, "invoicing_payment_record", &payment)?;
        if let Some(made) = made.filter(|_| less > 0) {
            let take = json!({"payment": text(&made, "/id"), "take_discount": true,
                "allocations": [{"invoice": known.number}]});
            self.stage.ask(at, Part::Finance, "invoicing_payment_allocate", &take)?;
        }
        self.cash.bills[bill].open = rest;
        self.cash.bills[bill].spoken_for = rest > 0;
        if rest == 80 {
            let then = self.after(at, 40)?;
            self.at(then, Act::Odd(Odd::WriteOff { bill }));
        }
        Ok(())
    }

    fn words(&mut self, numbers: &[&str]) -> String {
        let numbers = numbers.join(" ");
        match *self.dice.weighted(&[(55, 0), (25, 1), (20, 2)]) {
            0 => format!("Facture {numbers}"),
            1 => numbers,
            _ => format!("Invoice {numbers} thank you"),
        }
    }

    /// Money from a customer as the bank shows it.
    pub fn receipt(&self, day: Day, customer: usize, cents: i64, text: String) -> Entry {
        let who = &self.market.customers[customer];
        Entry { day, cents, name: who.name.clone(), iban: Some(who.iban.clone()), text }
    }

    /// A bottle is taken off the invoice.
    pub fn credit(&mut self, at: Stamp, bill: usize) -> ToolResult<()> {
        let note = json!({"invoice": self.cash.bills[bill].number, "reason": "return",
            "lines": [{"line": 1, "qty": "1"}]});
        let credited = self.stage.ask(at, Part::Finance, "invoicing_credit_note_create", &note)?;
        self.left(bill, credited.as_ref());
        Ok(())
    }

    /// Takes over what an answer says is left to pay, unless it was paid on an account whose statement is to come.
    pub fn left(&mut self, bill: usize, answer: Option<&Value>) {
        let known = &mut self.cash.bills[bill];
        if let Some(answer) = answer
            && known.open > 0
        {
            known.open = parse_minor(text(answer, "/balance"), known.currency).unwrap_or(known.open);
        }
    }

    /// A supplier's delivery is to be paid in a month.
    pub fn owe(&mut self, at: Stamp, estate: usize, cents: i64, purchase: &str) -> ToolResult<()> {
        let then = self.after(at, 30)?;
        let day = then.day(&self.times.zone);
        let name = self.market.estates.get(&estate).map(|(_, name)| name.clone()).unwrap_or_default();
        let text = format!("Our order {purchase}");
        self.at(then, Act::Spend(Entry { day, cents: -cents, name, iban: None, text }));
        Ok(())
    }

    /// Takes the lines of some days off the pile, oldest first.
    pub fn lines_of(&mut self, from: Day, to: Day) -> Vec<Entry> {
        let (mut taken, kept): (Vec<Entry>, Vec<Entry>) =
            std::mem::take(&mut self.cash.lines).into_iter().partition(|line| line.day <= to);
        self.cash.lines = kept;
        taken.retain(|line| line.day >= from);
        taken.sort_by_key(|line| line.day);
        taken
    }

    /// The statement of a week is imported, and what is clear is matched: all of it but in the last one.
    pub fn statement(&mut self, at: Stamp, from: Day, to: Day, last: bool) -> ToolResult<()> {
        if last {
            self.puzzle(to)?;
        }
        let entries = self.lines_of(from, to);
        let content = self.cash.account.statement(from, to, &entries);
        let file = json!({"content": content});
        if self.stage.ask(at, Part::Finance, "invoicing_bank_import", &file)?.is_none() || last {
            return Ok(());
        }
        self.stage.ask(at, Part::Finance, "invoicing_match_apply", &json!({"auto": {}}))?;
        let open = json!({"status": "unmatched", "limit": 100});
        let found = self.stage.ask(at, Part::Finance, "invoicing_bank_line_search", &open)?;
        let found = found.unwrap_or_default();
        for line in found.get("lines").and_then(Value::as_array).into_iter().flatten() {
            let words = text(line, "/untrusted/text");
            let known: Vec<&str> = self
                .cash
                .bills
                .iter()
                .map(|bill| bill.number.as_str())
                .filter(|number| words.contains(number))
                .collect();
            if !known.is_empty() {
                let pair = json!({"matches": [{"line": text(line, "/id"), "invoices": known}]});
                self.stage.ask(at, Part::Finance, "invoicing_match_apply", &pair)?;
            }
        }
        Ok(())
    }

    /// Into the last week come receipts of which somebody has to think: one for two invoices, one short by the
    /// discount, one that says nothing, and a fee that no rule knows.
    fn puzzle(&mut self, to: Day) -> ToolResult<()> {
        let day = |back: i64| to.plus_days(-back).map_err(fault);
        // The latest first: who has not paid for a year does not do it now, and all at once.
        let open: Vec<usize> = (0..self.cash.bills.len())
            .rev()
            .filter(|place| {
                let bill = &self.cash.bills[*place];
                bill.open > 0 && !bill.spoken_for && bill.currency.code() == "EUR" && bill.issued < to
            })
            .collect();
        let pair = open.iter().enumerate().find_map(|(at, one)| {
            let same = |other: &&usize| self.cash.bills[**other].customer == self.cash.bills[*one].customer;
            open[at + 1..].iter().find(same).map(|other| (*one, *other))
        });
        let mut used = Vec::new();
        if let Some((one, other)) = pair {
            let (first, second) = (self.cash.bills[one].clone(), self.cash.bills[other].clone());
            let words = format!("Factures {} et {}", first.number, second.number);
            let entry = self.receipt(day(4)?, first.customer, first.open + second.open, words);
            self.cash.lines.push(entry);
            used.extend([one, other]);
        }
        if let Some(place) = self.prompt {
            let bill = self.cash.bills[place].clone();
            let words = format!("{} less 2 %", bill.number);
            let entry = self.receipt(day(3)?, bill.customer, bill.open - discount(bill.open)?, words);
            self.cash.lines.push(entry);
            used.push(place);
        }
        if let Some(place) = open.iter().copied().find(|place| !used.contains(place)) {
            let bill = self.cash.bills[place].clone();
            let mut entry = self.receipt(day(5)?, bill.customer, bill.open, "Règlement".to_owned());
            entry.iban = None;
            self.cash.lines.push(entry);
            used.push(place);
        }
        self.cash.lines.push(Entry {
            day: day(2)?,
            cents: -1_250,
            name: "Banque du Quai".to_owned(),
            iban: None,
            text: "Commission on a payment from abroad".to_owned(),
        });
        for place in used {
            self.cash.bills[place].open = 0;
        }
        Ok(())
    }

    /// Recurring invoices: two customers keep wine in the cellars.
    pub fn recur(&mut self, at: Stamp, first: bool) -> ToolResult<()> {
        if first {
            let keepers: Vec<usize> = (0..self.market.customers.len())
                .filter(|place| {
                    let who = &self.market.customers[*place];
                    who.currency.code() == "EUR" && who.since < at
                })
                .take(2)
                .collect();
            for (pallets, customer) in [3, 8].into_iter().zip(keepers) {
                let day = at.day(&self.times.zone);
                let plan = json!({
                    "company": self.market.customers[customer].company,
                    "name": format!("Cellar storage, {pallets} pallets"),
                    "lines": [{"product": "SRV-STORAGE", "qty": pallets.to_string()}],
                    "every": "month", "day": 1, "start": day.to_string(), "auto_issue": true,
                });
                self.stage.ask(at, Part::Finance, "invoicing_recurring_save", &plan)?;
                self.cash.keepers.push((format!("Cellar storage, {pallets} pallets"), customer));
            }
        }
        let Some(made) = self.stage.ask(at, Part::Finance, "invoicing_recurring_run", &json!({}))? else {
            return Ok(());
        };
        for invoice in made.get("created").and_then(Value::as_array).into_iter().flatten() {
            let name = text(invoice, "/name");
            let keeper = self.cash.keepers.iter().find(|(known, _)| known == name).map(|known| known.1);
            if let Some(customer) = keeper
                && !text(invoice, "/number").is_empty()
            {
                self.billed(at, customer, invoice)?;
            }
        }
        Ok(())
    }

    /// The days after the last statement, as a file to be imported; it holds what came since, and a fee.
    pub fn file(&mut self) -> ToolResult<(String, String)> {
        let from = self.cash.until.plus_days(1).map_err(fault)?;
        let to = self.times.today.plus_days(-1).map_err(fault)?;
        let mut entries = self.lines_of(from, to);
        // Business was slow: somebody who is late pays now.
        let late: Vec<usize> = (0..self.cash.bills.len())
            .filter(|place| {
                let bill = &self.cash.bills[*place];
                bill.open > 0 && !bill.spoken_for && bill.currency.code() == "EUR" && bill.issued < from
            })
            .take(5_usize.saturating_sub(entries.len()).max(1))
            .collect();
        for place in late {
            let bill = self.cash.bills[place].clone();
            let words = self.words(&[&bill.number]);
            entries.push(self.receipt(to, bill.customer, bill.open, words));
        }
        entries.push(Entry {
            day: to,
            cents: -900,
            name: "Banque du Quai".to_owned(),
            iban: None,
            text: "Account fee for statements".to_owned(),
        });
        Ok((format!("statement-{to}.xml"), self.cash.account.statement(from, to, &entries)))
    }
}
