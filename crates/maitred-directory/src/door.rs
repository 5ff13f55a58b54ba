//! From a credential to a caller. Every step that fails leads to a stranger or to nobody, never further in.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use dashmap::DashMap;
use hmac::{Hmac, Mac as _};
use maitred_core::caller::{
    Caller, ChannelFacts, ClaimedIdentity, KnownClient, ModuleKeys, OrgFacts, Policy, Teammate, Who,
};
use maitred_core::clock::stamp;
use maitred_core::door::{ClientFacts, Door, Membership};
use maitred_core::mcp::{Credentials, Refusal};
use maitred_core::mode::{CallerKind, Module, Rights};
use maitred_store::audit::hex;
use maitred_store::engine::WriteJob;
use maitred_store::{OrgStore, StoreError, StoreFault, Verdict};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::directory::{Directory, read};
use crate::guesses::Guesses;
use crate::identity::{Assertion, LONGEST_VALIDITY};
use crate::model::{ChannelRow, FoundKey, KeyKind, KeyRow, Org};
use crate::roles::{self, NoRights};
use crate::secrets::{keyed, mac};
use crate::store;
use crate::token::{LONGEST, Presented};

/// How long a caller is remembered; then one request asks again.
const REMEMBERED: Duration = Duration::from_millis(400);
/// How long after that the others go on with what is remembered, while one asks or the databases do not answer. Both
/// together stay below the second within which another process' revocation is felt.
const GRACE: Duration = Duration::from_millis(400);
/// Callers remembered at most.
const MOST: usize = 4096;
/// How long the databases may take to say who somebody is.
const LOOKUP: Duration = Duration::from_millis(250);
/// How often the use of a key is noted, in seconds.
const NOTED_EVERY: i64 = 60;

/// Settings of the door.
#[derive(Clone, Debug)]
pub struct DoorSettings {
    /// Organisation of those who come without a known key, by slug; without one, the only one with an open door.
    pub default_org: Option<String>,
    /// Module of a module key that is given without a name.
    pub unnamed_module: Module,
    /// Runs lookups that wait for a network themselves, in the calling thread, where that thread serves others as well.
    pub aside: fn(&mut dyn FnMut()),
}

impl Default for DoorSettings {
    fn default() -> Self {
        Self { default_org: None, unnamed_module: Module::Bridge, aside: |lookup| lookup() }
    }
}

struct Remembered {
    caller: Arc<Caller>,
    epoch: u64,
    until: Instant,
    /// A request asks again.
    asked: AtomicBool,
}

impl Remembered {
    /// Whether it may stand for its caller still, should nobody say otherwise.
    fn stands(&self, epoch: u64, now: Instant) -> bool {
        self.epoch == epoch && now < self.until + GRACE
    }
}

/// An organisation that can be entered.
#[derive(Clone)]
struct Place {
    facts: OrgFacts,
    store: Arc<dyn OrgStore>,
}

struct OpenDoor {
    place: Option<Place>,
    epoch: u64,
    until: Instant,
}

/// Why a credential makes no teammate and no channel.
struct Fall {
    reason: &'static str,
    /// The organisation it was for, once the key is known to be good: with whether strangers may come in.
    place: Option<(Place, bool)>,
    /// Id of the key, for the log.
    key: Option<String>,
    /// True when it is not the credential that is to blame.
    unavailable: bool,
}

impl Fall {
    fn new(reason: &'static str) -> Self {
        Self { reason, place: None, key: None, unavailable: false }
    }

    fn of_key(reason: &'static str, key: &KeyRow) -> Self {
        Self { key: Some(key.id.clone()), ..Self::new(reason) }
    }

    fn lookup(error: &StoreError) -> Self {
        let (reason, unavailable) = failed(error);
        Self { unavailable, ..Self::new(reason) }
    }
}

/// The word for a failed lookup, and whether it may succeed later.
fn failed(error: &StoreError) -> (&'static str, bool) {
    tracing::warn!(%error, "the door could not look up who somebody is");
    match error.fault {
        StoreFault::Defect | StoreFault::Corrupt => ("malformed_row", false),
        _ => ("lookup_error", true),
    }
}

/// Why an `_identity` is not believed.
struct Doubt {
    reason: &'static str,
    /// Contact as the channel's gateway named it.
    contact: Option<String>,
}

impl From<&'static str> for Doubt {
    fn from(reason: &'static str) -> Self {
        Self { reason, contact: None }
    }
}

/// The directory as dispatch sees it.
pub struct DirectoryDoor {
    directory: Arc<Directory>,
    membership: Arc<dyn Membership>,
    settings: DoorSettings,
    /// Keyed once, because every request needs a mark.
    marks: Hmac<Sha256>,
    callers: DashMap<[u8; 32], Remembered>,
    open_door: Mutex<Option<OpenDoor>>,
    guesses: Guesses,
}

impl DirectoryDoor {
    /// A door over a directory.
    pub fn new(directory: Arc<Directory>, membership: Arc<dyn Membership>, settings: DoorSettings) -> Self {
        Self {
            marks: keyed(&directory.secrets.key_hash, b"remembered "),
            directory,
            membership,
            settings,
            callers: DashMap::new(),
            open_door: Mutex::new(None),
            guesses: Guesses::default(),
        }
    }

    /// The directory behind it.
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// The operator at the command line: everything that an owner may, in this organisation.
    ///
    /// # Errors
    /// When there is no such organisation, or a database fails.
    pub fn operator(&self, slug: &str, command: &str) -> anyhow::Result<Arc<Caller>> {
        let place = self.known_place(slug)?;
        let rights = roles::rights(&["owner"]).map_err(|_| anyhow::anyhow!("there is no role `owner`"))?;
        let who = Who::Operator { command: command.to_owned() };
        Ok(Arc::new(caller(place, "operator".to_owned(), who, rights, Policy::Direct, None)))
    }

    /// A stranger of this organisation, whether its door is open or not: for `maitred menu --stranger`.
    ///
    /// # Errors
    /// When there is no such organisation, or a database fails.
    pub fn stranger_of(&self, slug: &str) -> anyhow::Result<Arc<Caller>> {
        Ok(Arc::new(stranger(self.known_place(slug)?, "command-line", None)))
    }

    /// A contact of this organisation as a channel would vouch for it: for `maitred menu --contact`.
    ///
    /// # Errors
    /// When there is no such organisation, the contact may not act, or a database fails.
    pub fn client_of(&self, slug: &str, contact: &str, company: Option<&str>) -> anyhow::Result<Arc<Caller>> {
        let place = self.known_place(slug)?;
        match self.client(place, contact, company, "command-line", "operator", roles::client()) {
            Ok(client) => Ok(Arc::new(client)),
            Err(doubt) => bail!("the contact `{contact}` may not act: {}", doubt.reason),
        }
    }

    fn known_place(&self, slug: &str) -> anyhow::Result<Place> {
        let org = self.directory.org(slug)?.with_context(|| format!("there is no organisation `{slug}`"))?;
        Ok(self.place(&org)?)
    }

    fn place(&self, org: &Org) -> Result<Place, StoreError> {
        let store = self.directory.open_store(&org.slug)?;
        let facts = OrgFacts { slug: Arc::from(org.slug.as_str()), name: Arc::from(org.name.as_str()) };
        Ok(Place { facts, store })
    }

    /// The name under which the caller of a token is remembered, from which the token cannot be told.
    fn mark(&self, token: &str) -> [u8; 32] {
        let mut mac = self.marks.clone();
        mac.update(token.as_bytes());
        mac.finalize().into_bytes().into()
    }

    fn epoch(&self) -> u64 {
        self.directory.epoch.load(Ordering::Acquire)
    }

    /// Runs a lookup where it keeps nobody else waiting.
    fn aside<T>(&self, mut lookup: impl FnMut() -> T) -> T {
        if self.directory.store.inline() {
            return lookup();
        }
        let mut found = None;
        (self.settings.aside)(&mut || found = Some(lookup()));
        found.unwrap_or_else(lookup)
    }

    fn resolve(&self, token: &str) -> Result<Arc<Caller>, Fall> {
        let presented = Presented::parse(token, self.settings.unnamed_module).map_err(|error| {
            tracing::debug!(%error, "a token could not be read");
            Fall::new("malformed_token")
        })?;
        let found =
            read(self.directory.store.as_ref(), LOOKUP, |tx| store::key_by_prefix(tx, presented.prefix()))
                .map_err(|error| Fall::lookup(&error))?;
        // Compared even when there is nothing to compare with, so that an unknown key costs what a wrong one does.
        let expected = self.directory.key_hash(presented.key());
        let stored = found.as_ref().map_or(NO_HASH, |found| found.key.hash.as_str());
        let right = bool::from(expected.as_bytes().ct_eq(stored.as_bytes()));
        let Some(found) = found.filter(|_| right) else {
            return Err(Fall::new("unknown_key"));
        };
        if let Some(reason) = self.ended(&found.key) {
            return Err(Fall::of_key(reason, &found.key));
        }
        if found.org.archived_at.is_some() {
            return Err(Fall::of_key("org_archived", &found.key));
        }
        let place = match self.place(&found.org) {
            Ok(place) => place,
            Err(error) => {
                let key = Some(found.key.id.clone());
                return Err(Fall { key, ..Fall::lookup(&error) });
            }
        };
        let outcome = match found.key.kind {
            KeyKind::Teammate => self.teammate(&found, &place, presented.module_keys),
            KeyKind::Channel => channel(&found, &place),
        };
        match outcome {
            Ok(caller) => {
                self.note_use(&found.key);
                Ok(Arc::new(caller))
            }
            Err(fall) => {
                Err(Fall { place: Some((place, found.org.door_open)), key: Some(found.key.id), ..fall })
            }
        }
    }

    /// Why a key is over, if it is.
    fn ended(&self, key: &KeyRow) -> Option<&'static str> {
        if key.revoked_at.is_some() {
            return Some("revoked_key");
        }
        match key.expires_at.as_deref().map(str::parse::<jiff::Timestamp>) {
            None => None,
            Some(Ok(end)) if end > self.directory.clock.now() => None,
            Some(Ok(_)) => Some("expired_key"),
            Some(Err(_)) => Some("malformed_row"),
        }
    }

    fn teammate(&self, found: &FoundKey, place: &Place, module_keys: ModuleKeys) -> Result<Caller, Fall> {
        let key = &found.key;
        let member = key.member_id.as_deref().ok_or_else(|| Fall::new("malformed_row"))?;
        let facts = read(place.store.as_ref(), LOOKUP, |tx| self.membership.member(tx, member))
            .map_err(|error| Fall::lookup(&error))?
            .ok_or_else(|| Fall::new("member_unknown"))?;
        if !facts.active {
            return Err(Fall::new("member_inactive"));
        }
        let rights = roles::rights(&facts.roles).map_err(|why| {
            Fall::new(match why {
                NoRights::NoRole => "no_role",
                NoRights::UnknownRole => "unknown_role",
            })
        })?;
        let rights = narrowed(rights, key)?;
        let who = Who::Teammate(Teammate {
            member: member.to_owned(),
            name: facts.name,
            roles: facts.roles,
            key_label: key.label.clone(),
        });
        let mut caller = caller(place.clone(), format!("key:{}", key.id), who, rights, key.policy(), None);
        caller.module_keys = module_keys;
        Ok(caller)
    }

    /// Notes, now and then and without waiting, that a key is in use.
    fn note_use(&self, key: &KeyRow) {
        let now = self.directory.clock.now();
        let Ok(minute_ago) = jiff::Timestamp::from_second(now.as_second() - NOTED_EVERY) else {
            return;
        };
        let (at, since, id) = (stamp(now), stamp(minute_ago), key.id.clone());
        if key.last_used_at.as_deref().is_some_and(|last| last >= since.as_str()) {
            return;
        }
        let noted = at.clone();
        self.directory.store.write(WriteJob {
            body: Box::new(move |tx| match store::touch_key(tx, &id, &noted, &since) {
                Ok(1) => Verdict::Commit,
                _ => Verdict::RollBack,
            }),
            done: Box::new(|outcome| {
                if let Err(error) = outcome {
                    tracing::debug!(%error, "the use of a key was not noted");
                }
            }),
            until: Instant::now() + Duration::from_secs(5),
            now: at,
            alone: false,
        });
    }

    /// The caller of a token that was looked up a moment ago; `None` for who has to ask.
    fn remembered(&self, mark: &[u8; 32], epoch: u64) -> Option<Arc<Caller>> {
        let (known, now) = (self.callers.get(mark)?, Instant::now());
        let stands =
            known.stands(epoch, now) && (now < known.until || known.asked.swap(true, Ordering::Relaxed));
        stands.then(|| Arc::clone(&known.caller))
    }

    fn remember(&self, mark: [u8; 32], caller: &Arc<Caller>, epoch: u64) {
        let now = Instant::now();
        if self.callers.len() >= MOST {
            self.callers.retain(|_, remembered| remembered.stands(epoch, now));
            if self.callers.len() >= MOST {
                self.callers.clear();
            }
        }
        let until = now + REMEMBERED;
        let remembered =
            Remembered { caller: Arc::clone(caller), epoch, until, asked: AtomicBool::new(false) };
        self.callers.insert(mark, remembered);
    }

    /// The organisation whose strangers are those who come without a known key.
    fn default_place(&self) -> Result<Option<Place>, StoreError> {
        let (epoch, now) = (self.epoch(), Instant::now());
        {
            let known = self.open_door.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = known.as_ref().filter(|known| known.epoch == epoch && now < known.until) {
                return Ok(known.place.clone());
            }
        }
        let org = read(self.directory.store.as_ref(), LOOKUP, |tx| match &self.settings.default_org {
            Some(slug) => store::org_by_slug(tx, slug),
            None => store::only_open_org(tx),
        })?;
        let place = match org.filter(|org| org.door_open && org.archived_at.is_none()) {
            Some(org) => Some(self.place(&org)?),
            None => None,
        };
        *self.open_door.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(OpenDoor { place: place.clone(), epoch, until: now + REMEMBERED });
        Ok(place)
    }

    /// What is left when there is no key, or none that opens anything.
    fn fall(&self, credentials: &Credentials<'_>, fall: Option<Fall>) -> Result<Arc<Caller>, Refusal> {
        let reason = fall.as_ref().map(|fall| fall.reason);
        if let Some(fall) = &fall {
            count(fall.reason);
            let (key, transport) = (fall.key.as_deref().unwrap_or("-"), credentials.transport.as_str());
            tracing::info!(reason = fall.reason, key, transport, "a credential opened nothing");
            // Such a key may be a good one: its owner shall ask again, not go on as a stranger.
            if fall.unavailable {
                return Err(Refusal::Unavailable);
            }
            // Keys that once were good are nobody's guesses.
            if credentials.address.is_some()
                && fall.key.is_none()
                && let Some(retry_after) = self.guesses.count(&address(credentials.address), Instant::now())
            {
                count("too_many_bad_keys");
                return Err(Refusal::TooMany { retry_after });
            }
        }
        let place = match fall.and_then(|fall| fall.place) {
            Some((place, open)) => open.then_some(place),
            None => self.default_place().map_err(|error| {
                failed(&error);
                Refusal::Unavailable
            })?,
        };
        match place {
            Some(place) => {
                let mut caller = stranger(place, &address(credentials.address), None);
                caller.fallen = reason;
                Ok(Arc::new(caller))
            }
            None => {
                if reason.is_none() {
                    count("no_credential");
                }
                Err(Refusal::Unauthorized)
            }
        }
    }

    fn believe(&self, caller: &Caller, json: &str) -> Result<Caller, Doubt> {
        let assertion = Assertion::parse(json).ok_or(Doubt::from("identity_malformed"))?;
        let outcome = match &caller.channel {
            Some(facts) => self.vouched(caller, facts, &assertion),
            None => self.signed(caller, &assertion),
        };
        outcome.map_err(|doubt| Doubt { contact: Some(assertion.contact), ..doubt })
    }

    /// With a channel's key: the key stands for what the gateway says. What it adds must be right all the same.
    fn vouched(&self, caller: &Caller, facts: &ChannelFacts, assertion: &Assertion) -> Result<Caller, Doubt> {
        if assertion.org.as_deref().is_some_and(|org| org != &*caller.org.slug) {
            return Err("identity_other_org".into());
        }
        let id = caller.principal.strip_prefix("key:").ok_or("malformed_row")?;
        // Read once more: a caller may have been remembered, rights of a contact never are.
        let (key, channel) = read(self.directory.store.as_ref(), LOOKUP, |tx| {
            Ok((tx.get::<KeyRow>(id)?, tx.get::<ChannelRow>(&facts.id)?))
        })
        .map_err(|error| failed(&error).0)?;
        let (Some(key), Some(channel)) = (key, channel) else {
            return Err("unknown_key".into());
        };
        if let Some(reason) = self.ended(&key) {
            return Err(reason.into());
        }
        if channel.archived_at.is_some() {
            return Err("channel_archived".into());
        }
        if assertion.channel.as_deref().is_some_and(|name| name != channel.name && name != channel.id) {
            return Err("identity_other_channel".into());
        }
        if assertion.expires.is_some_and(|end| end <= self.directory.clock.now().as_second()) {
            return Err("identity_expired".into());
        }
        if assertion.signature.is_some() && !assertion.signed_by(&channel.secret) {
            return Err("identity_signature".into());
        }
        let rights = narrowed(roles::client(), &key).map_err(|fall| fall.reason)?;
        let place = Place { facts: caller.org.clone(), store: Arc::clone(&caller.store) };
        let company = assertion.company.as_deref();
        self.client(place, &assertion.contact, company, &channel.name, id, rights)
    }

    /// Without a channel's key: only a signature counts, and it must say everything. Beside a teammate's key the
    /// client keeps no module and no write that the key does not have.
    fn signed(&self, caller: &Caller, assertion: &Assertion) -> Result<Caller, Doubt> {
        if assertion.signature.is_none() {
            return Err("identity_unsigned".into());
        }
        let (Some(org), Some(channel), Some(_), Some(expires)) =
            (&assertion.org, &assertion.channel, &assertion.message_id, assertion.expires)
        else {
            return Err("identity_incomplete".into());
        };
        if **org != *caller.org.slug {
            return Err("identity_other_org".into());
        }
        let channel = read(self.directory.store.as_ref(), LOOKUP, |tx| {
            match store::org_by_slug(tx, org)?.filter(|org| org.archived_at.is_none()) {
                Some(org) => store::channel_by_name(tx, &org.id, channel),
                None => Ok(None),
            }
        })
        .map_err(|error| failed(&error).0)?
        .filter(|channel| channel.archived_at.is_none());
        let secret = channel.as_ref().map_or(NO_HASH, |channel| channel.secret.as_str());
        let right = assertion.signed_by(secret);
        let Some(channel) = channel.filter(|_| right) else {
            return Err("identity_signature".into());
        };
        let now = self.directory.clock.now().as_second();
        if expires <= now {
            return Err("identity_expired".into());
        }
        if expires > now.saturating_add(LONGEST_VALIDITY) {
            return Err("identity_valid_too_long".into());
        }
        let rights = match caller.kind() {
            CallerKind::Teammate => roles::client_beside(&caller.rights),
            CallerKind::Client | CallerKind::Stranger => roles::client(),
        };
        let place = Place { facts: caller.org.clone(), store: Arc::clone(&caller.store) };
        let company = assertion.company.as_deref();
        self.client(place, &assertion.contact, company, &channel.name, &channel.id, rights)
    }

    fn client(
        &self,
        place: Place,
        contact: &str,
        company: Option<&str>,
        channel: &str,
        voucher: &str,
        rights: Rights,
    ) -> Result<Caller, Doubt> {
        let now = stamp(self.directory.clock.now());
        let today = now.get(..10).unwrap_or_default();
        let facts =
            read(place.store.as_ref(), LOOKUP, |tx| self.membership.client(tx, contact, company, today))
                .map_err(|error| failed(&error).0)?;
        match facts {
            ClientFacts::Nobody(why) => Err(why.into()),
            ClientFacts::Acting { can_order: false, .. } => Err("may_not_order".into()),
            ClientFacts::Acting { contact, name, company, company_name, role, is_primary, can_order } => {
                let principal = format!("contact:{contact}:{company}:{voucher}");
                let channel = channel.to_owned();
                let who = Who::Client(KnownClient {
                    contact,
                    name,
                    company,
                    company_name,
                    role,
                    is_primary,
                    can_order,
                    channel,
                });
                // Every write of a client is shown first.
                Ok(self::caller(place, principal, who, rights, Policy::PreviewFirst, None))
            }
        }
    }

    fn unbelieved(&self, caller: &Caller, doubt: &Doubt) -> Result<Arc<Caller>, Refusal> {
        count(doubt.reason);
        let (org, principal) = (&*caller.org.slug, caller.principal.as_str());
        tracing::info!(reason = doubt.reason, org, principal, "an identity was not believed");
        let place = Place { facts: caller.org.clone(), store: Arc::clone(&caller.store) };
        let mut left = match (&caller.channel, &caller.who) {
            (Some(facts), _) => {
                // The gateway's word for a person is good enough to count that person's calls, and for nothing else.
                let handle = doubt.contact.as_deref().map(|contact| self.handle(&facts.id, contact));
                let mut left = stranger(place, handle.as_deref().unwrap_or(principal), Some(&facts.name));
                if let Who::Stranger { handle: place, .. } = &mut left.who {
                    *place = handle;
                }
                left.rights = caller.rights;
                left
            }
            (None, who @ Who::Stranger { .. }) => {
                let mut left = stranger(place, "", None);
                left.principal.clone_from(&caller.principal);
                left.who = who.clone();
                left.rights = caller.rights;
                left
            }
            (None, _) => {
                let org = read(self.directory.store.as_ref(), LOOKUP, |tx| store::org_by_slug(tx, org))
                    .map_err(|error| {
                        failed(&error);
                        Refusal::Unavailable
                    })?;
                if !org.is_some_and(|org| org.door_open && org.archived_at.is_none()) {
                    return Err(Refusal::Unauthorized);
                }
                stranger(place, principal, None)
            }
        };
        left.fallen = Some(doubt.reason);
        Ok(Arc::new(left))
    }

    fn handle(&self, channel: &str, contact: &str) -> String {
        let digest = mac(&self.directory.secrets.handle, &[channel.as_bytes(), b"\n", contact.as_bytes()]);
        hex(&digest[..16])
    }
}

/// Has the length of a stored hash and is none.
const NO_HASH: &str = "-------------------------------------------";

fn narrowed(rights: Rights, key: &KeyRow) -> Result<Rights, Fall> {
    let (modules, modes) = key
        .modules()
        .and_then(|modules| Ok((modules, key.modes()?)))
        .map_err(|error| Fall::lookup(&error))?;
    Ok(roles::narrow(rights, modules.as_deref(), modes, key.read_only))
}

/// A channel's key without anybody behind it: a stranger while the door is open, else a caller without a menu.
fn channel(found: &FoundKey, place: &Place) -> Result<Caller, Fall> {
    let key = &found.key;
    let Some(channel) = found.channel.as_ref().filter(|channel| channel.org_id == found.org.id) else {
        return Err(Fall::new("malformed_row"));
    };
    if channel.archived_at.is_some() {
        return Err(Fall::new("channel_archived"));
    }
    let rights = if found.org.door_open { roles::stranger() } else { Rights::none(CallerKind::Stranger) };
    let rights = narrowed(rights, key)?;
    let who = Who::Stranger { channel: channel.name.clone(), handle: None };
    let facts = ChannelFacts { id: channel.id.clone(), name: channel.name.clone() };
    let principal = format!("key:{}", key.id);
    let mut caller = caller(place.clone(), principal, who, rights, key.policy(), Some(facts));
    caller.fallen = (!found.org.door_open).then_some("door_closed");
    Ok(caller)
}

fn caller(
    place: Place,
    principal: String,
    who: Who,
    rights: Rights,
    policy: Policy,
    channel: Option<ChannelFacts>,
) -> Caller {
    Caller {
        org: place.facts,
        store: place.store,
        principal,
        who,
        rights,
        policy,
        channel,
        fallen: None,
        module_keys: ModuleKeys::default(),
    }
}

fn stranger(place: Place, mark: &str, channel: Option<&str>) -> Caller {
    let principal = format!("stranger:{}:{mark}", place.facts.slug);
    let who = Who::Stranger { channel: channel.unwrap_or("direct").to_owned(), handle: None };
    caller(place, principal, who, roles::stranger(), Policy::Direct, None)
}

/// Strangers are told apart by address; of IPv6 by the network, since a household has as many addresses as it likes.
fn address(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => "stdio".to_owned(),
        Some(IpAddr::V6(address)) if !address.is_loopback() => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            format!("{}/64", std::net::Ipv6Addr::from_bits(network))
        }
        Some(address) => address.to_string(),
    }
}

fn count(reason: &'static str) {
    metrics::counter!("maitred_door_refusals_total", "reason" => reason).increment(1);
}

impl Door for DirectoryDoor {
    fn admit(&self, credentials: &Credentials<'_>) -> Result<Arc<Caller>, Refusal> {
        let Some(token) = credentials.bearer else {
            return self.aside(|| self.fall(credentials, None));
        };
        if token.len() > LONGEST {
            return self.fall(credentials, Some(Fall::new("malformed_token")));
        }
        // Before the lookup: what changes during it makes its result forgotten.
        let epoch = self.epoch();
        let mark = self.mark(token);
        if let Some(known) = self.remembered(&mark, epoch) {
            return Ok(known);
        }
        self.aside(|| match self.resolve(token) {
            Ok(caller) => {
                self.remember(mark, &caller, epoch);
                Ok(caller)
            }
            Err(fall) => {
                if fall.unavailable
                    && let Some(known) = self.callers.get(&mark)
                    && known.stands(epoch, Instant::now())
                {
                    // Nothing was said against the caller; the next request asks again.
                    known.asked.store(false, Ordering::Relaxed);
                    return Ok(Arc::clone(&known.caller));
                }
                self.callers.remove(&mark);
                self.fall(credentials, Some(fall))
            }
        })
    }

    fn identify(&self, caller: &Arc<Caller>, identity: ClaimedIdentity<'_>) -> Result<Arc<Caller>, Refusal> {
        match self.aside(|| self.believe(caller, identity.0)) {
            Ok(client) => Ok(Arc::new(client)),
            Err(doubt) => self.unbelieved(caller, &doubt),
        }
    }

    fn session_secret(&self) -> [u8; 32] {
        self.directory.secrets.session
    }

    fn end_session(&self, session: &str, expires_unix: i64) {
        self.directory.sessions.end(session, expires_unix);
    }

    fn session_ended(&self, session: &str) -> bool {
        let sessions = &self.directory.sessions;
        if sessions.due() {
            self.aside(|| sessions.refresh());
        }
        sessions.ended(session)
    }

    fn changed(&self, _caller: &Caller, entities: &[&'static str]) {
        let watched = self.membership.entities();
        if entities.iter().any(|entity| watched.contains(entity)) {
            self.directory.epoch.fetch_add(1, Ordering::Release);
        }
    }
}
