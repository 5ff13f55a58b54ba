//! What dispatch asks of the directory.

use std::sync::Arc;

use crate::caller::{Caller, ClaimedIdentity};
use crate::mcp::{Credentials, Refusal};
use maitred_store::{ReadTx, StoreResult};

/// Decides who is calling. Implemented by the directory; every failure inside it must narrow, never widen.
pub trait Door: Send + Sync {
    /// The caller behind a credential. Cheap: called for every request.
    ///
    /// # Errors
    /// When there is not even a stranger's menu to offer.
    fn admit(&self, credentials: &Credentials<'_>) -> Result<Arc<Caller>, Refusal>;

    /// The caller that remains when a request claims to speak for a contact. Beside a teammate's key it can only
    /// narrow; beside a channel's key it is believed as far as its assertion goes; else it makes a stranger.
    ///
    /// # Errors
    /// When there is not even a stranger's menu to offer.
    fn identify(&self, caller: &Arc<Caller>, identity: ClaimedIdentity<'_>) -> Result<Arc<Caller>, Refusal>;

    /// See [`crate::mcp::Service::session_secret`].
    fn session_secret(&self) -> [u8; 32];

    /// See [`crate::mcp::Service::end_session`].
    fn end_session(&self, session: &str, expires_unix: i64);

    /// See [`crate::mcp::Service::session_ended`].
    fn session_ended(&self, session: &str) -> bool;

    /// Called after a write of this caller was committed, with the entities it changed, so that what was remembered
    /// about callers can be forgotten.
    fn changed(&self, caller: &Caller, entities: &[&'static str]);
}

/// What an organisation's own database says about a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberFacts {
    /// Their name.
    pub name: String,
    /// Role words as stored.
    pub roles: Vec<String>,
    /// False when they left.
    pub active: bool,
}

/// What an organisation's own database says about a contact who writes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientFacts {
    /// They act for this company.
    Acting {
        /// Contact id, after merges.
        contact: String,
        /// Their name.
        name: String,
        /// Company id, after merges.
        company: String,
        /// Its name.
        company_name: String,
        /// Their role there.
        role: String,
        /// True for the primary contact.
        is_primary: bool,
        /// True when they may order.
        can_order: bool,
    },
    /// They are nobody who may act; why, for the log.
    Nobody(&'static str),
}

/// The directory's questions to an organisation's own database. Answered by the party tables.
pub trait Membership: Send + Sync {
    /// The member with this id.
    fn member(&self, tx: &ReadTx<'_>, member: &str) -> StoreResult<Option<MemberFacts>>;

    /// The contact with this id, acting for `company` or, without one, for the only company they have.
    /// `today` is the day in UTC, `YYYY-MM-DD`.
    fn client(
        &self,
        tx: &ReadTx<'_>,
        contact: &str,
        company: Option<&str>,
        today: &str,
    ) -> StoreResult<ClientFacts>;

    /// Entities whose change can change what this trait answers, as the change log calls them.
    fn entities(&self) -> &'static [&'static str];
}
