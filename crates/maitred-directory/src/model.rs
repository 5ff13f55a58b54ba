//! Rows of the directory and what management shows of them.

use std::fmt;

use maitred_core::caller::Policy;
use maitred_core::mode::{Mode, ModeSet, Module};
use maitred_macros::Record;
use maitred_store::{StoreError, StoreResult};

maitred_store::text_enum! {
    /// Where a channel's messages come from.
    pub enum ChannelKind {
        /// WhatsApp.
        Whatsapp = "whatsapp",
        /// Telegram.
        Telegram = "telegram",
        /// A site's own chat.
        Web = "web",
        /// E-mail.
        Email = "email",
    }
}

maitred_store::text_enum! {
    /// Whom a key stands for.
    pub(crate) enum KeyKind {
        Teammate = "teammate",
        Channel = "channel",
    }
}

maitred_store::text_enum! {
    /// The stored form of [`Policy`].
    pub(crate) enum PolicyWord {
        Direct = "direct",
        PreviewFirst = "preview_first",
    }
}

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq, Record)]
#[record(table = "org")]
pub struct Org {
    /// Id.
    pub id: String,
    /// Name of its database.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// True when strangers may come in.
    pub door_open: bool,
    /// RFC 3339 UTC.
    pub created_at: String,
    /// RFC 3339 UTC; nobody comes into an archived organisation.
    pub archived_at: Option<String>,
}

#[derive(Clone, Record)]
#[record(table = "channel")]
pub(crate) struct ChannelRow {
    pub id: String,
    pub org_id: String,
    pub name: String,
    pub kind: ChannelKind,
    pub secret: String,
    pub created_at: String,
    pub rotated_at: Option<String>,
    pub archived_at: Option<String>,
}

#[derive(Clone, Record)]
#[record(table = "access_key")]
pub(crate) struct KeyRow {
    pub id: String,
    pub org_id: String,
    pub kind: KeyKind,
    pub member_id: Option<String>,
    pub channel_id: Option<String>,
    pub label: String,
    pub prefix: String,
    pub hash: String,
    pub modules: String,
    pub modes: String,
    pub read_only: bool,
    pub policy: PolicyWord,
    pub created_at: String,
    pub rotated_at: Option<String>,
    pub expires_at: Option<String>,
    pub revoked_at: Option<String>,
    pub last_used_at: Option<String>,
}

/// A key found by its lookup part, with all that is needed to judge it.
pub(crate) struct FoundKey {
    pub key: KeyRow,
    pub org: Org,
    pub channel: Option<ChannelRow>,
}

impl KeyRow {
    /// Modules it is narrowed to; `None` for all.
    pub fn modules(&self) -> StoreResult<Option<Vec<Module>>> {
        words(&self.modules, Module::parse)
    }

    /// Modes it is narrowed to; `None` for all.
    pub fn modes(&self) -> StoreResult<Option<ModeSet>> {
        Ok(words(&self.modes, Mode::parse)?.map(|modes| ModeSet::of(&modes)))
    }

    pub fn policy(&self) -> Policy {
        match self.policy {
            PolicyWord::Direct => Policy::Direct,
            PolicyWord::PreviewFirst => Policy::PreviewFirst,
        }
    }
}

/// A list of words; an empty one narrows nothing. A word that is unknown narrows in a way nobody knows: a defect.
fn words<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> StoreResult<Option<Vec<T>>> {
    if text.is_empty() {
        return Ok(None);
    }
    text.split(' ')
        .map(|word| parse(word).ok_or_else(|| StoreError::defect("a key is narrowed by an unknown word")))
        .collect::<StoreResult<Vec<T>>>()
        .map(Some)
}

/// Whom a key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A member of the organisation, by id.
    Teammate(String),
    /// A channel of the organisation, by id.
    Channel(String),
}

/// A key as management shows it: everything but its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Id; the principal of calls with it is `key:<id>`.
    pub id: String,
    /// Slug of the organisation.
    pub org: String,
    /// Whom it stands for.
    pub holder: Holder,
    /// What it is called.
    pub label: String,
    /// The first characters after `mk_`, by which people tell keys apart.
    pub prefix: String,
    /// Modules it is narrowed to; `None` for all.
    pub modules: Option<Vec<Module>>,
    /// Modes it is narrowed to; `None` for all.
    pub modes: Option<ModeSet>,
    /// True when it may write nothing.
    pub read_only: bool,
    /// How eagerly its writes are carried out.
    pub policy: Policy,
    /// RFC 3339 UTC.
    pub created_at: String,
    /// RFC 3339 UTC.
    pub rotated_at: Option<String>,
    /// RFC 3339 UTC; without one it does not expire.
    pub expires_at: Option<String>,
    /// RFC 3339 UTC.
    pub revoked_at: Option<String>,
    /// RFC 3339 UTC, to the minute.
    pub last_used_at: Option<String>,
}

impl KeyInfo {
    pub(crate) fn of(key: KeyRow, org: &str) -> StoreResult<Self> {
        let holder = match (key.kind, &key.member_id, &key.channel_id) {
            (KeyKind::Teammate, Some(member), None) => Holder::Teammate(member.clone()),
            (KeyKind::Channel, None, Some(channel)) => Holder::Channel(channel.clone()),
            _ => return Err(StoreError::defect("a key stands for nobody, or for two")),
        };
        Ok(Self {
            modules: key.modules()?,
            modes: key.modes()?,
            policy: key.policy(),
            id: key.id,
            org: org.to_owned(),
            holder,
            label: key.label,
            prefix: key.prefix,
            read_only: key.read_only,
            created_at: key.created_at,
            rotated_at: key.rotated_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
        })
    }
}

/// A channel as management shows it: everything but its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelInfo {
    /// Id.
    pub id: String,
    /// Slug of the organisation.
    pub org: String,
    /// Name, unique within the organisation.
    pub name: String,
    /// Where its messages come from.
    pub kind: ChannelKind,
    /// RFC 3339 UTC.
    pub created_at: String,
    /// RFC 3339 UTC.
    pub rotated_at: Option<String>,
    /// RFC 3339 UTC.
    pub archived_at: Option<String>,
}

impl ChannelInfo {
    pub(crate) fn of(channel: ChannelRow, org: &str) -> Self {
        Self {
            id: channel.id,
            org: org.to_owned(),
            name: channel.name,
            kind: channel.kind,
            created_at: channel.created_at,
            rotated_at: channel.rotated_at,
            archived_at: channel.archived_at,
        }
    }
}

/// What a purge removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Revoked and expired keys.
    pub keys: u64,
    /// Ended sessions that would have expired by now anyway.
    pub sessions: u64,
}

impl fmt::Debug for ChannelRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelRow").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for KeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRow").field("id", &self.id).field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
