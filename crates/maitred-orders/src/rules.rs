//! The settings section `orders.rules`: return window, minimum margin, validity of quotes.

use maitred_core::args::{Object, parse_object};
use maitred_core::prelude::*;
use maitred_kernel::BasisPoints;
use maitred_party::sources::SettingSource;
use maitred_party::store::settings;
use serde_json::{Value, json};

const SECTION: &str = "orders.rules";

/// Roles that may let an order exceed the credit limit, or a quote go below the minimum margin.
pub const APPROVERS: &[&str] = &["owner", "admin", "finance"];

/// Whether the caller may approve what exceeds a limit.
pub fn approves(db: &Reader<'_>) -> bool {
    db.teammate().is_some_and(|teammate| teammate.has_role(APPROVERS))
}

/// The rules in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Days after shipping in which goods may come back.
    pub return_days: i64,
    /// Least margin of a quote.
    pub minimum_margin: BasisPoints,
    /// Days that a quote is valid when nothing else is said.
    pub quote_days: i64,
}

impl Default for Rules {
    fn default() -> Self {
        Self { return_days: 30, minimum_margin: BasisPoints::default(), quote_days: 30 }
    }
}

#[derive(ToolArgs)]
struct Stored {
    /// Days.
    #[arg(min = 0, max = 3650)]
    return_days: Option<u32>,
    /// Percent.
    minimum_margin: Option<BasisPoints>,
    /// Days.
    #[arg(min = 1, max = 3650)]
    quote_days: Option<u32>,
}

fn parse(value: &str) -> ToolResult<Rules> {
    let stored: Stored = parse_object(Object::parse(value)?)?;
    let minimum_margin = stored.minimum_margin.unwrap_or_default();
    if !(0..10_000).contains(&minimum_margin.bp()) {
        return Err(invalid("minimum_margin", "must be from 0 to below 100"));
    }
    let usual = Rules::default();
    Ok(Rules {
        return_days: stored.return_days.map_or(usual.return_days, i64::from),
        minimum_margin,
        quote_days: stored.quote_days.map_or(usual.quote_days, i64::from),
    })
}

/// The rules in force, read once per call.
pub fn rules(db: &Reader<'_>) -> ToolResult<Rules> {
    let known = db.memo(|db| match settings::get(db, SECTION)? {
        Some(setting) => parse(&setting.value),
        None => Ok(Rules::default()),
    })?;
    Ok(*known)
}

fn shown(rules: &Rules) -> Value {
    json!({
        "return_days": rules.return_days,
        "minimum_margin": rules.minimum_margin.to_string(),
        "quote_days": rules.quote_days,
    })
}

/// The section.
pub struct RuleSection;

impl SettingSource for RuleSection {
    fn section(&self) -> &'static str {
        SECTION
    }
    fn about(&self) -> &'static str {
        "Rules of selling: days in which goods may come back, least margin of a quote in percent, days a quote is valid."
    }
    fn schema(&self) -> &'static str {
        r#"{"type":"object","properties":{"return_days":{"type":"integer","minimum":0,"maximum":3650},"minimum_margin":{"type":"string","description":"percent"},"quote_days":{"type":"integer","minimum":1,"maximum":3650}},"additionalProperties":false}"#
    }
    fn editors(&self) -> &'static [&'static str] {
        &["finance"]
    }
    fn get(&self, db: &Reader<'_>) -> ToolResult<String> {
        Ok(shown(&rules(db)?).to_string())
    }
    fn set(&self, db: &Writer<'_>, value: &str) -> ToolResult<Vec<String>> {
        let new = parse(value)?;
        let before = rules(db)?;
        settings::put(db, SECTION, &shown(&new).to_string())?;
        let mut touched = Vec::new();
        if new.return_days != before.return_days {
            touched.push(format!("goods may come back for {} days", new.return_days));
        }
        if new.minimum_margin != before.minimum_margin {
            touched.push(format!("quotes below {} % margin need an approver", new.minimum_margin));
        }
        if new.quote_days != before.quote_days {
            touched.push(format!("new quotes are valid for {} days", new.quote_days));
        }
        Ok(touched)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_checked() {
        assert_eq!(parse("{}").unwrap(), Rules::default());
        let set = parse(r#"{"return_days": 14, "minimum_margin": "12.5"}"#).unwrap();
        assert_eq!((set.return_days, set.minimum_margin.bp(), set.quote_days), (14, 1250, 30));
        assert_eq!(parse(r#"{"minimum_margin": "100"}"#).unwrap_err().field_name(), Some("minimum_margin"));
        assert_eq!(parse(r#"{"quote_days": 0}"#).unwrap_err().field_name(), Some("quote_days"));
    }
}
