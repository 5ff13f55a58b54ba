//! One connection to PostgreSQL: statements, parameters, rows, and the translation of its errors.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::error::Error as _;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::StreamExt;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Statement};

use super::dialect;
use super::driver::{self, Driver, Learned, Line};
use super::org::TABLES;
use super::statements::Statements;
use crate::bulk::AT_ONCE;
use crate::engine::Budget;
use crate::tx::{Connection, ReadTx};
use crate::value::{Column, Param, RawRow, Row};
use crate::{Bulk, StoreError, StoreFault, StoreResult};

/// How long the server may take to end a statement that was cancelled; then the connection is given up.
const GRACE: Duration = Duration::from_secs(2);
/// How long a statement of the engine's own, such as a commit, may take.
pub(super) const OWN: Duration = Duration::from_secs(30);

/// Why a connection, or the transaction on it, is of no more use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    None,
    /// The transaction met another one and must be run again.
    Conflict,
    /// A statement was cancelled: the request may still arrive and would end a later statement instead.
    Cancelled,
    /// The connection is gone.
    Lost,
}

/// Whether the session's `search_path` is the schema that statements shall speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    There,
    /// It has to be set before any statement runs.
    Elsewhere,
    /// It was set within the transaction: it stays when that commits, and goes back to what it was when it does not.
    Going,
}

/// How a statement goes to the server.
enum Way {
    /// By the name it was prepared under.
    Named(Statement),
    /// With its text and the types of its parameters: one round trip, where preparing it first costs two. For the first
    /// times in a schema, as there may be no more.
    Whole(Arc<Learned>),
}

impl Way {
    fn types(&self) -> &[Type] {
        match self {
            Self::Named(statement) => statement.params(),
            Self::Whole(learned) => &learned.types,
        }
    }
}

/// A connection, the schema it stands in, and what became of its transaction.
pub(super) struct PgConnection {
    client: Client,
    line: Line,
    driver: Arc<Driver>,
    /// The schema that statements shall speak of.
    schema: RefCell<String>,
    standing: Cell<Standing>,
    /// Something failed since the transaction began.
    doubt: Cell<bool>,
    /// Its last transaction only read and is at its end, which the server will be told with whatever comes next.
    unsent: Cell<bool>,
    statements: RefCell<Statements>,
    budget: RefCell<Budget>,
    in_transaction: Cell<bool>,
    /// The session's `statement_timeout` in milliseconds.
    timeout: Cell<u64>,
    trouble: Cell<Trouble>,
    failed: RefCell<Option<StoreError>>,
}

/// Settings of every session. A transaction that its node forgot must not hold an organisation's turn for ever.
const SESSION: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = '120s'; \
                       SET standard_conforming_strings = on; SET TimeZone = 'UTC'; SET jit = off";

/// Begins a transaction that reads one snapshot.
const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Ends such a one and begins the next.
const READ_ON: &str = "COMMIT AND CHAIN";

impl PgConnection {
    pub(super) fn open(driver: &Arc<Driver>) -> StoreResult<Self> {
        let (client, line) = driver.connect()?;
        let connection = Self {
            client,
            line,
            driver: Arc::clone(driver),
            schema: RefCell::default(),
            standing: Cell::new(Standing::There),
            doubt: Cell::new(false),
            unsent: Cell::new(false),
            statements: RefCell::default(),
            budget: RefCell::new(Budget::of(OWN)),
            in_transaction: Cell::new(false),
            timeout: Cell::new(0),
            trouble: Cell::new(Trouble::None),
            failed: RefCell::new(None),
        };
        connection.run(SESSION)?;
        Ok(connection)
    }

    pub(super) fn stands_in(&self, schema: &str) -> bool {
        *self.schema.borrow() == schema
    }

    /// True when it stood in this schema before, and what was prepared then is still there.
    pub(super) fn knows(&self, schema: &str) -> bool {
        self.statements.borrow().knows(schema)
    }

    /// Makes statements speak of this schema and no other. The server is told together with the beginning of the next
    /// transaction, or before the next statement outside of one.
    pub(super) fn enter(&self, schema: &str) {
        if !self.stands_in(schema) {
            schema.clone_into(&mut self.schema.borrow_mut());
            self.statements.borrow_mut().enter(schema);
            self.standing.set(Standing::Elsewhere);
        }
    }

    fn path(&self) -> String {
        format!("SET search_path TO {}", dialect::quoted(&self.schema.borrow()))
    }

    /// Sets the schema outside of a transaction. Waited for: a statement must never run in the schema of before.
    pub(super) fn settle(&self) -> StoreResult<()> {
        self.tell_end();
        if self.standing.get() == Standing::Elsewhere {
            self.run(&self.path())?;
            self.standing.set(Standing::There);
        }
        Ok(())
    }

    /// The beginning of a transaction. Where the schema has to be set, that is part of it: should it fail, every
    /// statement behind it does.
    fn beginning(&self, begin: &str) -> String {
        self.in_transaction.set(true);
        self.doubt.set(false);
        let mut beginning = match (self.unsent.replace(false), begin) {
            (true, READ) => READ_ON.to_owned(),
            (true, begin) => format!("COMMIT; {begin}"),
            (false, begin) => begin.to_owned(),
        };
        if self.standing.get() != Standing::There {
            self.standing.set(Standing::Going);
            beginning.push_str("; ");
            beginning.push_str(&self.path());
        }
        beginning
    }

    /// A transaction came to its end. What was set in it is only believed when nothing went wrong.
    fn ended(&self, committed: bool) {
        self.in_transaction.set(false);
        if self.standing.get() == Standing::Going {
            let holds = committed && !self.doubt.get();
            self.standing.set(if holds { Standing::There } else { Standing::Elsewhere });
        }
    }

    /// True when the server ended it, as far as that is known here. One that was in use a moment ago is not asked.
    pub(super) fn is_closed(&self) -> bool {
        if !self.unsent.get() {
            self.line.look();
        }
        self.client.is_closed()
    }

    /// Tells the server of the last transaction's end, should it not know.
    pub(super) fn flush(&self) {
        if self.unsent.get() {
            self.tell_end();
            self.line.look();
        }
    }

    fn tell_end(&self) {
        if self.unsent.replace(false) {
            self.send("COMMIT");
        }
    }

    pub(super) fn trouble(&self) -> Trouble {
        self.trouble.get()
    }

    fn in_trouble(&self, trouble: Trouble) {
        self.trouble.set(self.trouble.get().max(trouble));
    }

    /// The error that the transaction, or the savepoint within it, failed with; it counts as undone after this.
    pub(super) fn take_failure(&self) -> Option<StoreError> {
        self.failed.borrow_mut().take()
    }

    /// Statements from now on run under this budget.
    pub(super) fn limit(&self, budget: &Budget) {
        self.budget.borrow_mut().clone_from(budget);
    }

    /// Lets the server end statements by itself after this many milliseconds, should the word to cancel be lost. Outside
    /// of a transaction only; says nothing when that holds already.
    pub(super) fn end_after(&self, millis: u64) {
        if self.timeout.replace(millis) != millis {
            self.tell_end();
            self.send(&format!("SET statement_timeout = {millis}"));
        }
    }

    /// Sends statements ahead of the next one, without waiting for the answer. Only for such as cannot fail while the
    /// connection stands.
    pub(super) fn send(&self, sql: &str) {
        driver::send(self.client.batch_execute(sql));
    }

    /// Ends a transaction that only read. The server is told with the beginning of the next; where none comes soon,
    /// [`PgConnection::flush`] must be called.
    pub(super) fn end_read(&self) {
        self.unsent.set(true);
        self.ended(true);
    }

    /// Runs statements of the engine's own: they are waited for to the end, whatever the budget of the work around
    /// them, because what became of them must be known.
    pub(super) fn run(&self, sql: &str) -> StoreResult<()> {
        match self.line.wait(pin!(self.client.batch_execute(sql)).as_mut(), &Budget::of(OWN)) {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(self.note(&error)),
            None => {
                self.in_trouble(Trouble::Lost);
                Err(StoreError::new(StoreFault::Unavailable, "PostgreSQL did not answer within 30 s"))
            }
        }
    }

    /// [`PgConnection::run`] for the beginning of a transaction and what stands at its top.
    pub(super) fn run_begin(&self, begin: &str, then: &str) -> StoreResult<()> {
        self.run(&format!("{}; {then}", self.beginning(begin)))
    }

    /// [`PgConnection::run`] for the end of a transaction.
    pub(super) fn run_commit(&self, sql: &str) -> StoreResult<()> {
        let ended = self.run(sql);
        self.ended(ended.is_ok());
        ended
    }

    /// Ends a transaction whose changes shall not stand.
    pub(super) fn undo(&self) {
        self.send("ROLLBACK");
        self.line.look();
        self.ended(false);
        if self.trouble.get() == Trouble::Conflict {
            self.trouble.set(Trouble::None);
        }
    }

    /// Waits for an answer under the budget, and ends the statement when the budget is used up.
    fn finish<T>(&self, future: impl Future<Output = Result<T, tokio_postgres::Error>>) -> StoreResult<T> {
        let past = || StoreError::new(StoreFault::Interrupted, "the statement ran past its budget");
        let budget = self.budget.borrow().clone();
        if driver::exceeded(&budget) {
            return Err(past());
        }
        let mut future = pin!(future);
        if let Some(result) = self.line.wait(future.as_mut(), &budget) {
            return result.map_err(|error| self.note(&error));
        }
        self.in_trouble(Trouble::Cancelled);
        self.driver.cancel(self.client.cancel_token());
        match self.line.wait(future.as_mut(), &Budget::of(GRACE)) {
            Some(Err(error)) => Err(self.note(&error)),
            Some(Ok(_)) => Err(past()),
            None => {
                self.in_trouble(Trouble::Lost);
                Err(past())
            }
        }
    }

    /// Translates an error and remembers what it means for the transaction.
    fn note(&self, error: &tokio_postgres::Error) -> StoreError {
        self.doubt.set(true);
        let code = error.code();
        let translated = translate(error);
        if code.is_some_and(|code| {
            *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED
        }) {
            self.in_trouble(Trouble::Conflict);
        }
        if error.as_db_error().is_some_and(is_stale_plan) {
            // Another node changed the tables: what was prepared before is of no more use.
            self.statements.borrow_mut().clear();
            self.driver.forget_learned();
            self.in_trouble(Trouble::Conflict);
        }
        if translated.fault == StoreFault::Unavailable {
            self.in_trouble(Trouble::Lost);
        }
        translated
    }

    /// How to run a statement: whole where it was hardly used in this schema yet, which is known to be possible once it
    /// was prepared anywhere, for every schema has the same tables.
    fn way(&self, sql: &str, params: &[Param<'_>]) -> StoreResult<Way> {
        let known = self.statements.borrow_mut().get(sql);
        match known {
            Some(statement) if fits(statement.params(), params) => Ok(Way::Named(statement)),
            Some(_) => self.prepared(sql, params, true).map(Way::Named),
            None => {
                if self.statements.borrow_mut().is_rare(sql)
                    && let Some(learned) = self.driver.learned(sql)
                    && fits(&learned.types, params)
                {
                    return Ok(Way::Whole(learned));
                }
                self.prepared(sql, params, false).map(Way::Named)
            }
        }
    }

    /// A prepared statement that takes these parameters. The server says which types it expects; where that is not
    /// what is given (it takes an unadorned `$1` for text: then it is `known` and does not fit), the statement is
    /// prepared once more for what is given.
    fn prepared(&self, sql: &str, params: &[Param<'_>], known: bool) -> StoreResult<Statement> {
        let key = typed_key(sql, params);
        if let Some(statement) = self.statements.borrow_mut().get(&key) {
            return Ok(statement);
        }
        let text = dialect::statement(sql);
        let mut refused = None;
        if !known {
            match self.prepare_as(&text, &[]) {
                Ok(statement) => {
                    enough(&statement, params)?;
                    self.statements.borrow_mut().put(sql, &statement);
                    let types = statement.params().to_vec();
                    self.driver.learn(sql, || Learned { text: text.clone(), types });
                    if fits(statement.params(), params) {
                        return Ok(statement);
                    }
                }
                // Types that do not go together may do so once the parameters have theirs.
                Err(error) if error.fault == StoreFault::Defect => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
        let types = |null: &Type| -> Vec<Type> {
            params
                .iter()
                .map(|param| match param {
                    Param::Null => null.clone(),
                    Param::Int(_) => Type::INT8,
                    Param::Text(_) => Type::TEXT,
                })
                .collect()
        };
        let statement = self
            .prepare_as(&text, &types(&Type::UNKNOWN))
            .or_else(|error| match error.fault {
                StoreFault::Defect => self.prepare_as(&text, &types(&Type::TEXT)).map_err(|_| error),
                _ => Err(error),
            })
            .map_err(|error| refused.unwrap_or(error))?;
        enough(&statement, params)?;
        if !fits(statement.params(), params) {
            return Err(StoreError::defect("a parameter is neither text nor a 64-bit integer to PostgreSQL"));
        }
        self.statements.borrow_mut().put(&key, &statement);
        Ok(statement)
    }

    /// Prepares without spoiling the transaction where that fails.
    fn prepare_as(&self, text: &str, types: &[Type]) -> StoreResult<Statement> {
        let guarded = self.in_transaction.get();
        if guarded {
            self.send("SAVEPOINT p");
        } else {
            // This tells of the end of a transaction as well: a text that is refused must not undo what was set in it.
            self.settle()?;
        }
        let prepared = self.finish(self.client.prepare_typed(text, types));
        if guarded {
            self.send(if prepared.is_ok() { "RELEASE p" } else { "ROLLBACK TO p; RELEASE p" });
        }
        prepared
    }

    /// Runs a statement to its end. Its rows are taken in whole, so that another statement may run while they are
    /// looked at.
    pub(super) fn fetch(&self, sql: &str, params: &[Param<'_>]) -> StoreResult<Fetched> {
        if let Some(failed) = self.failed.borrow().as_ref() {
            return Err(StoreError::new(
                failed.fault,
                format!("the transaction failed before: {}", failed.detail()),
            ));
        }
        self.fetch_rows(sql, params).map_err(|error| {
            self.fail(&error, sql);
            within(&error, sql)
        })
    }

    /// After a failed statement PostgreSQL takes no other in the same transaction (or savepoint).
    fn fail(&self, error: &StoreError, sql: &str) {
        self.failed.borrow_mut().get_or_insert_with(|| within(error, sql));
    }

    fn fetch_rows(&self, sql: &str, params: &[Param<'_>]) -> StoreResult<Fetched> {
        self.fetch_by(&self.ready(sql, params)?, params)
    }

    /// Everything that can be found out before the statement goes out.
    fn ready(&self, sql: &str, params: &[Param<'_>]) -> StoreResult<Way> {
        if params.iter().any(|param| matches!(param, Param::Text(text) if text.contains('\0'))) {
            return Err(StoreError::new(
                StoreFault::Constraint,
                "a text holds the character U+0000, which PostgreSQL cannot store",
            ));
        }
        self.way(sql, params)
    }

    fn fetch_by(&self, way: &Way, params: &[Param<'_>]) -> StoreResult<Fetched> {
        let types = way.types();
        let bound = params[..types.len()].iter().map(Bound);
        self.finish(async {
            let mut stream = pin!(match way {
                Way::Named(statement) => self.client.query_raw(statement, bound).await?,
                Way::Whole(learned) => {
                    self.client.query_typed_raw(&learned.text, bound.zip(types.iter().cloned())).await?
                }
            });
            let mut rows = Vec::new();
            while let Some(row) = stream.next().await {
                rows.push(row?);
            }
            Ok((rows, stream.rows_affected().unwrap_or(0)))
        })
        .inspect_err(|error| {
            // The tables may have changed since.
            if matches!(way, Way::Whole(_)) && error.fault == StoreFault::Defect {
                self.driver.forget_learned();
            }
        })
    }

    /// Begins a transaction that reads with its first statement, in one round trip. The statement is bounded by the
    /// server as well, after `millis`. Nothing of what came back is handed out unless the transaction was begun.
    pub(super) fn fetch_first(&self, millis: u64, sql: &str, params: &[Param<'_>]) -> StoreResult<Fetched> {
        let way = self.ready(sql, params).map_err(|error| within(&error, sql))?;
        self.end_after(millis);
        let beginning = self.beginning(READ);
        let mut begun = pin!(self.client.batch_execute(&beginning));
        let early = driver::look_at(begun.as_mut());
        let fetched = self.fetch_by(&way, params);
        // Its answer came before the other one.
        let begun = early.or_else(|| driver::look_at(begun.as_mut()));
        let fetched = match (begun, fetched) {
            (Some(Err(error)), _) => Err(self.note(&error)),
            (None, Ok(_)) => Err(StoreError::defect("a statement was answered before its transaction")),
            (_, fetched) => fetched,
        };
        fetched.map_err(|error| {
            self.fail(&error, sql);
            within(&error, sql)
        })
    }

    /// True from the beginning of a transaction to its end.
    pub(super) fn in_transaction(&self) -> bool {
        self.in_transaction.get()
    }
}

/// Rows, and how many were changed.
type Fetched = (Vec<tokio_postgres::Row>, u64);

fn within(error: &StoreError, sql: &str) -> StoreError {
    StoreError::new(error.fault, format!("{} in `{sql}`", error.detail()))
}

fn typed_key(sql: &str, params: &[Param<'_>]) -> String {
    let mut key = String::with_capacity(sql.len() + params.len() + 1);
    key.push_str(sql);
    key.push('\0');
    key.extend(params.iter().map(|param| match param {
        Param::Null => 'n',
        Param::Int(_) => 'i',
        Param::Text(_) => 't',
    }));
    key
}

fn enough(statement: &Statement, params: &[Param<'_>]) -> StoreResult<()> {
    if statement.params().len() > params.len() {
        return Err(StoreError::defect(format!(
            "a statement wants parameter ${}, which is not given",
            params.len() + 1
        )));
    }
    Ok(())
}

fn fits(types: &[Type], params: &[Param<'_>]) -> bool {
    types.len() <= params.len()
        && types.iter().zip(params).all(|(wanted, given)| match given {
            Param::Null => true,
            Param::Int(number) => match *wanted {
                Type::INT8 => true,
                Type::INT4 => i32::try_from(*number).is_ok(),
                Type::INT2 => i16::try_from(*number).is_ok(),
                _ => false,
            },
            Param::Text(_) => is_text(wanted),
        })
}

fn is_text(kind: &Type) -> bool {
    [Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME, Type::UNKNOWN].contains(kind)
}

#[derive(Debug)]
struct Bound<'a>(&'a Param<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.0 {
            Param::Null => return Ok(IsNull::Yes),
            Param::Text(text) => out.extend_from_slice(text.as_bytes()),
            Param::Int(number) => match *kind {
                Type::INT2 => out.extend_from_slice(&i16::try_from(*number)?.to_be_bytes()),
                Type::INT4 => out.extend_from_slice(&i32::try_from(*number)?.to_be_bytes()),
                _ => out.extend_from_slice(&number.to_be_bytes()),
            },
        }
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        is_text(kind) || [Type::INT8, Type::INT4, Type::INT2].contains(kind)
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Binary
    }

    to_sql_checked!();
}

/// A row of PostgreSQL.
pub(super) struct PgRow<'a>(pub(super) &'a tokio_postgres::Row);

impl RawRow for PgRow<'_> {
    fn value(&self, index: usize) -> StoreResult<Param<'_>> {
        let column = self
            .0
            .columns()
            .get(index)
            .ok_or_else(|| StoreError::defect(format!("a row has no column {index}")))?;
        let unreadable = |error: tokio_postgres::Error| {
            StoreError::defect(format!("column `{}` cannot be read: {error}", column.name()))
        };
        let number = match *column.type_() {
            Type::INT8 => self.0.try_get::<_, Option<i64>>(index).map_err(unreadable)?,
            Type::INT4 => self.0.try_get::<_, Option<i32>>(index).map_err(unreadable)?.map(i64::from),
            Type::INT2 => self.0.try_get::<_, Option<i16>>(index).map_err(unreadable)?.map(i64::from),
            ref kind if is_text(kind) => {
                let text: Option<&str> = self.0.try_get(index).map_err(unreadable)?;
                return Ok(text.map_or(Param::Null, |text| Param::Text(Cow::Borrowed(text))));
            }
            ref other => {
                return Err(StoreError::defect(format!(
                    "column `{}` is of type `{other}`: CAST it to BIGINT or TEXT",
                    column.name()
                )));
            }
        };
        Ok(number.map_or(Param::Null, Param::Int))
    }
}

impl Connection for PgConnection {
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

    fn insert_all(&self, bulk: &Bulk, values: &[Param<'_>]) -> StoreResult<()> {
        let groups = values.chunks_exact(bulk.width() * AT_ONCE);
        let rest = groups.remainder();
        for group in groups {
            self.execute(bulk.many(), group)?;
        }
        rest.chunks(bulk.width()).try_for_each(|row| self.execute(bulk.one(), row).map(drop))
    }

    fn batch(&self, sql: &str) -> StoreResult<()> {
        self.finish(self.client.batch_execute(&dialect::migration(sql)?))
    }

    fn reload(&self, fill: &mut dyn FnMut() -> StoreResult<()>) -> StoreResult<()> {
        const KEYS: &str = "SELECT CAST(c.relname AS TEXT), CAST(k.conname AS TEXT), \
            CAST(pg_catalog.pg_get_constraintdef(k.oid) AS TEXT) FROM pg_catalog.pg_constraint k \
            JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
            WHERE n.nspname = $1 AND k.contype = 'f' ORDER BY 1, 2";
        let schema = self.schema.borrow().clone();
        let tx = ReadTx::new(self);
        let keys: Vec<(String, String, String)> = tx.all(KEYS, &[schema.to_param()])?;
        let tables: Vec<(String,)> = tx.all(TABLES, &[schema.to_param()])?;
        let tables: Vec<String> = tables.iter().map(|(name,)| dialect::quoted(name)).collect();
        let (mut before, mut after) = (String::new(), String::new());
        for (table, key, meaning) in &keys {
            let (table, key) = (dialect::quoted(table), dialect::quoted(key));
            before.push_str(&format!("ALTER TABLE {table} DROP CONSTRAINT {key};"));
            after.push_str(&format!("ALTER TABLE {table} ADD CONSTRAINT {key} {meaning};"));
        }
        for table in &tables {
            before.push_str(&format!("ALTER TABLE {table} DISABLE TRIGGER USER;"));
            after.push_str(&format!("ALTER TABLE {table} ENABLE TRIGGER USER;"));
        }
        before.push_str(&format!("TRUNCATE {}", tables.join(", ")));
        self.finish(self.client.batch_execute(&before))?;
        fill()?;
        self.finish(self.client.batch_execute(&after))
    }
}

/// What was prepared does not go with the tables any more, or is not there. The first has no code of its own; the name
/// of the server's routine is the same in every language.
fn is_stale_plan(told: &DbError) -> bool {
    *told.code() == SqlState::INVALID_SQL_STATEMENT_NAME
        || (*told.code() == SqlState::FEATURE_NOT_SUPPORTED
            && told.routine() == Some("RevalidateCachedQuery"))
}

/// Sorts an error of PostgreSQL into the kinds that callers tell apart. Values of rows are not in its text.
pub(super) fn translate(error: &tokio_postgres::Error) -> StoreError {
    let Some(told) = error.as_db_error() else {
        let network = error.is_closed() || error.source().is_some_and(|cause| cause.is::<std::io::Error>());
        let fault = if network { StoreFault::Unavailable } else { StoreFault::Defect };
        return StoreError::new(fault, error.to_string());
    };
    let code = told.code();
    let fault = match (code.code(), &code.code()[..2]) {
        ("57014", _) => StoreFault::Interrupted,
        ("40001" | "40P01" | "55P03", _) => StoreFault::Busy,
        ("53100", _) => StoreFault::Full,
        ("23505", _) => StoreFault::Unique,
        ("25006" | "42501", _) => StoreFault::ReadOnly,
        ("22021" | "P0001", _) => StoreFault::Constraint,
        // An administrator ended it, or a time-out did.
        ("25P03" | "3D000", _) => StoreFault::Unavailable,
        (_, "53") => StoreFault::Busy,
        (_, "23") => StoreFault::Constraint,
        (_, "08" | "28" | "57" | "58") => StoreFault::Unavailable,
        (_, "XX") if code.code() != "XX000" => StoreFault::Corrupt,
        _ if is_stale_plan(told) => StoreFault::Busy,
        _ => StoreFault::Defect,
    };
    let mut detail = format!("{} ({})", told.message(), code.code());
    if let Some(constraint) = told.constraint() {
        detail.push_str(&format!(", constraint `{constraint}`"));
    }
    StoreError::new(fault, detail)
}
