//! Writes: everything that waits for one organisation shares a commit, each write in a savepoint of its own.
//!
//! A group first takes the organisation's turn, a lock on a table without rows, and its snapshot after that, so that
//! groups run one after the other also across nodes, as if each were alone: a body may look and then write. `REPEATABLE
//! READ` on top of that notices whoever writes without taking a turn (an operator with psql): the group is undone and
//! run again. `SERIALIZABLE` would add nothing but its price: every write meets every other at the audit's head, so
//! without the turn all but one of the groups that run at a time would do their work in vain.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::connection::{PgConnection, Trouble};
use super::driver::CHANNEL;
use super::org::PgOrg;
use super::pool::Lent;
use crate::engine::{Budget, Verdict, WriteJob};
use crate::tx::WriteTx;
use crate::{StoreError, StoreFault, StoreResult};

/// A group is closed when it has this many writes.
const GROUP: usize = 256;
/// A group is closed when it has been open for this long, so that a slow write delays only those already in it.
const GROUP_TIME: Duration = Duration::from_millis(10);
/// After this many groups that had to be undone, each of their writes runs alone.
const GROUPS: usize = 2;
/// A write that met others' changes this often alone is given up.
const TRIES: u32 = 10;

/// Starts the threads that write; they end when the sender is dropped.
pub(super) fn start(threads: usize) -> StoreResult<Sender<Arc<PgOrg>>> {
    let (ready, receiver) = channel();
    let receiver = Arc::new(Mutex::new(receiver));
    for number in 0..threads.max(1) {
        let receiver = Arc::clone(&receiver);
        std::thread::Builder::new().name(format!("writer-{number}")).spawn(move || work(&receiver)).map_err(
            |error| StoreError::new(StoreFault::Unavailable, format!("no thread for writes: {error}")),
        )?;
    }
    Ok(ready)
}

fn work(receiver: &Mutex<Receiver<Arc<PgOrg>>>) {
    loop {
        let ready = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(org) = ready else {
            return;
        };
        // Bodies are caught where they run; what panics here is somebody's `done`, and the others shall not suffer.
        if catch_unwind(AssertUnwindSafe(|| serve(&org))).is_err() {
            tracing::error!("the end of a write panicked");
        }
        let mut waiting = org.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.jobs.is_empty() {
            waiting.served = false;
        } else {
            // Behind the others that wait: no organisation has a thread for itself.
            drop(org.shared.ready.send(Arc::clone(&org)));
        }
    }
}

/// What became of one write inside its group.
enum Ran {
    /// Its savepoint holds changes to be committed.
    Kept,
    /// Its savepoint was rolled back, as it wished.
    Undone,
    /// It failed by itself; its savepoint was rolled back.
    Failed(StoreError),
}

/// Runs the writes that wait, to their end.
fn serve(org: &PgOrg) {
    let mut left = VecDeque::new();
    for round in 0..GROUPS {
        left = Group::run(org, left, round == 0).again;
        if left.is_empty() {
            return;
        }
        pause(1);
    }
    for job in left {
        alone(org, job);
    }
}

fn alone(org: &PgOrg, job: WriteJob) {
    let mut left = VecDeque::from([job]);
    for attempt in 1..=TRIES {
        let ended = Group::run(org, left, false);
        left = ended.again;
        if left.is_empty() {
            return;
        }
        if ended.trouble == Trouble::Lost {
            break;
        }
        pause(attempt);
    }
    for job in left {
        (job.done)(Err(StoreError::new(
            StoreFault::Busy,
            "the write met others' changes, or lost its connection, each time it was tried",
        )));
    }
}

/// Waits a few milliseconds, longer each time and never the same.
fn pause(attempt: u32) {
    let chance = RandomState::new().hash_one(attempt) % 1_000;
    let most = 2_000_u64 << attempt.min(6);
    std::thread::sleep(Duration::from_micros(most * (500 + chance) / 1_500));
}

/// What is left to do after a group.
struct Ended {
    /// Writes that had no part in what went wrong, or met another transaction: to be run again from the start.
    again: VecDeque<WriteJob>,
    trouble: Trouble,
}

struct Group {
    /// Writes that ran, in order.
    ran: Vec<(WriteJob, Ran)>,
    /// Writes that were handed over and did not run.
    given: VecDeque<WriteJob>,
    /// One of the writes that are kept has something to announce.
    announced: bool,
}

impl Group {
    /// Runs `given`; a group that is `open` takes what waits in the queue as well.
    fn run(org: &PgOrg, given: VecDeque<WriteJob>, open: bool) -> Ended {
        let mut group = Self { ran: Vec::new(), given, announced: false };
        let lent = match begin(org) {
            Ok(lent) => lent,
            Err(error) => return group.not_begun(org, open, &error),
        };
        group.fill(org, &lent, open);
        let trouble = lent.trouble();
        if trouble != Trouble::None {
            lent.roll_back();
            return group.undone(trouble);
        }
        if !group.ran.iter().any(|(_, ran)| matches!(ran, Ran::Kept)) {
            lent.roll_back();
            return group.answer(None);
        }
        let committed =
            lent.run_commit("UPDATE maitred_version SET version = version + 1 WHERE one = 1; COMMIT");
        match committed {
            Ok(()) => {
                if group.announced {
                    lent.send(&notice(&org.schema));
                }
                lent.give_back();
                group.answer(None)
            }
            Err(error) => {
                let trouble = lent.trouble();
                lent.roll_back();
                match trouble {
                    Trouble::Conflict => group.undone(trouble),
                    Trouble::Lost => group.answer(Some(&StoreError::new(
                        StoreFault::Unavailable,
                        format!(
                            "the connection was lost during the commit, the write may stand or not: {}",
                            error.detail()
                        ),
                    ))),
                    Trouble::None | Trouble::Cancelled => group.answer(Some(&error)),
                }
            }
        }
    }

    fn fill(&mut self, org: &PgOrg, lent: &Lent, open: bool) {
        let opened = Instant::now();
        loop {
            let next = self.given.pop_front().or_else(|| if open { self.next_waiting(org) } else { None });
            let Some(mut job) = next else {
                return;
            };
            let (ran, announced) = savepoint(lent, &mut job);
            self.announced |= announced;
            let alone = job.alone;
            self.ran.push((job, ran));
            let full = open && (alone || self.ran.len() >= GROUP || opened.elapsed() >= GROUP_TIME);
            if full || lent.trouble() != Trouble::None {
                return;
            }
        }
    }

    /// The next write of the queue; one that wants to be alone waits for the next group, unless it begins this one.
    fn next_waiting(&self, org: &PgOrg) -> Option<WriteJob> {
        let mut waiting = org.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.ran.is_empty() && waiting.jobs.front().is_some_and(|job| job.alone) {
            return None;
        }
        waiting.jobs.pop_front()
    }

    /// No transaction could be begun: whoever has waited for it gets to know why. A server that is away is away for
    /// all who wait; a turn that another node does not give up costs only the first, as a lock does on SQLite.
    fn not_begun(mut self, org: &PgOrg, open: bool, error: &StoreError) -> Ended {
        if open {
            let mut waiting = org.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let away = error.fault == StoreFault::Unavailable;
            let count = if away { waiting.jobs.len() } else { waiting.jobs.len().min(1) };
            self.given.extend(waiting.jobs.drain(..count));
        }
        for job in self.given {
            (job.done)(Err(StoreError::new(error.fault, error.detail())));
        }
        Ended { again: VecDeque::new(), trouble: Trouble::None }
    }

    /// The transaction is gone and nothing of it stands.
    fn undone(self, trouble: Trouble) -> Ended {
        let mut again = VecDeque::new();
        let last = self.ran.len().saturating_sub(1);
        for (place, (job, ran)) in self.ran.into_iter().enumerate() {
            match ran {
                // The write whose time was up while it ran: its answer is final, and only its own.
                ran @ (Ran::Undone | Ran::Failed(_)) if trouble == Trouble::Cancelled && place == last => {
                    (job.done)(outcome(ran, None));
                }
                Ran::Failed(error) if error.fault == StoreFault::Interrupted => (job.done)(Err(error)),
                _ => again.push_back(job),
            }
        }
        again.extend(self.given);
        Ended { again, trouble }
    }

    /// The transaction came to its end: all are answered. `error` is what those who wanted to commit get instead.
    fn answer(self, error: Option<&StoreError>) -> Ended {
        for (job, ran) in self.ran {
            (job.done)(outcome(ran, error));
        }
        Ended { again: self.given, trouble: Trouble::None }
    }
}

fn outcome(ran: Ran, error: Option<&StoreError>) -> StoreResult<()> {
    match (ran, error) {
        (Ran::Kept, Some(error)) => Err(StoreError::new(error.fault, error.detail())),
        (Ran::Kept, None) | (Ran::Undone, _) => Ok(()),
        (Ran::Failed(error), _) => Err(error),
    }
}

/// Takes a connection and the organisation's turn.
fn begin(org: &PgOrg) -> StoreResult<Lent> {
    // The lock is taken before anything is read, so the snapshot is younger than every commit before it.
    let turn = format!(
        "SET LOCAL lock_timeout = {}; LOCK TABLE maitred_turn IN EXCLUSIVE MODE",
        org.shared.patience.as_millis().clamp(1, 25_000)
    );
    loop {
        let lent = org.shared.pool.take_to_begin(&org.schema, None)?;
        lent.end_after(0);
        match lent.run_begin("BEGIN ISOLATION LEVEL REPEATABLE READ", &turn) {
            Ok(()) => return Ok(lent),
            // The server ended the connection while it was idle.
            Err(_) if lent.reused && lent.trouble() == Trouble::Lost => drop(lent),
            Err(error) => return Err(error),
        }
    }
}

/// Wakes whoever listens on the channel, with the schema in which something was announced. Not in the group's own transaction:
/// the server lets only one transaction that notifies commit at a time, disk included, in the whole database.
fn notice(schema: &str) -> String {
    // A schema is the engine's prefix and a slug: nothing in it needs quoting.
    format!("BEGIN; SET LOCAL synchronous_commit = off; NOTIFY {CHANNEL}, '{schema}'; COMMIT")
}

/// Runs one write; answers as well whether it has something to announce.
fn savepoint(connection: &PgConnection, job: &mut WriteJob) -> (Ran, bool) {
    if Instant::now() >= job.until {
        let late = StoreError::new(StoreFault::Interrupted, "the write waited past its deadline");
        return (Ran::Failed(late), false);
    }
    connection.send("SAVEPOINT w");
    connection.limit(&Budget { until: job.until, cancelled: None });
    let tx = WriteTx::new(connection, job.now.clone());
    let verdict = catch_unwind(AssertUnwindSafe(|| (job.body)(&tx)));
    let announced = tx.announced();
    drop(tx);
    let failed = connection.take_failure();
    if let (Ok(Verdict::Commit), None) = (&verdict, &failed) {
        connection.send("RELEASE w");
        return (Ran::Kept, announced);
    }
    connection.send("ROLLBACK TO w; RELEASE w");
    let ran = match (verdict, failed) {
        (Ok(Verdict::Commit), Some(error)) => Ran::Failed(StoreError::new(
            error.fault,
            format!("a write with a failed statement cannot be kept: {}", error.detail()),
        )),
        (Ok(_), _) => Ran::Undone,
        (Err(_), _) => Ran::Failed(StoreError::defect("the write panicked")),
    };
    (ran, false)
}
