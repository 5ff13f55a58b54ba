//! Arguments: parsed once from the request's bytes, forgiving where models err, strict about everything else.
//!
//! A tool's arguments are cut into raw JSON slices, one per field, and each field's type reads its own slice. So a
//! money amount is read from the digits that were sent and never passes through a float. Models send numbers as
//! strings, lists as JSON in a string and null for what they leave out: that is accepted. An unknown name, a name given
//! twice and a wrong type are refused in words that say what would be right.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use maitred_store::change::json_string;

use crate::error::{Code, ToolError, invalid, missing, shorten};

/// A refused argument.
pub type ArgFault = ToolError;

/// Longest text accepted where a field states no limit of its own, in characters.
pub const DEFAULT_TEXT: i64 = 4_000;
/// Longest list accepted where a field states no limit of its own.
pub const DEFAULT_ITEMS: i64 = 100;

/// Bounds of one field: of a number's value, a text's characters, a list's items.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Smallest.
    pub min: Option<i64>,
    /// Largest.
    pub max: Option<i64>,
}

/// One argument of a tool, as the schema shows it.
#[derive(Clone, Copy)]
pub struct ArgField {
    /// Name on the wire.
    pub name: &'static str,
    /// What a model reads.
    pub about: &'static str,
    /// True when it must be given.
    pub required: bool,
    /// Bounds.
    pub limits: Limits,
    /// Writes the schema of its value, without the description.
    pub schema: fn(Limits, &mut String),
    /// The words of a closed list, empty for other types. Completion offers them.
    pub words: &'static [&'static str],
}

impl ArgField {
    /// False when the description is missing or only repeats the name: a model would pay for it and learn nothing.
    pub fn says_more(&self) -> bool {
        let about = self.about.trim_end_matches('.');
        let same = |(a, b): (u8, u8)| a.eq_ignore_ascii_case(&b) || (a == b' ' && b == b'_');
        let repeats = about.len() == self.name.len() && about.bytes().zip(self.name.bytes()).all(same);
        !repeats && !about.is_empty()
    }
}

/// A type that can be an argument.
pub trait Arg: Sized {
    /// True when it may be left out.
    const OPTIONAL: bool = false;
    /// The words of a closed list.
    const WORDS: &'static [&'static str] = &[];
    /// Writes the JSON schema of the value.
    fn schema(limits: Limits, out: &mut String);
    /// Reads the value from one JSON value, which is never `null`.
    fn parse(json: &str, limits: Limits) -> Result<Self, ArgFault>;
    /// The value when nothing, or null, was given.
    fn absent() -> Option<Self> {
        None
    }
}

/// An object of named arguments. Derive it with `ToolArgs`.
pub trait Arguments: Sized {
    /// Appends the fields, in order.
    fn fields(out: &mut Vec<ArgField>);
    /// Takes its fields out of an object.
    fn from_object(object: &mut Object<'_>) -> Result<Self, ArgFault>;
}

/// An object whose members the description beside it names, where even their types would not fit the budget.
#[derive(Clone)]
pub struct Described<T>(pub T);

impl<T: Arguments> Arg for Described<T> {
    fn schema(_: Limits, out: &mut String) {
        out.push_str("\"type\":\"object\"");
    }

    fn parse(json: &str, _: Limits) -> Result<Self, ArgFault> {
        parse_nested(json).map(Self)
    }
}

/// A JSON object cut into raw slices, each taken once.
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, Option<&'a str>)>,
}

impl<'a> Object<'a> {
    /// Cuts an object. Fails on anything else, and on a name given twice.
    pub fn parse(json: &'a str) -> Result<Self, ArgFault> {
        let object: Self = serde_json::from_str(json).map_err(|error| {
            ToolError::new(Code::Invalid, format!("the arguments are not a JSON object: {}", brief(&error)))
        })?;
        for (index, (name, _)) in object.members.iter().enumerate() {
            if object.members[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(invalid(&shorten(name), "is given twice"));
            }
        }
        Ok(object)
    }

    /// Takes the raw value of a member; null counts as not given.
    pub fn take_raw(&mut self, name: &str) -> Option<&'a str> {
        let member = self.members.iter_mut().find(|(known, _)| known == name)?;
        let value = member.1.take();
        member.0 = Cow::Borrowed("");
        value.filter(|json| *json != "null")
    }

    /// Takes and reads a member.
    pub fn take<T: Arg>(&mut self, name: &str, limits: Limits) -> Result<T, ArgFault> {
        match self.take_raw(name) {
            Some(json) => T::parse(json, limits).map_err(|fault| fault.within(name)),
            None => T::absent().ok_or_else(|| missing(name)),
        }
    }

    /// The members nobody has taken yet, by name.
    pub fn left(&self) -> Vec<(&str, &'a str)> {
        let mut left: Vec<_> = self
            .members
            .iter()
            .filter_map(|(name, value)| value.map(|value| (name.as_ref(), value)))
            .collect();
        left.sort_unstable();
        left
    }

    /// Fails when a member is left that nobody took. `known` are the names there are.
    pub fn finish(&self, known: &[ArgField]) -> Result<(), ArgFault> {
        let Some((name, _)) = self.members.iter().find(|(_, value)| value.is_some()) else {
            return Ok(());
        };
        let names: Vec<&str> = known.iter().map(|field| field.name).collect();
        let message = if names.is_empty() {
            format!("unknown argument `{}`; this takes none", shorten(name))
        } else {
            format!("unknown argument `{}`; known are {}", shorten(name), names.join(", "))
        };
        Err(ToolError::new(Code::UnknownField, message).field(shorten(name)))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Members<'a> {
            type Value = Object<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    members.push((name, Some(value.get())));
                }
                Ok(Object { members })
            }
        }
        deserializer.deserialize_map(Members(std::marker::PhantomData))
    }
}

struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Text).map(Name)
    }
}

fn brief(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Data => "it is of another type",
        _ => "it is not valid JSON",
    }
}

/// Reads a whole arguments object and refuses what is left over.
pub fn parse_object<T: Arguments>(mut object: Object<'_>) -> Result<T, ArgFault> {
    let value = T::from_object(&mut object)?;
    let mut known = Vec::new();
    if object.members.iter().any(|(_, value)| value.is_some()) {
        T::fields(&mut known);
    }
    object.finish(&known)?;
    Ok(value)
}

/// Reads an object that is itself an argument, or that JSON sent as a string.
pub fn parse_nested<T: Arguments>(json: &str) -> Result<T, ArgFault> {
    let inner = unquote(json)?;
    let json = inner.as_deref().unwrap_or(json);
    if !json.trim_start().starts_with('{') {
        return Err(wrong("an object"));
    }
    parse_object(Object::parse(json)?)
}

/// A fault without a field yet; the field is put in front by whoever knows it.
fn wrong(wanted: &str) -> ArgFault {
    ToolError::new(Code::Invalid, format!("must be {wanted}"))
}

/// A fault of an argument's value: `why` is a whole clause, such as "must be a currency code".
pub fn unfit(code: Code, why: impl Into<Cow<'static, str>>) -> ArgFault {
    ToolError::new(code, why)
}

/// The content when `json` is a string, decoded.
pub fn unquote(json: &str) -> Result<Option<Cow<'_, str>>, ArgFault> {
    if !json.starts_with('"') {
        return Ok(None);
    }
    let inner = &json[1..json.len().max(2) - 1];
    if !inner.bytes().any(|byte| byte == b'\\') {
        return Ok(Some(Cow::Borrowed(inner)));
    }
    serde_json::from_str::<String>(json)
        .map(|text| Some(Cow::Owned(text)))
        .map_err(|_| wrong("text in valid Unicode"))
}

/// The text of a string or, forgivingly, of a number.
pub fn text_of(json: &str) -> Result<Cow<'_, str>, ArgFault> {
    if let Some(text) = unquote(json)? {
        return Ok(text);
    }
    match json.as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => Ok(Cow::Borrowed(json)),
        _ => Err(wrong("text")),
    }
}

/// The digits of a number, whether sent as a number or as a string.
pub fn number_of(json: &str) -> Result<Cow<'_, str>, ArgFault> {
    match unquote(json)? {
        Some(text) => Ok(Cow::Owned(text.trim().to_owned())),
        None => match json.as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => Ok(Cow::Borrowed(json)),
            _ => Err(wrong("a number")),
        },
    }
}

fn bounded(number: i64, limits: Limits) -> Result<i64, ArgFault> {
    match limits {
        Limits { min: Some(min), .. } if number < min => {
            Err(unfit(Code::Invalid, format!("must be at least {min}, not {number}")))
        }
        Limits { max: Some(max), .. } if number > max => {
            Err(unfit(Code::Invalid, format!("must be at most {max}, not {number}")))
        }
        _ => Ok(number),
    }
}

impl Arg for String {
    fn schema(_: Limits, out: &mut String) {
        out.push_str("\"type\":\"string\"");
    }
    fn parse(json: &str, limits: Limits) -> Result<Self, ArgFault> {
        let text = text_of(json)?;
        let most = limits.max.unwrap_or(DEFAULT_TEXT);
        let length = text.chars().count() as i64;
        if length > most {
            return Err(unfit(
                Code::LimitExceeded,
                format!("must have at most {most} characters, not {length}"),
            ));
        }
        if text.trim().chars().count() < limits.min.unwrap_or(0).max(0) as usize {
            return Err(unfit(Code::Invalid, "must not be empty"));
        }
        if text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
            return Err(unfit(Code::Invalid, "must not contain control characters"));
        }
        Ok(text.into_owned())
    }
}

impl Arg for bool {
    fn schema(_: Limits, out: &mut String) {
        out.push_str("\"type\":\"boolean\"");
    }
    fn parse(json: &str, _: Limits) -> Result<Self, ArgFault> {
        match json {
            "true" | "\"true\"" => Ok(true),
            "false" | "\"false\"" => Ok(false),
            _ => Err(wrong("true or false")),
        }
    }
}

fn integer(json: &str, limits: Limits) -> Result<i64, ArgFault> {
    let digits = number_of(json)?;
    let whole = match digits.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0') => {
            whole
        }
        Some(_) => return Err(wrong("a whole number")),
        None => &digits,
    };
    bounded(whole.parse().map_err(|_| wrong("a whole number"))?, limits)
}

fn integer_schema(limits: Limits, out: &mut String) {
    use fmt::Write as _;
    out.push_str("\"type\":\"integer\"");
    // That a number is not below nothing goes without saying; who tries is told.
    let least = limits.min.filter(|least| !(0..=1).contains(least));
    for (name, bound) in [("minimum", least), ("maximum", limits.max)] {
        if let Some(bound) = bound {
            // Writing to a String cannot fail.
            let _ = write!(out, ",\"{name}\":{bound}");
        }
    }
}

impl Arg for i64 {
    fn schema(limits: Limits, out: &mut String) {
        integer_schema(limits, out);
    }
    fn parse(json: &str, limits: Limits) -> Result<Self, ArgFault> {
        integer(json, limits)
    }
}

impl Arg for u32 {
    fn schema(limits: Limits, out: &mut String) {
        integer_schema(limits, out);
    }
    fn parse(json: &str, limits: Limits) -> Result<Self, ArgFault> {
        let limits = Limits { min: limits.min.or(Some(0)), max: limits.max.or(Some(i64::from(u32::MAX))) };
        Ok(u32::try_from(integer(json, limits)?).unwrap_or(u32::MAX))
    }
}

impl<T: Arg> Arg for Option<T> {
    const OPTIONAL: bool = true;
    const WORDS: &'static [&'static str] = T::WORDS;
    fn schema(limits: Limits, out: &mut String) {
        T::schema(limits, out);
    }
    fn parse(json: &str, limits: Limits) -> Result<Self, ArgFault> {
        T::parse(json, limits).map(Some)
    }
    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Arg> Arg for Vec<T> {
    const WORDS: &'static [&'static str] = T::WORDS;
    fn schema(_: Limits, out: &mut String) {
        out.push_str("\"type\":\"array\",\"items\":{");
        T::schema(Limits::default(), out);
        out.push('}');
    }
    fn parse(json: &str, limits: Limits) -> Result<Self, ArgFault> {
        let inner = unquote(json)?;
        let json = match &inner {
            Some(text) if text.trim_start().starts_with('[') => text.as_ref(),
            // One item where a list is wanted is a list of one.
            Some(_) => return Ok(vec![T::parse(json, Limits::default())?]),
            None if !json.starts_with('[') => return Err(wrong("a list")),
            None => json,
        };
        let items: Vec<&RawValue> = serde_json::from_str(json).map_err(|_| wrong("a list"))?;
        let most = limits.max.unwrap_or(DEFAULT_ITEMS);
        if items.len() as i64 > most {
            return Err(unfit(
                Code::LimitExceeded,
                format!("must have at most {most} items, not {}", items.len()),
            ));
        }
        if (items.len() as i64) < limits.min.unwrap_or(0) {
            return Err(unfit(Code::Invalid, "must not be empty"));
        }
        items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                T::parse(item.get(), Limits::default()).map_err(|fault| fault.within(&format!("[{index}]")))
            })
            .collect()
    }
}

/// Any JSON object, kept as text: for settings whose shape is checked by their section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonObject(pub String);

impl Arg for JsonObject {
    fn schema(_: Limits, out: &mut String) {
        out.push_str("\"type\":\"object\"");
    }
    fn parse(json: &str, _: Limits) -> Result<Self, ArgFault> {
        let inner = unquote(json)?;
        let json = inner.as_deref().unwrap_or(json).trim();
        let known: serde_json::Value = serde_json::from_str(json).map_err(|_| wrong("an object"))?;
        if known.is_object() { Ok(Self(known.to_string())) } else { Err(wrong("an object")) }
    }
}

/// An object whose members say by their names what they are: its schema has their types and no descriptions, which a
/// model would pay for in every menu. Reading it is as strict as ever.
#[derive(Clone)]
pub struct Bare<T>(pub T);

impl<T: Arguments> Arg for Bare<T> {
    fn schema(_: Limits, out: &mut String) {
        let mut fields = Vec::new();
        T::fields(&mut fields);
        fields.iter_mut().for_each(|field| field.about = "");
        members_schema(&fields, out);
    }
    fn parse(json: &str, _: Limits) -> Result<Self, ArgFault> {
        parse_nested(json).map(Self)
    }
}

/// Reads a word of a closed list.
pub fn parse_word<T>(
    json: &str,
    words: &'static [&'static str],
    find: impl Fn(&str) -> Option<T>,
) -> Result<T, ArgFault> {
    let text = unquote(json)?.ok_or_else(|| wrong("a word"))?;
    find(text.trim()).or_else(|| find(&text.trim().to_ascii_lowercase())).ok_or_else(|| {
        unfit(Code::Invalid, format!("must be one of {}, not `{}`", words.join(", "), shorten(&text)))
    })
}

/// Writes the schema of a closed list of words.
pub fn words_schema(words: &[&str], out: &mut String) {
    out.push_str("\"type\":\"string\",\"enum\":[");
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        json_string(word, out);
    }
    out.push(']');
}

/// Writes the members of an object schema: type, properties, required. `more` are the machinery's own arguments.
pub fn object_schema<T: Arguments>(more: &[ArgField], out: &mut String) {
    let mut fields = Vec::new();
    T::fields(&mut fields);
    fields.extend_from_slice(more);
    members_schema(&fields, out);
}

/// Writes the members of the schema of a tool's arguments. Objects inside are closed too, but need not say so: the
/// error does.
pub fn fields_schema(fields: &[ArgField], out: &mut String) {
    members_schema(fields, out);
    out.push_str(",\"additionalProperties\":false");
}

fn members_schema(fields: &[ArgField], out: &mut String) {
    out.push_str("\"type\":\"object\",\"properties\":{");
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        json_string(field.name, out);
        out.push_str(":{");
        (field.schema)(field.limits, out);
        if field.says_more() {
            out.push_str(",\"description\":");
            json_string(field.about.trim_end_matches('.'), out);
        }
        out.push('}');
    }
    out.push('}');
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    if !required.is_empty() {
        out.push_str(",\"required\":[");
        for (index, name) in required.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            json_string(name, out);
        }
        out.push(']');
    }
}

/// Declares a closed list that is stored, taken as an argument and given as output, all under the same words.
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        ::maitred_store::text_enum! {
            $(#[$meta])* $vis enum $name { $($(#[$vmeta])* $variant = $text),+ }
        }
        impl $crate::args::Arg for $name {
            const WORDS: &'static [&'static str] = Self::WORDS;
            fn schema(_: $crate::args::Limits, out: &mut ::std::string::String) {
                $crate::args::words_schema(Self::WORDS, out);
            }
            fn parse(json: &str, _: $crate::args::Limits) -> ::core::result::Result<Self, $crate::args::ArgFault> {
                $crate::args::parse_word(json, Self::WORDS, Self::parse)
            }
        }
        impl $crate::output::Serialize for $name {
            fn serialize<S: $crate::output::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl $crate::output::Output for $name {
            fn schema(out: &mut ::std::string::String) {
                $crate::args::words_schema(Self::WORDS, out);
            }
        }
    };
}

/// Declares a typed id: stored as TEXT, shown as text. `ids!(ContactId, CompanyId);`
#[macro_export]
macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub ::std::string::String);
        impl ::core::convert::AsRef<str> for $name {
            fn as_ref(&self) -> &str { &self.0 }
        }
        impl ::core::convert::From<::std::string::String> for $name {
            fn from(id: ::std::string::String) -> Self { Self(id) }
        }
        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result { f.write_str(&self.0) }
        }
        impl ::maitred_store::Column for $name {
            fn to_param(&self) -> ::maitred_store::Param<'_> {
                ::maitred_store::Param::Text(::std::borrow::Cow::Borrowed(&self.0))
            }
            fn from_param(value: ::maitred_store::Param<'_>) -> ::maitred_store::StoreResult<Self> {
                <::std::string::String as ::maitred_store::Column>::from_param(value).map(Self)
            }
        }
        impl $crate::output::Serialize for $name {
            fn serialize<S: $crate::output::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
        impl $crate::output::Output for $name {
            fn schema(out: &mut ::std::string::String) { out.push_str("\"type\":\"string\""); }
        }
    )+ };
}
