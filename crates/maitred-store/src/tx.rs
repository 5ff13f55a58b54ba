//! Read-only and writing transactions: the only ways to a database that domain code sees.

use std::cell::{Cell, RefCell};
use std::ops::Deref;

use crate::change::{Change, ChangeKind, json_columns, json_difference};
use crate::record::BOOKKEEPING;
use crate::value::{Column, FromRow, Param, Row};
use crate::{Bulk, Record, Sql, StoreError, StoreFault, StoreResult};

/// What an engine offers to a transaction. Implemented once per engine.
pub trait Connection {
    /// Runs a query and hands each row to `each` until it answers `false`.
    fn query(
        &self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> StoreResult<bool>,
    ) -> StoreResult<()>;
    /// Runs a statement and answers the number of rows it changed.
    fn execute(&self, sql: &str, params: &[Param<'_>]) -> StoreResult<u64>;
    /// Writes rows: their values one behind the other.
    fn insert_all(&self, bulk: &Bulk, values: &[Param<'_>]) -> StoreResult<()> {
        values.chunks(bulk.width()).try_for_each(|row| self.execute(bulk.one(), row).map(drop))
    }
    /// Runs several statements without parameters: migrations.
    fn batch(&self, sql: &str) -> StoreResult<()>;
    /// Empties every table and runs `fill` while neither foreign keys nor triggers hold; both hold again, for all rows,
    /// when this returns. Only inside a writing transaction.
    fn reload(&self, _fill: &mut dyn FnMut() -> StoreResult<()>) -> StoreResult<()> {
        Err(StoreError::new(StoreFault::ReadOnly, "tables cannot be filled while reading"))
    }
}

/// A read-only transaction: one snapshot, no way to write.
#[derive(Clone, Copy)]
pub struct ReadTx<'c> {
    connection: &'c dyn Connection,
}

impl<'c> ReadTx<'c> {
    /// Wraps an engine's connection that stands in a read-only transaction.
    pub fn new(connection: &'c dyn Connection) -> Self {
        Self { connection }
    }

    /// The first row, if any.
    pub fn one<T: FromRow>(&self, sql: &'static str, params: &[Param<'_>]) -> StoreResult<Option<T>> {
        self.first(sql, params)
    }

    /// All rows.
    pub fn all<T: FromRow>(&self, sql: &'static str, params: &[Param<'_>]) -> StoreResult<Vec<T>> {
        self.collect(sql, params)
    }

    /// The first column of the first row, if there is a row.
    pub fn scalar<T: Column>(&self, sql: &'static str, params: &[Param<'_>]) -> StoreResult<Option<T>> {
        Ok(self.first::<(T,)>(sql, params)?.map(|(value,)| value))
    }

    /// The first column of the first row of a query that always has one, such as a count.
    pub fn count(&self, sql: &'static str, params: &[Param<'_>]) -> StoreResult<i64> {
        self.scalar::<Option<i64>>(sql, params).map(|value| value.flatten().unwrap_or(0))
    }

    /// Hands each row to `each`, without collecting them.
    pub fn each(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
        mut each: impl FnMut(&Row<'_>) -> StoreResult<()>,
    ) -> StoreResult<()> {
        self.connection.query(sql, params, &mut |row| each(row).map(|()| true))
    }

    /// [`ReadTx::one`] for a built statement.
    pub fn one_of<T: FromRow>(&self, sql: &Sql) -> StoreResult<Option<T>> {
        self.first(sql.text(), sql.params())
    }

    /// [`ReadTx::all`] for a built statement.
    pub fn all_of<T: FromRow>(&self, sql: &Sql) -> StoreResult<Vec<T>> {
        self.collect(sql.text(), sql.params())
    }

    /// [`ReadTx::count`] for a built statement.
    pub fn count_of(&self, sql: &Sql) -> StoreResult<i64> {
        Ok(self.first::<(Option<i64>,)>(sql.text(), sql.params())?.and_then(|(value,)| value).unwrap_or(0))
    }

    /// [`ReadTx::each`] for a built statement.
    pub fn each_of(&self, sql: &Sql, mut each: impl FnMut(&Row<'_>) -> StoreResult<()>) -> StoreResult<()> {
        self.connection.query(sql.text(), sql.params(), &mut |row| each(row).map(|()| true))
    }

    /// The record with this id, if any.
    pub fn get<R: Record>(&self, id: &str) -> StoreResult<Option<R>> {
        self.first(R::SELECT_BY_ID, &[id.to_param()])
    }

    fn first<T: FromRow>(&self, sql: &str, params: &[Param<'_>]) -> StoreResult<Option<T>> {
        let mut found = None;
        self.connection.query(sql, params, &mut |row| {
            found = Some(T::from_row(row)?);
            Ok(false)
        })?;
        Ok(found)
    }

    fn collect<T: FromRow>(&self, sql: &str, params: &[Param<'_>]) -> StoreResult<Vec<T>> {
        let mut rows = Vec::new();
        self.connection.query(sql, params, &mut |row| {
            rows.push(T::from_row(row)?);
            Ok(true)
        })?;
        Ok(rows)
    }
}

/// A writing transaction. Changes of records are collected for the change log and the preview.
pub struct WriteTx<'c> {
    read: ReadTx<'c>,
    now: String,
    changes: RefCell<Vec<Change>>,
    announced: Cell<bool>,
}

impl<'c> Deref for WriteTx<'c> {
    type Target = ReadTx<'c>;
    fn deref(&self) -> &ReadTx<'c> {
        &self.read
    }
}

impl<'c> WriteTx<'c> {
    /// Wraps an engine's connection that stands in a writing transaction. `now` is the time that records get
    /// (RFC 3339 UTC with milliseconds).
    pub fn new(connection: &'c dyn Connection, now: String) -> Self {
        Self { read: ReadTx::new(connection), now, changes: RefCell::default(), announced: Cell::new(false) }
    }

    /// The time that records written here get.
    pub fn now(&self) -> &str {
        &self.now
    }

    /// Writes a new record.
    pub fn insert<R: Record>(&self, record: &mut R) -> StoreResult<()> {
        record.born(&self.now)?;
        record.touch(1, &self.now)?;
        let params = record.params();
        self.read.connection.execute(R::INSERT, &params)?;
        let after = json_columns(logged::<R>(&params));
        self.note(ChangeKind::Created, &*record, None, Some(after));
        Ok(())
    }

    /// Writes a new record with the version and the times it carries, where [`WriteTx::insert`] sets them to one and to
    /// now: for imports and generated data, whose records are older than the write.
    ///
    /// # Errors
    /// A defect when a versioned record has a version below one.
    pub fn insert_dated<R: Record>(&self, record: &R) -> StoreResult<()> {
        let params = self.put_as_is(record)?;
        let after = json_columns(R::COLUMNS.iter().copied().zip(&params).filter(|(name, _)| *name != "id"));
        self.note(ChangeKind::Created, record, None, Some(after));
        Ok(())
    }

    /// [`WriteTx::insert_dated`] without a change for the change log and the preview: for bulk data that is made or
    /// brought in as a whole, such as the demo's, where a line for each of ten thousand rows would say nothing that the
    /// rows do not. Never in a tool: what it writes, no preview shows.
    pub fn insert_quietly<R: Record>(&self, record: &R) -> StoreResult<()> {
        self.put_as_is(record).map(drop)
    }

    fn put_as_is<'r, R: Record>(&self, record: &'r R) -> StoreResult<Vec<Param<'r>>> {
        if R::VERSIONED && record.version() < 1 {
            return Err(StoreError::defect(format!("a new {} needs a version of at least 1", R::ENTITY)));
        }
        let params = record.params();
        self.read.connection.execute(R::INSERT, &params)?;
        Ok(params)
    }

    /// Writes the difference between a record as it was read and as it shall be. Answers `false`, and writes nothing,
    /// when no column differs. Fails as stale when the stored version is no longer that of `before`.
    pub fn update<R: Record>(&self, before: &R, after: &mut R) -> StoreResult<bool> {
        let difference = json_difference(R::COLUMNS, &before.params(), &after.params(), BOOKKEEPING);
        let Some((old, new)) = difference else {
            return Ok(false);
        };
        after.touch(before.version() + 1, &self.now)?;
        let mut params = after.params();
        if R::VERSIONED {
            params.push(Param::Int(before.version()));
        }
        if self.read.connection.execute(R::UPDATE, &params)? != 1 {
            return Err(StoreError::new(
                StoreFault::Stale,
                format!("{} {} changed meanwhile", R::TABLE, before.id()),
            ));
        }
        self.note(ChangeKind::Updated, &*after, Some(old), Some(new));
        Ok(true)
    }

    /// Removes a record. Only for rows without business history, such as a tag on a record.
    pub fn delete<R: Record>(&self, record: &R) -> StoreResult<()> {
        self.read.connection.execute(R::DELETE, &[record.id().to_param()])?;
        let params = record.params();
        let before = json_columns(logged::<R>(&params));
        self.note(ChangeKind::Deleted, record, Some(before), None);
        Ok(())
    }

    /// Runs a statement whose effect is derived data or is reported with [`WriteTx::note_change`]; the change log does
    /// not see it by itself. Answers the number of rows changed.
    pub fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> StoreResult<u64> {
        self.read.connection.execute(sql, params)
    }

    /// [`WriteTx::execute`] for a built statement.
    pub fn execute_of(&self, sql: &Sql) -> StoreResult<u64> {
        self.read.connection.execute(sql.text(), sql.params())
    }

    /// Writes many rows of a table: the values of the first, then those of the second. A statement of its own for each
    /// would do the same, only slower.
    ///
    /// # Errors
    /// A defect when the last row lacks values; otherwise whatever the first row that is refused meets.
    pub fn insert_all(&self, bulk: &'static Bulk, values: &[Param<'_>]) -> StoreResult<()> {
        if !values.len().is_multiple_of(bulk.width().max(1)) {
            return Err(StoreError::defect(format!(
                "values are missing in the last row for `{}`",
                bulk.one()
            )));
        }
        self.read.connection.insert_all(bulk, values)
    }

    /// Adds a change that was made with [`WriteTx::execute`].
    pub fn note_change(&self, change: Change) {
        self.changes.borrow_mut().push(change);
    }

    /// Everything changed so far, in order.
    pub fn changes(&self) -> std::cell::Ref<'_, Vec<Change>> {
        self.changes.borrow()
    }

    /// Runs `body` on a view of this transaction whose records get the time `now`, and undoes what it wrote when it
    /// fails. What it changes enters neither the change log nor the preview: for generated data, which tells a past
    /// event by event. Never in a tool.
    ///
    /// # Errors
    /// The outer one when the database fails; the inner one is the body's own, and nothing of it stays.
    pub fn replay<T, E>(
        &self,
        now: String,
        body: impl FnOnce(&WriteTx<'c>) -> Result<T, E>,
    ) -> StoreResult<Result<T, E>> {
        self.run("SAVEPOINT replayed", &[])?;
        let outcome = body(&WriteTx::new(self.read.connection, now));
        if outcome.is_err() {
            self.run("ROLLBACK TO SAVEPOINT replayed", &[])?;
        }
        self.run("RELEASE SAVEPOINT replayed", &[])?;
        Ok(outcome)
    }

    /// Lets those who [listen](crate::Engine::listen) know, in every process, once this write is committed.
    pub fn announce(&self) {
        self.announced.set(true);
    }

    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn announced(&self) -> bool {
        self.announced.get()
    }

    /// [`WriteTx::execute`] for statements that the store makes itself.
    pub(crate) fn run(&self, sql: &str, params: &[Param<'_>]) -> StoreResult<u64> {
        self.read.connection.execute(sql, params)
    }

    pub(crate) fn reload(&self, fill: &mut dyn FnMut() -> StoreResult<()>) -> StoreResult<()> {
        self.read.connection.reload(fill)
    }

    pub(crate) fn batch(&self, sql: &str) -> StoreResult<()> {
        self.read.connection.batch(sql)
    }

    fn note<R: Record>(&self, kind: ChangeKind, record: &R, before: Option<String>, after: Option<String>) {
        self.changes.borrow_mut().push(Change {
            entity: R::ENTITY,
            id: record.id().to_owned(),
            kind,
            before,
            after,
            company: record.company().map(str::to_owned),
            contact: record.contact().map(str::to_owned),
        });
    }
}

/// The columns of a new or removed record that the change log keeps: all but its id, which stands beside them, and the
/// bookkeeping.
fn logged<'a, 'p, R: Record>(params: &'a [Param<'p>]) -> impl Iterator<Item = (&'static str, &'a Param<'p>)> {
    R::COLUMNS.iter().copied().zip(params).filter(|(name, _)| *name != "id" && !BOOKKEEPING.contains(name))
}
