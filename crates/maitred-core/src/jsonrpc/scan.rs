//! One pass over the raw text before it is parsed: how deep, how many, and are its escapes whole.
//!
//! The pass knows strings and brackets, nothing else; whether the text is JSON is the parser's business.

use memchr::memchr2;

/// Bounds on one received message, checked before anything is looked up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Levels of objects and arrays, the outermost counted.
    pub depth: usize,
    /// Messages in one batch.
    pub batch: usize,
    /// Members and elements in the whole text.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 64, batch: 100, values: 262_144 }
    }
}

/// What the pass found wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    TooDeep,
    TooMany,
    BatchTooLong,
    HalfSurrogate,
}

/// Looks at `text`, whose first character says whether it is a batch.
pub(super) fn scan(text: &str, limits: &Limits) -> Result<(), Fault> {
    let bytes = text.as_bytes();
    let batch = bytes.first() == Some(&b'[');
    let (mut depth, mut values, mut elements) = (0usize, 0usize, 0usize);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = skip_string(bytes, at + 1)?;
                continue;
            }
            b'{' | b'[' => {
                depth += 1;
                if depth > limits.depth {
                    return Err(Fault::TooDeep);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => {
                values += 1;
                if values >= limits.values {
                    return Err(Fault::TooMany);
                }
                if batch && depth == 1 {
                    elements += 1;
                    if elements >= limits.batch {
                        return Err(Fault::BatchTooLong);
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// The position after the closing quote, or the end when there is none.
fn skip_string(bytes: &[u8], mut at: usize) -> Result<usize, Fault> {
    loop {
        let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) else {
            return Ok(bytes.len());
        };
        at += found;
        if bytes[at] == b'"' {
            return Ok(at + 1);
        }
        if bytes.get(at + 1) != Some(&b'u') {
            at += 2;
            continue;
        }
        match unit(bytes, at) {
            Some(0xD800..=0xDBFF) => match unit(bytes, at + 6) {
                Some(0xDC00..=0xDFFF) => at += 12,
                _ => return Err(Fault::HalfSurrogate),
            },
            Some(0xDC00..=0xDFFF) => return Err(Fault::HalfSurrogate),
            Some(_) => at += 6,
            // Not an escape at all: the parser says so.
            None => at += 2,
        }
    }
}

/// The code unit of `\uXXXX` at `at`.
fn unit(bytes: &[u8], at: usize) -> Option<u32> {
    let escape = bytes.get(at..at + 6)?;
    if escape[0] != b'\\' || escape[1] != b'u' {
        return None;
    }
    escape[2..].iter().try_fold(0, |sum, digit| Some(sum * 16 + char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(text: &str) -> Result<(), Fault> {
        scan(text, &Limits { depth: 3, batch: 2, values: 5 })
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert_eq!(small(r#"{"a":"[[[[[[","b":"\"[[[[["}"#), Ok(()));
        assert_eq!(small(r#"{"a":{"b":[]}}"#), Ok(()));
        assert_eq!(small(r#"{"a":{"b":[[]]}}"#), Err(Fault::TooDeep));
    }

    #[test]
    fn batches_and_values_are_counted() {
        assert_eq!(small("[1,2]"), Ok(()));
        assert_eq!(small("[1,2,3]"), Err(Fault::BatchTooLong));
        assert_eq!(small(r#"{"a":[1,2,3,4]}"#), Ok(()));
        assert_eq!(small(r#"{"a":[1,2,3,4,5,6]}"#), Err(Fault::TooMany));
    }

    #[test]
    fn surrogates_come_in_pairs() {
        assert_eq!(small(r#"{"a":"\ud83d\ude00"}"#), Ok(()));
        assert_eq!(small(r#"{"a":"\ud83d"}"#), Err(Fault::HalfSurrogate));
        assert_eq!(small(r#"{"a":"\ude00"}"#), Err(Fault::HalfSurrogate));
        assert_eq!(small(r#"{"a":"\\ud83d"}"#), Ok(()));
        assert_eq!(small(r#"{"a":"\ud8"#), Ok(()), "a truncated text is the parser's business");
    }
}
