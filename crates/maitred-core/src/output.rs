//! Outputs: serialised once, straight into the answer, never with a null, and with fields to select from.

pub use serde::ser::{Serialize, SerializeMap, Serializer};

use maitred_store::change::json_string;

use crate::error::{Code, ToolError, ToolResult, shorten};

/// A type that can be part of an answer.
pub trait Output: Serialize {
    /// True for types whose absence is shown by leaving the member out.
    const OPTIONAL: bool = false;
    /// Writes the members of the JSON schema of the value.
    fn schema(out: &mut String);
    /// True when the member is to be left out.
    fn is_absent(&self) -> bool {
        false
    }
}

/// One member of an output.
#[derive(Clone, Copy)]
pub struct OutputField {
    /// Name on the wire.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// Shown in lists without being asked for.
    pub summary: bool,
    /// May be missing.
    pub optional: bool,
    /// Writes the schema of its value.
    pub schema: fn(&mut String),
}

/// An output with named members. Derive it with `ToolOutput`.
pub trait Fields {
    /// The members, in order; at most 64.
    const FIELDS: &'static [OutputField];
    /// Writes the members whose bit is set in `mask`.
    fn write_fields<M: SerializeMap>(&self, mask: u64, map: &mut M) -> Result<(), M::Error>;
}

/// Serialises the members of `mask` as an object.
pub fn write_object<T: Fields, S: Serializer>(
    value: &T,
    mask: u64,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    value.write_fields(mask, &mut map)?;
    map.end()
}

/// Writes the members of an object schema; `partial` when any member may be missing.
pub fn object_schema(fields: &[OutputField], partial: bool, out: &mut String) {
    out.push_str("\"type\":\"object\",\"properties\":{");
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        json_string(field.name, out);
        out.push_str(":{");
        let start = out.len();
        (field.schema)(out);
        if !field.about.is_empty() {
            // A value of any shape says nothing about itself.
            if out.len() > start {
                out.push(',');
            }
            out.push_str("\"description\":");
            json_string(field.about, out);
        }
        out.push('}');
    }
    out.push_str("},\"required\":[");
    let mut first = true;
    for field in fields.iter().filter(|field| !partial && !field.optional) {
        if !first {
            out.push(',');
        }
        first = false;
        json_string(field.name, out);
    }
    out.push_str("],\"additionalProperties\":false");
}

/// Which members of `T` to show: from a tool's `fields` argument.
pub struct FieldMask<T>(u64, std::marker::PhantomData<fn() -> T>);

impl<T> Clone for FieldMask<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for FieldMask<T> {}

impl<T: Fields> FieldMask<T> {
    /// Every member.
    pub fn all() -> Self {
        Self(u64::MAX, std::marker::PhantomData)
    }

    /// What lists show by default: `id`, `number`, `version` and the members marked as summary.
    pub fn summary() -> Self {
        let bits = T::FIELDS.iter().enumerate().filter(|(_, field)| field.summary);
        Self(bits.fold(0, |mask, (bit, _)| mask | 1 << bit), std::marker::PhantomData)
    }

    /// The members named, beside those that are always there; `["*"]` is all of them. `default` when none is named.
    ///
    /// # Errors
    /// `unknown_field` when a name is not a member; the message lists those that are.
    pub fn of(names: Option<&[String]>, default: Self) -> ToolResult<Self> {
        let Some(names) = names.filter(|names| !names.is_empty()) else {
            return Ok(default);
        };
        let mut mask = 0;
        for (bit, field) in T::FIELDS.iter().enumerate() {
            if matches!(field.name, "id" | "number" | "version") {
                mask |= 1 << bit;
            }
        }
        for name in names {
            if name == "*" {
                return Ok(Self::all());
            }
            let Some(bit) = T::FIELDS.iter().position(|field| field.name == name) else {
                let known: Vec<&str> = T::FIELDS.iter().map(|field| field.name).collect();
                return Err(ToolError::new(
                    Code::UnknownField,
                    format!("there is no field `{}`; known are {}", shorten(name), known.join(", ")),
                )
                .field("fields"));
            };
            mask |= 1 << bit;
        }
        Ok(Self(mask, std::marker::PhantomData))
    }

    /// True when the member is to be shown: lets a tool skip the work for one that is not.
    pub fn shows(self, name: &str) -> bool {
        T::FIELDS.iter().position(|field| field.name == name).is_some_and(|bit| self.0 & (1 << bit) != 0)
    }
}

/// A value of which only the selected members are shown.
pub struct Selected<T> {
    value: T,
    mask: u64,
}

impl<T: Fields> Selected<T> {
    /// Shows the members of `mask`.
    pub fn new(value: T, mask: FieldMask<T>) -> Self {
        Self { value, mask: mask.0 }
    }

    /// The whole value.
    pub fn value(&self) -> &T {
        &self.value
    }
}

impl<T: Fields> Serialize for Selected<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_object(&self.value, self.mask, serializer)
    }
}

impl<T: Fields> Output for Selected<T> {
    fn schema(out: &mut String) {
        object_schema(T::FIELDS, true, out);
    }
}

/// JSON text taken over as it is, for values whose shape another part has checked.
#[derive(Clone, Debug)]
pub struct RawJson(pub Box<serde_json::value::RawValue>);

impl RawJson {
    /// Takes over one JSON value.
    pub fn new(json: String) -> ToolResult<Self> {
        serde_json::value::RawValue::from_string(json).map(Self).map_err(ToolError::internal)
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Output for RawJson {
    fn schema(_: &mut String) {}
}

macro_rules! plain_outputs {
    ($($kind:ty => $schema:literal),+ $(,)?) => { $(
        impl Output for $kind {
            fn schema(out: &mut String) { out.push_str($schema); }
        }
    )+ };
}

plain_outputs! {
    String => "\"type\":\"string\"",
    &'static str => "\"type\":\"string\"",
    bool => "\"type\":\"boolean\"",
    i64 => "\"type\":\"integer\"",
    u64 => "\"type\":\"integer\"",
    u32 => "\"type\":\"integer\"",
    usize => "\"type\":\"integer\"",
}

impl<T: Output> Output for Option<T> {
    const OPTIONAL: bool = true;
    fn schema(out: &mut String) {
        T::schema(out);
    }
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Output> Output for Vec<T> {
    fn schema(out: &mut String) {
        out.push_str("\"type\":\"array\",\"items\":{");
        T::schema(out);
        out.push('}');
    }
}

impl<T: Output> Output for Box<T> {
    fn schema(out: &mut String) {
        T::schema(out);
    }
}

/// Counts by name, such as how many records of each table moved: an object of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(pub std::collections::BTreeMap<String, i64>);

impl Counts {
    /// Adds to a name's count; names with nothing to count do not appear.
    pub fn add(&mut self, name: &str, count: i64) {
        if count != 0 {
            *self.0.entry(name.to_owned()).or_default() += count;
        }
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Output for Counts {
    fn schema(out: &mut String) {
        out.push_str("\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}");
    }
}
