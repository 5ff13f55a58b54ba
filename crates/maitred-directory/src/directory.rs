//! Management: organisations, keys and channels. What the command line works with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use maitred_core::caller::{Policy, Secret};
use maitred_core::clock::{Clock, Ids, stamp};
use maitred_core::mode::{ModeSet, Module};
use maitred_store::engine::{is_slug, write_and_wait};
use maitred_store::news::Hear;
use maitred_store::{
    Budget, Engine, Migration, OrgStore, ReadTx, StoreError, StoreFault, StoreResult, WriteTx,
};

use crate::model::{
    ChannelInfo, ChannelKind, ChannelRow, Holder, KeyInfo, KeyKind, KeyRow, Org, PolicyWord, Purged,
};
use crate::secrets::{Secrets, mac, random_text};
use crate::sessions::Sessions;
use crate::{DATABASE, MIGRATIONS, store, token};

const PATIENCE: Duration = Duration::from_secs(10);

/// Parts of a [`Directory`].
pub struct DirectoryParts {
    /// Where the directory's own database lives.
    pub own: Arc<dyn Engine>,
    /// Where the organisations' databases live, by slug.
    pub orgs: Arc<dyn Engine>,
    /// The tables of an organisation, of every domain that is compiled in.
    pub org_migrations: Vec<Migration>,
    /// The server's secrets.
    pub secrets: Secrets,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
}

/// Organisations, their keys and their channels.
pub struct Directory {
    pub(crate) store: Arc<dyn OrgStore>,
    own: Arc<dyn Engine>,
    orgs: Arc<dyn Engine>,
    org_migrations: Vec<Migration>,
    pub(crate) secrets: Secrets,
    pub(crate) clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    pub(crate) sessions: Sessions,
    /// Raised by every write here, so that a door in this process forgets what it remembers.
    pub(crate) epoch: AtomicU64,
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct KeySpec {
    /// Slug of the organisation.
    pub org: String,
    /// Whom it stands for. A channel may be named by its id or its name.
    pub holder: Holder,
    /// What it is called.
    pub label: String,
    /// Modules it is narrowed to; `None` leaves all that the roles open, those of later releases too.
    pub modules: Option<Vec<Module>>,
    /// Modes it is narrowed to; `None` leaves all that the roles open.
    pub modes: Option<ModeSet>,
    /// True when it may write nothing.
    pub read_only: bool,
    /// How eagerly its writes are carried out.
    pub policy: Policy,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// A key that was just made: the only moment at which its text is known.
#[derive(Debug)]
pub struct Minted {
    /// The key as it is listed.
    pub key: KeyInfo,
    /// Its text, `mk_<id>_<secret>`, to be shown once.
    pub token: Secret,
}

impl Directory {
    /// Opens the directory, or makes it at the first boot. Of two processes that make it at once, both get it.
    ///
    /// # Errors
    /// When its database cannot be made, opened or read, or was made with another secret.
    pub fn open(parts: DirectoryParts) -> anyhow::Result<Self> {
        let store = open_own(parts.own.as_ref()).context("cannot open the directory's database")?;
        same_secret(&store, &parts.secrets, parts.clock.as_ref())?;
        let sessions = Sessions::new(Arc::clone(&store), Arc::clone(&parts.clock))
            .context("cannot read which sessions have ended")?;
        Ok(Self {
            store,
            own: parts.own,
            orgs: parts.orgs,
            org_migrations: parts.org_migrations,
            secrets: parts.secrets,
            clock: parts.clock,
            ids: parts.ids,
            sessions,
            epoch: AtomicU64::new(0),
        })
    }

    /// From now on, what other processes change about who may come in is felt as soon as the database says so, and not
    /// only when what is remembered has aged. For servers; a command ends sooner.
    pub fn listen(self: &Arc<Self>) {
        let me = Arc::downgrade(self);
        self.own.listen(Arc::new(move |_| {
            if let Some(directory) = me.upgrade() {
                directory.epoch.fetch_add(1, Ordering::Release);
                directory.sessions.look_soon();
            }
        }));
    }

    /// Lets `hear` know of news in the organisations' databases, by slug.
    pub fn listen_to_orgs(&self, hear: Hear) {
        self.orgs.listen(hear);
    }

    /// The server's secrets.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The open database of an organisation, whoever it lets in.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open_store(&self, slug: &str) -> StoreResult<Arc<dyn OrgStore>> {
        self.orgs.open(slug, &self.org_migrations)
    }

    /// Looks for damage in the directory's own database; for `maitred doctor` and `/health`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn check(&self) -> StoreResult<Vec<String>> {
        self.store.check()
    }

    /// The directory's own database, for backups.
    pub fn store(&self) -> &Arc<dyn OrgStore> {
        &self.store
    }

    /// Makes an organisation and its database. A database that is there already, of an attempt that was cut short,
    /// is taken over.
    ///
    /// # Errors
    /// When the slug is none or is taken, or a database fails.
    pub fn create_org(&self, slug: &str, name: &str, door_open: bool) -> anyhow::Result<Org> {
        ensure!(is_slug(slug), "`{slug}` cannot name an organisation: a-z, 0-9 and -, at most 48 characters");
        let name = named("an organisation", name)?;
        self.unlisted_store(slug)?;
        let mut org = Org {
            id: self.fresh_id(),
            slug: slug.to_owned(),
            name,
            door_open,
            created_at: String::new(),
            archived_at: None,
        };
        let made = self.write(move |tx| {
            tx.insert(&mut org)?;
            Ok(org.clone())
        });
        made.with_context(|| format!("cannot make the organisation `{slug}`"))
    }

    /// The database of an organisation that is not listed yet: a new one, or what an attempt before has left.
    ///
    /// # Errors
    /// When the organisation is listed, or the database fails.
    pub fn unlisted_store(&self, slug: &str) -> anyhow::Result<Arc<dyn OrgStore>> {
        ensure!(self.org(slug)?.is_none(), "there is an organisation `{slug}` already");
        Ok(if self.orgs.exists(slug)? {
            self.orgs.open(slug, &self.org_migrations)?
        } else {
            self.orgs.create(slug, &self.org_migrations)?
        })
    }

    /// Lists an organisation as another directory lists it, with its channels and keys, which open here as they do
    /// there because both have the same secret. Answers how many keys there are.
    ///
    /// # Errors
    /// When the secrets differ, either does not fit, or a database fails.
    pub fn adopt(&self, other: &Self, slug: &str) -> anyhow::Result<usize> {
        ensure!(
            self.secrets.key_hash == other.secrets.key_hash,
            "the two have different secrets: keys of the one open nothing in the other"
        );
        let found = other.read(|tx| {
            let Some(org) = store::org_by_slug(tx, slug)? else { return Ok(None) };
            let (channels, keys) = (store::channels(tx, Some(&org.id))?, store::keys(tx, Some(&org.id))?);
            Ok(Some((org, channels, keys)))
        })?;
        let (org, channels, keys) = found.with_context(|| format!("there is no organisation `{slug}`"))?;
        let count = keys.len();
        self.write(move |tx| {
            tx.insert_dated(&org)?;
            channels.iter().try_for_each(|channel| tx.insert_dated(channel))?;
            keys.iter().try_for_each(|key| tx.insert_dated(key))
        })
        .with_context(|| format!("cannot list the organisation `{slug}`"))?;
        Ok(count)
    }

    /// The organisations, by slug.
    ///
    /// # Errors
    /// When the database fails.
    pub fn orgs(&self) -> anyhow::Result<Vec<Org>> {
        Ok(self.read(store::orgs)?)
    }

    /// The organisation with this slug.
    ///
    /// # Errors
    /// When the database fails.
    pub fn org(&self, slug: &str) -> anyhow::Result<Option<Org>> {
        Ok(self.read(|tx| store::org_by_slug(tx, slug))?)
    }

    /// Opens or closes the door to strangers.
    ///
    /// # Errors
    /// When there is no such organisation, or the database fails.
    pub fn set_door(&self, slug: &str, open: bool) -> anyhow::Result<Org> {
        self.change_org(slug, move |org, _| org.door_open = open)
    }

    /// Archives an organisation: nobody comes in any more, its database stays.
    ///
    /// # Errors
    /// When there is no such organisation, or the database fails.
    pub fn archive_org(&self, slug: &str) -> anyhow::Result<Org> {
        self.change_org(slug, |org, now| {
            org.door_open = false;
            org.archived_at.get_or_insert_with(|| now.to_owned());
        })
    }

    fn change_org(
        &self,
        slug: &str,
        change: impl Fn(&mut Org, &str) + Send + 'static,
    ) -> anyhow::Result<Org> {
        let before = self.require_org(slug)?;
        let (id, now) = (before.id, self.now());
        let changed = self.write(move |tx| {
            let Some(before) = tx.get::<Org>(&id)? else {
                return Ok(None);
            };
            let mut after = before.clone();
            change(&mut after, &now);
            tx.update(&before, &mut after)?;
            Ok(Some(after))
        })?;
        changed.with_context(|| format!("there is no organisation `{slug}`"))
    }

    fn require_org(&self, slug: &str) -> anyhow::Result<Org> {
        self.org(slug)?.with_context(|| format!("there is no organisation `{slug}`"))
    }

    fn require_live_org(&self, slug: &str) -> anyhow::Result<Org> {
        let org = self.require_org(slug)?;
        ensure!(org.archived_at.is_none(), "the organisation `{slug}` is archived");
        Ok(org)
    }

    /// Makes a key. For a teammate's key `known` is asked, in the organisation's own database, whether there is such
    /// a member.
    ///
    /// # Errors
    /// When the organisation is archived or absent, the holder is not known, the key would open nothing or has
    /// expired already, or a database fails.
    pub fn mint(
        &self,
        spec: &KeySpec,
        known: impl Fn(&ReadTx<'_>, &str) -> StoreResult<bool>,
    ) -> anyhow::Result<Minted> {
        let org = self.require_live_org(&spec.org)?;
        let label = named("a key", &spec.label)?;
        let expires_at = match spec.expires_at {
            Some(moment) => {
                ensure!(moment > self.clock.now(), "the key would have expired already");
                Some(stamp(moment))
            }
            None => None,
        };
        ensure!(
            spec.modules.as_ref().is_none_or(|list| !list.is_empty()),
            "a key without modules opens nothing"
        );
        ensure!(spec.modes.is_none_or(|modes| !modes.is_empty()), "a key without modes opens nothing");
        let (kind, member_id, channel_id) = match &spec.holder {
            Holder::Teammate(member) => {
                let mut found = Ok(false);
                self.open_store(&org.slug)?
                    .read(&Budget::of(PATIENCE), &mut |tx| found = known(tx, member))?;
                ensure!(found?, "there is no member `{member}` in `{}`", org.slug);
                (KeyKind::Teammate, Some(member.clone()), None)
            }
            Holder::Channel(name) => {
                let channel = self.require_live_channel(&org, name)?;
                (KeyKind::Channel, None, Some(channel.id))
            }
        };
        let row = KeyRow {
            id: self.fresh_id(),
            org_id: org.id.clone(),
            kind,
            member_id,
            channel_id,
            label,
            prefix: String::new(),
            hash: String::new(),
            modules: spec
                .modules
                .as_deref()
                .map_or_else(String::new, |list| join(list.iter().map(|m| m.as_str()))),
            modes: spec.modes.map_or_else(String::new, |modes| join(modes.iter().map(|mode| mode.as_str()))),
            read_only: spec.read_only,
            policy: match spec.policy {
                Policy::Direct => PolicyWord::Direct,
                Policy::PreviewFirst => PolicyWord::PreviewFirst,
            },
            created_at: String::new(),
            rotated_at: None,
            expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        let minted = self.with_fresh_token(&org.slug, row, |tx, row| tx.insert(row).map(|()| true))?;
        tracing::info!(org = %org.slug, key = %minted.key.id, label = %minted.key.label, "a key was minted");
        Ok(minted)
    }

    /// Gives a key a new text; the old one opens nothing from now on. Found by id or by its first characters.
    ///
    /// # Errors
    /// When there is no such key, it was revoked or has expired, its organisation is archived, or the database fails.
    pub fn rotate(&self, key: &str) -> anyhow::Result<Minted> {
        let (row, org) = self.require_key(key)?;
        ensure!(row.revoked_at.is_none(), "the key `{key}` was revoked: mint a new one");
        let now = self.now();
        ensure!(
            row.expires_at.as_deref().is_none_or(|end| end > now.as_str()),
            "the key `{key}` has expired: mint a new one"
        );
        self.require_live_org(&org.slug)?;
        let minted = self.with_fresh_token(&org.slug, row, move |tx, row| {
            // As it is now: it may have been revoked meanwhile.
            let Some(before) = tx.get::<KeyRow>(&row.id)?.filter(|before| before.revoked_at.is_none()) else {
                return Ok(false);
            };
            let mut after = before.clone();
            after.prefix.clone_from(&row.prefix);
            after.hash.clone_from(&row.hash);
            after.rotated_at = Some(now.clone());
            *row = after;
            tx.update(&before, row)
        })?;
        tracing::info!(org = %org.slug, key = %minted.key.id, label = %minted.key.label, "a key was rotated");
        Ok(minted)
    }

    /// Ends a key, in this process at once and in every other within a second. Found by id or by its first
    /// characters. A key that was revoked before stays as it is.
    ///
    /// # Errors
    /// When there is no such key, or the database fails.
    pub fn revoke(&self, key: &str) -> anyhow::Result<KeyInfo> {
        let (row, org) = self.require_key(key)?;
        let now = self.now();
        let revoked = self.write(move |tx| {
            let Some(before) = tx.get::<KeyRow>(&row.id)? else {
                return Ok(None);
            };
            let mut after = before.clone();
            after.revoked_at.get_or_insert_with(|| now.clone());
            tx.update(&before, &mut after)?;
            Ok(Some(after))
        })?;
        let row = revoked.with_context(|| format!("there is no key `{key}`"))?;
        tracing::info!(org = %org.slug, key = %row.id, label = %row.label, "a key was revoked");
        Ok(KeyInfo::of(row, &org.slug)?)
    }

    /// The keys of one organisation or of all, revoked ones included. Never their hashes.
    ///
    /// # Errors
    /// When there is no such organisation, or the database fails.
    pub fn keys(&self, org: Option<&str>) -> anyhow::Result<Vec<KeyInfo>> {
        let slugs = self.slugs(org)?;
        let id = org.and(slugs.first()).map(|(id, _)| id.as_str());
        let rows = self.read(|tx| store::keys(tx, id))?;
        rows.into_iter()
            .map(|row| {
                let slug = slug_of(&slugs, &row.org_id)?;
                Ok(KeyInfo::of(row, slug)?)
            })
            .collect()
    }

    fn require_key(&self, key: &str) -> anyhow::Result<(KeyRow, Org)> {
        let found = self.read(|tx| {
            let Some(row) = store::key_by_name(tx, key)? else {
                return Ok(None);
            };
            let org = tx.get::<Org>(&row.org_id)?;
            Ok(org.map(|org| (row, org)))
        })?;
        found.with_context(|| format!("there is no key `{key}`"))
    }

    /// Writes a row with a fresh token; tries again when its lookup part is taken. `put` answers whether it wrote.
    fn with_fresh_token(
        &self,
        slug: &str,
        row: KeyRow,
        put: impl Fn(&WriteTx<'_>, &mut KeyRow) -> StoreResult<bool> + Clone + Send + 'static,
    ) -> anyhow::Result<Minted> {
        for _ in 0..5 {
            let (prefix, token) = token::fresh()?;
            let mut row = row.clone();
            row.hash = self.key_hash(token.expose());
            row.prefix = prefix;
            let put = put.clone();
            let written = self.write(move |tx| {
                let mut row = row.clone();
                let wrote = put(tx, &mut row)?;
                Ok(wrote.then_some(row))
            });
            match written {
                Ok(Some(row)) => return Ok(Minted { key: KeyInfo::of(row, slug)?, token }),
                Ok(None) => bail!("the key was revoked at the same moment"),
                Err(error) if error.fault == StoreFault::Unique => {}
                Err(error) => return Err(error).context("cannot write the key"),
            }
        }
        bail!("no free name for a key was found")
    }

    pub(crate) fn key_hash(&self, key: &str) -> String {
        URL_SAFE_NO_PAD.encode(mac(&self.secrets.key_hash, &[key.as_bytes()]))
    }

    /// Makes a channel. Answers the secret with which its gateway signs assertions: shown once.
    ///
    /// # Errors
    /// When the organisation is archived or absent, the name is taken, or the database fails.
    pub fn create_channel(
        &self,
        org: &str,
        name: &str,
        kind: ChannelKind,
    ) -> anyhow::Result<(ChannelInfo, Secret)> {
        let org = self.require_live_org(org)?;
        let name = named("a channel", name)?;
        let taken = self.read(|tx| store::channel_by_name(tx, &org.id, &name))?;
        ensure!(taken.is_none(), "there is a channel `{name}` in `{}` already", org.slug);
        let secret = Secret::new(&random_text()?);
        let mut row = ChannelRow {
            id: self.fresh_id(),
            org_id: org.id,
            name,
            kind,
            secret: secret.expose().to_owned(),
            created_at: String::new(),
            rotated_at: None,
            archived_at: None,
        };
        let row = self.write(move |tx| {
            tx.insert(&mut row)?;
            Ok(row.clone())
        })?;
        Ok((ChannelInfo::of(row, &org.slug), secret))
    }

    /// Gives a channel, named by id or name, a new secret; what the old one signed is not believed any more.
    ///
    /// # Errors
    /// When there is no such channel or it is archived, or the database fails.
    pub fn rotate_channel(&self, org: &str, channel: &str) -> anyhow::Result<(ChannelInfo, Secret)> {
        let org = self.require_live_org(org)?;
        let channel = self.require_live_channel(&org, channel)?;
        let secret = Secret::new(&random_text()?);
        let (text, now) = (secret.expose().to_owned(), self.now());
        let info = self.change_channel(&org, channel, move |row| {
            row.secret.clone_from(&text);
            row.rotated_at = Some(now.clone());
        })?;
        Ok((info, secret))
    }

    /// Archives a channel: its keys and its signatures are not believed any more.
    ///
    /// # Errors
    /// When there is no such channel, or the database fails.
    pub fn archive_channel(&self, org: &str, channel: &str) -> anyhow::Result<ChannelInfo> {
        let org = self.require_org(org)?;
        let row = self.require_channel(&org, channel)?;
        let now = self.now();
        self.change_channel(&org, row, move |row| {
            row.archived_at.get_or_insert_with(|| now.clone());
        })
    }

    /// The channels of one organisation or of all, archived ones included. Never their secrets.
    ///
    /// # Errors
    /// When there is no such organisation, or the database fails.
    pub fn channels(&self, org: Option<&str>) -> anyhow::Result<Vec<ChannelInfo>> {
        let slugs = self.slugs(org)?;
        let id = org.and(slugs.first()).map(|(id, _)| id.as_str());
        let rows = self.read(|tx| store::channels(tx, id))?;
        rows.into_iter()
            .map(|row| {
                let slug = slug_of(&slugs, &row.org_id)?;
                Ok(ChannelInfo::of(row, slug))
            })
            .collect()
    }

    fn require_channel(&self, org: &Org, name: &str) -> anyhow::Result<ChannelRow> {
        self.read(|tx| store::channel_by_name(tx, &org.id, name))?
            .with_context(|| format!("there is no channel `{name}` in `{}`", org.slug))
    }

    fn require_live_channel(&self, org: &Org, name: &str) -> anyhow::Result<ChannelRow> {
        let channel = self.require_channel(org, name)?;
        ensure!(channel.archived_at.is_none(), "the channel `{name}` is archived");
        Ok(channel)
    }

    fn change_channel(
        &self,
        org: &Org,
        channel: ChannelRow,
        change: impl Fn(&mut ChannelRow) + Send + 'static,
    ) -> anyhow::Result<ChannelInfo> {
        let after = self.write(move |tx| {
            let before = tx
                .get::<ChannelRow>(&channel.id)?
                .ok_or_else(|| StoreError::new(StoreFault::Stale, "the channel is gone"))?;
            let mut after = before.clone();
            change(&mut after);
            tx.update(&before, &mut after)?;
            Ok(after)
        })?;
        Ok(ChannelInfo::of(after, &org.slug))
    }

    /// Removes keys that were revoked or have expired before `before`, and ended sessions that have expired.
    ///
    /// # Errors
    /// When the database fails.
    pub fn purge(&self, before: Timestamp) -> anyhow::Result<Purged> {
        let (before, now) = (stamp(before.min(self.clock.now())), self.clock.now().as_second());
        Ok(self.write(move |tx| {
            Ok(Purged { keys: store::purge_keys(tx, &before)?, sessions: store::purge_sessions(tx, now)? })
        })?)
    }

    fn slugs(&self, org: Option<&str>) -> anyhow::Result<Vec<(String, String)>> {
        let orgs = match org {
            Some(slug) => vec![self.require_org(slug)?],
            None => self.orgs()?,
        };
        Ok(orgs.into_iter().map(|org| (org.id, org.slug)).collect())
    }

    fn now(&self) -> String {
        stamp(self.clock.now())
    }

    fn fresh_id(&self) -> String {
        self.ids.fresh(self.clock.now())
    }

    fn read<T>(&self, body: impl Fn(&ReadTx<'_>) -> StoreResult<T>) -> StoreResult<T> {
        read(self.store.as_ref(), PATIENCE, body)
    }

    fn write<T: Send + 'static>(
        &self,
        mut body: impl FnMut(&WriteTx<'_>) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        let written = write_and_wait(self.store.as_ref(), self.now(), PATIENCE, move |tx| {
            tx.announce();
            body(tx)
        });
        // Also after a failure: a commit whose answer was lost may have happened.
        self.epoch.fetch_add(1, Ordering::Release);
        written
    }
}

/// Reads within a time and answers what was read.
pub(crate) fn read<T>(
    store: &dyn OrgStore,
    limit: Duration,
    body: impl Fn(&ReadTx<'_>) -> StoreResult<T>,
) -> StoreResult<T> {
    let mut outcome = None;
    store.read(&Budget::of(limit), &mut |tx| outcome = Some(body(tx)))?;
    outcome.unwrap_or_else(|| Err(StoreError::defect("a read did not run")))
}

fn open_own(engine: &dyn Engine) -> StoreResult<Arc<dyn OrgStore>> {
    if !engine.exists(DATABASE)? {
        match engine.create(DATABASE, MIGRATIONS) {
            Err(error) if matches!(error.fault, StoreFault::Unique | StoreFault::Busy) => {}
            made => return made,
        }
    }
    // Another process may be making it at this moment: until it is done, tables are missing.
    let patient_until = Instant::now() + Duration::from_secs(5);
    loop {
        match engine.open(DATABASE, MIGRATIONS) {
            Err(error)
                if matches!(error.fault, StoreFault::Defect | StoreFault::Busy | StoreFault::Unavailable)
                    && Instant::now() < patient_until =>
            {
                std::thread::sleep(Duration::from_millis(50));
            }
            opened => return opened,
        }
    }
}

/// Makes sure that this is the secret that the data was made with. With another, no key would open anything, and what is
/// written would break the chains of the audit trails.
fn same_secret(store: &Arc<dyn OrgStore>, secrets: &Secrets, clock: &dyn Clock) -> anyhow::Result<()> {
    let known = || read(store.as_ref(), PATIENCE, store::secret_mark);
    let own = secrets.mark();
    let mark = match known().context("cannot read which secret the data was made with")? {
        Some(mark) => mark,
        None => {
            let mark = own.clone();
            write_and_wait(store.as_ref(), stamp(clock.now()), PATIENCE, move |tx| {
                store::put_secret_mark(tx, &mark)
            })?;
            known()?.context("the mark of the secret is gone")?
        }
    };
    ensure!(
        mark == own,
        "`{}` is not the secret that this data was made with: no key would open anything, and no audit trail could be \
         verified; put the right one in its place",
        crate::secrets::FILE
    );
    Ok(())
}

fn named(what: &str, name: &str) -> anyhow::Result<String> {
    let name = name.trim();
    ensure!(!name.is_empty(), "{what} needs a name");
    ensure!(name.len() <= 200, "the name of {what} is longer than 200 bytes");
    ensure!(!name.chars().any(char::is_control), "the name of {what} has a control character");
    Ok(name.to_owned())
}

fn join<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

fn slug_of<'a>(slugs: &'a [(String, String)], id: &str) -> anyhow::Result<&'a str> {
    slugs
        .iter()
        .find(|(known, _)| known == id)
        .map(|(_, slug)| slug.as_str())
        .context("a row of the directory belongs to no organisation")
}
