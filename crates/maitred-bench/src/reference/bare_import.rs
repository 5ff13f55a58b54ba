//! The import by hand: the rows of a database go into the same tables of a new one, with prepared statements in large
//! transactions. Where they came from, and what they mean, it is spared.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use serde::{Deserialize, Serialize};

/// Rows of a transaction.
const ROWS: usize = 100_000;

/// What it took.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Written {
    /// Rows.
    pub rows: u64,
    /// Seconds of the insertions and commits; reading the rows is not part of it.
    pub seconds: f64,
}

/// Writes the rows of `source` into a new database `target`, which has the same tables and indexes.
///
/// # Errors
/// When a file cannot be read or made, or a table cannot be filled.
pub fn run(source: &Path, target: &Path) -> Result<Written> {
    if target.exists() {
        bail!("`{}` exists already", target.display());
    }
    let from = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .with_context(|| format!("opening `{}`", source.display()))?;
    let to = Connection::open(target).with_context(|| format!("making `{}`", target.display()))?;
    to.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -65536",
    )?;
    let mut made = from.prepare(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND type IN ('table', 'index') AND name NOT LIKE 'sqlite_%' \
         ORDER BY CASE type WHEN 'table' THEN 1 ELSE 2 END",
    )?;
    for sql in made.query_map([], |row| row.get::<_, String>(0))? {
        to.execute_batch(&sql?)?;
    }
    let (mut rows, mut spent) = (0, Duration::ZERO);
    for table in tables(&from)? {
        let written = fill(&from, &to, &table)?;
        rows += written.0;
        spent += written.1;
    }
    Ok(Written { rows, seconds: spent.as_secs_f64() })
}

/// Tables, each behind those that it refers to.
fn tables(from: &Connection) -> Result<Vec<String>> {
    let names = |sql: &str, of: &[&str]| -> Result<Vec<String>> {
        let mut statement = from.prepare(sql)?;
        let names = statement.query_map(params_from_iter(of), |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    };
    let mut left = names(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        &[],
    )?;
    let mut order: Vec<String> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let mut waiting = Vec::new();
        for table in &left {
            let wanted = names("SELECT \"table\" FROM pragma_foreign_key_list(?1)", &[table])?;
            // What refers to itself comes in the order of its keys; circles do not occur.
            if wanted.iter().all(|other| other == table || order.contains(other)) {
                order.push(table.clone());
            } else {
                waiting.push(table.clone());
            }
        }
        if waiting.len() == left.len() {
            bail!("tables refer to each other: {}", waiting.join(", "));
        }
        left = waiting;
    }
    Ok(order)
}

fn fill(from: &Connection, to: &Connection, table: &str) -> Result<(u64, Duration)> {
    let mut select = from.prepare(&format!("SELECT * FROM \"{table}\""))?;
    let columns: Vec<String> = select.column_names().map(|name| format!("\"{name}\"")).collect();
    let marks = vec!["?"; columns.len()].join(", ");
    let sql = format!("INSERT INTO \"{table}\" ({}) VALUES ({marks})", columns.join(", "));
    let mut insert = to.prepare(&sql)?;
    let mut source = select.query([])?;
    let (mut rows, mut spent) = (0, Duration::ZERO);
    loop {
        let mut batch: Vec<Vec<Value>> = Vec::new();
        while batch.len() < ROWS
            && let Some(row) = source.next()?
        {
            batch.push((0..columns.len()).map(|column| row.get(column)).collect::<Result<_, _>>()?);
        }
        if batch.is_empty() {
            return Ok((rows, spent));
        }
        let begun = Instant::now();
        to.execute_batch("BEGIN; PRAGMA defer_foreign_keys = ON")?;
        for row in &batch {
            insert.execute(params_from_iter(row))?;
        }
        to.execute_batch("COMMIT")?;
        spent += begun.elapsed();
        rows += batch.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_comes_over_behind_what_it_refers_to() {
        let place = tempfile::tempdir().unwrap();
        let (source, target) = (place.path().join("a.db"), place.path().join("b.db"));
        let made = Connection::open(&source).unwrap();
        made.execute_batch(
            "CREATE TABLE a (id TEXT PRIMARY KEY, of TEXT REFERENCES z (id)); CREATE INDEX a_of ON a (of); \
             CREATE TABLE z (id TEXT PRIMARY KEY, up TEXT REFERENCES z (id)); \
             INSERT INTO z VALUES ('1', NULL), ('2', '1'); INSERT INTO a VALUES ('x', '2'), ('y', NULL);",
        )
        .unwrap();
        drop(made);
        assert_eq!(run(&source, &target).unwrap().rows, 4);
        let copy = Connection::open(&target).unwrap();
        let found: String = copy.query_row("SELECT of FROM a WHERE id = 'x'", [], |row| row.get(0)).unwrap();
        assert_eq!(found, "2");
        assert!(run(&source, &target).is_err(), "nothing is written over");
    }
}
