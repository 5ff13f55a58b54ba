//! Session ids that prove themselves: random, signed, bound to a principal. Nothing is remembered about them here.
//!
//! `base64url(16 random bytes, 8 bytes of issue time) "." base64url(16 bytes of HMAC-SHA256)`, 55 visible characters.
//! The signature covers the first part and the principal, so the same id shown by somebody else is a made-up id.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Seconds for which a session id is good.
pub const SESSION_SECONDS: i64 = 30 * 24 * 60 * 60;

/// Seconds by which another node's clock may be ahead.
const SKEW_SECONDS: i64 = 300;

/// Names a session in maps of this process: the random part of its id; zero on stdio.
pub type SessionKey = u128;

/// A session id that was found genuine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session<'a> {
    /// The random part.
    pub key: SessionKey,
    /// The id without its signature: what [`super::Service::end_session`] records.
    pub name: &'a str,
    /// End of its life, seconds since the epoch.
    pub expires_unix: i64,
}

/// Issues and verifies session ids.
#[derive(Clone)]
pub struct Sessions {
    mac: Hmac<Sha256>,
}

const BODY_BYTES: usize = 24;
const BODY_CHARS: usize = 32;
const TAG_BYTES: usize = 16;
const TAG_CHARS: usize = 22;

impl Sessions {
    /// Signs with the given secret.
    pub fn new(secret: &[u8; 32]) -> Self {
        // An HMAC takes a key of any length; the fallback keeps this function total.
        let mac = Hmac::new_from_slice(secret).unwrap_or_else(|_| Hmac::new(&Default::default()));
        Self { mac }
    }

    /// A new id for this principal; `None` when the system has no randomness to give.
    pub fn issue(&self, principal: &str, now_unix: i64) -> Option<(String, SessionKey)> {
        let mut body = [0u8; BODY_BYTES];
        getrandom::fill(&mut body[..16]).ok()?;
        body[16..].copy_from_slice(&now_unix.to_be_bytes());
        let mut id = BASE64.encode(body);
        let tag = self.tag(&id, principal);
        id.push('.');
        BASE64.encode_string(tag, &mut id);
        Some((id, key_of(&body)))
    }

    /// Verifies an id shown by this principal.
    pub fn verify<'a>(&self, id: &'a str, principal: &str, now_unix: i64) -> Option<Session<'a>> {
        let (name, tag) = id.split_once('.')?;
        if name.len() != BODY_CHARS || tag.len() != TAG_CHARS {
            return None;
        }
        let mut shown = [0u8; TAG_BYTES];
        BASE64.decode_slice_unchecked(tag, &mut shown).ok()?;
        if !bool::from(shown.ct_eq(&self.tag(name, principal))) {
            return None;
        }
        let mut body = [0u8; BODY_BYTES];
        BASE64.decode_slice_unchecked(name, &mut body).ok()?;
        let issued = i64::from_be_bytes(body[16..].try_into().ok()?);
        let expires_unix = issued.checked_add(SESSION_SECONDS)?;
        if now_unix >= expires_unix || issued > now_unix.saturating_add(SKEW_SECONDS) {
            return None;
        }
        Some(Session { key: key_of(&body), name, expires_unix })
    }

    fn tag(&self, name: &str, principal: &str) -> [u8; TAG_BYTES] {
        let mut mac = self.mac.clone();
        mac.update(name.as_bytes());
        mac.update(principal.as_bytes());
        let mut tag = [0u8; TAG_BYTES];
        tag.copy_from_slice(&mac.finalize().into_bytes()[..TAG_BYTES]);
        tag
    }
}

fn key_of(body: &[u8; BODY_BYTES]) -> SessionKey {
    let mut random = [0u8; 16];
    random.copy_from_slice(&body[..16]);
    SessionKey::from_be_bytes(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn an_id_is_visible_ascii_and_good_for_its_principal_only() {
        let sessions = Sessions::new(&[7; 32]);
        let (id, key) = sessions.issue("key_1", NOW).unwrap();
        assert!(id.len() == 55 && id.bytes().all(|byte| byte.is_ascii_graphic()));
        let session = sessions.verify(&id, "key_1", NOW + 5).unwrap();
        assert_eq!((session.key, session.expires_unix), (key, NOW + SESSION_SECONDS));
        assert_eq!(sessions.verify(&id, "key_2", NOW), None);
        assert_eq!(Sessions::new(&[8; 32]).verify(&id, "key_1", NOW), None);
        assert!(Sessions::new(&[7; 32]).verify(&id, "key_1", NOW).is_some(), "it survives a restart");
    }

    #[test]
    fn an_id_ends_after_thirty_days_and_is_never_from_the_future() {
        let sessions = Sessions::new(&[7; 32]);
        let (id, _) = sessions.issue("k", NOW).unwrap();
        assert!(sessions.verify(&id, "k", NOW + SESSION_SECONDS - 1).is_some());
        assert!(sessions.verify(&id, "k", NOW + SESSION_SECONDS).is_none());
        assert!(sessions.verify(&id, "k", NOW - SKEW_SECONDS - 1).is_none());
    }

    #[test]
    fn no_changed_character_passes() {
        let sessions = Sessions::new(&[7; 32]);
        let (id, _) = sessions.issue("k", NOW).unwrap();
        for at in 0..id.len() {
            let mut bytes = id.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(
                sessions.verify(std::str::from_utf8(&bytes).unwrap(), "k", NOW),
                None,
                "position {at}"
            );
        }
        for made_up in ["", ".", "a.b", "x", &id[1..], &id[..54], &format!("{id}A")] {
            assert_eq!(sessions.verify(made_up, "k", NOW), None);
        }
    }
}
