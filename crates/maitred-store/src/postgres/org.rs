//! One organisation's schema.
//!
//! A read is one snapshot: `REPEATABLE READ`, read only, begun with its first statement and sent together with it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::connection::{PgRow, Trouble};
use super::dialect::quoted;
use super::pool::{Lent, Pool};
use crate::engine::{Budget, OrgStore, ReportBody, Sink, WriteJob, is_slug};
use crate::lane::Lane;
use crate::migrate::{self, Migration};
use crate::news::News;
use crate::tx::{Connection, ReadTx, WriteTx};
use crate::value::{Column, Param, Row};
use crate::{StoreError, StoreFault, StoreResult};

/// What all organisations of an engine share.
pub(super) struct Shared {
    pub(super) pool: Arc<Pool>,
    pub(super) patience: Duration,
    pub(super) queue: usize,
    pub(super) reports: Lane,
    pub(super) keyed: Lane,
    pub(super) ready: Sender<Arc<PgOrg>>,
    pub(super) news: Arc<News>,
}

pub(super) struct PgOrg {
    pub(super) schema: String,
    pub(super) shared: Arc<Shared>,
    pub(super) waiting: Mutex<Waiting>,
    me: Weak<PgOrg>,
}

/// Writes that wait for their turn.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) jobs: VecDeque<WriteJob>,
    /// A writing thread serves this organisation, or will.
    pub(super) served: bool,
}

/// The engine's own tables beside those of the migrations: whose turn it is to write is the lock on the first, which
/// holds no rows; the second counts committed groups.
const OWN_TABLES: &str = "CREATE TABLE IF NOT EXISTS maitred_turn (one BIGINT NOT NULL PRIMARY KEY); \
     CREATE TABLE IF NOT EXISTS maitred_version (one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1), \
     version BIGINT NOT NULL); \
     INSERT INTO maitred_version (one, version) VALUES (1, 0) ON CONFLICT (one) DO NOTHING";
const SCHEMA_EXISTS: &str = "SELECT COUNT(*) FROM pg_catalog.pg_namespace WHERE nspname = $1";
/// How many of the tables that every database has are there; whether this role may enter the schema; how many tables it
/// may not use; who it is.
const IS_OURS: &str = "SELECT \
    (SELECT COUNT(*) FROM pg_catalog.pg_tables WHERE schemaname = $1 \
     AND tablename IN ('migration', 'maitred_turn', 'maitred_version')), \
    COALESCE((SELECT CASE WHEN pg_catalog.has_schema_privilege(oid, 'USAGE') THEN 1 ELSE 0 END \
              FROM pg_catalog.pg_namespace WHERE nspname = $1), 1), \
    (SELECT COUNT(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT ( \
     pg_catalog.has_table_privilege(c.oid, 'SELECT') AND pg_catalog.has_table_privilege(c.oid, 'INSERT') \
     AND pg_catalog.has_table_privilege(c.oid, 'UPDATE') AND pg_catalog.has_table_privilege(c.oid, 'DELETE'))), \
    CAST(current_user AS TEXT)";
/// Why a schema cannot be made, for those who may not.
const MAKERS: &str = "SELECT CAST(current_database() AS TEXT), CAST(current_user AS TEXT), \
    CASE WHEN pg_catalog.has_database_privilege(current_database(), 'CREATE') THEN 1 ELSE 0 END";
pub(super) const TABLES: &str = "SELECT CAST(tablename AS TEXT) FROM pg_catalog.pg_tables WHERE schemaname = $1 \
                      AND tablename NOT IN ('maitred_turn', 'maitred_version') ORDER BY tablename";
const COLUMNS: &str = "SELECT CAST(a.attname AS TEXT) FROM pg_catalog.pg_attribute a \
                       JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
                       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                       WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped \
                       ORDER BY a.attnum";
/// Milliseconds by which the bounds of statements differ at least.
const TIMEOUT_STEP: u64 = 5_000;
/// A copy of everything takes no longer than this.
const DUMP: Duration = Duration::from_secs(12 * 3600);
const LOCK: &str = "SELECT COUNT(pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 0)))";
const VERSION: &str = "SELECT version FROM maitred_version WHERE one = 1";

pub(super) fn exists(schema: &str, shared: &Shared) -> StoreResult<bool> {
    let lent = shared.pool.take(schema, None)?;
    let found = ReadTx::new(&*lent).count(SCHEMA_EXISTS, &[schema.to_param()])?;
    lent.give_back();
    Ok(found > 0)
}

/// Schemas that begin with `prefix`, without it.
pub(super) fn names(prefix: &str, shared: &Shared) -> StoreResult<Vec<String>> {
    const SCHEMAS: &str = "SELECT CAST(nspname AS TEXT) FROM pg_catalog.pg_namespace \
                           WHERE pg_catalog.starts_with(CAST(nspname AS TEXT), $1) ORDER BY 1";
    let lent = shared.pool.take("", None)?;
    let schemas: Vec<(String,)> = ReadTx::new(&*lent).all(SCHEMAS, &[prefix.to_param()])?;
    lent.give_back();
    let names = schemas.iter().filter_map(|(schema,)| schema.strip_prefix(prefix));
    Ok(names.filter(|name| is_slug(name)).map(str::to_owned).collect())
}

impl PgOrg {
    fn new(schema: &str, shared: &Arc<Shared>) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            schema: schema.to_owned(),
            shared: Arc::clone(shared),
            waiting: Mutex::default(),
            me: Weak::clone(me),
        })
    }

    pub(super) fn create(
        schema: &str,
        migrations: &[Migration],
        shared: &Arc<Shared>,
    ) -> StoreResult<Arc<Self>> {
        let lent = shared.pool.take(schema, None)?;
        if let Some((database, role, 0)) = ReadTx::new(&*lent).one::<(String, String, i64)>(MAKERS, &[])? {
            return Err(StoreError::new(
                StoreFault::ReadOnly,
                format!(
                    "the role `{role}` may not make schemas in this database; either the role that owns the database \
                     makes organisations, or: GRANT CREATE ON DATABASE {} TO {}",
                    quoted(&database),
                    quoted(&role)
                ),
            ));
        }
        change(&lent, schema, |tx| {
            if tx.count(SCHEMA_EXISTS, &[schema.to_param()])? > 0 {
                let what = format!("the schema `{schema}` exists already");
                return Err(StoreError::new(StoreFault::Unique, what));
            }
            tx.batch(&format!("CREATE SCHEMA {}", quoted(schema)))?;
            tx.batch(OWN_TABLES)?;
            tx.batch(migrate::MIGRATION_TABLE)?;
            migrate::apply(tx, &migrate::steps(migrations))
        })?;
        lent.give_back();
        Ok(Self::new(schema, shared))
    }

    pub(super) fn open(
        schema: &str,
        migrations: &[Migration],
        shared: &Arc<Shared>,
    ) -> StoreResult<Arc<Self>> {
        let lent = shared.pool.take(schema, None)?;
        let read = ReadTx::new(&*lent);
        let (present, enters, closed, role): (i64, i64, i64, String) = read
            .one(IS_OURS, &[schema.to_param()])?
            .ok_or_else(|| StoreError::defect("the server said nothing of the schema"))?;
        if present < 3 {
            let what = if present == 0 { "no tables of maitred" } else { "not all tables of maitred" };
            return Err(StoreError::new(
                if present == 0 { StoreFault::Unavailable } else { StoreFault::Corrupt },
                format!("there are {what} in the schema `{schema}`"),
            ));
        }
        if enters == 0 || closed > 0 {
            let (schema, role) = (quoted(schema), quoted(&role));
            return Err(StoreError::new(
                StoreFault::ReadOnly,
                format!(
                    "the role {role} lacks rights in the schema {schema}; its owner gives them with: GRANT USAGE ON \
                     SCHEMA {schema} TO {role}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} \
                     TO {role}"
                ),
            ));
        }
        let steps = migrate::steps(migrations);
        // Nothing to be done is the usual case and takes no lock: nodes start at once.
        if !migrate::pending(&read, &steps)?.is_empty() {
            // Asked again under the lock: another node may have been faster.
            change(&lent, schema, |tx| migrate::apply(tx, &migrate::pending(tx, &steps)?))?;
        }
        lent.give_back();
        Ok(Self::new(schema, shared))
    }

    fn read_under(&self, budget: &Budget, body: impl FnOnce(&ReadTx<'_>)) -> StoreResult<()> {
        snapshot(self.begin(budget)?, body);
        self.shared.pool.flush();
        Ok(())
    }

    /// A read that has its connection and no transaction yet.
    fn begin(&self, budget: &Budget) -> StoreResult<Snapshot<'_>> {
        let lent = self.shared.pool.take_to_begin(&self.schema, Some(budget.until))?;
        lent.limit(budget);
        Ok(Snapshot { org: self, budget: budget.clone(), lent: RefCell::new(lent), begun: Cell::new(false) })
    }

    fn on_lane(&self, lane: &Lane, budget: Budget, body: ReportBody) {
        let Some(org) = self.me.upgrade() else {
            return;
        };
        let task = Box::new(move || match org.begin(&budget) {
            Ok(begun) => snapshot(begun, |tx| body(Ok(tx))),
            Err(error) => body(Err(error)),
        });
        // Dropped with its body when the lane is full; the body's owner tells its caller.
        drop(lane.run(task));
    }

    /// Rows of a question to the server about itself, outside of any snapshot.
    fn ask<T>(&self, question: impl FnOnce(&ReadTx<'_>) -> StoreResult<T>) -> StoreResult<T> {
        let budget = Budget::of(Duration::from_secs(30));
        let mut answer = Err(StoreError::defect("a question was not asked"));
        self.read_under(&budget, |tx| answer = question(tx))?;
        answer
    }
}

/// Changes a schema's tables, one node at a time.
fn change(lent: &Lent, schema: &str, steps: impl FnOnce(&WriteTx<'_>) -> StoreResult<()>) -> StoreResult<()> {
    // Each statement sees what was committed before it, so also what the node before this one did.
    lent.limit(&Budget::of(Duration::from_secs(600)));
    lent.end_after(0);
    lent.run_begin("BEGIN ISOLATION LEVEL READ COMMITTED", "SET LOCAL lock_timeout = '60s'")?;
    let tx = WriteTx::new(&**lent, migrate::epoch());
    let lock = format!("maitred {schema}");
    let outcome = tx.count(LOCK, &[lock.to_param()]).and_then(|_| steps(&tx));
    match outcome {
        Ok(()) => lent.run_commit("COMMIT"),
        Err(error) => {
            lent.undo();
            drop(lent.take_failure());
            Err(error)
        }
    }
}

/// A read-only transaction that begins with its first statement: a call that asks the database nothing pays nothing.
struct Snapshot<'o> {
    org: &'o PgOrg,
    budget: Budget,
    lent: RefCell<Lent>,
    begun: Cell<bool>,
}

/// One snapshot from the first statement to the last.
fn snapshot(snapshot: Snapshot<'_>, body: impl FnOnce(&ReadTx<'_>)) {
    // A panic leaves the connection inside its transaction; it is dropped with the unwinding and not given back.
    body(&ReadTx::new(&snapshot));
    snapshot.end();
}

impl Snapshot<'_> {
    /// Whoever ends it and reads no more has to [`Pool::flush`].
    fn end(self) {
        let lent = self.lent.into_inner();
        if self.begun.get() {
            lent.end_read();
        }
        lent.give_back();
    }

    fn dump(&self, sink: &mut dyn Sink) -> StoreResult<()> {
        let (tables, _) = self.fetch(TABLES, &[self.org.schema.to_param()])?;
        for table in &tables {
            self.dump_table(&Row::new(&PgRow(table)).get::<String>(0)?, sink)?;
        }
        Ok(())
    }

    fn dump_table(&self, table: &str, sink: &mut dyn Sink) -> StoreResult<()> {
        let columns = self.fetch(COLUMNS, &[self.org.schema.to_param(), table.to_param()])?.0;
        let columns: StoreResult<Vec<String>> =
            columns.iter().map(|row| Row::new(&PgRow(row)).get::<String>(0)).collect();
        sink.table(table, &columns?)?;
        let (lent, name) = (self.lent.borrow(), quoted(table));
        // A name for each table: what is prepared for one does not fit another.
        lent.run(&format!("DECLARE {name} NO SCROLL CURSOR FOR SELECT * FROM {name}"))?;
        let fetch = format!("FETCH 500 FROM {name}");
        loop {
            let (rows, _) = lent.fetch(&fetch, &[])?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                sink.row(&PgRow(row))?;
            }
        }
        lent.run(&format!("CLOSE {name}"))
    }

    fn fetch(&self, sql: &str, params: &[Param<'_>]) -> StoreResult<(Vec<tokio_postgres::Row>, u64)> {
        if self.begun.get() {
            return self.lent.borrow().fetch(sql, params);
        }
        loop {
            let lent = self.lent.borrow();
            let left = self.budget.until.saturating_duration_since(Instant::now()).as_millis();
            // In steps, so that most reads find the session as they want it.
            let millis = (left.min(86_400_000) as u64 / TIMEOUT_STEP + 2) * TIMEOUT_STEP;
            let fetched = lent.fetch_first(millis, sql, params);
            self.begun.set(lent.in_transaction());
            // The server ended the connection while it was idle, which shows only now; nothing was read yet.
            let gone = fetched.is_err() && lent.trouble() == Trouble::Lost && lent.reused;
            drop(lent);
            if !gone || Instant::now() >= self.budget.until {
                return fetched;
            }
            let another = self.org.shared.pool.take_to_begin(&self.org.schema, Some(self.budget.until))?;
            another.limit(&self.budget);
            self.begun.set(false);
            drop(self.lent.replace(another));
        }
    }
}

impl Connection for Snapshot<'_> {
    fn query(
        &self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> StoreResult<bool>,
    ) -> StoreResult<()> {
        for row in &self.fetch(sql, params)?.0 {
            if !each(&Row::new(&PgRow(row)))? {
                break;
            }
        }
        Ok(())
    }

    fn execute(&self, sql: &str, params: &[Param<'_>]) -> StoreResult<u64> {
        self.fetch(sql, params).map(|(_, changed)| changed)
    }

    fn batch(&self, _: &str) -> StoreResult<()> {
        Err(StoreError::new(StoreFault::ReadOnly, "tables cannot be changed while reading"))
    }
}

impl OrgStore for PgOrg {
    fn read(&self, budget: &Budget, body: &mut dyn FnMut(&ReadTx<'_>)) -> StoreResult<()> {
        self.read_under(budget, body)
    }

    fn report(&self, budget: Budget, body: ReportBody) {
        self.on_lane(&self.shared.reports, budget, body);
    }

    fn inline(&self) -> bool {
        false
    }

    fn keyed(&self, budget: Budget, body: ReportBody) {
        self.on_lane(&self.shared.keyed, budget, body);
    }

    fn write(&self, job: WriteJob) {
        let Some(me) = self.me.upgrade() else {
            return (job.done)(Err(StoreError::new(StoreFault::Unavailable, "the database is closing")));
        };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.jobs.len() >= self.shared.queue {
            drop(waiting);
            return (job.done)(Err(StoreError::new(StoreFault::Busy, "too many writes are waiting")));
        }
        waiting.jobs.push_back(job);
        let call = !std::mem::replace(&mut waiting.served, true);
        drop(waiting);
        if call {
            // The writing threads live as long as this sender.
            drop(self.shared.ready.send(me));
        }
    }

    fn backup(&self, _: &Path) -> StoreResult<()> {
        Err(StoreError::new(
            StoreFault::Unavailable,
            format!(
                "PostgreSQL copies its databases itself: `pg_dump --schema='{}'` copies this organisation",
                quoted(&self.schema)
            ),
        ))
    }

    fn check(&self) -> StoreResult<Vec<String>> {
        const STATE: &str = "SELECT \
            (SELECT COUNT(*) FROM pg_catalog.pg_namespace WHERE nspname = $1), \
            CASE WHEN pg_catalog.pg_is_in_recovery() THEN 1 ELSE 0 END, \
            (SELECT COUNT(*) FROM pg_catalog.pg_tables WHERE schemaname = $1), \
            (SELECT COUNT(*) FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r' \
             AND NOT (pg_catalog.has_table_privilege(c.oid, 'INSERT') \
             AND pg_catalog.has_table_privilege(c.oid, 'UPDATE')))";
        const COLLATED: &str = "SELECT CAST(c.relname || '.' || a.attname AS TEXT) FROM pg_catalog.pg_class c \
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
            JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
            JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation \
            WHERE n.nspname = $1 AND c.relkind = 'r' AND l.collname <> 'C' ORDER BY 1 LIMIT 20";
        let schema = &self.schema;
        let (state, collated) = self.ask(|tx| {
            let state: Option<(i64, i64, i64, i64)> = tx.one(STATE, &[schema.to_param()])?;
            let collated: Vec<(String,)> = tx.all(COLLATED, &[schema.to_param()])?;
            Ok((state, collated))
        })?;
        let (schemas, replica, tables, unwritable) =
            state.ok_or_else(|| StoreError::defect("the server said nothing of itself"))?;
        let mut found = Vec::new();
        if schemas == 0 {
            found.push(format!("the schema `{schema}` does not exist"));
        } else if tables == 0 {
            found.push(format!("the schema `{schema}` has no tables"));
        }
        if replica == 1 {
            found.push("the server is a replica that takes no writes".to_owned());
        }
        if unwritable > 0 {
            found.push(format!("{unwritable} tables of `{schema}` cannot be written by this role"));
        }
        found.extend(collated.into_iter().map(|(column,)| format!("`{column}` is not collated as `C`")));
        Ok(found)
    }

    fn dump(&self, sink: &mut dyn Sink) -> StoreResult<()> {
        let begun = self.begin(&Budget::of(DUMP))?;
        let dumped = begun.dump(sink);
        begun.end();
        self.shared.pool.flush();
        dumped
    }

    fn data_version(&self) -> StoreResult<i64> {
        self.ask(|tx| tx.count(VERSION, &[]))
    }
}
