//! One SQLite connection: statements, limits, and the translation of its errors.

use std::borrow::Cow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{ErrorCode, OpenFlags};

use super::dialect;
use crate::engine::Budget;
use crate::frozen::{self, Frozen, Part};
use crate::tx::{Connection, ReadTx};
use crate::value::{Column, Param, RawRow, Row};
use crate::{Bulk, StoreError, StoreFault, StoreResult};

/// Virtual machine steps between two looks at the clock.
const STEPS: i32 = 2_000;
const CACHED_STATEMENTS: usize = 256;
/// Pages in memory, KiB.
const READER_CACHE: i64 = 2048;
pub(super) const WRITER_CACHE: i64 = 8192;
const NO_LIMIT: u64 = u64::MAX;

/// What a connection is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Queries only; the file must exist.
    Read,
    /// The one writer.
    Write,
    /// Like `Write`, and the file is made when it is not there.
    Create,
}

type Cancelled = Arc<dyn Fn() -> bool + Send + Sync>;

/// When the running statement must stop. Shared with the connection's progress handler.
#[derive(Default)]
pub(super) struct Limit {
    until: AtomicU64,
    cancelled: Mutex<Option<Cancelled>>,
    /// Non-zero on the report lane: keyed reads seen at the last look, plus one.
    seen: AtomicU64,
    worked_since: AtomicU64,
}

fn nanos(moment: Instant) -> u64 {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    let epoch = *EPOCH.get_or_init(Instant::now);
    u64::try_from(moment.saturating_duration_since(epoch).as_nanos()).unwrap_or(NO_LIMIT)
}

/// Counts keyed reads, so that reports can see whether they are in the way.
pub(super) static KEYED_READS: AtomicU64 = AtomicU64::new(0);

impl Limit {
    fn set(&self, budget: &Budget, gives_way: bool) {
        self.until.store(nanos(budget.until), Ordering::Relaxed);
        if gives_way {
            self.seen.store(KEYED_READS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            self.worked_since.store(nanos(Instant::now()), Ordering::Relaxed);
        }
        if budget.cancelled.is_some() {
            *self.cancelled.lock().unwrap_or_else(PoisonError::into_inner) = budget.cancelled.clone();
        }
    }

    fn clear(&self, budget: &Budget) {
        self.until.store(NO_LIMIT, Ordering::Relaxed);
        self.seen.store(0, Ordering::Relaxed);
        if budget.cancelled.is_some() {
            *self.cancelled.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// True when the statement must stop. A report also rests here as long as it worked, while keyed reads go on.
    fn exceeded(&self) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        if until == NO_LIMIT {
            return false;
        }
        let now = nanos(Instant::now());
        if now >= until {
            return true;
        }
        let seen = self.seen.load(Ordering::Relaxed);
        if seen > 0 {
            let worked = now.saturating_sub(self.worked_since.load(Ordering::Relaxed));
            if worked > 500_000 {
                let reads = KEYED_READS.load(Ordering::Relaxed) + 1;
                if reads > seen + 4 {
                    std::thread::sleep(Duration::from_nanos(worked.min(4_000_000)));
                }
                self.seen.store(reads, Ordering::Relaxed);
                self.worked_since.store(nanos(Instant::now()), Ordering::Relaxed);
            }
        }
        self.cancelled.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(|asked| asked())
    }
}

/// A connection with its limit.
pub(super) struct SqliteConnection {
    pub(super) raw: rusqlite::Connection,
    limit: Arc<Limit>,
}

impl SqliteConnection {
    /// Opens a file. Waiting for another process' lock is bounded by `patience`.
    pub(super) fn open(path: &Path, purpose: Purpose, patience: Duration) -> StoreResult<Self> {
        let access = match purpose {
            Purpose::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Purpose::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
            Purpose::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        };
        let mut raw = rusqlite::Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(translate)?;
        raw.busy_timeout(patience).map_err(translate)?;
        raw.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        // Without this a cached statement whose plan might depend on a bound value is prepared again at nearly every
        // use, which halves the speed of keyed reads.
        raw.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .map_err(translate)?;
        let settings = match purpose {
            Purpose::Read => "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY",
            // Not in memory: there the journal of a savepoint is a list that every statement walks from its beginning,
            // which makes a large write quadratic. A small one never leaves memory.
            Purpose::Write | Purpose::Create => {
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                 PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = FILE"
            }
        };
        let cache = if purpose == Purpose::Read { READER_CACHE } else { WRITER_CACHE };
        raw.execute_batch(&format!("{settings}; PRAGMA cache_size = -{cache}")).map_err(translate)?;
        let limit = Arc::new(Limit { until: AtomicU64::new(NO_LIMIT), ..Limit::default() });
        let handler = Arc::clone(&limit);
        raw.progress_handler(STEPS, Some(move || handler.exceeded())).map_err(translate)?;
        Ok(Self { raw, limit })
    }

    /// Runs `body` under a budget. `gives_way` makes it rest while keyed reads are being served.
    pub(super) fn limited<T>(&self, budget: &Budget, gives_way: bool, body: impl FnOnce() -> T) -> T {
        self.limit.set(budget, gives_way);
        let result = body();
        self.limit.clear(budget);
        result
    }

    pub(super) fn run(&self, sql: &str) -> StoreResult<()> {
        let mut statement = self.raw.prepare_cached(sql).map_err(translate)?;
        let mut rows = statement.raw_query();
        while rows.next().map_err(translate)?.is_some() {}
        Ok(())
    }
}

struct Bound<'a>(&'a Param<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Param::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Param::Int(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Param::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

/// `$n` is a named parameter to SQLite, numbered in order of appearance: the name says which value it takes.
fn number_of(statement: &rusqlite::CachedStatement<'_>, place: usize) -> StoreResult<usize> {
    statement
        .parameter_name(place)
        .and_then(|name| name.strip_prefix('$'))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| StoreError::defect("a statement has a parameter that is not `$n`"))
}

fn bind_one(
    statement: &mut rusqlite::CachedStatement<'_>,
    place: usize,
    number: usize,
    params: &[Param<'_>],
) -> StoreResult<()> {
    let value = params.get(number.wrapping_sub(1)).ok_or_else(|| {
        StoreError::defect(format!("a statement wants parameter ${number}, which is not given"))
    })?;
    statement.raw_bind_parameter(place, Bound(value)).map_err(translate)
}

fn bind(statement: &mut rusqlite::CachedStatement<'_>, params: &[Param<'_>]) -> StoreResult<()> {
    for place in 1..=statement.parameter_count() {
        let number = number_of(statement, place)?;
        bind_one(statement, place, number, params)?;
    }
    Ok(())
}

pub(super) struct SqliteRow<'a, 'r>(pub(super) &'a rusqlite::Row<'r>);

impl RawRow for SqliteRow<'_, '_> {
    fn value(&self, index: usize) -> StoreResult<Param<'_>> {
        match self.0.get_ref(index).map_err(translate)? {
            ValueRef::Null => Ok(Param::Null),
            ValueRef::Integer(number) => Ok(Param::Int(number)),
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Param::Text(Cow::Borrowed(text))),
                Err(_) => Err(StoreError::new(StoreFault::Corrupt, "a text column is not UTF-8")),
            },
            ValueRef::Real(_) | ValueRef::Blob(_) => {
                Err(StoreError::defect("a column is neither text nor integer"))
            }
        }
    }
}

impl SqliteConnection {
    /// The triggers that keep rows as they are. Columns that a later migration adds are not among those they watch: such
    /// a migration makes the triggers anew.
    fn triggers(&self, frozen: &Frozen<'_>) -> StoreResult<String> {
        let table = frozen.table;
        let columns: Vec<(String,)> = ReadTx::new(self)
            .all("SELECT name FROM pragma_table_info($1) ORDER BY cid", &[table.to_param()])?;
        let changed: Vec<String> = columns
            .iter()
            .map(|(name,)| name)
            .filter(|name| !frozen.except.contains(&name.as_str()))
            .map(|name| format!("OLD.{0} IS NOT NEW.{0}", quoted(name)))
            .collect();
        if changed.is_empty() {
            return Err(StoreError::defect(format!("there is nothing to freeze in `{table}`")));
        }
        let (changed, old, new) = (changed.join(" OR "), frozen.holds_for("OLD"), frozen.holds_for("NEW"));
        let trigger = |event: &str, when: &str| {
            let name = event.to_lowercase();
            format!(
                "CREATE TRIGGER frozen_{table}_{name} BEFORE {event} ON {table} WHEN {when} \
                 BEGIN SELECT RAISE(ABORT, 'a row of {table} is final'); END;"
            )
        };
        let mut sql = trigger("DELETE", &old);
        // Only a row that another decides about can come too late, or go over to one that is final.
        if frozen.by.is_some() {
            sql.push_str(&trigger("INSERT", &new));
            sql.push_str(&trigger("UPDATE", &format!("({changed}) AND ({old} OR {new})")));
        } else {
            sql.push_str(&trigger("UPDATE", &format!("({changed}) AND {old}")));
        }
        Ok(sql)
    }
}

impl Connection for SqliteConnection {
    fn query(
        &self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> StoreResult<bool>,
    ) -> StoreResult<()> {
        let mut statement = self.raw.prepare_cached(sql).map_err(|error| within(error, sql))?;
        bind(&mut statement, params)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(|error| within(error, sql))? {
            if !each(&Row::new(&SqliteRow(row)))? {
                break;
            }
        }
        Ok(())
    }

    fn execute(&self, sql: &str, params: &[Param<'_>]) -> StoreResult<u64> {
        let mut statement = self.raw.prepare_cached(sql).map_err(|error| within(error, sql))?;
        bind(&mut statement, params)?;
        statement.raw_execute().map(|rows| rows as u64).map_err(|error| within(error, sql))
    }

    fn insert_all(&self, bulk: &Bulk, values: &[Param<'_>]) -> StoreResult<()> {
        let sql = bulk.one();
        let mut statement = self.raw.prepare_cached(sql).map_err(|error| within(error, sql))?;
        let numbers: Vec<usize> = (1..=statement.parameter_count())
            .map(|place| number_of(&statement, place))
            .collect::<StoreResult<_>>()?;
        for row in values.chunks(bulk.width()) {
            for (place, number) in numbers.iter().enumerate() {
                bind_one(&mut statement, place + 1, *number, row)?;
            }
            statement.raw_execute().map_err(|error| within(error, sql))?;
        }
        Ok(())
    }

    fn batch(&self, sql: &str) -> StoreResult<()> {
        for part in frozen::parts(sql)? {
            let sql = match part {
                Part::Sql(sql) => dialect::migration(sql),
                Part::Frozen(frozen) => self.triggers(&frozen)?,
            };
            self.raw.execute_batch(&sql).map_err(translate)?;
        }
        Ok(())
    }

    fn reload(&self, fill: &mut dyn FnMut() -> StoreResult<()>) -> StoreResult<()> {
        const TRIGGERS: &str = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name";
        let tx = ReadTx::new(self);
        let triggers: Vec<(String, String)> = tx.all(TRIGGERS, &[])?;
        let tables: Vec<(String,)> = tx.all(TABLES, &[])?;
        // Until the transaction ends, which then finds out.
        let mut before = "PRAGMA defer_foreign_keys = ON;".to_owned();
        before.extend(triggers.iter().map(|(name, _)| format!("DROP TRIGGER {};", quoted(name))));
        before.extend(tables.iter().map(|(name,)| format!("DELETE FROM {};", quoted(name))));
        self.raw.execute_batch(&before).map_err(translate)?;
        fill()?;
        for (_, sql) in &triggers {
            self.raw.execute_batch(sql).map_err(translate)?;
        }
        Ok(())
    }
}

/// The tables of a database file.
pub(super) const TABLES: &str =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";

/// A name in double quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn within(error: rusqlite::Error, sql: &str) -> StoreError {
    let error = translate(error);
    StoreError::new(error.fault, format!("{} in `{sql}`", error.detail()))
}

/// Sorts an SQLite error into the kinds that callers tell apart.
pub(super) fn translate(error: rusqlite::Error) -> StoreError {
    let fault = match &error {
        rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::OperationInterrupted => StoreFault::Interrupted,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreFault::Busy,
            ErrorCode::DiskFull => StoreFault::Full,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreFault::Corrupt,
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => StoreFault::ReadOnly,
            ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::NotFound => {
                StoreFault::Unavailable
            }
            ErrorCode::ConstraintViolation => {
                let unique =
                    [rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE, rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY];
                if unique.contains(&failure.extended_code) {
                    StoreFault::Unique
                } else {
                    StoreFault::Constraint
                }
            }
            _ => StoreFault::Defect,
        },
        _ => StoreFault::Defect,
    };
    StoreError::new(fault, error.to_string())
}
