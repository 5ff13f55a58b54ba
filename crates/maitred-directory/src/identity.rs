//! `_identity`: what a request says about the person behind a channel, and how a gateway signs it.
//!
//! The signature is HMAC-SHA256 by the channel's secret (its text as shown, as bytes) over these lines, joined by one
//! line feed, an absent value being an empty line, written in 64 hexadecimal digits:
//!
//! ```text
//! maitred-assertion/1
//! <org>
//! <channel>
//! <contact>
//! <company>
//! <message_id>
//! <expires>
//! ```
//!
//! No value may hold a control character, so no two assertions have the same lines. A signed assertion names org,
//! channel, contact, message id and expiry; the expiry lies at most fifteen minutes ahead.

use std::fmt;

use maitred_store::audit::hex;
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use crate::secrets::mac;

/// Seconds that an assertion may be valid.
pub const LONGEST_VALIDITY: i64 = 900;

const LONGEST: usize = 4096;
const LONGEST_VALUE: usize = 200;

/// The JSON object of `_identity`. A contact's id alone stands for an object with that contact.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// Contact id.
    pub contact: String,
    /// Company to act for, when the contact has several.
    #[serde(default)]
    pub company: Option<String>,
    /// Slug of the organisation.
    #[serde(default)]
    pub org: Option<String>,
    /// Channel, by name or id.
    #[serde(default)]
    pub channel: Option<String>,
    /// The message that this call answers.
    #[serde(default)]
    pub message_id: Option<String>,
    /// Unix seconds at which this is not believed any more.
    #[serde(default)]
    pub expires: Option<i64>,
    /// 64 hexadecimal digits.
    #[serde(default)]
    pub signature: Option<String>,
}

impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The signature lets anybody speak for the contact until it expires.
        f.debug_struct("Assertion")
            .field("contact", &self.contact)
            .field("org", &self.org)
            .field("channel", &self.channel)
            .field("signed", &self.signature.is_some())
            .finish_non_exhaustive()
    }
}

impl Assertion {
    /// Reads what a request says: an object, or a contact's id alone. `None` for anything but a well-formed object with
    /// known fields or a string.
    pub(crate) fn parse(json: &str) -> Option<Self> {
        if json.len() > LONGEST {
            return None;
        }
        let assertion = if json.trim_start().starts_with('"') {
            Self { contact: serde_json::from_str(json).ok()?, ..Self::default() }
        } else {
            serde_json::from_str(json).ok()?
        };
        let optional = [&assertion.company, &assertion.org, &assertion.channel, &assertion.message_id];
        let plain = optional.into_iter().flatten().chain([&assertion.contact]).all(|value| is_plain(value));
        plain.then_some(assertion)
    }

    fn lines(&self) -> String {
        let optional = |value: &Option<String>| value.clone().unwrap_or_default();
        [
            "maitred-assertion/1".to_owned(),
            optional(&self.org),
            optional(&self.channel),
            self.contact.clone(),
            optional(&self.company),
            optional(&self.message_id),
            self.expires.map(|expires| expires.to_string()).unwrap_or_default(),
        ]
        .join("\n")
    }

    /// True when the signature is that of this secret; compared in constant time.
    pub(crate) fn signed_by(&self, secret: &str) -> bool {
        let expected = mac(secret.as_bytes(), &[self.lines().as_bytes()]);
        let given = self.signature.as_deref().and_then(unhex).unwrap_or([0; 32]);
        bool::from(expected.ct_eq(&given)) && self.signature.is_some()
    }
}

/// Signs an assertion with a channel's secret; answers the value of `signature`. For gateways, tests and the command
/// line.
pub fn sign_assertion(secret: &str, assertion: &Assertion) -> String {
    hex(&mac(secret.as_bytes(), &[assertion.lines().as_bytes()]))
}

fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.len() <= LONGEST_VALUE && !value.chars().any(char::is_control)
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}
