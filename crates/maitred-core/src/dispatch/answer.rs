//! The answer of a tool as the `result` of `tools/call`: one text block with compact JSON.

use bytes::Bytes;

const HEAD: &[u8] = b"{\"content\":[{\"type\":\"text\",\"text\":\"";
const TAIL: &[u8] = b"\"}]}";
const ERROR_TAIL: &[u8] = b"\"}],\"isError\":true}";

/// Wraps JSON text into a result. JSON has no raw control characters, so quotes and backslashes are all there is to
/// escape.
pub fn result(json: &[u8], failed: bool) -> Bytes {
    let marks: usize = json.iter().map(|byte| usize::from(matches!(byte, b'"' | b'\\'))).sum();
    let tail = if failed { ERROR_TAIL } else { TAIL };
    let mut out = vec![0; HEAD.len() + json.len() + marks + tail.len()];
    let (head, rest) = out.split_at_mut(HEAD.len());
    head.copy_from_slice(HEAD);
    // Quotes stand a few bytes apart in JSON, where no processor foresees them: so each byte goes the same way, and a
    // backslash that is not wanted is written over.
    let mut at = 0;
    for byte in json {
        rest[at] = b'\\';
        at += usize::from(matches!(byte, b'"' | b'\\'));
        rest[at] = *byte;
        at += 1;
    }
    rest[at..].copy_from_slice(tail);
    Bytes::from(out)
}

/// Puts members in front of those of a JSON object: `lead` is `"name":value`, without a comma at the end.
pub fn with_lead(lead: &str, object: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(lead.len() + object.len() + 2);
    out.push(b'{');
    out.extend_from_slice(lead.as_bytes());
    let inner = object.strip_prefix(b"{").unwrap_or(object);
    if inner != b"}" {
        out.push(b',');
    }
    out.extend_from_slice(inner);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_round_trips() {
        let json = serde_json::json!({"a": "quote \" backslash \\ newline \n", "b": [1, 2]}).to_string();
        for failed in [false, true] {
            let value: serde_json::Value = serde_json::from_slice(&result(json.as_bytes(), failed)).unwrap();
            assert_eq!(value["content"][0]["text"], json);
            assert_eq!(value.get("isError").is_some(), failed);
        }
    }

    #[test]
    fn members_go_in_front() {
        assert_eq!(with_lead("\"x\":1", b"{\"y\":2}"), b"{\"x\":1,\"y\":2}");
        assert_eq!(with_lead("\"x\":1", b"{}"), b"{\"x\":1}");
    }
}
