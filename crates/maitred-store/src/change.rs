//! What a write changed, as the change log, the preview and the audit show it.

use std::fmt::Write as _;

use crate::value::Param;

/// How a record changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The record is new.
    Created,
    /// Some columns changed.
    Updated,
    /// The record is gone.
    Deleted,
}

impl ChangeKind {
    /// The word shown in previews and stored in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }
}

/// One changed record. `before` and `after` are JSON objects; an update holds the changed columns only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Kind of record, e.g. `contact`.
    pub entity: &'static str,
    /// Id of the record.
    pub id: String,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Columns before, for updates and deletions.
    pub before: Option<String>,
    /// Columns after, for creations and updates.
    pub after: Option<String>,
    /// The company this change is about, for its timeline.
    pub company: Option<String>,
    /// The contact this change is about, for their timeline.
    pub contact: Option<String>,
}

impl Change {
    /// Appends the change as one JSON object: `{"entity":..,"id":..,"change":..,"before":..,"after":..}`.
    pub fn write_json(&self, out: &mut String) {
        out.push_str("{\"entity\":");
        json_string(self.entity, out);
        out.push_str(",\"id\":");
        json_string(&self.id, out);
        out.push_str(",\"change\":\"");
        out.push_str(self.kind.as_str());
        out.push('"');
        if let Some(before) = &self.before {
            out.push_str(",\"before\":");
            out.push_str(before);
        }
        if let Some(after) = &self.after {
            out.push_str(",\"after\":");
            out.push_str(after);
        }
        out.push('}');
    }
}

/// Appends `text` as a JSON string.
pub fn json_string(text: &str, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (index, byte) in text.bytes().enumerate() {
        let escape: Option<&str> = match byte {
            b'"' => Some("\\\""),
            b'\\' => Some("\\\\"),
            b'\n' => Some("\\n"),
            b'\r' => Some("\\r"),
            b'\t' => Some("\\t"),
            0..=0x1f => None,
            _ => continue,
        };
        out.push_str(&text[plain..index]);
        match escape {
            Some(escape) => out.push_str(escape),
            // Writing to a String cannot fail.
            None => {
                let _ = write!(out, "\\u{byte:04x}");
            }
        }
        plain = index + 1;
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

/// Appends a stored value as JSON.
pub(crate) fn json_value(value: &Param<'_>, out: &mut String) {
    match value {
        Param::Null => out.push_str("null"),
        Param::Int(number) => {
            let _ = write!(out, "{number}");
        }
        Param::Text(text) => json_string(text, out),
    }
}

/// A JSON object of the given columns, nulls left out.
pub(crate) fn json_columns<'a, 'p: 'a>(
    columns: impl Iterator<Item = (&'static str, &'a Param<'p>)>,
) -> String {
    let mut out = String::from("{");
    for (name, value) in columns {
        if *value == Param::Null {
            continue;
        }
        if out.len() > 1 {
            out.push(',');
        }
        json_string(name, &mut out);
        out.push(':');
        json_value(value, &mut out);
    }
    out.push('}');
    out
}

/// The changed columns of an update as two JSON objects (nulls written, because they say that a value went or came),
/// or `None` when nothing but the bookkeeping columns differs.
pub(crate) fn json_difference(
    columns: &[&'static str],
    before: &[Param<'_>],
    after: &[Param<'_>],
    bookkeeping: &[&str],
) -> Option<(String, String)> {
    let (mut old, mut new) = (String::from("{"), String::from("{"));
    for ((name, was), is) in columns.iter().zip(before).zip(after) {
        if was == is || bookkeeping.contains(name) {
            continue;
        }
        for (out, value) in [(&mut old, was), (&mut new, is)] {
            if out.len() > 1 {
                out.push(',');
            }
            json_string(name, out);
            out.push(':');
            json_value(value, out);
        }
    }
    if old.len() == 1 {
        return None;
    }
    old.push('}');
    new.push('}');
    Some((old, new))
}
