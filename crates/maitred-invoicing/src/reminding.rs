//! Who is reminded on a day, of what, and in which words.

use std::collections::{BTreeMap, BTreeSet};

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, Money, format_minor};
use maitred_party::store::companies;
use maitred_party::{Company, CompanyId, org};

use crate::dunning::{Dunning, Late, Policy, Verdict, dunning_of, verdict};
use crate::recipients::{self, Recipient};
use crate::seller::seller_of;
use crate::store::profiles;
use crate::store::reminders::{self, Overdue};

/// An invoice in a reminder, and its own level.
pub struct Reminded {
    /// The invoice.
    pub invoice: Overdue,
    /// The level it is reminded of at; none where it is left out.
    pub level: Option<i64>,
    /// Why it is left out.
    pub why: Option<&'static str>,
}

/// One customer with late invoices.
pub struct Candidate {
    /// The customer.
    pub company: Company,
    /// Level of the reminder; none where none is due.
    pub level: Option<i64>,
    /// Why none is.
    pub skip: Option<&'static str>,
    /// All of its late invoices, by due date.
    pub invoices: Vec<Reminded>,
    /// Who would receive it.
    pub recipient: Option<Recipient>,
    /// Fee in the organisation's currency.
    pub fee: i64,
    /// What the invoices come to that it would speak of, in the organisation's currency.
    pub base_total: i64,
}

impl Candidate {
    /// The invoices that the reminder speaks of, with their levels.
    pub fn spoken_of(&self) -> impl Iterator<Item = (&Overdue, i64)> {
        self.invoices.iter().filter_map(|one| one.level.map(|level| (&one.invoice, level)))
    }

    /// What names this reminder: nobody is sent the same twice on a day.
    pub fn slot(&self, level: i64, day: Day) -> String {
        format!("{} {level} {day}", self.company.id)
    }
}

/// Every customer with late invoices, and what is to be done about each.
pub fn candidates(
    db: &Reader<'_>,
    day: Day,
    chosen: Option<&[CompanyId]>,
    least: Option<i64>,
) -> ToolResult<Vec<Candidate>> {
    let dunning = dunning_of(db)?;
    let base = org::settings_of(db)?.currency;
    let mut by_company: BTreeMap<String, Vec<Overdue>> = BTreeMap::new();
    for late in reminders::overdue(db, day, chosen)? {
        by_company.entry(late.company_id.clone()).or_default().push(late);
    }
    let mut found = Vec::with_capacity(by_company.len());
    for (company, late) in by_company {
        let Some(company) = companies::find(db, &company)? else { continue };
        found.push(candidate(db, &dunning, company, late, (day, base, least))?);
    }
    Ok(found)
}

fn candidate(
    db: &Reader<'_>,
    dunning: &Dunning,
    company: Company,
    late: Vec<Overdue>,
    (day, base, least): (Day, Currency, Option<i64>),
) -> ToolResult<Candidate> {
    let (profile, _) = profiles::profile(db, &company)?;
    let policy = dunning.policy(profile.dunning_policy);
    let invoices: Vec<Reminded> = late.into_iter().map(|invoice| judged(policy, invoice, day)).collect();
    let recipient = recipients::of_company(db, &company.id)?;
    let level = invoices.iter().filter_map(|one| one.level).max();
    let mut base_total = 0_i64;
    for one in invoices.iter().filter(|one| one.level.is_some()) {
        let amount = Money::new(one.invoice.balance, one.invoice.currency);
        let amount = one.invoice.fx_rate.to_base(amount, base).map_err(ToolError::internal)?;
        base_total = base_total.saturating_add(amount.minor);
    }
    let minimum = least.unwrap_or_else(|| policy.map_or(0, |policy| policy.minimum(base)));
    let mut candidate = Candidate { company, level, skip: None, invoices, recipient, fee: 0, base_total };
    candidate.skip = match (policy, level) {
        (None, _) => Some("never_reminded"),
        (_, None) => candidate.invoices.iter().rev().find_map(|one| one.why),
        (Some(_), Some(_)) if base_total < minimum => Some("below_minimum"),
        (Some(_), Some(_)) if candidate.recipient.is_none() => Some("no_address"),
        (Some(_), Some(level)) if reminders::was_sent(db, &candidate.slot(level, day))? => Some("sent_today"),
        _ => None,
    };
    match (policy, level, candidate.skip) {
        (Some(policy), Some(level), None) => candidate.fee = policy.fee(level, base),
        _ => candidate.level = None,
    }
    Ok(candidate)
}

fn judged(policy: Option<&Policy>, invoice: Overdue, day: Day) -> Reminded {
    let late = Late {
        due: invoice.due,
        collection: invoice.collection,
        promised: invoice.promised,
        last_level: invoice.last_level,
        last_on: invoice.last_on,
    };
    match policy.map(|policy| verdict(policy, &late, day)) {
        Some(Verdict::Remind(level)) => Reminded { invoice, level: Some(level), why: None },
        Some(Verdict::Skip(why)) => Reminded { invoice, level: None, why: Some(why) },
        None => Reminded { invoice, level: None, why: Some("never_reminded") },
    }
}

/// The reminder's subject and words.
pub fn letter(db: &Reader<'_>, candidate: &Candidate, level: i64, day: Day) -> ToolResult<(String, String)> {
    let base = org::settings_of(db)?.currency;
    let dunning = dunning_of(db)?;
    let word = profiles::profile(db, &candidate.company)?.0.dunning_policy;
    let step = dunning.policy(word).and_then(|policy| policy.level(level));
    let (title, words) =
        step.map_or(("Payment reminder", ""), |step| (step.title.as_str(), step.text.as_str()));
    let seller = seller_of(db)?;
    let name = seller.as_ref().map_or("", |seller| seller.name.as_str());
    let subject = if name.is_empty() { title.to_owned() } else { format!("{title} - {name}") };
    let mut text = String::new();
    match candidate.recipient.as_ref().and_then(|recipient| recipient.name.as_deref()) {
        Some(person) => text.push_str(&format!("Dear {person},\n\n")),
        None => text.push_str("Dear Sir or Madam,\n\n"),
    }
    text.push_str(words);
    text.push_str("\n\n");
    let mut currencies: BTreeSet<String> = BTreeSet::new();
    for (invoice, _) in candidate.spoken_of() {
        currencies.insert(invoice.currency.code().to_owned());
        text.push_str(&format!(
            "{}  due {} ({} days ago)  {} {}\n",
            invoice.number,
            invoice.due,
            invoice.due.days_until(day),
            format_minor(invoice.balance, invoice.currency),
            invoice.currency
        ));
    }
    for code in &currencies {
        let of_it = candidate.spoken_of().filter(|(invoice, _)| invoice.currency.code() == code);
        let mut sum = 0_i64;
        let mut currency = base;
        for (invoice, _) in of_it {
            sum = sum.saturating_add(invoice.balance);
            currency = invoice.currency;
        }
        text.push_str(&format!("Total  {} {code}\n", format_minor(sum, currency)));
    }
    if candidate.fee > 0 {
        text.push_str(&format!(
            "\nFor this reminder we will invoice a fee of {} {base}.\n",
            format_minor(candidate.fee, base)
        ));
    }
    if let Some(iban) = seller.as_ref().and_then(|seller| seller.iban.as_deref()) {
        text.push_str(&format!("\nPlease pay to {iban} and quote the numbers of the invoices.\n"));
    }
    text.push_str("\nKind regards\n");
    text.push_str(name);
    Ok((subject, text.trim_end().to_owned()))
}
