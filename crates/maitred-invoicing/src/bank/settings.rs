//! The settings section `invoicing.bank`: our accounts, how to read CSV files, what lines are, and how small a
//! difference is let pass.

use std::collections::BTreeSet;

use maitred_bank::{Amounts, Column, Columns, Decimal, Profile, fold_text, is_iban, normal_account};
use maitred_core::args::{Object, parse_object};
use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::{Currency, Price, Stamp};
use maitred_party::sources::SettingSource;
use maitred_party::store::settings;
use serde_json::{Value, json};

use crate::bank::classes::{ClassRule, Flow};
use crate::bank::model::{BankAccount, BankAccountId, BankClass};
use crate::store::bank;

/// Name of the section.
pub const SECTION: &str = "invoicing.bank";

/// The section.
pub struct BankSection;

words! {
    /// Mark before the decimals.
    pub enum DecimalMark {
        /// 1,234.56
        Point = "point",
        /// 1.234,56
        Comma = "comma",
    }
}

words! {
    /// Character between values.
    pub enum Delimiter {
        /// ;
        Semicolon = "semicolon",
        /// ,
        Comma = "comma",
        /// Tab.
        Tab = "tab",
        /// |
        Pipe = "pipe",
    }
}

#[derive(ToolArgs)]
struct AccountArg {
    /// Name.
    #[arg(min = 1, max = 80)]
    name: String,
    /// IBAN, or the number as the bank's files state it.
    #[arg(min = 3, max = 40)]
    iban: String,
    /// BIC.
    #[arg(max = 11)]
    bic: Option<String>,
    /// Currency.
    currency: Currency,
}

#[derive(ToolArgs)]
struct ProfileArg {
    /// Name.
    #[arg(min = 1, max = 80)]
    name: String,
    /// Between values.
    delimiter: Delimiter,
    /// Before decimals.
    decimal: DecimalMark,
    /// Such as DD.MM.YYYY.
    #[arg(min = 6, max = 20)]
    date_format: String,
    /// Encoding.
    #[arg(max = 40)]
    encoding: Option<String>,
    /// Column of the booking day.
    #[arg(min = 1, max = 100)]
    booked_on: String,
    /// Column of the signed amount.
    #[arg(max = 100)]
    amount: Option<String>,
    /// Column of money out.
    #[arg(max = 100)]
    debit: Option<String>,
    /// Column of money in.
    #[arg(max = 100)]
    credit: Option<String>,
    /// Column that says which way an unsigned amount went.
    #[arg(max = 100)]
    mark: Option<String>,
    /// What it says of money in.
    #[arg(max = 40)]
    credit_mark: Option<String>,
    /// Column of the value day.
    #[arg(max = 100)]
    value_on: Option<String>,
    /// Column of the balance after the line.
    #[arg(max = 100)]
    balance: Option<String>,
    /// Column of the other side's name.
    #[arg(max = 100)]
    counterparty: Option<String>,
    /// Column of the other side's account.
    #[arg(max = 100)]
    iban: Option<String>,
    /// Columns of the text.
    #[arg(max = 10)]
    text: Option<Vec<String>>,
    /// Column of the bank's reference.
    #[arg(max = 100)]
    bank_ref: Option<String>,
    /// Column of the end-to-end id.
    #[arg(max = 100)]
    end_to_end_id: Option<String>,
    /// Column of the creditor reference.
    #[arg(max = 100)]
    creditor_ref: Option<String>,
    /// Column of the currency.
    #[arg(max = 100)]
    currency: Option<String>,
    /// Column of our account.
    #[arg(max = 100)]
    account: Option<String>,
}

#[derive(ToolArgs)]
struct RuleArg {
    /// What the line is.
    class: BankClass,
    /// Account of the other side.
    #[arg(max = 40)]
    iban: Option<String>,
    /// Name of the other side.
    #[arg(max = 140)]
    counterparty: Option<String>,
    /// Words in the text.
    #[arg(max = 140)]
    text: Option<String>,
    /// Which way.
    direction: Option<Flow>,
}

#[derive(ToolArgs)]
struct SectionArg {
    /// Accounts of ours.
    #[arg(max = 50)]
    accounts: Vec<AccountArg>,
    /// How to read CSV files.
    #[arg(max = 50)]
    csv_profiles: Vec<ProfileArg>,
    /// First that holds decides.
    #[arg(max = 500)]
    rules: Vec<RuleArg>,
    /// Small difference let pass, in major units of the line's currency.
    tolerance: Price,
}

/// The section but for the accounts, which have a table.
#[derive(ToolArgs)]
struct StoredArg {
    /// Profiles.
    csv_profiles: Vec<ProfileArg>,
    /// Rules.
    #[arg(max = 500)]
    rules: Vec<RuleArg>,
    /// Tolerance.
    tolerance: Price,
}

/// What the section says, ready for use.
pub struct BankSettings {
    stored: StoredArg,
}

impl BankSettings {
    /// As stored; without profiles, rules or tolerance where nobody set any.
    pub fn of(db: &Reader<'_>) -> ToolResult<Self> {
        let json = settings::get(db, SECTION)?.map(|setting| setting.value);
        let json = json.as_deref().unwrap_or(r#"{"csv_profiles":[],"rules":[],"tolerance":"0"}"#);
        Ok(Self { stored: parse_object(Object::parse(json)?)? })
    }

    /// The rules, in order.
    pub fn rules(&self) -> Vec<ClassRule> {
        self.stored.rules.iter().map(rule_of).collect()
    }

    /// The small difference that is let pass, minor units.
    pub fn tolerance(&self, currency: Currency) -> i64 {
        // Rounded down: never more than was meant.
        self.stored.tolerance.micros() / (1_000_000 / currency.minor_per_major())
    }

    /// The profile of a name.
    ///
    /// # Errors
    /// `not_found` with the names there are.
    pub fn profile(&self, name: &str, field: &str) -> ToolResult<Profile> {
        let wanted = fold_text(name);
        match self.stored.csv_profiles.iter().find(|profile| fold_text(&profile.name) == wanted) {
            Some(profile) => profile_of(profile, field),
            None => {
                let known: Vec<&str> = self.stored.csv_profiles.iter().map(|one| one.name.as_str()).collect();
                let hint = match known.as_slice() {
                    [] => format!("add it with account_setting_update, section {SECTION}"),
                    known => format!("known are {}; add one with account_setting_update", known.join(", ")),
                };
                Err(not_found("CSV profile", name).field(field).hint(hint))
            }
        }
    }
}

/// Adds a rule behind the others; `false` when it is there already.
pub fn add_rule(db: &Writer<'_>, rule: &ClassRule) -> ToolResult<bool> {
    let mut known = BankSettings::of(db)?;
    if known.rules().contains(rule) {
        return Ok(false);
    }
    known.stored.rules.push(RuleArg {
        class: rule.class,
        iban: rule.iban.clone(),
        counterparty: rule.counterparty.clone(),
        text: rule.text.clone(),
        direction: rule.flow,
    });
    settings::put(db, SECTION, &stored_json(&known.stored).to_string())?;
    Ok(true)
}

fn rule_of(arg: &RuleArg) -> ClassRule {
    ClassRule {
        class: arg.class,
        iban: arg.iban.as_deref().map(normal_account),
        counterparty: arg.counterparty.clone(),
        text: arg.text.clone(),
        flow: arg.direction,
    }
}

fn profile_of(arg: &ProfileArg, field: &str) -> ToolResult<Profile> {
    let column = |name: &Option<String>| name.as_deref().map(Column::parse);
    let amount = match (&arg.amount, &arg.debit, &arg.credit, &arg.mark) {
        (Some(amount), None, None, None) => Amounts::Signed(Column::parse(amount)),
        (None, Some(debit), Some(credit), None) => {
            Amounts::Split { debit: Column::parse(debit), credit: Column::parse(credit) }
        }
        (Some(amount), None, None, Some(mark)) => Amounts::Marked {
            amount: Column::parse(amount),
            mark: Column::parse(mark),
            credit: arg.credit_mark.clone(),
        },
        _ => return Err(invalid(field, "needs `amount`, or `amount` and `mark`, or `debit` and `credit`")),
    };
    let profile = Profile {
        delimiter: match arg.delimiter {
            Delimiter::Semicolon => b';',
            Delimiter::Comma => b',',
            Delimiter::Tab => b'\t',
            Delimiter::Pipe => b'|',
        },
        decimal: match arg.decimal {
            DecimalMark::Point => Decimal::Point,
            DecimalMark::Comma => Decimal::Comma,
        },
        date_format: arg.date_format.clone(),
        encoding: arg.encoding.clone(),
        columns: Columns {
            booked_on: Column::parse(&arg.booked_on),
            amount,
            value_on: column(&arg.value_on),
            balance: column(&arg.balance),
            name: column(&arg.counterparty),
            iban: column(&arg.iban),
            text: arg.text.iter().flatten().map(|name| Column::parse(name)).collect(),
            bank_ref: column(&arg.bank_ref),
            end_to_end_id: column(&arg.end_to_end_id),
            creditor_ref: column(&arg.creditor_ref),
            currency: column(&arg.currency),
            account: column(&arg.account),
        },
    };
    profile.check().map_err(|fault| invalid(field, format!("cannot be used: {fault}")))?;
    Ok(profile)
}

fn stored_json(stored: &StoredArg) -> Value {
    let profiles: Vec<Value> = stored.csv_profiles.iter().map(profile_json).collect();
    let rules: Vec<Value> = stored.rules.iter().map(rule_json).collect();
    json!({ "csv_profiles": profiles, "rules": rules, "tolerance": stored.tolerance.format(Currency::EUR) })
}

/// A JSON object without the members that are not set.
fn object(members: Vec<(&str, Option<Value>)>) -> Value {
    let members = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(members.collect())
}

fn rule_json(rule: &RuleArg) -> Value {
    object(vec![
        ("class", Some(rule.class.as_str().into())),
        ("iban", rule.iban.clone().map(Value::from)),
        ("counterparty", rule.counterparty.clone().map(Value::from)),
        ("text", rule.text.clone().map(Value::from)),
        ("direction", rule.direction.map(|flow| flow.as_str().into())),
    ])
}

fn profile_json(arg: &ProfileArg) -> Value {
    let text = |value: &Option<String>| value.clone().map(Value::from);
    object(vec![
        ("name", Some(arg.name.clone().into())),
        ("delimiter", Some(arg.delimiter.as_str().into())),
        ("decimal", Some(arg.decimal.as_str().into())),
        ("date_format", Some(arg.date_format.clone().into())),
        ("encoding", text(&arg.encoding)),
        ("booked_on", Some(arg.booked_on.clone().into())),
        ("amount", text(&arg.amount)),
        ("debit", text(&arg.debit)),
        ("credit", text(&arg.credit)),
        ("mark", text(&arg.mark)),
        ("credit_mark", text(&arg.credit_mark)),
        ("value_on", text(&arg.value_on)),
        ("balance", text(&arg.balance)),
        ("counterparty", text(&arg.counterparty)),
        ("iban", text(&arg.iban)),
        ("text", arg.text.clone().map(Value::from)),
        ("bank_ref", text(&arg.bank_ref)),
        ("end_to_end_id", text(&arg.end_to_end_id)),
        ("creditor_ref", text(&arg.creditor_ref)),
        ("currency", text(&arg.currency)),
        ("account", text(&arg.account)),
    ])
}

/// Makes the accounts of the section the accounts there are; answers what changed, in words.
fn set_accounts(db: &Writer<'_>, wanted: &[AccountArg]) -> ToolResult<Vec<String>> {
    let there = bank::accounts(db)?;
    let mut touched = Vec::new();
    let mut seen = (BTreeSet::new(), BTreeSet::new());
    for (index, arg) in wanted.iter().enumerate() {
        let field = |name: &str| format!("accounts[{index}].{name}");
        let iban = normal_account(&arg.iban);
        let looks_like_iban = iban.len() >= 15 && iban.bytes().take(2).all(|byte| byte.is_ascii_uppercase());
        if looks_like_iban && !is_iban(&iban) {
            return Err(invalid(&field("iban"), "has wrong check digits"));
        }
        if !seen.0.insert(fold_text(&arg.name)) {
            return Err(invalid(&field("name"), "is there twice"));
        }
        if !seen.1.insert(iban.clone()) {
            return Err(invalid(&field("iban"), "is there twice"));
        }
        let known = there.iter().find(|account| account.iban == iban);
        let mut account = BankAccount {
            id: known.map_or_else(|| BankAccountId(db.fresh_id()), |known| known.id.clone()),
            version: 1,
            created_at: known.map_or(Stamp::EPOCH, |known| known.created_at),
            updated_at: Stamp::EPOCH,
            name: arg.name.trim().to_owned(),
            iban,
            bic: arg.bic.as_deref().map(normal_account),
            currency: arg.currency,
        };
        match known {
            Some(known) if known.currency != account.currency && bank::has_statements(db, &known.id)? => {
                return Err(in_use(&field("currency"), &known.name));
            }
            Some(known) => {
                if db.update(known, &mut account)? {
                    touched.push(format!("the account `{}` changes", account.name));
                }
            }
            None => {
                db.insert(&mut account)?;
                touched.push(format!("the account `{}` is new", account.name));
            }
        }
    }
    for gone in there.iter().filter(|known| !seen.1.contains(&known.iban)) {
        if bank::has_statements(db, &gone.id)? {
            return Err(in_use("accounts", &gone.name));
        }
        db.delete(gone)?;
        touched.push(format!("the account `{}` goes", gone.name));
    }
    Ok(touched)
}

fn in_use(field: &str, name: &str) -> ToolError {
    refused(Code::OpenDependents, format!("the account `{name}` has statements: it stays, in its currency"))
        .field(field)
        .hint("keep it in `accounts` as account_setting_get shows it")
}

impl SettingSource for BankSection {
    fn section(&self) -> &'static str {
        SECTION
    }
    fn about(&self) -> &'static str {
        "Bank accounts, how to read their CSV files, rules that classify lines at import (the first that holds decides), \
         and the small difference that matching lets pass."
    }
    fn schema(&self) -> &'static str {
        include_str!("settings.schema.json")
    }
    fn editors(&self) -> &'static [&'static str] {
        &["finance"]
    }
    fn version(&self, db: &Reader<'_>) -> ToolResult<i64> {
        let stored = settings::get(db, SECTION)?.map_or(0, |setting| setting.version);
        Ok(stored + bank::accounts(db)?.iter().map(|account| account.version).sum::<i64>())
    }
    fn get(&self, db: &Reader<'_>) -> ToolResult<String> {
        let mut json = stored_json(&BankSettings::of(db)?.stored);
        let accounts = bank::accounts(db)?.into_iter().map(|account| {
            object(vec![
                ("name", Some(account.name.into())),
                ("iban", Some(account.iban.into())),
                ("bic", account.bic.map(Value::from)),
                ("currency", Some(account.currency.code().into())),
            ])
        });
        json["accounts"] = accounts.collect();
        Ok(json.to_string())
    }
    fn set(&self, db: &Writer<'_>, value: &str) -> ToolResult<Vec<String>> {
        let new: SectionArg = parse_object(Object::parse(value)?)?;
        let mut names = BTreeSet::new();
        for (index, arg) in new.csv_profiles.iter().enumerate() {
            let field = format!("csv_profiles[{index}]");
            profile_of(arg, &field)?;
            if !names.insert(fold_text(&arg.name)) {
                return Err(invalid(&format!("{field}.name"), "is there twice"));
            }
        }
        if let Some(index) = new.rules.iter().position(|arg| !rule_of(arg).has_condition()) {
            let why = "needs an `iban`, a `counterparty` or a `text`";
            return Err(invalid(&format!("rules[{index}]"), why));
        }
        let mut touched = set_accounts(db, &new.accounts)?;
        let stored = StoredArg { csv_profiles: new.csv_profiles, rules: new.rules, tolerance: new.tolerance };
        if stored.tolerance.micros() < 0 {
            return Err(invalid("tolerance", "must not be negative"));
        }
        let json = stored_json(&stored);
        if json != stored_json(&BankSettings::of(db)?.stored) {
            settings::put(db, SECTION, &json.to_string())?;
            touched
                .push("rules hold for lines imported from now on; stored lines stay as they are".to_owned());
        }
        Ok(touched)
    }
}
