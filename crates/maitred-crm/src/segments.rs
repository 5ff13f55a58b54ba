//! Segments: which fields a filter may speak of, what it may say about them, and how it reads in plain words.
//!
//! A filter is a list of conditions that must all hold: `{"all": [{"field", "op", "value"}]}`. It is checked when it is
//! saved and stored in one spelling, so that what is shown and what is evaluated come from the same text. How conditions
//! become SQL is the store's.

use maitred_core::args::{Arg, ArgFault, Limits, number_of, unfit, unquote};
use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::{Currency, Day, TimeFault, fold, format_minor, nearest, parse_minor};
use maitred_party::model::{CompanyKind, ConsentChannel, LinkRole};
use maitred_party::store::{companies, members, tags};
use maitred_party::{ContactStatus, org};

use crate::model::{
    AboutKind, DealStatus, DisqualifyReason, Forecast, LeadSource, LeadStatus, Lifecycle, LostReason,
};
pub use crate::store::segments::{narrow, size};

words! {
    /// What a condition says about a field.
    pub enum Op {
        /// The same.
        Eq = "eq",
        /// One of several.
        In = "in",
        /// Has this text in it.
        Contains = "contains",
        /// Earlier than this day.
        Before = "before",
        /// Later than this day.
        After = "after",
        /// This or more.
        AtLeast = "at_least",
        /// This or less.
        AtMost = "at_most",
        /// Known, or with `false` unknown.
        IsSet = "is_set",
    }
}

/// What values a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Folded text.
    Folded,
    /// Text in one spelling: upper-case codes.
    Code,
    /// Text as it was written.
    Text,
    /// A closed list.
    Words(&'static [&'static str]),
    /// Several words of a closed list at once.
    WordSet(&'static [&'static str]),
    /// A member.
    Member,
    /// A company.
    Company,
    /// Tags.
    Tag,
    /// A day.
    Day,
    /// A moment, spoken of by its day.
    Moment,
    /// A whole number.
    Number,
    /// An amount with its currency; compared with amounts in that currency only.
    Amount,
    /// Yes or no.
    Flag,
    /// A channel to which the newest consent is a grant.
    Granted,
}

impl Kind {
    /// What may be said about such a field.
    pub fn ops(self) -> &'static [Op] {
        match self {
            Self::Folded => &[Op::Eq, Op::In, Op::Contains, Op::IsSet],
            Self::Code | Self::Text | Self::Words(_) | Self::Member | Self::Company | Self::Tag => {
                &[Op::Eq, Op::In, Op::IsSet]
            }
            Self::WordSet(_) => &[Op::Eq, Op::In],
            Self::Day | Self::Moment => &[Op::Eq, Op::Before, Op::After, Op::AtLeast, Op::AtMost, Op::IsSet],
            Self::Number => &[Op::Eq, Op::In, Op::AtLeast, Op::AtMost],
            Self::Amount => &[Op::Eq, Op::AtLeast, Op::AtMost, Op::IsSet],
            Self::Flag | Self::Granted => &[Op::Eq],
        }
    }
}

/// A field that conditions may speak of.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in filters.
    pub name: &'static str,
    /// Its values.
    pub kind: Kind,
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind }
}

const COMPANY: &[Field] = &[
    field("name", Kind::Folded),
    field("domain", Kind::Folded),
    field("vat_id", Kind::Code),
    field("country", Kind::Code),
    field("currency", Kind::Code),
    field("language", Kind::Text),
    field("kind", Kind::WordSet(CompanyKind::WORDS)),
    field("lifecycle", Kind::Words(Lifecycle::WORDS)),
    field("source", Kind::Text),
    field("industry", Kind::Text),
    field("size_band", Kind::Text),
    field("city", Kind::Text),
    field("owner", Kind::Member),
    field("parent", Kind::Company),
    field("tag", Kind::Tag),
    field("created", Kind::Moment),
    field("last_contacted", Kind::Moment),
    field("next_step", Kind::Moment),
    field("open_deals", Kind::Number),
];

const CONTACT: &[Field] = &[
    field("name", Kind::Folded),
    field("email", Kind::Folded),
    field("phone", Kind::Text),
    field("title", Kind::Text),
    field("language", Kind::Text),
    field("status", Kind::Words(ContactStatus::WORDS)),
    field("company", Kind::Company),
    field("company_country", Kind::Code),
    field("role", Kind::Words(LinkRole::WORDS)),
    field("can_order", Kind::Flag),
    field("consent", Kind::Granted),
    field("tag", Kind::Tag),
    field("created", Kind::Moment),
    field("last_contacted", Kind::Moment),
];

const LEAD: &[Field] = &[
    field("email", Kind::Folded),
    field("phone", Kind::Text),
    field("company_name", Kind::Text),
    field("status", Kind::Words(LeadStatus::WORDS)),
    field("source", Kind::Words(LeadSource::WORDS)),
    field("disqualify_reason", Kind::Words(DisqualifyReason::WORDS)),
    field("score", Kind::Number),
    field("value", Kind::Amount),
    field("owner", Kind::Member),
    field("tag", Kind::Tag),
    field("created", Kind::Moment),
    field("last_touched", Kind::Moment),
];

const DEAL: &[Field] = &[
    field("status", Kind::Words(DealStatus::WORDS)),
    field("stage", Kind::Text),
    field("pipeline", Kind::Text),
    field("amount", Kind::Amount),
    field("currency", Kind::Code),
    field("forecast", Kind::Words(Forecast::WORDS)),
    field("owner", Kind::Member),
    field("company", Kind::Company),
    field("lost_reason", Kind::Words(LostReason::WORDS)),
    field("competitor", Kind::Text),
    field("pushed_count", Kind::Number),
    field("close_date", Kind::Day),
    field("next_step", Kind::Text),
    field("tag", Kind::Tag),
    field("created", Kind::Moment),
    field("closed", Kind::Moment),
    field("stage_entered", Kind::Moment),
];

/// The closed field list of an entity.
pub fn fields(entity: AboutKind) -> &'static [Field] {
    match entity {
        AboutKind::Company => COMPANY,
        AboutKind::Contact => CONTACT,
        AboutKind::Lead => LEAD,
        AboutKind::Deal => DEAL,
    }
}

/// One condition in its stored spelling: members and companies by id, tags folded, amounts with their currency, days as
/// `2026-03-01`, `today`, `today-90` or `today+14`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The field.
    pub field: Field,
    /// What is said.
    pub op: Op,
    /// About what; several for `in` only.
    pub values: Vec<String>,
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
impl Eq for Field {}

/// Conditions that must all hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(pub Vec<Condition>);

/// A condition as a caller writes it.
#[derive(ToolArgs)]
pub struct ConditionArg {
    /// Field.
    #[arg(min = 1, max = 40)]
    field: String,
    /// Op.
    op: Op,
    /// Such as today-90 or 5000 EUR.
    value: Option<Values>,
}

/// A filter as a caller writes it.
#[derive(ToolArgs)]
pub struct FilterArg {
    /// All must hold.
    #[arg(min = 1, max = 8)]
    all: Vec<ConditionArg>,
}

/// Values as callers send them: one or several, as text, number or truth value.
pub struct Values(Vec<String>);

/// Values of one condition at most; with the conditions of one filter they fit into one statement.
const MOST_VALUES: usize = 8;

impl Arg for Values {
    fn schema(_: Limits, out: &mut String) {
        out.push_str("\"type\":\"array\",\"items\":{\"type\":\"string\"}");
    }
    fn parse(json: &str, _: Limits) -> Result<Self, ArgFault> {
        let inner = unquote(json)?;
        let json = inner.as_deref().filter(|text| text.trim_start().starts_with('[')).unwrap_or(json);
        if !json.starts_with('[') {
            return Ok(Self(vec![value_text(json)?]));
        }
        let items: Vec<&serde_json::value::RawValue> = serde_json::from_str(json)
            .map_err(|_| unfit(Code::Invalid, "must be a value or a list of them"))?;
        if items.len() > MOST_VALUES {
            return Err(unfit(Code::LimitExceeded, format!("must have at most {MOST_VALUES} values")));
        }
        items.iter().map(|item| value_text(item.get())).collect::<Result<_, _>>().map(Self)
    }
}

fn value_text(json: &str) -> Result<String, ArgFault> {
    if matches!(json, "true" | "false") {
        return Ok(json.to_owned());
    }
    let text = match unquote(json)? {
        Some(text) => text.trim().to_owned(),
        None => number_of(json)?.into_owned(),
    };
    if text.is_empty() || text.chars().count() > 200 {
        return Err(unfit(Code::Invalid, "must have 1 to 200 characters"));
    }
    Ok(text)
}

/// Checks a filter and brings it into its stored spelling.
///
/// # Errors
/// `unknown_field` with the nearest field there is, `invalid`, and whatever a reference in a value answers.
pub fn check(db: &Reader<'_>, entity: AboutKind, filter: FilterArg) -> ToolResult<Filter> {
    let conditions = filter.all.into_iter().enumerate().map(|(index, condition)| {
        check_one(db, entity, condition).map_err(|fault| fault.within(&format!("filter.all[{index}]")))
    });
    conditions.collect::<ToolResult<_>>().map(Filter)
}

fn check_one(db: &Reader<'_>, entity: AboutKind, condition: ConditionArg) -> ToolResult<Condition> {
    let field = find(entity, &condition.field)?;
    let ops = field.kind.ops();
    if !ops.contains(&condition.op) {
        let known: Vec<&str> = ops.iter().map(|op| op.as_str()).collect();
        return Err(unfit(
            Code::Invalid,
            format!("`{}` takes {}, not `{}`", field.name, known.join(", "), condition.op),
        )
        .field("op"));
    }
    let mut values = condition.value.map(|values| values.0).unwrap_or_default();
    if condition.op == Op::IsSet && values.is_empty() {
        values.push("true".to_owned());
    }
    if values.is_empty() || (values.len() > 1 && condition.op != Op::In) {
        let wanted = if condition.op == Op::In { "at least one value" } else { "exactly one value" };
        return Err(unfit(Code::Invalid, format!("`{}` takes {wanted}", condition.op)).field("value"));
    }
    let values = values.into_iter().map(|value| spelled(db, *field, condition.op, &value));
    Ok(Condition { field: *field, op: condition.op, values: values.collect::<ToolResult<_>>()? })
}

fn find(entity: AboutKind, name: &str) -> ToolResult<&'static Field> {
    let wanted = name.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    if let Some(field) = fields(entity).iter().find(|field| field.name == wanted) {
        return Ok(field);
    }
    let known: Vec<&str> = fields(entity).iter().map(|field| field.name).collect();
    let near = nearest(&wanted, &known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Err(ToolError::new(
        Code::UnknownField,
        format!("a {entity} has no field `{}`{near}", maitred_core::error::shorten(name)),
    )
    .field("field")
    .hint(format!("fields of a {entity} are {}", known.join(", "))))
}

/// A value in its stored spelling.
fn spelled(db: &Reader<'_>, field: Field, op: Op, value: &str) -> ToolResult<String> {
    if op == Op::IsSet {
        return flag(value);
    }
    let words =
        |known: &'static [&'static str]| {
            let wanted = value.to_ascii_lowercase();
            known.iter().find(|word| **word == wanted).map(|word| (*word).to_owned()).ok_or_else(|| {
                wrong(format!("`{}` is one of {}, not `{value}`", field.name, known.join(", ")))
            })
        };
    match field.kind {
        Kind::Folded => Ok(fold(value)),
        Kind::Code => Ok(value.to_uppercase()),
        Kind::Text => Ok(value.to_owned()),
        Kind::Words(known) | Kind::WordSet(known) => words(known),
        Kind::Granted => words(ConsentChannel::WORDS),
        Kind::Member => Ok(members::resolve(db, value, "value")?.id.0),
        Kind::Company => Ok(companies::resolve(db, value, "value")?.id.0),
        Kind::Tag => Ok(tags::key_of(value)),
        Kind::Flag => flag(value),
        Kind::Number => value
            .parse::<i64>()
            .map(|number| number.to_string())
            .map_err(|_| wrong(format!("`{}` is a whole number, not `{value}`", field.name))),
        Kind::Day | Kind::Moment => {
            day(value, org::today(db)?).map_err(|fault| {
                wrong(format!("a day is written 2026-03-01, today, today-90 or today+14: {fault}"))
            })?;
            Ok(value.to_ascii_lowercase().replace(' ', ""))
        }
        Kind::Amount => {
            let base = org::settings_of(db)?.currency;
            let (minor, currency) = amount(value, base)
                .ok_or_else(|| wrong(format!("an amount is written 5000 or 5000.00 EUR, not `{value}`")))?;
            Ok(format!("{} {currency}", format_minor(minor, currency)))
        }
    }
}

fn wrong(what: String) -> ToolError {
    unfit(Code::Invalid, what).field("value")
}

fn flag(value: &str) -> ToolResult<String> {
    match value {
        "true" | "false" => Ok(value.to_owned()),
        _ => Err(wrong(format!("must be true or false, not `{value}`"))),
    }
}

/// The day a stored or written value means.
///
/// # Errors
/// When it is none, or lies outside the calendar.
pub fn day(value: &str, today: Day) -> Result<Day, TimeFault> {
    let text = value.to_ascii_lowercase().replace(' ', "");
    let Some(distance) = text.strip_prefix("today") else { return Day::parse(&text) };
    let days = match distance {
        "" => Some(0),
        distance if distance.starts_with(['-', '+']) => distance.parse::<i64>().ok(),
        _ => None,
    };
    today.plus_days(days.ok_or(TimeFault::NotADay { text })?)
}

/// The amount a value means: minor units and currency.
pub fn amount(value: &str, base: Currency) -> Option<(i64, Currency)> {
    let (digits, currency) = match value.trim().split_once(' ') {
        Some((digits, code)) => (digits, Currency::parse(code.trim()).ok()?),
        None => (value.trim(), base),
    };
    Some((parse_minor(digits, currency).ok()?, currency))
}

impl Filter {
    /// The stored text.
    pub fn json(&self) -> String {
        let all: Vec<serde_json::Value> = self
            .0
            .iter()
            .map(|condition| {
                serde_json::json!({
                    "field": condition.field.name, "op": condition.op.as_str(), "value": condition.values,
                })
            })
            .collect();
        serde_json::json!({ "all": all }).to_string()
    }

    /// Reads the stored text.
    ///
    /// # Errors
    /// An internal one when the text is not what [`Filter::json`] writes.
    pub fn stored(entity: AboutKind, json: &str) -> ToolResult<Self> {
        let defect = || {
            let what = format!("a stored filter cannot be read: {json}");
            ToolError::internal(maitred_store::StoreError::defect(what))
        };
        let stored: serde_json::Value = serde_json::from_str(json).map_err(|_| defect())?;
        let read = |condition: &serde_json::Value| {
            let name = condition["field"].as_str()?;
            let values = condition["value"].as_array()?.iter();
            Some(Condition {
                field: *fields(entity).iter().find(|field| field.name == name)?,
                op: Op::parse(condition["op"].as_str()?)?,
                values: values.map(|value| value.as_str().map(str::to_owned)).collect::<Option<_>>()?,
            })
        };
        let all = stored["all"].as_array().ok_or_else(defect)?;
        all.iter().map(|condition| read(condition).ok_or_else(defect)).collect::<ToolResult<_>>().map(Self)
    }

    /// The filter in plain words.
    pub fn plain(&self, db: &Reader<'_>) -> ToolResult<String> {
        let parts = self.0.iter().map(|condition| plain(db, condition));
        Ok(parts.collect::<ToolResult<Vec<_>>>()?.join(" and "))
    }

    /// True when a condition speaks of this field.
    pub fn names(&self, field: &str) -> bool {
        self.0.iter().any(|condition| condition.field.name == field)
    }
}

fn plain(db: &Reader<'_>, condition: &Condition) -> ToolResult<String> {
    let name = condition.field.name.replace('_', " ");
    let shown = condition.values.iter().map(|value| shown(db, condition.field.kind, value));
    let values = shown.collect::<ToolResult<Vec<_>>>()?.join(", ");
    let told_not = condition.values.first().is_some_and(|value| value == "false");
    Ok(match (condition.op, condition.field.kind) {
        (Op::IsSet, _) if told_not => format!("{name} is not known"),
        (Op::IsSet, _) => format!("{name} is known"),
        (Op::Eq, Kind::Flag) if told_not => format!("not {name}"),
        (Op::Eq, Kind::Flag) => name,
        (Op::Eq, Kind::Tag) => format!("tagged {values}"),
        (Op::In, Kind::Tag) => format!("tagged with one of {values}"),
        (Op::Eq, Kind::Granted) => format!("agreed to {values}"),
        (Op::Eq, Kind::Day | Kind::Moment) => format!("{name} on {values}"),
        (Op::AtLeast, Kind::Day | Kind::Moment) => format!("{name} on or after {values}"),
        (Op::AtMost, Kind::Day | Kind::Moment) => format!("{name} on or before {values}"),
        (Op::Eq, _) => format!("{name} is {values}"),
        (Op::In, _) => format!("{name} is one of {values}"),
        (Op::Contains, _) => format!("{name} contains {values}"),
        (Op::Before, _) => format!("{name} before {values}"),
        (Op::After, _) => format!("{name} after {values}"),
        (Op::AtLeast, _) => format!("{name} is at least {values}"),
        (Op::AtMost, _) => format!("{name} is at most {values}"),
    })
}

fn shown(db: &Reader<'_>, kind: Kind, value: &str) -> ToolResult<String> {
    Ok(match kind {
        Kind::Member => members::get(db, value)?.map_or_else(|| value.to_owned(), |member| member.name),
        Kind::Company => companies::find(db, value)?.map_or_else(|| value.to_owned(), |company| company.name),
        Kind::Day | Kind::Moment => match value.strip_prefix("today") {
            Some("") => "today".to_owned(),
            Some(distance) => match distance.split_at(1) {
                ("-", days) => format!("{days} days ago"),
                (_, days) => format!("in {days} days"),
            },
            None => value.to_owned(),
        },
        Kind::Folded | Kind::Text => format!("`{value}`"),
        _ => value.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_may_move_with_today() {
        let today = Day::parse("2026-03-02").unwrap();
        for (text, expected) in [
            ("today", "2026-03-02"),
            ("today-90", "2025-12-02"),
            ("Today + 14", "2026-03-16"),
            ("2026-01-31", "2026-01-31"),
        ] {
            assert_eq!(day(text, today).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "yesterday", "today90", "today-", "2026-02-30", "today-99999999"] {
            assert!(day(text, today).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_carry_their_currency() {
        assert_eq!(amount("5000", Currency::EUR), Some((500_000, Currency::EUR)));
        let yen = Currency::parse("JPY").unwrap();
        assert_eq!(amount("5000 JPY", Currency::EUR), Some((5_000, yen)));
        assert_eq!(amount("5000.50 JPY", Currency::EUR), None);
        assert_eq!(amount("much", Currency::EUR), None);
    }

    #[test]
    fn what_is_stored_is_read_back() {
        for entity in AboutKind::ALL.iter().copied() {
            let conditions: Vec<Condition> = fields(entity)
                .iter()
                .flat_map(|field| field.kind.ops().iter().map(move |op| (*field, *op)))
                .map(|(field, op)| Condition { field, op, values: vec!["a \"b\"".to_owned()] })
                .collect();
            let filter = Filter(conditions);
            assert_eq!(Filter::stored(entity, &filter.json()).unwrap(), filter);
        }
        assert!(
            Filter::stored(AboutKind::Lead, r#"{"all":[{"field":"gone","op":"eq","value":["x"]}]}"#).is_err()
        );
    }

    #[test]
    fn names_are_known_once() {
        for entity in AboutKind::ALL.iter().copied() {
            let mut names: Vec<&str> = fields(entity).iter().map(|field| field.name).collect();
            names.sort_unstable();
            let all = names.len();
            names.dedup();
            assert_eq!(names.len(), all, "{entity}");
        }
    }
}
