//! The hash of a table's contents, the same on every engine.

use sha2::{Digest as _, Sha256};

use crate::engine::TableContents;
use crate::value::{Param, RawRow};
use crate::{StoreResult, audit};

/// Rows are hashed by their text form, columns by name, rows in order of that text: the order of storage does not matter.
pub(crate) struct Digest {
    columns: Vec<(String, usize)>,
    lines: Vec<String>,
}

impl Digest {
    /// A digest of rows with these columns, in the order of [`RawRow`]'s positions.
    pub(crate) fn new<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut columns: Vec<(String, usize)> =
            names.into_iter().enumerate().map(|(index, name)| (name.to_owned(), index)).collect();
        columns.sort();
        Self { columns, lines: Vec::new() }
    }

    pub(crate) fn row(&mut self, row: &dyn RawRow) -> StoreResult<()> {
        let mut line = String::new();
        for (name, index) in &self.columns {
            line.push_str(name);
            line.push_str(&match row.value(*index)? {
                Param::Null => "=n\u{1f}".to_owned(),
                Param::Int(number) => format!("=i{number}\u{1f}"),
                Param::Text(text) => format!("=t{text}\u{1f}"),
            });
        }
        self.lines.push(line);
        Ok(())
    }

    pub(crate) fn finish(mut self, table: String) -> TableContents {
        self.lines.sort();
        let mut hasher = Sha256::new();
        for line in &self.lines {
            hasher.update(line.as_bytes());
            hasher.update(b"\n");
        }
        TableContents { table, rows: self.lines.len() as i64, hash: audit::hex(&hasher.finalize()) }
    }
}
