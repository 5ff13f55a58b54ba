//! A row with an identity: how it is read, written and logged.

use crate::StoreResult;
use crate::value::{FromRow, Param, Row};

/// A typed row of one table. Derive it: `#[derive(Record)] #[record(table = "contact")]`.
///
/// Columns are the fields in order of declaration. Fields named `version`, `created_at` and `updated_at` are kept by
/// the machinery: set on insert, raised on update, and left out of what counts as a change.
pub trait Record: Sized + FromRow {
    /// Table name.
    const TABLE: &'static str;
    /// What the change log calls it.
    const ENTITY: &'static str;
    /// Column names, in order.
    const COLUMNS: &'static [&'static str];
    /// `SELECT <columns> FROM <table>`.
    const SELECT: &'static str;
    /// `SELECT <columns> FROM <table> WHERE id = $1`.
    const SELECT_BY_ID: &'static str;
    /// `INSERT INTO <table> (..) VALUES (..)`.
    const INSERT: &'static str;
    /// `UPDATE <table> SET .. WHERE id = $1`, with ` AND version = $n` where the record is versioned.
    const UPDATE: &'static str;
    /// `DELETE FROM <table> WHERE id = $1`.
    const DELETE: &'static str;
    /// True when the record has a `version` column.
    const VERSIONED: bool;

    /// Reads the columns from a row that starts with them.
    fn read(row: &Row<'_>) -> StoreResult<Self>;
    /// The column values, in order.
    fn params(&self) -> Vec<Param<'_>>;
    /// The record's id.
    fn id(&self) -> &str;
    /// The version, 0 where the record has none.
    fn version(&self) -> i64;
    /// Sets version and update time (RFC 3339 UTC), where the record has them.
    fn touch(&mut self, version: i64, at: &str) -> StoreResult<()>;
    /// Sets the creation time, where the record has it.
    fn born(&mut self, at: &str) -> StoreResult<()>;
    /// The company this record is about.
    fn company(&self) -> Option<&str> {
        None
    }
    /// The contact this record is about.
    fn contact(&self) -> Option<&str> {
        None
    }
}

/// Columns that are bookkeeping and no change of their own.
pub(crate) const BOOKKEEPING: &[&str] = &["version", "created_at", "updated_at"];
