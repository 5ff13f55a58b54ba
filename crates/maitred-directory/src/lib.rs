//! Who may come in: orgs, keys, channels, assertions and the caller they make.
//!
//! [`Directory`] manages a database of its own (orgs, access keys, channels, ended sessions) and is what the command
//! line works with; [`DirectoryDoor`] answers "who is this?" for every request. Both agree on one rule: whatever goes
//! wrong on the way to a caller makes the menu smaller, never larger.
//!
//! What does not belong here: members and contacts, which live in the organisation's own database and are asked for
//! through [`maitred_core::door::Membership`]; tools; the transports.

pub mod directory;
pub mod door;
mod guesses;
pub mod identity;
pub mod model;
pub mod roles;
pub mod secrets;
mod sessions;
mod store;
pub mod token;

#[cfg(test)]
mod tests;

pub use directory::{Directory, DirectoryParts, KeySpec, Minted};
pub use door::{DirectoryDoor, DoorSettings};
pub use identity::{Assertion, sign_assertion};
pub use model::{ChannelInfo, ChannelKind, Holder, KeyInfo, Org};
pub use secrets::Secrets;
pub use token::{Presented, TokenError};

use maitred_store::Migration;

/// Name of the directory's own database within its engine.
pub const DATABASE: &str = "directory";

/// The organisation with this slug, in any directory's database: for restoring copies.
///
/// # Errors
/// When the database fails.
pub fn org_in(tx: &maitred_store::ReadTx<'_>, slug: &str) -> maitred_store::StoreResult<Option<Org>> {
    store::org_by_slug(tx, slug)
}

/// The tables of the directory.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        domain: "directory",
        number: 1,
        name: "orgs, channels, access keys, ended sessions",
        sql: include_str!("../migrations/0001_directory.sql"),
    },
    Migration {
        domain: "directory",
        number: 2,
        name: "the mark of the server's secret",
        sql: include_str!("../migrations/0002_secret_mark.sql"),
    },
];
