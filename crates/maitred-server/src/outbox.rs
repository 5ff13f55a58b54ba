//! Carries out what tools ordered to leave the house: mail and webhooks, after the commit, at least once.
//!
//! One thread looks into the databases in which something was announced, and into all of them now and then. It takes a
//! few acts under a lease, carries them out, and writes down how that went. A server that dies in between leaves them to
//! whoever looks after the lease: the receiver sees the same id twice at worst.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use maitred_core::clock::stamp;
use maitred_store::engine::write_and_wait;
use maitred_store::ledger::{self, Outgoing};
use maitred_store::{Budget, OrgStore, StoreResult, WriteTx};

use crate::boot::Product;

/// Time between two looks into every database: for what another process left, and for tries that are due.
const EVERY: Duration = Duration::from_secs(30);
/// Acts taken at a time.
const TAKEN: i64 = 8;
/// Time for which what was taken is nobody else's: longer than [`TAKEN`] acts may take.
const LEASE: SignedDuration = SignedDuration::from_secs(300);
/// Pauses between tries; after the last an act is dead. About two days.
const PAUSES: [i64; 9] = [10, 60, 300, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400];
/// Time one look at a database may take.
const LIMIT: Duration = Duration::from_secs(20);
/// How long acts that were carried out are still listed.
pub const SENT_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Why an act could not be carried out.
#[derive(Debug, PartialEq, Eq)]
pub struct Failed {
    /// True when trying again would change nothing: an address that does not exist, a receiver that refuses.
    pub for_good: bool,
    /// In words, without what the act says.
    pub what: String,
}

impl Failed {
    /// Something that may pass.
    pub fn for_now(what: impl fmt::Display) -> Self {
        Self { for_good: false, what: what.to_string() }
    }

    /// Something that will not pass.
    pub fn for_good(what: impl fmt::Display) -> Self {
        Self { for_good: true, what: what.to_string() }
    }
}

/// Carries acts out of the house. Blocks, and must give up by itself.
pub trait Carrier: Send {
    /// True for the acts it knows how to carry out.
    fn takes(&self, topic: &str) -> bool;
    /// Carries out an act of this organisation.
    fn carry(&self, org: &str, act: &Outgoing) -> Result<(), Failed>;
}

/// Organisations to look into.
#[derive(Default)]
struct Due {
    orgs: Mutex<(BTreeSet<String>, bool)>,
    more: Condvar,
}

impl Due {
    fn hear(&self, org: Option<&str>) {
        let mut due = self.orgs.lock().unwrap_or_else(PoisonError::into_inner);
        match org {
            Some(org) => drop(due.0.insert(org.to_owned())),
            None => due.1 = true,
        }
        drop(due);
        self.more.notify_one();
    }

    /// Those in which something was announced; `None` for all, which is also said after a while without any.
    fn wait(&self, until: Instant) -> Option<BTreeSet<String>> {
        let mut due = self.orgs.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if std::mem::take(&mut due.1) || left.is_zero() {
                due.0.clear();
                return None;
            }
            if !due.0.is_empty() {
                return Some(std::mem::take(&mut due.0));
            }
            due = self.more.wait_timeout(due, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Begins to carry out what is due, for as long as the process lives. Without carriers nothing is taken.
///
/// # Errors
/// When the system gives no thread.
pub fn start(product: Arc<Product>, carriers: Vec<Box<dyn Carrier>>) -> io::Result<()> {
    let due = Arc::new(Due::default());
    let heard = Arc::clone(&due);
    product.directory.listen_to_orgs(Arc::new(move |org| heard.hear(org)));
    std::thread::Builder::new().name("outbox".to_owned()).stack_size(1 << 20).spawn(move || {
        let mut next = Instant::now() + Duration::from_secs(1);
        loop {
            let orgs = match due.wait(next) {
                Some(orgs) => orgs.into_iter().collect(),
                None => {
                    next = Instant::now() + EVERY;
                    match product.directory.orgs() {
                        Ok(orgs) => orgs
                            .into_iter()
                            .filter(|org| org.archived_at.is_none())
                            .map(|org| org.slug)
                            .collect(),
                        Err(error) => {
                            tracing::warn!("the outbox cannot see which organisations there are: {error:#}");
                            Vec::new()
                        }
                    }
                }
            };
            for org in orgs {
                let emptied = catch_unwind(AssertUnwindSafe(|| round(&product, &org, &carriers)));
                if let Err(error) = emptied.unwrap_or_else(|_| Err(anyhow::anyhow!("it panicked"))) {
                    tracing::warn!(org, "the outbox could not be emptied: {error:#}");
                }
            }
        }
    })?;
    Ok(())
}

/// Carries out what is due in one organisation; answers how many acts were carried out and how many were not.
///
/// # Errors
/// When the database fails.
pub fn round(product: &Product, org: &str, carriers: &[Box<dyn Carrier>]) -> anyhow::Result<(u64, u64)> {
    let store = product.directory.open_store(org)?;
    let (mut carried, mut failed) = (0, 0);
    while !carriers.is_empty() && is_due(&*store, &stamp(product.clock.now()))? {
        let now = product.clock.now();
        let lease = stamp(now + LEASE);
        let acts = write(product, &*store, move |tx| ledger::take_outbox(tx, TAKEN, &lease))?;
        if acts.is_empty() {
            break;
        }
        for act in acts {
            let outcome = match carriers.iter().find(|carrier| carrier.takes(&act.topic)) {
                Some(carrier) => carrier.carry(org, &act),
                None => Err(Failed::for_now(format!("this server has nothing that carries `{}`", act.topic))),
            };
            let word = if outcome.is_ok() { "sent" } else { "failed" };
            metrics::counter!("maitred_outbox_total", "topic" => act.topic.clone(), "outcome" => word)
                .increment(1);
            match outcome {
                Ok(()) => {
                    carried += 1;
                    write(product, &*store, move |tx| ledger::outbox_sent(tx, &act.id))?;
                }
                Err(why) => {
                    failed += 1;
                    give_up_or_wait(product, &*store, org, &act, &why)?;
                }
            }
        }
    }
    Ok((carried, failed))
}

fn give_up_or_wait(
    product: &Product,
    store: &dyn OrgStore,
    org: &str,
    act: &Outgoing,
    why: &Failed,
) -> anyhow::Result<()> {
    let tried = usize::try_from(act.attempts).unwrap_or(usize::MAX);
    let pause = if why.for_good { None } else { PAUSES.get(tried.saturating_sub(1)).copied() };
    // Up to a fifth more, so that what failed together does not come back together.
    let again = pause.map(|seconds| {
        stamp(product.clock.now() + SignedDuration::from_secs(seconds + fastrand::i64(0..=seconds / 5)))
    });
    let (id, what) = (act.id.clone(), why.what.clone());
    match &again {
        Some(at) => tracing::info!(org, id, topic = act.topic, what, at, "an act is tried again later"),
        None => {
            tracing::error!(org, id, topic = act.topic, what, "an act is dead: see `maitred outbox list`")
        }
    }
    write(product, store, move |tx| ledger::outbox_failed(tx, &id, &what, again.as_deref()))
}

fn is_due(store: &dyn OrgStore, now: &str) -> StoreResult<bool> {
    let mut due = Ok(false);
    store.read(&Budget::of(LIMIT), &mut |tx| due = ledger::outbox_due(tx, now))?;
    due
}

fn write<T: Send + 'static>(
    product: &Product,
    store: &dyn OrgStore,
    body: impl FnMut(&WriteTx<'_>) -> StoreResult<T> + Send + 'static,
) -> anyhow::Result<T> {
    Ok(write_and_wait(store, stamp(product.clock.now()), LIMIT, body)?)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use maitred_core::limits::LimitSettings;

    use super::*;
    use crate::boot;
    use crate::config::Place;

    struct Fake {
        carried: Sender<String>,
        fails: Vec<Failed>,
    }

    impl Carrier for Mutex<Fake> {
        fn takes(&self, topic: &str) -> bool {
            topic == "mail"
        }

        fn carry(&self, org: &str, act: &Outgoing) -> Result<(), Failed> {
            let mut fake = self.lock().unwrap();
            fake.carried.send(format!("{org} {} {}", act.payload, act.attempts)).unwrap();
            fake.fails.pop().map_or(Ok(()), Err)
        }
    }

    fn order(product: &Product, id: &'static str, topic: &'static str) {
        let store = product.directory.open_store("acme").unwrap();
        write(product, &*store, move |tx| ledger::put_outbox(tx, id, topic, &format!("\"{id}\""))).unwrap();
    }

    fn listed(product: &Product) -> Vec<(String, String, i64)> {
        let store = product.directory.open_store("acme").unwrap();
        let mut rows = Ok(Vec::new());
        store.read(&Budget::of(LIMIT), &mut |tx| rows = ledger::outbox(tx, None, 100)).unwrap();
        rows.unwrap().into_iter().map(|act| (act.id, act.state, act.attempts)).rev().collect()
    }

    fn due_at_once(product: &Product) {
        let store = product.directory.open_store("acme").unwrap();
        write(product, &*store, |tx| {
            tx.execute("UPDATE outbox SET due_at = created_at WHERE state = 'waiting'", &[])
        })
        .unwrap();
    }

    #[test]
    fn acts_are_carried_out_once_tried_again_and_given_up_in_the_end() {
        let data = tempfile::tempdir().unwrap();
        let product = boot::open(&Place::directory(data.path()), None, LimitSettings::default()).unwrap();
        product.directory.create_org("acme", "Acme", false).unwrap();
        let (carried, heard) = channel();
        let fails = vec![Failed::for_now("busy")];
        let carriers: Vec<Box<dyn Carrier>> = vec![Box::new(Mutex::new(Fake { carried, fails }))];
        order(&product, "a", "mail");
        order(&product, "b", "mail");
        assert_eq!(round(&product, "acme", &[]).unwrap(), (0, 0), "nobody to carry them");
        assert_eq!(round(&product, "acme", &carriers).unwrap(), (1, 1));
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), ["acme \"a\" 1", "acme \"b\" 1"]);
        // It waits for its time.
        assert_eq!(round(&product, "acme", &carriers).unwrap(), (0, 0));
        due_at_once(&product);
        assert_eq!(round(&product, "acme", &carriers).unwrap(), (1, 0));
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), ["acme \"a\" 2"]);
        // What nobody here carries waits for who can, and is dead after its last try.
        order(&product, "c", "pigeon");
        for _ in 0..=PAUSES.len() {
            assert_eq!(round(&product, "acme", &carriers).unwrap(), (0, 1));
            due_at_once(&product);
        }
        assert_eq!(round(&product, "acme", &carriers).unwrap(), (0, 0));
        let state = |id: &str, state: &str, attempts| (id.to_owned(), state.to_owned(), attempts);
        let tries = PAUSES.len() as i64 + 1;
        assert_eq!(
            listed(&product),
            [state("a", "sent", 2), state("b", "sent", 1), state("c", "dead", tries)]
        );
    }

    #[test]
    fn what_its_taker_did_not_finish_is_due_again_after_the_lease() {
        let data = tempfile::tempdir().unwrap();
        let product = boot::open(&Place::directory(data.path()), None, LimitSettings::default()).unwrap();
        product.directory.create_org("acme", "Acme", false).unwrap();
        order(&product, "a", "mail");
        let store = product.directory.open_store("acme").unwrap();
        let take = |lease: &'static str| {
            write(&product, &*store, move |tx| ledger::take_outbox(tx, 8, lease)).unwrap()
        };
        assert_eq!(take("2000-01-01T00:00:00.000Z").len(), 1);
        // That lease is over already; the next one is not.
        assert_eq!(take("9999-01-01T00:00:00.000Z").len(), 1);
        assert!(take("9999-01-01T00:00:00.000Z").is_empty());
    }

    #[test]
    fn what_is_ordered_while_the_server_runs_is_carried_out_at_once() {
        let data = tempfile::tempdir().unwrap();
        let place = Place::directory(data.path());
        let product = Arc::new(boot::open(&place, None, LimitSettings::default()).unwrap());
        product.directory.create_org("acme", "Acme", false).unwrap();
        let (carried, heard) = channel();
        start(Arc::clone(&product), vec![Box::new(Mutex::new(Fake { carried, fails: Vec::new() }))]).unwrap();
        std::thread::sleep(Duration::from_millis(1_200));
        order(&product, "a", "mail");
        assert_eq!(heard.recv_timeout(Duration::from_secs(10)).unwrap(), "acme \"a\" 1");
    }
}
