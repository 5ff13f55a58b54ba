//! Whether a setting's value fits its section's JSON Schema: the few keywords that our own sections write.
//!
//! Not a general validator: a keyword that is not known here is a defect of the section, and [`unsupported`] finds it.

use maitred_core::error::{Code, ToolError, ToolResult, shorten};
use serde_json::Value;

/// Keywords understood.
const KNOWN: &[&str] = &[
    "type",
    "description",
    "enum",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
];
const TYPES: &[&str] = &["object", "array", "string", "integer", "boolean"];
/// Faults reported at once.
const SHOWN: usize = 10;

/// A fault and where it is: a path such as `value.tax_codes[2].rate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub path: String,
    /// The rest of the sentence: "must be text".
    pub why: String,
    code: Code,
}

/// Every fault of `value`, in the order of the schema and the value.
pub fn faults(schema: &Value, value: &Value, path: &str) -> Vec<Fault> {
    let mut found = Vec::new();
    check(schema, value, path, &mut found);
    found
}

/// Refuses a value that does not fit; the error names the first path at fault, and all of them beside it.
///
/// # Errors
/// `invalid`, `missing` or `unknown_field`.
pub fn fit(schema: &Value, value: &Value, path: &str) -> ToolResult<()> {
    let found = faults(schema, value, path);
    let Some(first) = found.first() else {
        return Ok(());
    };
    let error = ToolError::new(first.code, format!("`{}` {}", first.path, first.why))
        .field(first.path.clone())
        .hint("account_setting_get shows the section with its schema");
    if found.len() == 1 {
        return Err(error);
    }
    let all: Vec<Value> =
        found.iter().take(SHOWN).map(|fault| format!("{} {}", fault.path, fault.why).into()).collect();
    Err(error.with("faults", Value::from(all).to_string()))
}

/// What a schema says that is not understood here, with its place.
pub fn unsupported(schema: &Value) -> Vec<String> {
    fn walk(schema: &Value, at: &str, out: &mut Vec<String>) {
        let Some(members) = schema.as_object() else {
            out.push(format!("{at}: no object"));
            return;
        };
        out.extend(
            members.keys().filter(|key| !KNOWN.contains(&key.as_str())).map(|key| format!("{at}: `{key}`")),
        );
        if !members.get("type").and_then(Value::as_str).is_some_and(|kind| TYPES.contains(&kind)) {
            out.push(format!("{at}: no known type"));
        }
        for (name, inner) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
            walk(inner, &format!("{at}.{name}"), out);
        }
        if let Some(items) = members.get("items") {
            walk(items, &format!("{at}[]"), out);
        }
        if let Some(more) = members.get("additionalProperties").filter(|more| !more.is_boolean()) {
            walk(more, &format!("{at}.*"), out);
        }
    }
    let mut out = Vec::new();
    walk(schema, "", &mut out);
    out
}

fn check(schema: &Value, value: &Value, path: &str, found: &mut Vec<Fault>) {
    let mut say = |path: String, why: String, code: Code| found.push(Fault { path, why, code });
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
    let (fits, wanted) = match kind {
        "object" => (value.is_object(), "an object"),
        "array" => (value.is_array(), "a list"),
        "string" => (value.is_string(), "text"),
        "integer" => (value.is_i64() || value.is_u64(), "a whole number"),
        "boolean" => (value.is_boolean(), "true or false"),
        _ => (true, ""),
    };
    if !fits {
        say(path.to_owned(), format!("must be {wanted}"), Code::Invalid);
        return;
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array)
        && !words.contains(value)
    {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        say(path.to_owned(), format!("must be one of {}", words.join(", ")), Code::Invalid);
    }
    let bound = |name: &str| schema.get(name).and_then(Value::as_i64);
    let measured = match value {
        Value::String(text) => Some(("minLength", "maxLength", text.chars().count() as i64, " characters")),
        Value::Array(items) => Some(("minItems", "maxItems", items.len() as i64, " items")),
        Value::Number(number) => number.as_i64().map(|number| ("minimum", "maximum", number, "")),
        _ => None,
    };
    if let Some((least, most, measure, unit)) = measured {
        let verb = if unit.is_empty() { "be" } else { "have" };
        if let Some(least) = bound(least).filter(|least| measure < *least) {
            let why = match (least, unit) {
                (1, " characters" | " items") => "must not be empty".to_owned(),
                _ => format!("must {verb} at least {least}{unit}"),
            };
            say(path.to_owned(), why, Code::Invalid);
        }
        if let Some(most) = bound(most).filter(|most| measure > *most) {
            say(path.to_owned(), format!("must {verb} at most {most}{unit}"), Code::LimitExceeded);
        }
    }
    match value {
        Value::Object(_) => check_members(schema, value, path, found),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if let Some(schema) = schema.get("items") {
                    check(schema, item, &format!("{path}[{index}]"), found);
                }
            }
        }
        _ => {}
    }
}

fn check_members(schema: &Value, value: &Value, path: &str, found: &mut Vec<Fault>) {
    let (Some(members), empty) = (value.as_object(), serde_json::Map::new()) else { return };
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        if let Some(name) = name.as_str().filter(|name| !members.contains_key(*name)) {
            let path = format!("{path}.{name}");
            found.push(Fault { path, why: "is required".to_owned(), code: Code::Missing });
        }
    }
    for (name, member) in members {
        let path = format!("{path}.{}", shorten(name));
        match (properties.get(name), schema.get("additionalProperties")) {
            (Some(schema), _) => check(schema, member, &path, found),
            (None, Some(Value::Bool(false))) => {
                let known: Vec<&str> = properties.keys().map(String::as_str).collect();
                let why = format!("is unknown; known are {}", known.join(", "));
                found.push(Fault { path, why, code: Code::UnknownField });
            }
            (None, Some(schema)) if schema.is_object() => check(schema, member, &path, found),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn faults_say_where_they_are() {
        let schema = json!({
            "type": "object",
            "properties": {
                "rows": {"type": "array", "maxItems": 2, "items": {
                    "type": "object",
                    "properties": {"name": {"type": "string", "minLength": 2}, "kind": {"type": "string", "enum": ["a", "b"]},
                                   "share": {"type": "integer", "minimum": 0, "maximum": 100}},
                    "required": ["name"], "additionalProperties": false
                }},
                "extra": {"type": "object", "additionalProperties": {"type": "boolean"}}
            },
            "required": ["rows"], "additionalProperties": false
        });
        assert_eq!(unsupported(&schema), [""; 0]);
        let paths = |value: Value| -> Vec<String> {
            faults(&schema, &value, "value").into_iter().map(|f| format!("{} {}", f.path, f.why)).collect()
        };
        assert_eq!(
            paths(json!({"rows": [{"name": "ab", "kind": "a", "share": 100}], "extra": {"x": true}})),
            [""; 0]
        );
        assert_eq!(paths(json!([])), ["value must be an object"]);
        assert_eq!(paths(json!({})), ["value.rows is required"]);
        assert_eq!(
            paths(json!({"rows": [{"kind": "c", "share": 101}, {"name": "a", "colour": 1}, {"name": null}],
                         "extra": {"x": 1}, "more": 1})),
            [
                "value.extra.x must be true or false",
                "value.more is unknown; known are extra, rows",
                "value.rows must have at most 2 items",
                "value.rows[0].name is required",
                "value.rows[0].kind must be one of a, b",
                "value.rows[0].share must be at most 100",
                "value.rows[1].colour is unknown; known are kind, name, share",
                "value.rows[1].name must have at least 2 characters",
                "value.rows[2].name must be text",
            ]
        );
        let error = fit(&schema, &json!({"rows": 1}), "value").unwrap_err();
        assert_eq!(error.field_name(), Some("value.rows"));
    }

    #[test]
    fn keywords_that_nobody_checks_are_found() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "x"}, "b": {"type": "number"}}});
        assert_eq!(unsupported(&schema), [".a: `pattern`", ".b: no known type"]);
    }
}
