//! The hash of a table's contents, the same on every engine.

use sha2::{Digest as _, Sha256};

use crate::engine::{Sink, TableContents};
use crate::value::{Param, RawRow};
use crate::{StoreResult, audit};

/// Rows are hashed by their text form, columns by name; the hash of a table is that of its rows' hashes in order, so the
/// order of storage does not matter.
#[derive(Default)]
pub(crate) struct Digests {
    done: Vec<TableContents>,
    table: String,
    columns: Vec<(String, usize)>,
    rows: Vec<[u8; 32]>,
}

impl Digests {
    /// What every table held.
    pub(crate) fn finish(mut self) -> Vec<TableContents> {
        self.end();
        self.done
    }

    fn end(&mut self) {
        if self.table.is_empty() {
            return;
        }
        self.rows.sort_unstable();
        let mut hasher = Sha256::new();
        for row in &self.rows {
            hasher.update(row);
        }
        self.done.push(TableContents {
            table: std::mem::take(&mut self.table),
            rows: self.rows.len() as i64,
            hash: audit::hex(&hasher.finalize()),
        });
        self.rows.clear();
    }
}

impl Sink for Digests {
    fn table(&mut self, name: &str, columns: &[String]) -> StoreResult<()> {
        self.end();
        name.clone_into(&mut self.table);
        self.columns = columns.iter().enumerate().map(|(index, name)| (name.clone(), index)).collect();
        self.columns.sort();
        Ok(())
    }

    fn row(&mut self, row: &dyn RawRow) -> StoreResult<()> {
        let mut hasher = Sha256::new();
        for (name, index) in &self.columns {
            hasher.update(name);
            match row.value(*index)? {
                Param::Null => hasher.update("=n"),
                Param::Int(number) => hasher.update(format!("=i{number}")),
                Param::Text(text) => {
                    hasher.update("=t");
                    hasher.update(text.as_bytes());
                }
            }
            hasher.update([0x1f]);
        }
        self.rows.push(hasher.finalize().into());
        Ok(())
    }
}
