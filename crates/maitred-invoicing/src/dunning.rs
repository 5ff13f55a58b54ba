//! When somebody is reminded of what they owe, and how insistently (formula F-INV-6), and the settings section
//! `invoicing.dunning` that says so. The rules are pure.
//!
//! An invoice is reminded of once per level: a level that was sent is not sent again, and after the last one it is for
//! people to decide.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, parse_minor};
use maitred_party::org;
use maitred_party::sources::SettingSource;
use maitred_party::store::settings;
use serde::{Deserialize, Serialize};

use crate::model::{Collection, DunningPolicy};

/// The section's name.
pub const SECTION: &str = "invoicing.dunning";

/// A step of insistence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Days after the due date.
    pub days: i64,
    /// Fee in the organisation's currency, as a decimal; none unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<String>,
    /// What the letter is called.
    pub title: String,
    /// What it says above the list of invoices.
    pub text: String,
}

/// How a customer is reminded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// From the gentlest on.
    pub levels: Vec<Level>,
    /// Least days between two reminders of an invoice.
    pub gap: i64,
    /// Nobody is reminded of less, in the organisation's currency.
    pub minimum: String,
}

/// The section: a policy for everybody and one for those who are treated gently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dunning {
    /// For everybody.
    pub standard: Policy,
    /// For those who are treated gently.
    pub gentle: Policy,
}

fn level(days: i64, fee: Option<&str>, title: &str, text: &str) -> Level {
    Level { days, fee: fee.map(str::to_owned), title: title.to_owned(), text: text.to_owned() }
}

const FIRST: &str = "You may have overlooked the invoices below. Please pay them within a week; if you have paid \
                     already, this letter needs no answer.";
const SECOND: &str = "We have not received payment of the invoices below. Please pay them within a week.";
const LAST: &str = "Despite our reminders the invoices below are unpaid. Please pay them within a week; after that we \
                    will hand the matter over.";

impl Default for Dunning {
    fn default() -> Self {
        Self {
            standard: Policy {
                levels: vec![
                    level(7, None, "Payment reminder", FIRST),
                    level(21, None, "Second reminder", SECOND),
                    level(35, None, "Final reminder", LAST),
                ],
                gap: 7,
                minimum: "5".to_owned(),
            },
            gentle: Policy {
                levels: vec![
                    level(14, None, "Payment reminder", FIRST),
                    level(45, None, "Second reminder", SECOND),
                ],
                gap: 14,
                minimum: "5".to_owned(),
            },
        }
    }
}

/// The section in force.
///
/// # Errors
/// When what is stored cannot be read.
pub fn dunning_of(db: &Reader<'_>) -> ToolResult<Dunning> {
    match settings::get(db, SECTION)? {
        Some(setting) => serde_json::from_str(&setting.value).map_err(ToolError::internal),
        None => Ok(Dunning::default()),
    }
}

impl Dunning {
    /// The policy a customer agreed on; none for those who are never reminded by itself.
    pub fn policy(&self, word: DunningPolicy) -> Option<&Policy> {
        match word {
            DunningPolicy::Standard => Some(&self.standard),
            DunningPolicy::Gentle => Some(&self.gentle),
            DunningPolicy::Never => None,
        }
    }
}

impl Policy {
    /// The fee of a level in minor units; levels count from 1.
    pub fn fee(&self, level: i64, currency: Currency) -> i64 {
        let found = usize::try_from(level - 1).ok().and_then(|at| self.levels.get(at));
        found
            .and_then(|level| level.fee.as_deref())
            .and_then(|text| parse_minor(text, currency).ok())
            .unwrap_or(0)
    }

    /// The least sum in minor units.
    pub fn minimum(&self, currency: Currency) -> i64 {
        parse_minor(&self.minimum, currency).unwrap_or(0)
    }

    /// The step that a level stands for.
    pub fn level(&self, level: i64) -> Option<&Level> {
        usize::try_from(level - 1).ok().and_then(|at| self.levels.get(at))
    }

    /// The last level.
    pub fn last(&self) -> i64 {
        self.levels.len() as i64
    }
}

/// What the rules must know of an overdue invoice.
#[derive(Clone, Copy, Debug)]
pub struct Late {
    /// Last day to pay.
    pub due: Day,
    /// How collection stands.
    pub collection: Collection,
    /// Until when payment was promised.
    pub promised: Option<Day>,
    /// The highest level that was sent; 0 when none was.
    pub last_level: i64,
    /// When it was last reminded of.
    pub last_on: Option<Day>,
}

/// What becomes of an overdue invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is reminded of at this level.
    Remind(i64),
    /// It is not, and this is why.
    Skip(&'static str),
}

/// A promise that its day has passed unpaid is broken and holds nobody off.
pub fn promise_stands(promised: Option<Day>, day: Day) -> bool {
    promised.is_some_and(|until| until >= day)
}

/// What becomes of an overdue invoice on a day (F-INV-6).
pub fn verdict(policy: &Policy, late: &Late, day: Day) -> Verdict {
    match late.collection {
        Collection::Disputed => return Verdict::Skip("disputed"),
        Collection::HandedOver => return Verdict::Skip("handed_over"),
        Collection::Promised if promise_stands(late.promised, day) => return Verdict::Skip("promised"),
        Collection::None | Collection::Promised => {}
    }
    let days_late = late.due.days_until(day);
    let candidate = policy.levels.iter().take_while(|level| days_late >= level.days).count() as i64;
    if candidate == 0 {
        return Verdict::Skip("not_late_enough");
    }
    if late.last_level >= policy.last() {
        return Verdict::Skip("final_reminder_sent");
    }
    let next = candidate.min(late.last_level + 1);
    let fresh = late.last_on.is_some_and(|last| last.days_until(day) < policy.gap);
    if fresh || next <= late.last_level { Verdict::Skip("too_fresh") } else { Verdict::Remind(next) }
}

/// See the module.
pub struct DunningSection;

impl SettingSource for DunningSection {
    fn section(&self) -> &'static str {
        SECTION
    }

    fn about(&self) -> &'static str {
        "When customers are reminded: levels with days after the due date, fee, title and text; least days between \
         two reminders; the least sum."
    }

    fn schema(&self) -> &'static str {
        r#"{"type":"object","properties":{"standard":{"$ref":"policy"},"gentle":{"$ref":"policy"}},"required":["standard","gentle"],"additionalProperties":false,"$defs":{"policy":{"$id":"policy","type":"object","properties":{"levels":{"type":"array","minItems":1,"maxItems":9,"items":{"type":"object","properties":{"days":{"type":"integer","minimum":1,"maximum":365},"fee":{"type":"string"},"title":{"type":"string","minLength":1,"maxLength":100},"text":{"type":"string","minLength":1,"maxLength":2000}},"required":["days","title","text"],"additionalProperties":false}},"gap":{"type":"integer","minimum":1,"maximum":90},"minimum":{"type":"string"}},"required":["levels","gap","minimum"],"additionalProperties":false}}}"#
    }

    fn editors(&self) -> &'static [&'static str] {
        &["finance"]
    }

    fn get(&self, db: &Reader<'_>) -> ToolResult<String> {
        serde_json::to_string(&dunning_of(db)?).map_err(ToolError::internal)
    }

    fn set(&self, db: &Writer<'_>, value: &str) -> ToolResult<Vec<String>> {
        let given: Dunning = serde_json::from_str(value).map_err(|error| {
            let text = error.to_string();
            let short = text.split(" at line ").next().unwrap_or("malformed").to_owned();
            ToolError::new(Code::Invalid, format!("the value does not fit the section: {short}"))
        })?;
        let currency = org::settings_of(db)?.currency;
        for (name, policy) in [("standard", &given.standard), ("gentle", &given.gentle)] {
            check(policy, currency).map_err(|error| error.within(name))?;
        }
        if dunning_of(db)? == given {
            return Ok(vec![]);
        }
        settings::put(db, SECTION, &serde_json::to_string(&given).map_err(ToolError::internal)?)?;
        Ok(vec!["reminders from now on; levels that were sent stay as they are".to_owned()])
    }
}

fn check(policy: &Policy, currency: Currency) -> ToolResult<()> {
    let money = |text: &str, field: &str| match parse_minor(text, currency) {
        Ok(minor) if minor >= 0 => Ok(()),
        Ok(_) => Err(invalid(field, "must not be negative")),
        Err(fault) => Err(invalid(field, fault)),
    };
    if policy.levels.is_empty() || policy.levels.len() > 9 {
        return Err(invalid("levels", "must be 1 to 9"));
    }
    if !(1..=90).contains(&policy.gap) {
        return Err(invalid("gap", "must be from 1 to 90"));
    }
    money(&policy.minimum, "minimum")?;
    let mut before = 0;
    for (at, level) in policy.levels.iter().enumerate() {
        let field = |name: &str| format!("levels[{at}].{name}");
        if level.days <= before || level.days > 365 {
            return Err(invalid(
                &field("days"),
                "must be more than that of the level before, and at most 365",
            ));
        }
        before = level.days;
        if let Some(fee) = &level.fee {
            money(fee, &field("fee"))?;
        }
        for (name, text) in [("title", &level.title), ("text", &level.text)] {
            if text.trim().is_empty() || text.chars().count() > 2000 {
                return Err(invalid(&field(name), "must have 1 to 2000 characters"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn late(last_level: i64, last_on: Option<&str>) -> Late {
        Late {
            due: day("2026-01-31"),
            collection: Collection::None,
            promised: None,
            last_level,
            last_on: last_on.map(day),
        }
    }

    #[test]
    fn levels_rise_one_by_one_and_not_too_fast() {
        let policy = Dunning::default().standard;
        let said = |late: &Late, on: &str| verdict(&policy, late, day(on));
        assert_eq!(said(&late(0, None), "2026-02-06"), Verdict::Skip("not_late_enough"));
        assert_eq!(said(&late(0, None), "2026-02-07"), Verdict::Remind(1));
        assert_eq!(said(&late(0, None), "2026-06-01"), Verdict::Remind(1), "never at once the last");
        assert_eq!(said(&late(1, Some("2026-02-18")), "2026-02-24"), Verdict::Skip("too_fresh"));
        assert_eq!(said(&late(1, Some("2026-02-18")), "2026-02-25"), Verdict::Remind(2));
        assert_eq!(said(&late(1, Some("2026-02-07")), "2026-02-14"), Verdict::Skip("too_fresh"));
        assert_eq!(said(&late(3, Some("2026-03-10")), "2026-06-01"), Verdict::Skip("final_reminder_sent"));
    }

    #[test]
    fn disputes_and_promises_hold_it_off() {
        let policy = Dunning::default().standard;
        let marked = |collection, promised: Option<&str>, on: &str| {
            let late = Late { collection, promised: promised.map(day), ..late(0, None) };
            verdict(&policy, &late, day(on))
        };
        assert_eq!(marked(Collection::Disputed, None, "2026-03-01"), Verdict::Skip("disputed"));
        assert_eq!(marked(Collection::HandedOver, None, "2026-03-01"), Verdict::Skip("handed_over"));
        let until = Some("2026-03-01");
        assert_eq!(marked(Collection::Promised, until, "2026-03-01"), Verdict::Skip("promised"));
        assert_eq!(marked(Collection::Promised, until, "2026-03-02"), Verdict::Remind(1), "broken");
    }

    #[test]
    fn settings_are_checked() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let set = |change: fn(&mut Dunning)| {
            let mut value = Dunning::default();
            change(&mut value);
            let json = serde_json::to_string(&value).unwrap();
            fixture.write(move |db| DunningSection.set(db, &json)).map_err(|error| format!("{error:?}"))
        };
        assert!(set(|_| ()).unwrap().is_empty(), "that is what holds already");
        assert!(
            set(|value| value.standard.levels[1].days = 7).unwrap_err().contains("standard.levels[1].days")
        );
        assert!(
            set(|value| value.gentle.minimum = "1.001".to_owned()).unwrap_err().contains("gentle.minimum")
        );
        assert_eq!(set(|value| value.standard.levels[2].fee = Some("5".to_owned())).unwrap().len(), 1);
        let fee = fixture.read(|db| Ok(dunning_of(db)?.standard.fee(3, Currency::EUR))).unwrap();
        assert_eq!(fee, 500);
    }

    proptest! {
        /// However often and whenever it is looked: levels rise by one, keep the gap, and end.
        #[test]
        fn a_run_of_reminders_is_patient(steps in prop::collection::vec(1_i64..20, 1..60)) {
            let policy = Dunning::default().standard;
            let (mut state, mut on) = (late(0, None), day("2026-01-31"));
            for step in steps {
                on = on.plus_days(step).unwrap();
                if let Verdict::Remind(level) = verdict(&policy, &state, on) {
                    prop_assert_eq!(level, state.last_level + 1);
                    prop_assert!(level <= policy.last());
                    prop_assert!(state.last_on.is_none_or(|last| last.days_until(on) >= policy.gap));
                    (state.last_level, state.last_on) = (level, Some(on));
                    prop_assert!(verdict(&policy, &state, on) != Verdict::Remind(level), "twice on a day");
                }
            }
        }
    }
}
