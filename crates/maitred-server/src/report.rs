//! Failures for Sentry: what failed, where in the code, and nothing that a caller brought.
//!
//! An event has the tool, module, category, code, mode, transport and release as tags and is grouped by tool, category
//! and code. Its text is the code's own description and, where the cause is one of ours, the words of it that the code
//! itself can have written: arguments, keys, names, addresses and numbers are not among them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use maitred_core::dispatch::panics::Panicked;
use maitred_core::dispatch::{Fault, Reporter};
use maitred_store::StoreError;
use sentry::protocol::{Event, Level};
use sentry::transports::ReqwestHttpTransportOptions;
use sentry::{Client, ClientOptions, Transport, TransportFactory, TransportOptions};

use crate::boot::BUILD;

/// Time for what is still to be sent when the server stops.
const FLUSH: Duration = Duration::from_secs(2);
/// Time for one request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends failures to Sentry, from a thread of its own.
pub struct SentryReporter {
    client: Client,
}

/// Makes the transport over a client that was made before, when its making could still fail.
#[expect(clippy::disallowed_types, reason = "this is the Sentry transport")]
struct Post(reqwest::Client);

impl TransportFactory for Post {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        Arc::new(ReqwestHttpTransportOptions::from(options).with_client(self.0.clone()).build())
    }
}

impl SentryReporter {
    /// A reporter to this DSN.
    ///
    /// # Errors
    /// When the DSN is none, or no encrypted connection can be made on this machine.
    #[expect(clippy::disallowed_types, reason = "this is the Sentry transport")]
    pub fn new(dsn: &str) -> anyhow::Result<Self> {
        let dsn = dsn.parse().map_err(|_| anyhow::anyhow!("the Sentry DSN cannot be read"))?;
        // Somebody else may have installed it before; it is the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .build()
            .context("no connection to Sentry can be made")?;
        // The type takes no literal; what is not set here is off.
        let mut options = ClientOptions::default();
        options.dsn = Some(dsn);
        options.release = Some(Cow::Borrowed(concat!("maitred@", env!("CARGO_PKG_VERSION"))));
        options.default_integrations = false;
        options.send_default_pii = false;
        options.max_breadcrumbs = 0;
        options.shutdown_timeout = FLUSH;
        options.transport = Some(Arc::new(Post(http)));
        Ok(Self { client: Client::with_options(options) })
    }

    /// Sends what is waiting, for at most two seconds. False when something was left.
    pub fn flush(&self) -> bool {
        self.client.flush(Some(FLUSH))
    }
}

impl Reporter for SentryReporter {
    fn report(&self, fault: &Fault<'_>) {
        self.client.capture_event(event(fault), None);
    }
}

fn event(fault: &Fault<'_>) -> Event<'static> {
    let code = fault.error.code();
    let (category, code_word) = (code.category().as_str(), code.as_str());
    let tags = [
        ("tool", fault.tool),
        ("module", fault.module.as_str()),
        ("category", category),
        ("code", code_word),
        ("mode", fault.mode.as_str()),
        ("transport", fault.via.as_str()),
        ("release", BUILD),
    ];
    let mut extra = BTreeMap::new();
    extra.insert("reference".to_owned(), fault.reference.into());
    if let Some(cause) = fault.error.cause().and_then(told) {
        extra.insert("cause".to_owned(), cause.into());
    }
    let fingerprint: Vec<Cow<'static, str>> =
        vec![Cow::Borrowed(fault.tool), Cow::Borrowed(category), Cow::Borrowed(code_word)];
    Event {
        level: Level::Error,
        message: Some(format!("{}: {} ({})", fault.tool, code_word, code.about().trim())),
        logger: Some("maitred".to_owned()),
        transaction: Some(fault.tool.to_owned()),
        tags: tags.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        fingerprint: Cow::Owned(fingerprint),
        extra,
        ..Event::default()
    }
}

/// What may be told of a cause: the place of a panic, the fault of the database with the words of ours in its detail.
/// Of anything else nobody knows what it holds; the log has it, under the reference.
fn told(cause: &anyhow::Error) -> Option<String> {
    cause.chain().find_map(|link| {
        if let Some(panicked) = link.downcast_ref::<Panicked>() {
            return Some(panicked.to_string());
        }
        let error = link.downcast_ref::<StoreError>()?;
        Some(format!("{:?}: {}", error.fault, scrubbed(error.detail())))
    })
}

/// Longest detail that is sent, in characters.
const MOST: usize = 300;
/// Longest word; the names of tables and columns are shorter, keys are longer.
const WORD: usize = 28;
/// Words of SQL and of the database's messages that are written in capitals.
const SQL: &[&str] = &[
    "AND",
    "AS",
    "ASC",
    "BY",
    "CHECK",
    "CONFLICT",
    "CONSTRAINT",
    "COUNT",
    "DELETE",
    "DESC",
    "DO",
    "EXISTS",
    "FOREIGN",
    "FROM",
    "GROUP",
    "IN",
    "INSERT",
    "INTO",
    "IS",
    "JOIN",
    "KEY",
    "LEFT",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULL",
    "ON",
    "OR",
    "ORDER",
    "PRIMARY",
    "RETURNING",
    "SELECT",
    "SET",
    "SQL",
    "SUM",
    "UNION",
    "UNIQUE",
    "UPDATE",
    "VALUES",
    "WHERE",
    "WITH",
];

/// Keeps the words that statements and messages of ours are made of: lower-case words, names of columns, SQL's own.
/// What stands between quotes or backticks goes whole, as do capitals, digits, addresses and long words.
fn scrubbed(detail: &str) -> String {
    let mut plain = String::new();
    let mut closing: Option<char> = None;
    for letter in detail.chars().take(MOST) {
        match closing {
            Some(end) if letter == end => {
                closing = None;
                plain.push_str(" ~ ");
            }
            Some(_) => {}
            None if matches!(letter, '"' | '\'' | '`') => closing = Some(letter),
            None => plain.push(letter),
        }
    }
    let mut out = String::new();
    for word in plain.split_whitespace() {
        let core =
            word.trim_matches(|letter: char| letter.is_ascii_punctuation() && letter != '_' && letter != '@');
        let ours = SQL.contains(&core)
            || (core.len() <= WORD
                && !core.is_empty()
                && core.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'.'));
        let kept = if ours { core } else { "~" };
        if kept == "~" && out.ends_with('~') {
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(kept);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_words_stay_and_theirs_go() {
        assert_eq!(
            scrubbed("UNIQUE constraint failed: member.email"),
            "UNIQUE constraint failed member.email"
        );
        assert_eq!(
            scrubbed("no such column: price in SELECT id FROM product"),
            "no such column price in SELECT id FROM product"
        );
        for secret in [
            "ada.berg@acme.example",
            "mk_abcd2345_BUaa4VJfX40-rp4wIkK9vB5S6uKTsvUcw-qwaraMoCk",
            "DE123456789",
            "+49 170 1234567",
            "4111 1111 1111 1111",
            "Ada Berg",
            "\"a quoted name\"",
            "`a name`",
            "'it'",
            "abcdefghijklmnopqrstuvwxyzabcdefghijklm",
        ] {
            let text = scrubbed(&format!("cannot keep {secret} in the table"));
            for piece in secret.split(' ').filter(|piece| piece.len() > 2) {
                assert!(!text.contains(piece.trim_matches(|c| "\"`'".contains(c))), "{text}");
            }
            assert!(text.starts_with("cannot keep ~") && text.ends_with("in the table"), "{text}");
        }
    }
}
