//! Request ids: strings and integers, kept as the JSON text they came in.

use std::borrow::Cow;

/// Longest id accepted, in bytes of JSON text.
const MAX_BYTES: usize = 1024;

/// An id as JSON text, written back byte for byte. `1` and `"1"` differ; integers of any size are kept whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id<'a>(Cow<'a, str>);

impl<'a> Id<'a> {
    /// Reads an id from one JSON value. `1.0` is taken for `1`, because some clients write integers so; null, fractions,
    /// exponents, other types and overlong ids are no ids.
    pub fn from_json(raw: &'a str) -> Option<Self> {
        if raw.len() > MAX_BYTES {
            return None;
        }
        match raw.as_bytes().first()? {
            b'"' => Some(Self(Cow::Borrowed(raw))),
            b'-' | b'0'..=b'9' => {
                let (whole, fraction) = raw.split_once('.').unwrap_or((raw, ""));
                let whole = if whole == "-0" { "0" } else { whole };
                let integer = whole.bytes().skip(1).all(|byte| byte.is_ascii_digit());
                let zeros = fraction.bytes().all(|byte| byte == b'0');
                (integer && zeros).then_some(Self(Cow::Borrowed(whole)))
            }
            _ => None,
        }
    }

    /// The id as it is written into a response.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// The id in the one spelling that equal ids share: escapes in strings are resolved.
    pub fn canonical(&self) -> Box<str> {
        if self.0.contains('\\')
            && let Ok(text) = serde_json::from_str::<String>(&self.0)
            && let Ok(json) = serde_json::to_string(&text)
        {
            return json.into();
        }
        Box::from(&*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo(raw: &str) -> Option<String> {
        Id::from_json(raw).map(|id| id.as_json().to_owned())
    }

    #[test]
    fn strings_and_integers_come_back_as_they_were() {
        for raw in [
            "0",
            "1",
            "-7",
            "\"\"",
            "\"a\"",
            "\"\\u0061\"",
            "9007199254740993",
            "123456789012345678901234567890",
        ] {
            assert_eq!(echo(raw).as_deref(), Some(raw));
        }
        assert_eq!(echo("1.0").as_deref(), Some("1"));
        assert_eq!(echo("-0.0").as_deref(), Some("0"));
    }

    #[test]
    fn everything_else_is_no_id() {
        for raw in ["null", "1.5", "1e3", "true", "[1]", "{}"] {
            assert_eq!(echo(raw), None, "{raw}");
        }
        assert_eq!(echo(&format!("\"{}\"", "x".repeat(MAX_BYTES))), None);
    }

    #[test]
    fn one_id_has_one_canonical_spelling_and_types_stay_apart() {
        let canonical = |raw| Id::from_json(raw).map(|id| id.canonical());
        assert_eq!(canonical(r#""\u0061""#), canonical(r#""a""#));
        assert_ne!(canonical("1"), canonical(r#""1""#));
    }
}
