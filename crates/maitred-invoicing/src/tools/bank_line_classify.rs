//! `invoicing_bank_line_classify`: what a line is that is no customer's payment.

use maitred_core::prelude::*;
use maitred_core::words;

use crate::bank::classes::{ClassRule, Facts, Flow};
use crate::bank::model::{BankClass, BankLineStatus};
use crate::bank::settings;
use crate::bank::views::{self, LineView};
use crate::store::bank;

/// The tool.
pub struct BankLineClassify;

impl Tool for BankLineClassify {
    const NAME: &str = "invoicing_bank_line_classify";
    const TITLE: &str = "Classify bank line";
    const ABOUT: &str = "Mark a bank line that is no customer payment: fee, transfer, supplier, payroll, tax, owner, \
                         other; optionally remember a rule.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::IDEMPOTENT;
    const EXAMPLE: Example = Example {
        given: crate::tools::bank_import::IMPORTED,
        args: r#"{"line": "@fee", "class": "fee", "make_rule": true}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let line = bank::line(cx, &args.line, "line")?;
        if line.status == BankLineStatus::Matched {
            return Err(refused(Code::IllegalTransition, "the line is matched: a payment was made from it")
                .field("line")
                .hint("undo the payment with invoicing_payment_undo first"));
        }
        let class = args.class.class();
        let rule = match (args.make_rule, class) {
            (Some(true), Some(class)) => {
                let facts = Facts {
                    amount: line.amount_minor,
                    iban: line.counterparty_iban.as_deref(),
                    counterparty: line.counterparty_name.as_deref(),
                    text: &line.remittance,
                };
                Some(ClassRule::from_line(class, facts).ok_or_else(|| {
                    invalid("make_rule", "needs a line with a counterparty").hint(format!(
                        "write the rule with account_setting_update, section {}",
                        settings::SECTION
                    ))
                })?)
            }
            (Some(true), None) => return Err(invalid("make_rule", "needs a class to remember")),
            _ => None,
        };
        let status = if class.is_some() { BankLineStatus::Classified } else { BankLineStatus::Unmatched };
        let note = args.note.or_else(|| line.note.clone());
        let line = bank::set_status(cx, &line, status, class, note)?;
        let rule = rule.map(|rule| remember(cx, rule)).transpose()?;
        Ok(Output { line: views::summary(line), rule })
    }
}

fn remember(db: &Writer<'_>, rule: ClassRule) -> ToolResult<RuleView> {
    settings::add_rule(db, &rule)?;
    Ok(RuleView { class: rule.class, iban: rule.iban, counterparty: rule.counterparty, direction: rule.flow })
}

words! {
    /// What the line is.
    pub enum ClassArg {
        /// Charge of the bank.
        Fee = "fee",
        /// Between our own accounts.
        Transfer = "transfer",
        /// To or from a supplier.
        Supplier = "supplier",
        /// Wages.
        Payroll = "payroll",
        /// Taxes and duties.
        Tax = "tax",
        /// To or from an owner.
        Owner = "owner",
        /// Anything else.
        Other = "other",
        /// Unmatched again.
        None = "none",
    }
}

impl ClassArg {
    fn class(self) -> Option<BankClass> {
        match self {
            Self::Fee => Some(BankClass::Fee),
            Self::Transfer => Some(BankClass::Transfer),
            Self::Supplier => Some(BankClass::Supplier),
            Self::Payroll => Some(BankClass::Payroll),
            Self::Tax => Some(BankClass::Tax),
            Self::Owner => Some(BankClass::Owner),
            Self::Other => Some(BankClass::Other),
            Self::None => None,
        }
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id.
    #[arg(min = 1, max = 100)]
    line: String,
    /// none: unmatched again.
    class: ClassArg,
    /// Note.
    #[arg(max = 500)]
    note: Option<String>,
    /// Also classify this counterparty's lines at import.
    make_rule: Option<bool>,
}

/// A rule that was remembered.
#[derive(ToolOutput)]
pub struct RuleView {
    /// What lines become.
    class: BankClass,
    /// Account of the other side.
    iban: Option<String>,
    /// Name of the other side.
    counterparty: Option<String>,
    /// Which way the money goes.
    direction: Option<Flow>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The line.
    line: Selected<LineView>,
    /// The rule, which holds for lines imported from now on.
    rule: Option<RuleView>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    use crate::bank::testing::import;
    use crate::tools::bank_import::IMPORTED;

    #[test]
    fn a_remembered_rule_classifies_at_import_and_a_class_can_be_taken_back() {
        let fixture = Fixture::new(&[&crate::DOMAIN], IMPORTED);
        let args = r#"{"line": "@fee", "class": "fee", "make_rule": true}"#;
        let first = fixture.call("invoicing_bank_line_classify", args).json();
        assert_eq!(first["line"]["status"], "classified");
        assert_eq!(first["rule"]["counterparty"], "West Bank");
        // The same rule is not there twice.
        fixture.call("invoicing_bank_line_classify", args);
        let second = ":20:B\n:25:GB82WEST12345698765432\n:60F:C260302EUR412,\n:61:260401D3,NCHGNONREF\n\
                      :86:166?00CHARGE?20April?32WEST BANK\n:61:260401C3,NTRFNONREF\n:86:166?00X?32West Bank\n\
                      :62F:C260401EUR412,\n-\n";
        let report = import(&fixture, second);
        assert_eq!(report["classified"], 1);
        let shown = fixture.call("invoicing_bank_line_search", r#"{"class": "fee"}"#).json();
        assert_eq!(shown["lines"].as_array().map(Vec::len), Some(2));
        let back =
            fixture.call("invoicing_bank_line_classify", r#"{"line": "@fee", "class": "none"}"#).json();
        assert_eq!(back["line"]["status"], "unmatched");
        assert!(back["line"].get("class").is_none());
    }

    #[test]
    fn a_line_without_counterparty_makes_no_rule() {
        let fixture = Fixture::new(&[&crate::DOMAIN], IMPORTED);
        let args = r#"{"line": "@bare", "class": "other", "make_rule": true}"#;
        let fault = fixture.call("invoicing_bank_line_classify", args).json();
        assert_eq!(fault["error"]["field"], "make_rule");
        let shown = fixture.call("invoicing_bank_line_search", r#"{"status": "classified"}"#).json();
        assert_eq!(shown["lines"].as_array().map(Vec::len), Some(0));
    }
}
