//! The one writer of a database: everything that waits shares a commit, each write in a savepoint of its own.
//!
//! A write that wants to be alone (an import) needs no savepoint: it is its transaction. It gets more memory for pages
//! as well, so that what it changes again and again is written once, and its log is cut behind each of its commits.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::checkpoint::PAGES;
use super::connection::{SqliteConnection, WRITER_CACHE, translate};
use super::org::Shared;
use crate::engine::{Budget, Verdict, WriteJob};
use crate::tx::WriteTx;
use crate::{StoreError, StoreFault, StoreResult};

/// A group is closed when it has this many writes.
const GROUP: usize = 256;
/// A group is closed when it has been open for this long, so that a slow write delays only those already in it.
const GROUP_TIME: Duration = Duration::from_millis(4);

/// Pages in memory for writes that are alone, KiB.
const ROOM_ALONE: i64 = 96 * 1024;
/// After this long without a write the memory of those that were alone is given back.
const ROOM_KEPT: Duration = Duration::from_millis(200);
/// Pages of the log from which a write that was alone brings them home itself: a thread beside it falls behind, and the
/// longer the log, the slower is every page that is looked for in it.
const LONG_LOG: i32 = 16 * PAGES;

/// Starts the writer's thread; it ends when the last sender is dropped.
pub(super) fn start(
    mut connection: SqliteConnection,
    path: &Path,
    queue: usize,
    shared: Arc<Shared>,
) -> StoreResult<SyncSender<WriteJob>> {
    let (sender, receiver) = sync_channel(queue);
    let pages = Arc::new(AtomicI32::new(0));
    let counted = Arc::clone(&pages);
    connection
        .raw
        .wal_hook(Some(move |_: &mut _, count| {
            counted.store(count, Ordering::Relaxed);
            Ok(())
        }))
        .map_err(translate)?;
    let writer = Writer {
        connection,
        pages,
        path: path.to_owned(),
        shared,
        asked_at: 0,
        announced: Cell::new(false),
        roomy: Cell::new(false),
    };
    std::thread::Builder::new().name("writer".to_owned()).spawn(move || writer.work(&receiver)).map_err(
        |error| StoreError::new(StoreFault::Unavailable, format!("no thread for writes: {error}")),
    )?;
    Ok(sender)
}

struct Writer {
    connection: SqliteConnection,
    pages: Arc<AtomicI32>,
    path: PathBuf,
    shared: Arc<Shared>,
    asked_at: i32,
    /// A write of this transaction has something to announce.
    announced: Cell<bool>,
    /// There is memory for writes that are alone.
    roomy: Cell<bool>,
}

/// What became of one write inside its group.
enum Ran {
    /// Its savepoint holds changes to be committed.
    Kept,
    /// Its savepoint was rolled back, as it wished.
    Undone,
    /// It failed by itself; its savepoint was rolled back.
    Failed(StoreError),
    /// The transaction around it is gone: disk full, damage. All of the group must be run again.
    GroupLost(StoreError),
}

impl Writer {
    fn work(mut self, receiver: &Receiver<WriteJob>) {
        let mut held: Option<WriteJob> = None;
        loop {
            let first = match held.take() {
                Some(job) => job,
                None => match self.next(receiver) {
                    Some(job) => job,
                    None => return,
                },
            };
            let alone = first.alone;
            self.give_room(alone);
            held = self.group(first, receiver);
            self.checkpoint(alone);
        }
    }

    fn next(&self, receiver: &Receiver<WriteJob>) -> Option<WriteJob> {
        if self.roomy.get() {
            match receiver.recv_timeout(ROOM_KEPT) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => self.give_room(false),
            }
        }
        receiver.recv().ok()
    }

    fn give_room(&self, alone: bool) {
        if self.roomy.replace(alone) != alone {
            let kib = if alone { ROOM_ALONE } else { WRITER_CACHE };
            if let Err(error) = self.connection.run(&format!("PRAGMA cache_size = -{kib}")) {
                tracing::warn!(%error, "the writer keeps the memory it has");
            }
        }
    }

    fn checkpoint(&mut self, alone: bool) {
        let pages = self.pages.load(Ordering::Relaxed);
        if alone && pages >= LONG_LOG {
            if let Err(error) = self.connection.run("PRAGMA wal_checkpoint(PASSIVE)") {
                tracing::warn!(%error, "checkpoint failed");
            }
            self.asked_at = pages;
            return;
        }
        if pages < self.asked_at {
            self.asked_at = 0; // The log was started over.
        }
        if pages >= PAGES && pages - self.asked_at >= PAGES / 2 {
            self.asked_at = pages;
            self.shared.checkpointer.ask(self.path.clone());
        }
    }

    /// Runs a group that begins with `first`; answers a write that was taken from the queue but wants to be alone.
    fn group(&self, first: WriteJob, receiver: &Receiver<WriteJob>) -> Option<WriteJob> {
        if let Err(error) = self.connection.run("BEGIN IMMEDIATE") {
            (first.done)(Err(error));
            return None;
        }
        let opened = Instant::now();
        let mut next = Some(first);
        let mut held = None;
        let mut finished: Vec<(WriteJob, Result<bool, StoreError>)> = Vec::new();
        let mut lost = None;
        while let Some(mut job) = next.take() {
            let alone = job.alone;
            let ran = self.savepoint(&mut job);
            finished.push(match ran {
                Ran::Kept => (job, Ok(true)),
                Ran::Undone => (job, Ok(false)),
                Ran::Failed(error) => (job, Err(error)),
                Ran::GroupLost(error) => {
                    lost = Some(error);
                    (job, Ok(true))
                }
            });
            if lost.is_some() || alone || finished.len() >= GROUP || opened.elapsed() >= GROUP_TIME {
                break;
            }
            next = receiver.try_recv().ok();
            if next.as_ref().is_some_and(|job| job.alone) {
                held = next.take();
            }
        }
        let ended = match lost {
            Some(error) => Err(error),
            None if finished.iter().any(|(_, ran)| matches!(ran, Ok(true))) => self.connection.run("COMMIT"),
            None => self.connection.run("ROLLBACK"),
        };
        match ended {
            Ok(()) => {
                self.tell();
                for (job, ran) in finished {
                    (job.done)(ran.map(drop));
                }
            }
            Err(error) => self.one_by_one(finished, error),
        }
        held
    }

    /// The group's transaction was lost. Whoever had a part in it runs again, alone, and answers for itself.
    fn one_by_one(&self, finished: Vec<(WriteJob, Result<bool, StoreError>)>, cause: StoreError) {
        self.abandon();
        let single = finished.len() == 1;
        for (mut job, ran) in finished {
            match ran {
                Ok(true) if single => (job.done)(Err(StoreError::new(cause.fault, cause.detail()))),
                Ok(true) => {
                    let outcome = self.alone(&mut job);
                    (job.done)(outcome);
                }
                other => (job.done)(other.map(drop)),
            }
        }
    }

    fn alone(&self, job: &mut WriteJob) -> Result<(), StoreError> {
        self.connection.run("BEGIN IMMEDIATE")?;
        let ended = match self.savepoint(job) {
            Ran::Kept => self.connection.run("COMMIT"),
            Ran::Undone => self.connection.run("ROLLBACK"),
            Ran::Failed(error) | Ran::GroupLost(error) => Err(error),
        };
        match ended {
            Ok(()) => self.tell(),
            Err(_) => self.abandon(),
        }
        ended
    }

    /// What was announced is committed.
    fn tell(&self) {
        if self.announced.take() {
            let name = self.path.file_stem().and_then(|name| name.to_str());
            self.shared.news.tell(name);
        }
    }

    fn abandon(&self) {
        self.announced.set(false);
        if !self.connection.raw.is_autocommit()
            && let Err(error) = self.connection.run("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }

    fn savepoint(&self, job: &mut WriteJob) -> Ran {
        if Instant::now() >= job.until {
            return Ran::Failed(StoreError::new(
                StoreFault::Interrupted,
                "the write waited past its deadline",
            ));
        }
        if !job.alone
            && let Err(error) = self.connection.run("SAVEPOINT w")
        {
            return Ran::GroupLost(error);
        }
        let budget = Budget { until: job.until, cancelled: None };
        let tx = WriteTx::new(&self.connection, job.now.clone());
        let verdict =
            self.connection.limited(&budget, false, || catch_unwind(AssertUnwindSafe(|| (job.body)(&tx))));
        let announced = tx.announced();
        drop(tx);
        if self.connection.raw.is_autocommit() {
            return Ran::GroupLost(StoreError::new(
                StoreFault::Full,
                "the transaction was undone by the database",
            ));
        }
        // Of one that is alone the group's end keeps or undoes everything.
        let undo = || match job.alone {
            true => Ok(()),
            false => self.connection.run("ROLLBACK TO w").and_then(|()| self.connection.run("RELEASE w")),
        };
        let keep = || if job.alone { Ok(()) } else { self.connection.run("RELEASE w") };
        match verdict {
            Ok(Verdict::Commit) => match keep() {
                Ok(()) => {
                    self.announced.set(self.announced.get() || announced);
                    Ran::Kept
                }
                Err(error) => Ran::GroupLost(error),
            },
            Ok(Verdict::RollBack) => undo().map_or_else(Ran::GroupLost, |()| Ran::Undone),
            Err(_) => {
                undo().map_or_else(Ran::GroupLost, |()| Ran::Failed(StoreError::defect("the write panicked")))
            }
        }
    }
}
