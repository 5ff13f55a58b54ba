//! As much of HTTP/1.1 as a client of a JSON answer needs: status line, length or chunks, session id, event streams.

use anyhow::{Context, Result, bail};
use memchr::memmem;

/// How an answer's body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// After so many bytes.
    Length(usize),
    /// With an empty chunk.
    Chunked,
}

/// The head of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Status code.
    pub status: u16,
    /// Bytes up to and with the empty line.
    pub length: usize,
    /// How the body ends.
    pub framing: Framing,
    /// Whether the server closes the connection after this answer.
    pub close: bool,
}

/// Reads the head at the front of `bytes`; `None` when it is not whole yet.
///
/// # Errors
/// When what stands there is not the head of an HTTP/1.1 answer.
pub fn head(bytes: &[u8]) -> Result<Option<Head>> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
        return Ok(None);
    };
    if bytes.len() < 12 || &bytes[..7] != b"HTTP/1." {
        bail!("not an HTTP answer: `{}`", String::from_utf8_lossy(&bytes[..bytes.len().min(40)]));
    }
    let status = number(&bytes[9..12]).context("the status is not a number")?;
    let mut found =
        Head { status: status as u16, length: end + 4, framing: Framing::Length(0), close: bytes[7] == b'0' };
    let mut rest = &bytes[..end + 2];
    while let Some(line_end) = memchr::memchr(b'\n', rest) {
        let line = &rest[..line_end];
        rest = &rest[line_end + 1..];
        match line.first() {
            Some(b'c' | b'C') => {
                if let Some(value) = value_of(line, b"content-length") {
                    found.framing = Framing::Length(number(value).context("content-length is not a number")?);
                } else if let Some(value) = value_of(line, b"connection") {
                    found.close |= value.eq_ignore_ascii_case(b"close");
                }
            }
            Some(b't' | b'T') if value_of(line, b"transfer-encoding").is_some() => {
                found.framing = Framing::Chunked
            }
            _ => {}
        }
    }
    Ok(Some(found))
}

/// The value of a header in the head at the front of `bytes`.
pub fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    head.split(|byte| *byte == b'\n')
        .find_map(|line| value_of(line, name.as_bytes()))
        .and_then(|value| std::str::from_utf8(value).ok())
}

fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (key, rest) = line.split_at_checked(name.len())?;
    if !key.eq_ignore_ascii_case(name) || rest.first() != Some(&b':') {
        return None;
    }
    Some(rest[1..].trim_ascii())
}

fn number(digits: &[u8]) -> Option<usize> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0usize, |sum, digit| {
        digit.is_ascii_digit().then(|| sum.checked_mul(10)?.checked_add(usize::from(digit - b'0'))).flatten()
    })
}

/// Joins the chunks at the front of `bytes`; `None` when the last is not there yet. The count is what they took.
///
/// # Errors
/// When a chunk's size is not a number or its end is missing.
pub fn unchunk(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let Some(line) = memmem::find(&bytes[at..], b"\r\n") else {
            return Ok(None);
        };
        let size = std::str::from_utf8(&bytes[at..at + line])?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).with_context(|| format!("chunk size `{size}`"))?;
        let start = at + line + 2;
        let Some(after) = start.checked_add(size).and_then(|end| end.checked_add(2)) else {
            bail!("chunk size `{size}`");
        };
        if bytes.len() < after {
            return Ok(None);
        }
        if &bytes[after - 2..after] != b"\r\n" {
            bail!("a chunk does not end where it said");
        }
        body.extend_from_slice(&bytes[start..start + size]);
        at = after;
        if size == 0 {
            return Ok(Some((body, at)));
        }
    }
}

/// The JSON of a body: as it stands, or the last message of an event stream.
pub fn message(body: &[u8]) -> Vec<u8> {
    if matches!(body.first(), Some(b'{' | b'[')) {
        return body.to_vec();
    }
    body.split(|byte| *byte == b'\n')
        .filter_map(|line| line.strip_prefix(b"data:"))
        .map(|data| data.trim_ascii().to_vec())
        .rfind(|data| matches!(data.first(), Some(b'{' | b'[')))
        .unwrap_or_else(|| body.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_whole_or_not_at_all() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 12\r\nMcp-Session-Id: s1\r\n\r\n{";
        for cut in 0..bytes.len() - 1 {
            assert_eq!(head(&bytes[..cut]).unwrap(), None);
        }
        let found = head(bytes).unwrap().unwrap();
        assert_eq!((found.status, found.framing, found.close), (200, Framing::Length(12), false));
        assert_eq!(found.length, bytes.len() - 1);
        assert_eq!(header(bytes, "mcp-session-id"), Some("s1"));
        assert_eq!(header(bytes, "mcp-session"), None);
    }

    #[test]
    fn other_bytes_are_refused() {
        assert!(head(b"SSH-2.0-x\r\n\r\n").is_err());
        assert!(head(b"HTTP/1.1 200 OK\r\ncontent-length: 1x\r\n\r\n").is_err());
        assert!(head(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\n").is_err());
        assert!(unchunk(b"zz\r\n\r\n").is_err());
        assert!(unchunk(b"1\r\nabc").is_err());
        assert!(unchunk(b"ffffffffffffffff\r\nabc").is_err());
    }

    #[test]
    fn chunks_are_joined_and_counted() {
        let bytes = b"4\r\ndata\r\n3;x=1\r\n: 1\r\n0\r\n\r\nHTTP";
        assert_eq!(unchunk(&bytes[..20]).unwrap(), None);
        assert_eq!(unchunk(bytes).unwrap(), Some((b"data: 1".to_vec(), bytes.len() - 4)));
    }

    #[test]
    fn the_last_message_of_a_stream_counts() {
        assert_eq!(message(b"{\"id\":1}"), b"{\"id\":1}");
        assert_eq!(message(b"id: 1\ndata: {\"a\":1}\n\nid: 2\ndata: {\"b\":2}\n\n"), b"{\"b\":2}");
    }
}
