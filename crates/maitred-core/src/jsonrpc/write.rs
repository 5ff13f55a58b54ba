//! Responses and notifications, written by hand into one buffer. No member is ever null.

use memchr::memchr2;

use super::{Id, RpcError};

/// Appends the response that carries `result`, one JSON value.
pub fn result(out: &mut Vec<u8>, id: &Id<'_>, result: &[u8]) {
    result_raw(out, id.as_json(), result);
}

/// As [`result`], for an id kept as JSON text.
pub(crate) fn result_raw(out: &mut Vec<u8>, id: &str, result: &[u8]) {
    out.reserve(id.len() + result.len() + 36);
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(br#","result":"#);
    json(out, result);
    out.push(b'}');
}

/// Appends an error response; without an id when none could be known, because a null id is refused by clients.
pub fn error(out: &mut Vec<u8>, id: Option<&Id<'_>>, fault: &RpcError) {
    error_raw(out, id.map(Id::as_json), fault);
}

/// As [`error`], for an id kept as JSON text.
pub(crate) fn error_raw(out: &mut Vec<u8>, id: Option<&str>, fault: &RpcError) {
    out.reserve(id.map_or(0, str::len) + fault.message.len() + 80);
    out.extend_from_slice(br#"{"jsonrpc":"2.0","#);
    if let Some(id) = id {
        out.extend_from_slice(br#""id":"#);
        out.extend_from_slice(id.as_bytes());
        out.push(b',');
    }
    out.extend_from_slice(br#""error":{"code":"#);
    out.extend_from_slice(itoa::Buffer::new().format(fault.code).as_bytes());
    out.extend_from_slice(br#","message":"#);
    string(out, &fault.message);
    out.extend_from_slice(b"}}");
}

/// Appends `value`, one JSON value, on one line: a message is a line on stdio and a `data:` line in an event stream.
/// Outside of strings a line break is white space, and inside of strings JSON does not allow one.
pub fn json(out: &mut Vec<u8>, value: &[u8]) {
    if memchr2(b'\n', b'\r', value).is_none() {
        out.extend_from_slice(value);
    } else {
        out.extend(value.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
    }
}

/// Appends `text` as a JSON string.
pub fn string(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte >= 0x20 && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[start..at]);
        start = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(other >> 4)]);
                out.push(HEX[usize::from(other & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[start..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_survive_the_round_trip() {
        let text = "a\"b\\c\nd\re\tf\u{1}g\u{7f}é😀";
        let mut out = Vec::new();
        string(&mut out, text);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
    }

    #[test]
    fn a_response_is_one_line() {
        let mut out = Vec::new();
        result_raw(&mut out, "7", b"{\n \"a\": \"x\\ny\"\r\n}");
        assert!(!out.contains(&b'\n') && !out.contains(&b'\r'));
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&out).unwrap()["result"]["a"], "x\ny");
    }

    #[test]
    fn an_unknown_id_is_left_out() {
        let mut out = Vec::new();
        error(&mut out, None, &RpcError::parse("no"));
        assert_eq!(out, br#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"no"}}"#);
    }
}
