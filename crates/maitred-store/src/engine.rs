//! The boundary between domain code and an engine: databases are opened by name, reads run in lanes, writes queue.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::contents::Digests;
use crate::news::Hear;
use crate::value::RawRow;
use crate::{Migration, ReadTx, StoreError, StoreResult, WriteTx};

/// How long a read may take and who may stop it.
#[derive(Clone)]
pub struct Budget {
    /// The read is interrupted at this moment.
    pub until: Instant,
    /// Asked now and then; `true` interrupts the read.
    pub cancelled: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
}

impl Budget {
    /// A budget that ends after `time`.
    pub fn of(time: Duration) -> Self {
        Self { until: Instant::now() + time, cancelled: None }
    }
}

/// What a write wants done with its changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Keep them.
    Commit,
    /// Undo them: a failed call or a dry run.
    RollBack,
}

/// A write waiting for its turn.
///
/// `body` may run more than once (the transaction it ran in may be lost through no fault of its own), so it must start
/// from the same state each time. `done` runs once, after the commit is durable or the write has failed, on a thread
/// of the engine: it must be short.
pub struct WriteJob {
    /// The work.
    pub body: Box<dyn FnMut(&WriteTx<'_>) -> Verdict + Send>,
    /// Takes the outcome.
    pub done: Box<dyn FnOnce(Result<(), StoreError>) + Send>,
    /// The write is not started after this moment, and interrupted when it is still running.
    pub until: Instant,
    /// The time that records get, RFC 3339 UTC with milliseconds.
    pub now: String,
    /// True for imports and the like: commits what is waiting before it starts, so that nobody waits behind it longer
    /// than for one write of its own.
    pub alone: bool,
}

/// The work of a report.
pub type ReportBody = Box<dyn FnOnce(StoreResult<&ReadTx<'_>>) + Send>;

/// One open database.
pub trait OrgStore: Send + Sync {
    /// Runs `body` in a read-only transaction in the calling thread. `Interrupted` when the budget was used up.
    fn read(&self, budget: &Budget, body: &mut dyn FnMut(&ReadTx<'_>)) -> StoreResult<()>;

    /// Runs `body` in a read-only transaction on the report lane; it is dropped unrun when the lane is full or the
    /// database closes, which the body's owner notices by the drop.
    fn report(&self, budget: Budget, body: ReportBody);

    /// True when a keyed read costs microseconds and may run where the request is, on a thread that serves the
    /// network. False when it waits for a network itself: then it belongs on [`OrgStore::keyed`].
    fn inline(&self) -> bool {
        true
    }

    /// Runs a keyed read on threads that reports do not take, so that neither starves the other. Dropped unrun as in
    /// [`OrgStore::report`].
    fn keyed(&self, budget: Budget, body: ReportBody);

    /// Queues a write. A full queue fails the job at once as busy.
    fn write(&self, job: WriteJob);

    /// A consistent copy of the live database in a new file.
    fn backup(&self, target: &Path) -> StoreResult<()>;

    /// Looks for damage; answers what was found, in words, or nothing.
    fn check(&self) -> StoreResult<Vec<String>>;

    /// Hands over every row of every table, table by table in the order of their names, as one snapshot. A few hundred
    /// rows are in memory at a time.
    fn dump(&self, sink: &mut dyn Sink) -> StoreResult<()>;

    /// Rows and a hash of the contents of every table, for proofs that nothing changed and for copies.
    fn contents(&self) -> StoreResult<Vec<TableContents>> {
        let mut digests = Digests::default();
        self.dump(&mut digests)?;
        Ok(digests.finish())
    }

    /// A number that changes when another process, or this one, has committed since the last look.
    fn data_version(&self) -> StoreResult<i64>;
}

/// Takes the contents of a database.
pub trait Sink {
    /// The rows from here on are of this table and have these columns.
    fn table(&mut self, name: &str, columns: &[String]) -> StoreResult<()>;
    /// One row.
    fn row(&mut self, row: &dyn RawRow) -> StoreResult<()>;
}

/// What a table holds, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableContents {
    /// Table.
    pub table: String,
    /// Number of rows.
    pub rows: i64,
    /// SHA-256 over all rows in key order, the same on every engine.
    pub hash: String,
}

/// Makes, finds and opens databases by name. Names are slugs: `a-z`, `0-9` and `-`.
pub trait Engine: Send + Sync {
    /// Makes a new database and brings it to the newest schema.
    fn create(&self, name: &str, migrations: &[Migration]) -> StoreResult<Arc<dyn OrgStore>>;

    /// Opens an existing database, bringing it to the newest schema where needed. Kept open, within bounds.
    fn open(&self, name: &str, migrations: &[Migration]) -> StoreResult<Arc<dyn OrgStore>>;

    /// True when the database exists.
    fn exists(&self, name: &str) -> StoreResult<bool>;

    /// Tells `hear` of every database in which a committed write announced something ([`WriteTx::announce`]), in this
    /// process or another.
    fn listen(&self, hear: Hear);

    /// Names of all databases there are, in order.
    fn names(&self) -> StoreResult<Vec<String>>;

    /// What kind of engine this is, for people: `sqlite`, `postgres`.
    fn kind(&self) -> &'static str;
}

/// True when `name` can name a database.
pub fn is_slug(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 48
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// Runs a write and waits for its outcome: for the command line and tests, never on a thread that serves the network.
pub fn write_and_wait<T: Send + 'static>(
    store: &dyn OrgStore,
    now: String,
    limit: Duration,
    mut body: impl FnMut(&WriteTx<'_>) -> StoreResult<T> + Send + 'static,
) -> StoreResult<T> {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    let slot = Arc::new(std::sync::Mutex::new(None));
    let result = Arc::clone(&slot);
    store.write(WriteJob {
        body: Box::new(move |tx| {
            let outcome = body(tx);
            let verdict = if outcome.is_ok() { Verdict::Commit } else { Verdict::RollBack };
            *result.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(outcome);
            verdict
        }),
        // The receiver waits below; if it is gone there is nobody to tell.
        done: Box::new(move |outcome| drop(sender.send(outcome))),
        until: Instant::now() + limit,
        now,
        alone: true,
    });
    receiver.recv().map_err(|_| StoreError::defect("the writer went away"))??;
    let outcome = slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    outcome.unwrap_or_else(|| Err(StoreError::defect("the write did not run")))
}
