//! Received text to messages: parsed once, everything borrowed.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::scan::{Fault, Limits, scan};
use super::{Id, RpcError};

/// What one POST body or one line holds.
#[derive(Debug)]
pub enum Inbound<'a> {
    /// One message.
    One(Message<'a>),
    /// A batch with at least one element.
    Batch(Vec<Message<'a>>),
}

/// One message of a client.
#[derive(Debug)]
pub enum Message<'a> {
    /// Wants an answer.
    Request {
        /// Echoed in the answer.
        id: Id<'a>,
        /// Method name, escapes resolved.
        method: Cow<'a, str>,
        /// The `params` object as it came; `None` when absent or null.
        params: Option<&'a str>,
    },
    /// Never answered.
    Notification {
        /// Method name, escapes resolved.
        method: Cow<'a, str>,
        /// The `params` object as it came; `None` when absent or null.
        params: Option<&'a str>,
    },
    /// An answer to a request of the server.
    Response,
    /// A notification that is not well formed: not acted upon, and not answered where answers are messages.
    BadNotification(RpcError),
    /// Anything else. Answered with the error, and with the id where it could be read.
    Invalid {
        /// The id, when it is a string or an integer.
        id: Option<Id<'a>>,
        /// What is wrong.
        error: RpcError,
    },
}

impl<'a> Inbound<'a> {
    /// Parses received bytes. UTF-8 is checked here, once; a byte order mark and surrounding white space are skipped.
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Self {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Self::bad(RpcError::parse("message is not UTF-8"));
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_matches([' ', '\t', '\r', '\n']);
        let fault = scan(text, limits).err();
        if text.starts_with('[') {
            return match fault {
                Some(fault) => Self::bad(fault.describe(limits)),
                None => Self::parse_batch(text),
            };
        }
        let message = Message::parse(text);
        match (fault, message) {
            (None, message) => Self::One(message),
            // The envelope is read all the same, so that whoever waits for this id gets the error.
            (Some(fault), message) => {
                let id = match message {
                    Message::Request { id, .. } => Some(id),
                    Message::Invalid { id, .. } => id,
                    _ => None,
                };
                Self::One(Message::Invalid { id, error: fault.describe(limits) })
            }
        }
    }

    fn parse_batch(text: &'a str) -> Self {
        match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(elements) if elements.is_empty() => Self::bad(RpcError::invalid_request("batch is empty")),
            Ok(elements) => Self::Batch(elements.into_iter().map(|raw| Message::parse(raw.get())).collect()),
            Err(error) => Self::bad(syntax(&error)),
        }
    }

    fn bad(error: RpcError) -> Self {
        Self::One(Message::Invalid { id: None, error })
    }

    /// True for a single, well-formed `initialize` request: the one that opens a session.
    pub fn is_initialize(&self) -> bool {
        matches!(self, Self::One(Message::Request { method, .. }) if method == "initialize")
    }

    /// The id of a single message, where it has one.
    pub fn id(&self) -> Option<&Id<'a>> {
        match self {
            Self::One(Message::Request { id, .. }) => Some(id),
            Self::One(Message::Invalid { id, .. }) => id.as_ref(),
            _ => None,
        }
    }
}

impl Fault {
    fn describe(self, limits: &Limits) -> RpcError {
        match self {
            Self::TooDeep => {
                RpcError::invalid_request(format!("message is nested deeper than {} levels", limits.depth))
            }
            Self::TooMany => {
                RpcError::invalid_request(format!("message holds more than {} values", limits.values))
            }
            Self::BatchTooLong => {
                RpcError::invalid_request(format!("batch is longer than {} messages", limits.batch))
            }
            Self::HalfSurrogate => RpcError::invalid_request("a string holds half of a surrogate pair"),
        }
    }
}

fn syntax(error: &serde_json::Error) -> RpcError {
    if error.is_data() {
        RpcError::invalid_request("message is not an object")
    } else if error.is_eof() {
        RpcError::parse("message ends too early")
    } else {
        RpcError::parse(format!("message is not JSON at line {} column {}", error.line(), error.column()))
    }
}

impl<'a> Message<'a> {
    fn parse(text: &'a str) -> Self {
        let members = match serde_json::from_str::<Members<'a>>(text) {
            Ok(members) => members,
            Err(error) => return Self::Invalid { id: None, error: syntax(&error) },
        };
        let id = members.id.and_then(|raw| Id::from_json(raw.get()));
        match Self::judge(&members, id.clone()) {
            Ok(message) => message,
            Err(error) => {
                let named = members.method.is_some_and(|raw| raw.get().starts_with('"'));
                if members.id.is_none() && named && members.bad_key.is_none() {
                    Self::BadNotification(error)
                } else {
                    let id = if members.bad_key == Some(Key::Id) { None } else { id };
                    Self::Invalid { id, error }
                }
            }
        }
    }

    fn judge(members: &Members<'a>, id: Option<Id<'a>>) -> Result<Self, RpcError> {
        if members.bad_key.is_some() {
            return Err(RpcError::invalid_request(
                "a member is given twice or in other letters than its own",
            ));
        }
        if members.jsonrpc.map(RawValue::get) != Some(r#""2.0""#) {
            return Err(RpcError::invalid_request("`jsonrpc` is not \"2.0\""));
        }
        if members.id.is_some() && id.is_none() {
            return Err(RpcError::invalid_request("`id` is neither a string nor an integer"));
        }
        let answers = usize::from(members.result.is_some()) + usize::from(members.error.is_some());
        let Some(method) = members.method else {
            return match (answers, id) {
                (1, Some(_)) => Ok(Self::Response),
                _ => Err(RpcError::invalid_request("`method` is missing")),
            };
        };
        if answers > 0 {
            return Err(RpcError::invalid_request("message is both a request and a response"));
        }
        let method =
            text_of(method.get()).ok_or_else(|| RpcError::invalid_request("`method` is not a string"))?;
        let params = match members.params.map(RawValue::get) {
            None | Some("null") => None,
            Some(params) if params.starts_with('{') => Some(params),
            Some(_) => return Err(RpcError::invalid_params("`params` is not an object")),
        };
        Ok(match id {
            Some(id) => Self::Request { id, method, params },
            None => Self::Notification { method, params },
        })
    }
}

/// The text of a JSON string, borrowed unless it holds escapes.
fn text_of(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(raw).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// The members of an envelope as raw JSON, before anything is judged.
#[derive(Default)]
struct Members<'a> {
    jsonrpc: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    params: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    /// The first known member given twice, or under a name that only some readers take for it.
    bad_key: Option<Key>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Jsonrpc,
    Id,
    Method,
    Params,
    Result,
    Error,
    /// Equal to a known key only when letter case is folded.
    LooksLike,
    Other,
}

impl Key {
    fn of(text: &str) -> Self {
        match text {
            "jsonrpc" => Self::Jsonrpc,
            "id" => Self::Id,
            "method" => Self::Method,
            "params" => Self::Params,
            "result" => Self::Result,
            "error" => Self::Error,
            // Unicode folds some letters into ASCII ones: the long s is an s, the Kelvin sign a k.
            _ => {
                let folded: String = text.chars().take(16).flat_map(char::to_uppercase).collect();
                match folded.as_str() {
                    "JSONRPC" | "ID" | "METHOD" | "PARAMS" | "RESULT" | "ERROR" => Self::LooksLike,
                    _ => Self::Other,
                }
            }
        }
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Key;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E>(self, text: &str) -> Result<Key, E> {
                Ok(Key::of(text))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Members::default();
                while let Some(key) = map.next_key::<Key>()? {
                    let member = match key {
                        Key::Jsonrpc => &mut members.jsonrpc,
                        Key::Id => &mut members.id,
                        Key::Method => &mut members.method,
                        Key::Params => &mut members.params,
                        Key::Result => &mut members.result,
                        Key::Error => &mut members.error,
                        Key::LooksLike | Key::Other => {
                            map.next_value::<IgnoredAny>()?;
                            if key == Key::LooksLike {
                                members.bad_key.get_or_insert(key);
                            }
                            continue;
                        }
                    };
                    if member.replace(map.next_value()?).is_some() && members.bad_key != Some(Key::Id) {
                        members.bad_key = Some(key);
                    }
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> String {
        match Inbound::parse(text.as_bytes(), &Limits::default()) {
            Inbound::One(message) => show(&message),
            Inbound::Batch(list) => format!("[{}]", list.iter().map(show).collect::<Vec<_>>().join(" ")),
        }
    }

    fn show(message: &Message<'_>) -> String {
        match message {
            Message::Request { id, method, params } => format!("{} {method} {params:?}", id.as_json()),
            Message::Notification { method, params } => format!("- {method} {params:?}"),
            Message::Response => "response".to_owned(),
            Message::BadNotification(error) => format!("bad notification {}", error.code),
            Message::Invalid { id, error } => {
                format!("{} {}", id.as_ref().map_or("?", |id| id.as_json()), error.code)
            }
        }
    }

    #[test]
    fn well_formed_messages() {
        assert_eq!(parse(r#"{"jsonrpc":"2.0","id":0,"method":"ping"}"#), "0 ping None");
        assert_eq!(
            parse(r#"{"jsonrpc":"2.0","id":"","method":"a","params":{"b":1}}"#),
            r#""" a Some("{\"b\":1}")"#
        );
        assert_eq!(parse("\u{feff} {\"jsonrpc\":\"2.0\",\"method\":\"a\",\"params\":null}\r\n"), "- a None");
        assert_eq!(parse(r#"{"jsonrpc":"2.0","id":1,"m\u0065thod":"p\u0069ng","extra":[1]}"#), "1 ping None");
        assert_eq!(parse(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#), "response");
        assert_eq!(parse(r#"{"jsonrpc":"2.0","id":1.0,"method":"ping"}"#), "1 ping None");
    }

    #[test]
    fn malformed_messages_keep_their_id() {
        for (text, expected) in [
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, "1 -32600"),
            (r#"{"jsonrpc":"1.0","id":"x","method":"a"}"#, "\"x\" -32600"),
            (r#"{"jsonrpc":2.0,"id":2,"method":"a"}"#, "2 -32600"),
            (r#"{"id":2,"method":"a"}"#, "2 -32600"),
            (r#"{"jsonrpc":"2.0","id":null,"method":"a"}"#, "? -32600"),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"a"}"#, "? -32600"),
            (r#"{"jsonrpc":"2.0","id":[1],"method":"a"}"#, "? -32600"),
            (r#"{"jsonrpc":"2.0","id":3,"method":"a","params":[1]}"#, "3 -32602"),
            (r#"{"jsonrpc":"2.0","id":3,"method":"a","params":"x"}"#, "3 -32602"),
            (r#"{"jsonrpc":"2.0","id":3,"method":"a","result":{}}"#, "3 -32600"),
            (r#"{"jsonrpc":"2.0","id":3,"result":{},"error":{}}"#, "3 -32600"),
            (r#"{"jsonrpc":"2.0","id":3}"#, "3 -32600"),
            (r#"{"jsonrpc":"2.0","id":3,"method":"a","method":"b"}"#, "3 -32600"),
            (r#"{"jsonrpc":"2.0","id":3,"id":4,"method":"b"}"#, "? -32600"),
            (r#"{"jsonrpc":"2.0","id":3,"method":"a","Method":"b"}"#, "3 -32600"),
            (r#"{"jsonrpc":"2.0","id":3,"method":"a","paramſ":{}}"#, "3 -32600"),
            (r#"{"jsonrpc":"2.0","ID":3,"method":"a"}"#, "? -32600"),
            (r#"{"jsonrpc":"2.0","id":3,"method":"a","params":{"x":"\ud800"}}"#, "3 -32600"),
            (r#"{"jsonrpc":"2.0","method":"a","params":[1]}"#, "bad notification -32602"),
            (r#"{"method":"a"}"#, "bad notification -32600"),
            (r#"{"jsonrpc":"2.0","method":1}"#, "? -32600"),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn text_that_is_no_message() {
        for (text, expected) in [
            ("", "? -32700"),
            ("{", "? -32700"),
            (r#"{"jsonrpc":"2.0","id":1,"method":"pi"#, "? -32700"),
            ("{} {}", "? -32700"),
            ("nonsense", "? -32700"),
            ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\u{0}\"}", "? -32700"),
            ("1", "? -32600"),
            ("\"x\"", "? -32600"),
            ("null", "? -32600"),
            ("[]", "? -32600"),
            ("[1", "? -32700"),
            ("[1,{}]", "[? -32600 ? -32600]"),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
        let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(matches!(
            Inbound::parse(&[&[0xff, 0xfe][..], &utf16].concat(), &Limits::default()),
            Inbound::One(Message::Invalid { id: None, error }) if error.code == RpcError::PARSE
        ));
    }

    #[test]
    fn depth_is_refused_with_the_id_and_without_recursion() {
        let deep = format!(r#"{{"jsonrpc":"2.0","id":9,"method":"a","params":{{"x":{}}}}}"#, nested(10_000));
        assert_eq!(parse(&deep), "9 -32600");
        assert_eq!(parse(&"[".repeat(1_000_000)), "? -32600");
        let flat = format!(r#"{{"jsonrpc":"2.0","id":9,"method":"a","params":{{"x":{}}}}}"#, nested(60));
        assert!(parse(&flat).starts_with("9 a Some"));
    }

    fn nested(levels: usize) -> String {
        format!("{}{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn a_batch_keeps_its_order_and_its_faults() {
        assert_eq!(
            parse(r#" [{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","method":"n"},7]"#),
            "[1 a None - n None ? -32600]"
        );
        let long = format!("[{}]", vec!["1"; 101].join(","));
        assert_eq!(parse(&long), "? -32600");
    }
}
