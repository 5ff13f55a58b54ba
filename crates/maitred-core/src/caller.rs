//! Who is calling: decided before any tool runs, by the directory.

use std::fmt;
use std::sync::Arc;

use maitred_store::OrgStore;

use crate::mcp::Transport;
use crate::mode::{CallerKind, Module, Rights};

/// How eagerly a key's writes are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// A write without `dry_run` is carried out, unless its tool is preview-first.
    Direct,
    /// Every write needs the `confirm` of a preview.
    PreviewFirst,
}

/// A teammate.
#[derive(Clone, Debug)]
pub struct Teammate {
    /// Member id in the organisation's own database.
    pub member: String,
    /// Their name.
    pub name: String,
    /// Role words, in the order stored.
    pub roles: Vec<String>,
    /// Label of the key they came with.
    pub key_label: String,
}

impl Teammate {
    /// True when they have one of these roles.
    pub fn has_role(&self, roles: &[&str]) -> bool {
        self.roles.iter().any(|role| roles.contains(&role.as_str()))
    }
}

/// A contact of a client, vouched for by a channel, pinned to one company.
#[derive(Clone, Debug)]
pub struct KnownClient {
    /// Contact id.
    pub contact: String,
    /// Their name.
    pub name: String,
    /// The acting company: the only one a client's tools can reach.
    pub company: String,
    /// Its name.
    pub company_name: String,
    /// Their role there: general, buyer, billing, technical, decision_maker.
    pub role: String,
    /// True for the company's primary contact.
    pub is_primary: bool,
    /// True when they may order.
    pub can_order: bool,
    /// Channel that vouched for them.
    pub channel: String,
}

/// The person or program behind a call.
#[derive(Clone, Debug)]
pub enum Who {
    /// A member of the organisation.
    Teammate(Teammate),
    /// A known client.
    Client(KnownClient),
    /// Nobody we know.
    Stranger {
        /// Channel they came through: a channel's name, or `direct`.
        channel: String,
        /// Stable hash of their handle there, where the channel gave one.
        handle: Option<String>,
    },
    /// The operator at the command line.
    Operator {
        /// Command given, for the audit trail.
        command: String,
    },
}

/// The organisation a caller is in.
#[derive(Clone, Debug)]
pub struct OrgFacts {
    /// Slug: the name of its database.
    pub slug: Arc<str>,
    /// Name for people.
    pub name: Arc<str>,
}

/// A caller with rights, as the directory made it. Immutable; a change of rights makes a new one.
pub struct Caller {
    /// The organisation.
    pub org: OrgFacts,
    /// Its open database.
    pub store: Arc<dyn OrgStore>,
    /// Stable name for receipts, limits and sessions, e.g. `key:0190..`.
    pub principal: String,
    /// Who it is.
    pub who: Who,
    /// What they may do.
    pub rights: Rights,
    /// Policy of the key.
    pub policy: Policy,
    /// True when this caller may assert contacts: a channel's key.
    pub channel: Option<ChannelFacts>,
    /// Why the caller has fewer rights than the credential seemed to promise; for the log and for operators.
    pub fallen: Option<&'static str>,
    /// Keys of other systems that came behind the caller's own; empty for nearly everybody.
    pub module_keys: ModuleKeys,
}

/// A text that is shown to nobody: it prints as its type's name, compares in no way and is serialised by nothing.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Holds a text.
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The text, for the one request it is meant for.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The second half of a compound token: keys of other systems, each reachable for its own module only.
#[derive(Clone, Debug, Default)]
pub struct ModuleKeys(Vec<(String, Secret)>);

impl ModuleKeys {
    /// Keys by module word. A word that names no module of this binary is kept for nobody.
    pub fn new(keys: Vec<(String, Secret)>) -> Self {
        Self(keys)
    }

    /// The key that was brought for this module.
    pub fn of(&self, module: Module) -> Option<&Secret> {
        self.0.iter().find(|(word, _)| word == module.as_str()).map(|(_, key)| key)
    }

    /// True when none was brought.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The channel behind a channel key.
#[derive(Clone, Debug)]
pub struct ChannelFacts {
    /// Channel id in the directory.
    pub id: String,
    /// Name, e.g. `whatsapp`.
    pub name: String,
}

impl Caller {
    /// The kind of caller.
    pub fn kind(&self) -> CallerKind {
        self.rights.kind()
    }

    /// The teammate, when it is one.
    pub fn teammate(&self) -> Option<&Teammate> {
        match &self.who {
            Who::Teammate(teammate) => Some(teammate),
            _ => None,
        }
    }

    /// The client, when it is one.
    pub fn client(&self) -> Option<&KnownClient> {
        match &self.who {
            Who::Client(client) => Some(client),
            _ => None,
        }
    }

    /// Kind, id and label for the audit trail.
    pub fn actor(&self) -> (&'static str, Option<&str>, &str) {
        match &self.who {
            Who::Teammate(teammate) => ("teammate", Some(&teammate.member), &teammate.name),
            Who::Client(client) => ("client", Some(&client.contact), &client.name),
            Who::Stranger { channel, .. } => ("stranger", None, channel),
            Who::Operator { command } => ("operator", None, command),
        }
    }
}

/// What a request says about the person behind a channel, before anybody believes it. JSON text of `_identity`.
#[derive(Clone, Copy, Debug)]
pub struct ClaimedIdentity<'a>(pub &'a str);

/// How a call came in, for audit lines, metrics and events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Over MCP.
    Wire(Transport),
    /// From the command line.
    CommandLine,
}

impl Via {
    /// The word in audit lines and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wire(transport) => transport.as_str(),
            Self::CommandLine => "cli",
        }
    }
}
