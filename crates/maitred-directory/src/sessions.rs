//! Sessions that ended for good: remembered here, written down for the other nodes, learned from them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dashmap::DashMap;
use maitred_core::clock::{Clock, stamp};
use maitred_store::engine::WriteJob;
use maitred_store::{Budget, OrgStore, StoreResult, Verdict};
use sha2::{Digest as _, Sha256};

use crate::store;

/// How long another node's end of a session may go unnoticed.
const REFRESH: Duration = Duration::from_millis(500);
/// How often ends of sessions that have expired anyway are thrown away.
const PRUNE: Duration = Duration::from_secs(600);

type Hash = [u8; 32];

/// Ends that are not written down yet.
type Unsaved = Arc<Mutex<Vec<(Hash, i64)>>>;

#[derive(Default)]
struct Learned {
    data_version: Option<i64>,
    newest: i64,
}

pub(crate) struct Sessions {
    store: Arc<dyn OrgStore>,
    clock: Arc<dyn Clock>,
    ended: DashMap<Hash, i64>,
    /// False until the first end is known: most servers have never seen one, and every request asks.
    any_ended: AtomicBool,
    learned: Mutex<Learned>,
    unsaved: Unsaved,
    any_unsaved: Arc<AtomicBool>,
    started: Instant,
    /// Milliseconds since the start at which to look again.
    look_at: AtomicU64,
    prune_at: AtomicU64,
}

impl Sessions {
    /// Knows at once what ended before this process began.
    pub fn new(store: Arc<dyn OrgStore>, clock: Arc<dyn Clock>) -> StoreResult<Self> {
        let sessions = Self {
            store,
            clock,
            ended: DashMap::new(),
            any_ended: AtomicBool::new(false),
            learned: Mutex::default(),
            unsaved: Unsaved::default(),
            any_unsaved: Arc::default(),
            started: Instant::now(),
            look_at: AtomicU64::new(0),
            prune_at: AtomicU64::new(PRUNE.as_millis() as u64),
        };
        sessions.learn()?;
        Ok(sessions)
    }

    /// The session is over in this process at once, and everywhere when the row is written.
    pub fn end(&self, session: &str, expires_unix: i64) {
        let hash = hash(session);
        self.remember(hash, expires_unix);
        self.save(hash, expires_unix);
    }

    /// Whether the session is known to be over.
    pub fn ended(&self, session: &str) -> bool {
        self.any_ended.load(Ordering::Acquire) && self.ended.contains_key(&hash(session))
    }

    /// Another process may have ended one: the next request looks.
    pub fn look_soon(&self) {
        self.look_at.store(0, Ordering::Relaxed);
    }

    fn remember(&self, hash: Hash, expires_unix: i64) {
        self.ended.insert(hash, expires_unix);
        self.any_ended.store(true, Ordering::Release);
    }

    fn save(&self, hash: Hash, expires_unix: i64) {
        let (unsaved, any_unsaved) = (Arc::clone(&self.unsaved), Arc::clone(&self.any_unsaved));
        let text = URL_SAFE_NO_PAD.encode(hash);
        self.store.write(WriteJob {
            body: Box::new(move |tx| match store::end_session(tx, &text, expires_unix) {
                Ok(()) => {
                    tx.announce();
                    Verdict::Commit
                }
                Err(error) => {
                    tracing::warn!(%error, "the end of a session could not be written, it will be tried again");
                    keep(&unsaved, &any_unsaved, hash, expires_unix);
                    Verdict::RollBack
                }
            }),
            done: {
                let (unsaved, any_unsaved) = (Arc::clone(&self.unsaved), Arc::clone(&self.any_unsaved));
                Box::new(move |outcome| {
                    if let Err(error) = outcome {
                        tracing::warn!(%error, "the end of a session was not written, it will be tried again");
                        keep(&unsaved, &any_unsaved, hash, expires_unix);
                    }
                })
            },
            until: Instant::now() + Duration::from_secs(10),
            now: stamp(self.clock.now()),
            alone: false,
        });
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// True when it is time to [`Sessions::refresh`].
    pub fn due(&self) -> bool {
        self.millis() >= self.look_at.load(Ordering::Relaxed)
    }

    /// Learns what other nodes ended. A failure is logged; what is known stays known.
    pub fn refresh(&self) {
        let now = self.millis();
        let due = self.look_at.load(Ordering::Relaxed);
        let next = now.saturating_add(REFRESH.as_millis() as u64);
        // Of the threads that come by, one looks.
        if now < due
            || self.look_at.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return;
        }
        if let Err(error) = self.learn() {
            tracing::warn!(%error, "cannot learn which sessions ended elsewhere");
        }
        if self.any_unsaved.swap(false, Ordering::Relaxed) {
            let waiting = std::mem::take(&mut *self.unsaved.lock().unwrap_or_else(PoisonError::into_inner));
            for (hash, expires_unix) in waiting {
                self.save(hash, expires_unix);
            }
        }
        if now >= self.prune_at.load(Ordering::Relaxed) {
            self.prune_at.store(now.saturating_add(PRUNE.as_millis() as u64), Ordering::Relaxed);
            self.prune();
        }
    }

    fn learn(&self) -> StoreResult<()> {
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        // Asked before the read: what is committed in between is read now and looked for once more.
        let version = self.store.data_version()?;
        if learned.data_version == Some(version) {
            return Ok(());
        }
        let mut rows = Ok(Vec::new());
        let newest = learned.newest;
        self.store.read(&Budget::of(Duration::from_millis(250)), &mut |tx| {
            rows = store::sessions_after(tx, newest);
        })?;
        let now = self.clock.now().as_second();
        for (text, seq, expires_unix) in rows? {
            learned.newest = seq;
            let decoded = URL_SAFE_NO_PAD.decode(&text).ok().and_then(|bytes| Hash::try_from(bytes).ok());
            if let Some(hash) = decoded.filter(|_| expires_unix >= now) {
                self.remember(hash, expires_unix);
            }
        }
        learned.data_version = Some(version);
        Ok(())
    }

    fn prune(&self) {
        let now = self.clock.now().as_second();
        self.ended.retain(|_, expires_unix| *expires_unix >= now);
        self.store.write(WriteJob {
            body: Box::new(move |tx| match store::purge_sessions(tx, now) {
                Ok(_) => Verdict::Commit,
                Err(_) => Verdict::RollBack,
            }),
            done: Box::new(|outcome| {
                if let Err(error) = outcome {
                    tracing::debug!(%error, "ended sessions were not pruned");
                }
            }),
            until: Instant::now() + Duration::from_secs(10),
            now: stamp(self.clock.now()),
            alone: false,
        });
    }
}

fn keep(unsaved: &Unsaved, any_unsaved: &AtomicBool, hash: Hash, expires_unix: i64) {
    unsaved.lock().unwrap_or_else(PoisonError::into_inner).push((hash, expires_unix));
    any_unsaved.store(true, Ordering::Relaxed);
}

fn hash(session: &str) -> Hash {
    Sha256::digest(session.as_bytes()).into()
}
