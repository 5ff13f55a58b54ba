//! One open database file.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use super::SqliteOptions;
use super::checkpoint::Checkpointer;
use super::connection::{KEYED_READS, Purpose, SqliteConnection, SqliteRow, TABLES, quoted, translate};
use super::writer;
use crate::engine::{Budget, OrgStore, ReportBody, Sink, WriteJob};
use crate::lane::Lane;
use crate::migrate::{self, Migration};
use crate::news::News;
use crate::tx::{Connection, ReadTx, WriteTx};
use crate::value::{Param, Row};
use crate::{StoreError, StoreFault, StoreResult};

/// Idle read connections kept per database.
const IDLE_READERS: usize = 8;

/// What all databases of an engine share.
pub(super) struct Shared {
    pub(super) reports: Lane,
    /// For keyed reads that took longer than they may on a thread that serves the network: few, and they should not
    /// wait behind reports.
    pub(super) keyed: Lane,
    pub(super) checkpointer: Checkpointer,
    pub(super) news: News,
}

pub(super) struct SqliteOrg {
    path: PathBuf,
    patience: Duration,
    queue: usize,
    readers: Readers,
    writer: Mutex<Option<SyncSender<WriteJob>>>,
    watcher: Mutex<Option<SqliteConnection>>,
    shared: Arc<Shared>,
}

/// Idle read connections, each with the thread that used it last: what it has cached is near that thread's processor.
type Readers = Arc<Mutex<Vec<(ThreadId, SqliteConnection)>>>;

impl SqliteOrg {
    pub(super) fn create(
        path: &Path,
        migrations: &[Migration],
        options: &SqliteOptions,
        shared: &Arc<Shared>,
    ) -> StoreResult<Arc<Self>> {
        let connection = SqliteConnection::open(path, Purpose::Create, options.patience)?;
        connection.batch(migrate::MIGRATION_TABLE)?;
        bring_up_to_date(&connection, migrations)?;
        drop(connection);
        Self::open(path, migrations, options, shared)
    }

    pub(super) fn open(
        path: &Path,
        migrations: &[Migration],
        options: &SqliteOptions,
        shared: &Arc<Shared>,
    ) -> StoreResult<Arc<Self>> {
        if !path.exists() {
            return Err(StoreError::new(
                StoreFault::Unavailable,
                format!("there is no `{}`", path.display()),
            ));
        }
        let reader = SqliteConnection::open(path, Purpose::Read, options.patience)?;
        // Nothing to be done is the usual case and takes no lock: clients start two servers at once.
        if !migrate::pending(&ReadTx::new(&reader), &migrate::steps(migrations))?.is_empty() {
            bring_up_to_date(&SqliteConnection::open(path, Purpose::Write, options.patience)?, migrations)?;
        }
        Ok(Arc::new(Self {
            path: path.to_owned(),
            patience: options.patience,
            queue: options.write_queue,
            readers: Arc::new(Mutex::new(vec![(std::thread::current().id(), reader)])),
            writer: Mutex::new(None),
            watcher: Mutex::new(None),
            shared: Arc::clone(shared),
        }))
    }

    /// Runs `body` on a lane; one that `gives_way` rests while keyed reads are being served.
    fn on_lane(&self, lane: &Lane, gives_way: bool, budget: Budget, body: ReportBody) {
        let (readers, path, patience) = (Arc::clone(&self.readers), self.path.clone(), self.patience);
        let task = Box::new(move || match take_reader(&readers, &path, patience) {
            Ok(connection) => {
                let ended =
                    connection.limited(&budget, gives_way, || snapshot(&connection, |tx| body(Ok(tx))));
                if let Err(error) = ended {
                    tracing::debug!(%error, "a report's transaction did not end cleanly");
                } else {
                    give_back(&readers, connection);
                }
            }
            Err(error) => body(Err(error)),
        });
        // Dropped with its body when the lane is full; the body's owner tells its caller.
        drop(lane.run(task));
    }

    fn sender(&self) -> StoreResult<SyncSender<WriteJob>> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = writer.as_ref() {
            return Ok(sender.clone());
        }
        let connection = SqliteConnection::open(&self.path, Purpose::Write, self.patience)?;
        let sender = writer::start(connection, &self.path, self.queue, Arc::clone(&self.shared))?;
        *writer = Some(sender.clone());
        Ok(sender)
    }
}

fn bring_up_to_date(connection: &SqliteConnection, migrations: &[Migration]) -> StoreResult<()> {
    connection.run("BEGIN IMMEDIATE")?;
    let tx = WriteTx::new(connection, migrate::epoch());
    // Asked again under the lock: another process may have been faster.
    let outcome =
        migrate::pending(&tx, &migrate::steps(migrations)).and_then(|pending| migrate::apply(&tx, &pending));
    match outcome {
        Ok(()) => connection.run("COMMIT"),
        Err(error) => {
            connection.run("ROLLBACK")?;
            Err(error)
        }
    }
}

fn dump_table(connection: &SqliteConnection, table: &str, sink: &mut dyn Sink) -> StoreResult<()> {
    let select = format!("SELECT * FROM {}", quoted(table));
    let mut statement = connection.raw.prepare(&select).map_err(translate)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    sink.table(table, &columns)?;
    let mut rows = statement.query([]).map_err(translate)?;
    while let Some(row) = rows.next().map_err(translate)? {
        sink.row(&SqliteRow(row))?;
    }
    Ok(())
}

fn take_reader(readers: &Readers, path: &Path, patience: Duration) -> StoreResult<SqliteConnection> {
    let here = std::thread::current().id();
    let idle = {
        let mut idle = readers.lock().unwrap_or_else(PoisonError::into_inner);
        let own = idle.iter().rposition(|(thread, _)| *thread == here);
        own.or(idle.len().checked_sub(1)).map(|at| idle.swap_remove(at).1)
    };
    match idle {
        Some(connection) => Ok(connection),
        None => SqliteConnection::open(path, Purpose::Read, patience),
    }
}

fn give_back(readers: &Readers, connection: SqliteConnection) {
    let here = std::thread::current().id();
    let mut idle = readers.lock().unwrap_or_else(PoisonError::into_inner);
    if idle.len() < IDLE_READERS {
        idle.push((here, connection));
    }
}

/// One snapshot from the first statement to the last.
fn snapshot(connection: &SqliteConnection, body: impl FnOnce(&ReadTx<'_>)) -> StoreResult<()> {
    // A panic leaves the connection inside its transaction; it is dropped with the unwinding and not given back.
    let snapshot = Snapshot { connection, begun: Cell::new(false) };
    body(&ReadTx::new(&snapshot));
    if snapshot.begun.get() { connection.run("COMMIT") } else { Ok(()) }
}

/// A read-only transaction that begins with its first statement: a call that asks the database nothing pays nothing.
struct Snapshot<'c> {
    connection: &'c SqliteConnection,
    begun: Cell<bool>,
}

impl Snapshot<'_> {
    fn begin(&self) -> StoreResult<()> {
        if !self.begun.get() {
            self.connection.run("BEGIN")?;
            self.begun.set(true);
        }
        Ok(())
    }
}

impl Connection for Snapshot<'_> {
    fn query(
        &self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> StoreResult<bool>,
    ) -> StoreResult<()> {
        self.begin()?;
        self.connection.query(sql, params, each)
    }

    fn execute(&self, sql: &str, params: &[Param<'_>]) -> StoreResult<u64> {
        self.begin()?;
        self.connection.execute(sql, params)
    }

    fn batch(&self, sql: &str) -> StoreResult<()> {
        self.begin()?;
        self.connection.batch(sql)
    }
}

impl OrgStore for SqliteOrg {
    fn read(&self, budget: &Budget, body: &mut dyn FnMut(&ReadTx<'_>)) -> StoreResult<()> {
        KEYED_READS.fetch_add(1, Ordering::Relaxed);
        let connection = take_reader(&self.readers, &self.path, self.patience)?;
        connection.limited(budget, false, || snapshot(&connection, |tx| body(tx)))?;
        give_back(&self.readers, connection);
        Ok(())
    }

    fn report(&self, budget: Budget, body: ReportBody) {
        self.on_lane(&self.shared.reports, true, budget, body);
    }

    fn keyed(&self, budget: Budget, body: ReportBody) {
        self.on_lane(&self.shared.keyed, false, budget, body);
    }

    fn write(&self, job: WriteJob) {
        let sender = match self.sender() {
            Ok(sender) => sender,
            Err(error) => return (job.done)(Err(error)),
        };
        if let Err(refused) = sender.try_send(job) {
            let (job, what) = match refused {
                TrySendError::Full(job) => (job, "too many writes are waiting"),
                TrySendError::Disconnected(job) => (job, "the writer has stopped"),
            };
            (job.done)(Err(StoreError::new(StoreFault::Busy, what)));
        }
    }

    fn backup(&self, target: &Path) -> StoreResult<()> {
        if target.exists() {
            return Err(StoreError::new(
                StoreFault::Unique,
                format!("`{}` exists already", target.display()),
            ));
        }
        let source = rusqlite::Connection::open_with_flags(
            &self.path,
            rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .map_err(translate)?;
        source.busy_timeout(self.patience).map_err(translate)?;
        let target = target
            .to_str()
            .ok_or_else(|| StoreError::new(StoreFault::Unavailable, "the path of the copy is not UTF-8"))?;
        source.execute("VACUUM INTO ?1", [target]).map_err(translate)?;
        Ok(())
    }

    fn check(&self) -> StoreResult<Vec<String>> {
        let connection = take_reader(&self.readers, &self.path, self.patience)?;
        let mut statement = connection.raw.prepare("PRAGMA quick_check(20)").map_err(translate)?;
        let found = statement
            .query_map([], |row| row.get::<_, String>(0))
            .and_then(Iterator::collect::<Result<Vec<String>, _>>)
            .map_err(translate)?;
        Ok(found.into_iter().filter(|line| line != "ok").collect())
    }

    fn dump(&self, sink: &mut dyn Sink) -> StoreResult<()> {
        let connection = take_reader(&self.readers, &self.path, self.patience)?;
        connection.run("BEGIN")?;
        let tables: Vec<(String,)> = ReadTx::new(&connection).all(TABLES, &[])?;
        for (table,) in &tables {
            dump_table(&connection, table, sink)?;
        }
        connection.run("COMMIT")?;
        give_back(&self.readers, connection);
        Ok(())
    }

    fn data_version(&self) -> StoreResult<i64> {
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        if watcher.is_none() {
            *watcher = Some(SqliteConnection::open(&self.path, Purpose::Read, self.patience)?);
        }
        let connection = watcher.as_ref().ok_or_else(|| StoreError::defect("no watcher"))?;
        let mut statement = connection.raw.prepare_cached("PRAGMA data_version").map_err(translate)?;
        statement.query_row([], |row| row.get(0)).map_err(translate)
    }
}
