//! Whether a JSON value fits one of our own schemas: the few keywords that we write.

use serde_json::Value;

/// The faults of `value` against `schema`, each with its place; none when it fits.
pub fn fits(schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(schema, value, "", &mut faults);
    faults
}

fn check(schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    if value.is_null() {
        faults.push(format!("{at}: null"));
        return;
    }
    let fits_type = match schema.get("type").and_then(Value::as_str) {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        Some(other) => panic!("schemas here have no type `{other}`"),
        None => true,
    };
    if !fits_type {
        faults.push(format!("{at}: {value} is not of type {}", schema["type"]));
        return;
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array)
        && !words.contains(value)
    {
        faults.push(format!("{at}: {value} is not in the list"));
    }
    if let Some(object) = value.as_object() {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, member) in object {
            let at = format!("{at}/{name}");
            match (properties.and_then(|properties| properties.get(name)), schema.get("additionalProperties"))
            {
                (Some(schema), _) => check(schema, member, &at, faults),
                (None, Some(Value::Bool(false))) => faults.push(format!("{at}: not in the schema")),
                (None, Some(schema)) => check(schema, member, &at, faults),
                (None, None) => {}
            }
        }
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            if name.as_str().is_some_and(|name| !object.contains_key(name)) {
                faults.push(format!("{at}: {name} is missing"));
            }
        }
    }
    if let (Some(items), Some(schema)) = (value.as_array(), schema.get("items")) {
        for (index, item) in items.iter().enumerate() {
            check(schema, item, &format!("{at}/{index}"), faults);
        }
    }
}
