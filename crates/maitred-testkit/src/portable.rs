//! Whether an input schema is in the subset that every client and every model accepts.

use serde_json::Value;

const BANNED: &[&str] = &[
    "anyOf",
    "oneOf",
    "allOf",
    "not",
    "if",
    "then",
    "else",
    "$ref",
    "$defs",
    "definitions",
    "const",
    "format",
    "nullable",
    "$schema",
    "patternProperties",
    "prefixItems",
];

/// The faults of an input schema, each with its place.
pub fn faults_of_schema(schema: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        faults.push("the root is not an object".to_owned());
    }
    if !schema.get("properties").is_some_and(Value::is_object) {
        faults.push("the root has no properties".to_owned());
    }
    walk(schema, "", &mut faults);
    faults
}

fn walk(schema: &Value, at: &str, faults: &mut Vec<String>) {
    let Some(members) = schema.as_object() else {
        faults.push(format!("{at}: a schema that is no object"));
        return;
    };
    for word in BANNED {
        if members.contains_key(*word) {
            faults.push(format!("{at}: `{word}`"));
        }
    }
    if members.get("type").is_some_and(|kind| !kind.is_string()) {
        faults.push(format!("{at}: a list of types"));
    }
    if members.get("type").and_then(Value::as_str) == Some("array") {
        match members.get("items") {
            Some(items) => walk(items, &format!("{at}/items"), faults),
            None => faults.push(format!("{at}: an array without items")),
        }
    }
    for word in members.get("enum").and_then(Value::as_array).into_iter().flatten() {
        if !word.is_string() {
            faults.push(format!("{at}: an enum of other than words"));
        }
    }
    for (name, property) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let named = !name.is_empty()
            && name.len() <= 64
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
        if !named {
            faults.push(format!("{at}: a property called `{name}`"));
        }
        walk(property, &format!("{at}/{name}"), faults);
    }
}
