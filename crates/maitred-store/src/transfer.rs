//! Copies of whole databases from one engine to another, proven equal.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::{Sink, Verdict, WriteJob};
use crate::value::{Param, RawRow};
use crate::{OrgStore, StoreError, StoreFault, StoreResult, TableContents, WriteTx};

/// Rows that are written with one statement.
const BATCH: usize = 200;
/// Parameters that a statement may have on every engine.
const PARAMETERS: usize = 30_000;
/// A copy takes no longer than this.
const LIMIT: Duration = Duration::from_secs(12 * 3600);

/// Makes `target` hold exactly what `source` holds, in one transaction: a copy that is cut short leaves the target as it
/// was. `progress` hears how many rows were written so far, of how many. Answers what both hold, table by table.
///
/// Both must have the same tables, so both were brought up to date by the same binary. Nothing may write to either side
/// meanwhile; if something does, that is noticed at the end.
///
/// # Errors
/// `Defect` when the tables differ, `Stale` when something was written meanwhile, and what either engine refuses.
pub fn copy(
    source: &Arc<dyn OrgStore>,
    target: &dyn OrgStore,
    now: String,
    progress: impl FnMut(u64, u64) + Send + 'static,
) -> StoreResult<Vec<TableContents>> {
    let version = source.data_version()?;
    let wanted = source.contents()?;
    same_tables(&wanted, &target.contents()?)?;
    let total = wanted.iter().map(|table| table.rows.unsigned_abs()).sum();
    let outcome = Arc::new(Mutex::new(Err(StoreError::defect("the copy did not run"))));
    let (sender, ended) = std::sync::mpsc::channel();
    let (from, result) = (Arc::clone(source), Arc::clone(&outcome));
    let mut progress = progress;
    target.write(WriteJob {
        body: Box::new(move |tx| {
            let mut told = |done| progress(done, total);
            let written = tx.reload(&mut || {
                let mut writer =
                    Writer { tx, insert: Insert::default(), waiting: Vec::new(), done: 0, told: &mut told };
                from.dump(&mut writer)?;
                writer.flush()
            });
            let verdict = if written.is_ok() { Verdict::Commit } else { Verdict::RollBack };
            *result.lock().unwrap_or_else(PoisonError::into_inner) = written;
            verdict
        }),
        done: Box::new(move |outcome| drop(sender.send(outcome))),
        until: Instant::now() + LIMIT,
        now,
        alone: true,
    });
    ended.recv().map_err(|_| StoreError::defect("the writer went away"))??;
    std::mem::replace(&mut *outcome.lock().unwrap_or_else(PoisonError::into_inner), Ok(()))?;
    let found = target.contents()?;
    for (wanted, found) in wanted.iter().zip(&found) {
        if wanted != found {
            let what = format!(
                "`{}` has {} rows in the source and {} in the copy, or other ones",
                wanted.table, wanted.rows, found.rows
            );
            return Err(StoreError::new(StoreFault::Stale, what));
        }
    }
    if source.data_version()? != version {
        return Err(StoreError::new(StoreFault::Stale, "something was written to the source meanwhile"));
    }
    Ok(found)
}

fn same_tables(source: &[TableContents], target: &[TableContents]) -> StoreResult<()> {
    let missing = |of: &[TableContents], other: &[TableContents]| -> Vec<String> {
        of.iter()
            .filter(|table| other.iter().all(|other| other.table != table.table))
            .map(|table| format!("`{}`", table.table))
            .collect()
    };
    for (tables, side) in [(missing(source, target), "target"), (missing(target, source), "source")] {
        if !tables.is_empty() {
            return Err(StoreError::defect(format!("the {side} has no table {}", tables.join(", "))));
        }
    }
    Ok(())
}

/// The statement that adds rows to a table.
#[derive(Default)]
struct Insert {
    begin: String,
    columns: usize,
}

impl Insert {
    fn into(table: &str, columns: &[String]) -> Self {
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let names: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
        Self {
            begin: format!("INSERT INTO {} ({}) VALUES ", quoted(table), names.join(", ")),
            columns: columns.len(),
        }
    }

    fn rows(&self) -> usize {
        BATCH.min(PARAMETERS / self.columns.max(1)).max(1)
    }

    fn text(&self, rows: usize) -> String {
        let mut text = self.begin.clone();
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..self.columns {
                if column > 0 {
                    text.push_str(", ");
                }
                text.push_str(&format!("${}", row * self.columns + column + 1));
            }
            text.push(')');
        }
        text
    }
}

struct Writer<'t, 'c> {
    tx: &'t WriteTx<'c>,
    insert: Insert,
    /// Values of rows that are not written yet.
    waiting: Vec<Param<'static>>,
    done: u64,
    told: &'t mut dyn FnMut(u64),
}

impl Writer<'_, '_> {
    fn flush(&mut self) -> StoreResult<()> {
        let rows = self.waiting.len() / self.insert.columns.max(1);
        if rows > 0 {
            self.tx.run(&self.insert.text(rows), &self.waiting)?;
            self.waiting.clear();
            self.done += rows as u64;
            (self.told)(self.done);
        }
        Ok(())
    }
}

impl Sink for Writer<'_, '_> {
    fn table(&mut self, name: &str, columns: &[String]) -> StoreResult<()> {
        self.flush()?;
        self.insert = Insert::into(name, columns);
        Ok(())
    }

    fn row(&mut self, row: &dyn RawRow) -> StoreResult<()> {
        for column in 0..self.insert.columns {
            self.waiting.push(row.value(column)?.into_owned());
        }
        if self.waiting.len() >= self.insert.rows() * self.insert.columns {
            self.flush()?;
        }
        Ok(())
    }
}
