//! Rows that are final: the marker in a migration from which each engine makes its own triggers.
//!
//! `/*frozen invoice WHEN status <> 'draft' EXCEPT (balance, version)*/` lets rows of `invoice` that meet the condition
//! neither go nor change, except in the columns named. `/*frozen invoice_line BY invoice_id OF invoice WHEN status <>
//! 'draft'*/` does so with the rows of a table by the row of another that their column names, and lets none come either.
//! The marker stands after the tables it speaks of, where a statement could; what is refused is a broken constraint.

use crate::{StoreError, StoreResult};

/// What a marker says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frozen<'a> {
    /// The table whose rows become final.
    pub table: &'a str,
    /// The column that names the row that decides, and the table of that one; without it a row decides itself.
    pub by: Option<(&'a str, &'a str)>,
    /// The column of the row that decides, and the condition on it.
    pub when: (&'a str, &'a str),
    /// Columns that may change all the same.
    pub except: Vec<&'a str>,
}

const OPEN: &str = "/*frozen ";

/// A piece of a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// Statements.
    Sql(&'a str),
    /// A marker.
    Frozen(Frozen<'a>),
}

/// Cuts a migration at its markers.
///
/// # Errors
/// A defect for a marker that does not follow the grammar.
pub(crate) fn parts(sql: &str) -> StoreResult<Vec<Part<'_>>> {
    let (mut parts, mut rest) = (Vec::new(), sql);
    while let Some(start) = rest.find(OPEN) {
        let length = rest[start..].find("*/").ok_or_else(|| malformed(&rest[start..]))?;
        parts.push(Part::Sql(&rest[..start]));
        parts.push(Part::Frozen(parse(&rest[start + OPEN.len()..start + length])?));
        rest = &rest[start + length + 2..];
    }
    parts.push(Part::Sql(rest));
    Ok(parts)
}

fn malformed(text: &str) -> StoreError {
    StoreError::defect(format!("the marker `{text}` in a migration is malformed"))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
}

fn parse(text: &str) -> StoreResult<Frozen<'_>> {
    let read = || {
        let (head, tail) = text.trim().split_once(" WHEN ")?;
        let words: Vec<&str> = head.split_whitespace().collect();
        let (table, by) = match words.as_slice() {
            [table] => (*table, None),
            [table, "BY", column, "OF", parent] => (*table, Some((*column, *parent))),
            _ => return None,
        };
        let (condition, except) = match tail.split_once(" EXCEPT ") {
            Some((condition, list)) => {
                let list = list.trim().strip_prefix('(')?.strip_suffix(')')?;
                (condition, list.split(',').map(str::trim).collect())
            }
            None => (tail, Vec::new()),
        };
        let (column, condition) = condition.trim().split_once(' ')?;
        let mut names = vec![table, column];
        names.extend(by.map(|(column, parent)| [column, parent]).into_iter().flatten());
        names.extend(&except);
        names.into_iter().all(is_name).then_some(Frozen { table, by, when: (column, condition), except })
    };
    read().ok_or_else(|| malformed(text))
}

impl Frozen<'_> {
    /// The condition for the row as it is (`OLD`) or as it will be (`NEW`).
    pub(crate) fn holds_for(&self, row: &str) -> String {
        let (column, condition) = self.when;
        match self.by {
            None => format!("{row}.{column} {condition}"),
            Some((by, parent)) => {
                format!("EXISTS (SELECT 1 FROM {parent} WHERE id = {row}.{by} AND {column} {condition})")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_cut_out_and_read() {
        let sql = "CREATE TABLE a (b TEXT); /*frozen a WHEN b <> 'draft' EXCEPT (c, d)*/ \
                   /*frozen e BY a_id OF a WHEN b <> 'draft'*/";
        let whole = Frozen { table: "a", by: None, when: ("b", "<> 'draft'"), except: vec!["c", "d"] };
        let part = Frozen { table: "e", by: Some(("a_id", "a")), when: ("b", "<> 'draft'"), except: vec![] };
        assert_eq!(part.holds_for("NEW"), "EXISTS (SELECT 1 FROM a WHERE id = NEW.a_id AND b <> 'draft')");
        assert_eq!(whole.holds_for("OLD"), "OLD.b <> 'draft'");
        assert_eq!(
            parts(sql).unwrap(),
            [
                Part::Sql("CREATE TABLE a (b TEXT); "),
                Part::Frozen(whole),
                Part::Sql(" "),
                Part::Frozen(part),
                Part::Sql(""),
            ]
        );
    }

    #[test]
    fn a_malformed_marker_is_a_defect() {
        for wrong in [
            "/*frozen a*/",
            "/*frozen a WHEN b <> 1 EXCEPT c*/",
            "/*frozen a BY b WHEN c <> 1*/",
            "/*frozen a; DROP TABLE b WHEN c <> 1*/",
            "/*frozen a WHEN b <> 1",
        ] {
            assert!(parts(wrong).is_err(), "{wrong}");
        }
    }
}
