//! Many rows of one table, written as fast as the engine can.

use std::sync::OnceLock;

/// Rows that PostgreSQL takes in one statement. SQLite takes one at a time: a statement of many rows keeps a journal of
/// its own there, so that it can be undone by itself.
#[cfg(feature = "postgres")]
pub(crate) const AT_ONCE: usize = 40;

/// The INSERT that fills a table. What it writes enters neither the change log nor the preview: for imports, never in
/// a tool.
pub struct Bulk {
    head: &'static str,
    row: &'static str,
    one: OnceLock<String>,
    #[cfg(feature = "postgres")]
    many: OnceLock<String>,
}

impl Bulk {
    /// `head` ends with `VALUES`, `row` is one row in parentheses, where `$` stands for the next value.
    pub const fn new(head: &'static str, row: &'static str) -> Self {
        Self {
            head,
            row,
            one: OnceLock::new(),
            #[cfg(feature = "postgres")]
            many: OnceLock::new(),
        }
    }

    /// Values of a row.
    pub fn width(&self) -> usize {
        self.row.matches('$').count()
    }

    /// The statement for one row.
    pub(crate) fn one(&self) -> &str {
        self.one.get_or_init(|| self.statement(1))
    }

    /// The statement for [`AT_ONCE`] rows.
    #[cfg(feature = "postgres")]
    pub(crate) fn many(&self) -> &str {
        self.many.get_or_init(|| self.statement(AT_ONCE))
    }

    fn statement(&self, rows: usize) -> String {
        let (mut sql, mut number) = (format!("{} ", self.head), 0);
        for row in 0..rows {
            sql.push_str(if row == 0 { "" } else { ", " });
            for part in self.row.split_inclusive('$') {
                sql.push_str(part);
                if part.ends_with('$') {
                    number += 1;
                    sql.push_str(&number.to_string());
                }
            }
        }
        sql
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_through_all_rows() {
        let bulk = Bulk::new("INSERT INTO t (a, b, c) VALUES", "($, 'x', $)");
        assert_eq!(bulk.width(), 2);
        assert_eq!(bulk.one(), "INSERT INTO t (a, b, c) VALUES ($1, 'x', $2)");
        assert_eq!(bulk.statement(2), "INSERT INTO t (a, b, c) VALUES ($1, 'x', $2), ($3, 'x', $4)");
    }
}
