//! Rules that say what a bank line is: tried in their order when a line is imported, the first that holds decides.

use maitred_bank::{fold_text, normal_account};
use maitred_core::words;

use crate::bank::model::BankClass;

words! {
    /// Which way the money went.
    pub enum Flow {
        /// Money in.
        In = "in",
        /// Money out.
        Out = "out",
    }
}

/// A rule; every condition that is given must hold, and at least one is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassRule {
    /// What the line is.
    pub class: BankClass,
    /// Account of the other side.
    pub iban: Option<String>,
    /// Name of the other side, as a whole.
    pub counterparty: Option<String>,
    /// Words in a row in the remittance text.
    pub text: Option<String>,
    /// Which way the money went.
    pub flow: Option<Flow>,
}

/// What rules look at.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Signed minor units.
    pub amount: i64,
    /// Account of the other side.
    pub iban: Option<&'a str>,
    /// Name of the other side.
    pub counterparty: Option<&'a str>,
    /// Remittance text.
    pub text: &'a str,
}

impl ClassRule {
    /// Whether it says anything about who or what; a direction alone would take every line.
    pub fn has_condition(&self) -> bool {
        let says = |value: &Option<String>| value.as_deref().is_some_and(|text| !fold_text(text).is_empty());
        says(&self.iban) || says(&self.counterparty) || says(&self.text)
    }

    /// Whether it holds of a line.
    pub fn holds(&self, facts: Facts<'_>) -> bool {
        let flow = match self.flow {
            None => true,
            Some(Flow::In) => facts.amount > 0,
            Some(Flow::Out) => facts.amount < 0,
        };
        let iban = self
            .iban
            .as_deref()
            .is_none_or(|iban| facts.iban.is_some_and(|known| normal_account(known) == normal_account(iban)));
        let name = self
            .counterparty
            .as_deref()
            .is_none_or(|name| facts.counterparty.is_some_and(|known| fold_text(known) == fold_text(name)));
        let text = self.text.as_deref().is_none_or(|text| {
            // Whole words: `tax` is not in `syntax`.
            format!(" {} ", fold_text(facts.text)).contains(&format!(" {} ", fold_text(text)))
        });
        self.has_condition() && flow && iban && name && text
    }

    /// The rule that would have classified this line: by account where there is one, else by name.
    pub fn from_line(class: BankClass, facts: Facts<'_>) -> Option<Self> {
        let iban = facts.iban.map(normal_account).filter(|iban| !iban.is_empty());
        let counterparty = facts.counterparty.map(str::to_owned).filter(|_| iban.is_none());
        let flow = Some(if facts.amount < 0 { Flow::Out } else { Flow::In });
        let rule = Self { class, iban, counterparty, text: None, flow };
        rule.has_condition().then_some(rule)
    }
}

/// What the first rule that holds says.
pub fn classify(rules: &[ClassRule], facts: Facts<'_>) -> Option<BankClass> {
    rules.iter().find(|rule| rule.holds(facts)).map(|rule| rule.class)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(class: BankClass, text: Option<&str>, flow: Option<Flow>) -> ClassRule {
        ClassRule { class, iban: None, counterparty: None, text: text.map(str::to_owned), flow }
    }

    const FEE: Facts<'_> =
        Facts { amount: -250, iban: None, counterparty: Some("Muster Bank AG"), text: "Quarterly FÉE 2026" };

    #[test]
    fn the_first_rule_that_holds_decides() {
        let rules = [
            rule(BankClass::Tax, Some("fee"), Some(Flow::In)),
            rule(BankClass::Fee, Some("quarterly fee"), None),
            rule(BankClass::Other, Some("fee"), None),
        ];
        assert_eq!(classify(&rules, FEE), Some(BankClass::Fee));
        assert_eq!(classify(&rules, Facts { text: "coffee", ..FEE }), None);
        assert_eq!(classify(&rules, Facts { amount: 1, ..FEE }), Some(BankClass::Tax));
    }

    #[test]
    fn a_rule_made_from_a_line_holds_of_it_and_not_of_the_other_direction() {
        for facts in [FEE, Facts { iban: Some("gb82 west 1234 5698 7654 32"), ..FEE }] {
            let made = ClassRule::from_line(BankClass::Fee, facts).unwrap();
            assert!(made.holds(facts));
            assert!(!made.holds(Facts { amount: 250, ..facts }));
        }
        assert_eq!(ClassRule::from_line(BankClass::Fee, Facts { counterparty: None, ..FEE }), None);
    }

    #[test]
    fn a_direction_alone_is_no_rule() {
        assert!(!rule(BankClass::Fee, Some(" - "), Some(Flow::Out)).has_condition());
        assert_eq!(classify(&[rule(BankClass::Fee, None, Some(Flow::Out))], FEE), None);
    }
}
