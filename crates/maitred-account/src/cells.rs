//! Rows as cells of a spreadsheet: flattened, and unable to run as formulas.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// The members of a JSON object in the order written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members(pub Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ordered;
        impl<'de> Visitor<'de> for Ordered {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Ordered)
    }
}

/// The row as named cells. An object inside spreads one level (`company.name`), a list of plain values is joined with
/// `; `, anything deeper is its JSON text.
pub fn cells(row: &Members) -> Vec<(String, String)> {
    let mut out = Vec::with_capacity(row.0.len());
    for (name, value) in &row.0 {
        match value {
            Value::Null => {}
            Value::Object(inner) => {
                let known = inner.iter().filter(|(_, value)| !value.is_null());
                out.extend(known.map(|(key, value)| (format!("{name}.{key}"), cell(value))));
            }
            other => out.push((name.clone(), cell(other))),
        }
    }
    out
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => safe(text),
        Value::Array(items) if items.iter().all(|item| !item.is_array() && !item.is_object()) => {
            let words: Vec<String> = items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                .collect();
            safe(&words.join("; "))
        }
        other => other.to_string(),
    }
}

/// Text that no spreadsheet takes for a formula: a quote goes before a leading `=`, `+`, `-`, `@`, tab or return. A
/// plain negative number stays a number.
pub fn safe(text: &str) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if risky && !is_negative_number(text) { format!("'{text}") } else { text.to_owned() }
}

fn is_negative_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix('-').is_some_and(|rest| match rest.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(rest),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rows_spread_in_order() {
        let row: Members = serde_json::from_str(
            r#"{"z":1,"a":{"id":"c1","deep":{"x":[1]}},"tags":["b","c"],"lines":[{"n":1}],"gone":null,"ok":true}"#,
        )
        .unwrap();
        let named: Vec<String> =
            cells(&row).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            named,
            ["z=1", r#"a.deep={"x":[1]}"#, "a.id=c1", "tags=b; c", r#"lines=[{"n":1}]"#, "ok=true"]
        );
    }

    #[test]
    fn formulas_become_text_and_numbers_stay() {
        for (text, shown) in [
            ("=1+1", "'=1+1"),
            ("+49 30 1", "'+49 30 1"),
            ("-2+3", "'-2+3"),
            ("-", "'-"),
            ("-1.", "'-1."),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("-12.50", "-12.50"),
            ("-7", "-7"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(safe(text), shown);
        }
    }

    proptest! {
        #[test]
        fn nothing_that_begins_like_a_formula_is_more_than_a_number(text in "[=+\\-@\t\r]?\\PC{0,8}") {
            let shown = safe(&text);
            if shown.starts_with(['=', '+', '-', '@', '\t', '\r']) {
                prop_assert!(shown.parse::<f64>().is_ok(), "{shown:?}");
            }
            prop_assert!(shown == text || shown.strip_prefix('\'') == Some(text.as_str()));
        }
    }
}
