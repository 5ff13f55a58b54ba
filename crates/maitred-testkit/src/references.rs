//! The live schema against the reference registry: no column that points to a company or a contact is forgotten by a
//! merge or an erasure.

use maitred_party::refs::{self, OnMerge, RefKind};
use maitred_store::params;

use crate::Fixture;

impl Fixture {
    /// Every table with its columns, as the database itself knows them.
    pub fn columns(&self) -> Vec<(String, Vec<String>)> {
        let mut tables: Vec<(String, Vec<String>)> = Vec::new();
        for (table, column, _) in self.schema() {
            match tables.last_mut() {
                Some((last, columns)) if *last == table => columns.push(column),
                _ => tables.push((table, vec![column])),
            }
        }
        tables
    }

    /// Every text in every table, with the table it stands in: for tests that something is nowhere any more.
    pub fn texts(&self) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        for (table, columns) in self.columns() {
            for column in columns {
                // Tables and columns are no values, so the statement is made here, for the length of the test.
                let sql = format!("SELECT CAST({column} AS TEXT) FROM {table} WHERE {column} IS NOT NULL");
                let sql: &'static str = Box::leak(sql.into_boxed_str());
                let rows: Vec<(String,)> = self.read(|db| Ok(db.all(sql, &[])?)).expect("a column");
                texts.extend(rows.into_iter().map(|(text,)| (table.clone(), text)));
            }
        }
        texts
    }

    /// How many rows of each table hold this id in a registered column that a merge moves.
    pub fn references(&self, kind: RefKind, id: &str) -> std::collections::BTreeMap<String, i64> {
        let mut found = std::collections::BTreeMap::new();
        for reference in self.read(|db| Ok(refs::all(db))).expect("the registry") {
            if reference.kind != kind || matches!(reference.on_merge, OnMerge::Keep) {
                continue;
            }
            let sql = format!("SELECT COUNT(*) FROM {} WHERE {} = $1", reference.table, reference.column);
            let sql: &'static str = Box::leak(sql.into_boxed_str());
            let rows = self.read(|db| Ok(db.count(sql, params![id])?)).expect("a count");
            if rows > 0 {
                *found.entry(reference.table.to_owned()).or_default() += rows;
            }
        }
        found
    }
}

/// The columns of a table that speak of companies or contacts and are in no registry, and the registered ones that do
/// not exist, each with what to do.
pub fn unregistered(fixture: &Fixture) -> Vec<String> {
    let registry = fixture.read(|db| Ok(refs::all(db))).expect("the registry");
    let schema = fixture.columns();
    let mut faults = Vec::new();
    for (table, columns) in &schema {
        for column in columns.iter().filter(|column| speaks_of_party(column)) {
            if !registry.iter().any(|known| known.table == table && known.column == column) {
                faults.push(format!(
                    "{table}.{column}: say in the crate's PartyRefs what a merge does with it"
                ));
            }
        }
    }
    for known in registry {
        let exists = schema.iter().any(|(table, columns)| {
            known.table == table && columns.iter().any(|column| column == known.column)
        });
        if !exists {
            faults.push(format!("{}.{}: is registered and does not exist", known.table, known.column));
        }
    }
    faults
}

/// `company_id`, `buyer_contact`, but not `company_name`, which is words, or `last_contacted_at`, which is a time.
fn speaks_of_party(column: &str) -> bool {
    column.split('_').any(|word| matches!(word, "company" | "contact")) && !column.ends_with("_name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_pointers_from_words() {
        assert!(speaks_of_party("company_id") && speaks_of_party("buyer_contact"));
        assert!(!speaks_of_party("company_name") && !speaks_of_party("last_contacted_at"));
    }

    #[test]
    fn party_forgets_none_of_its_own() {
        assert_eq!(unregistered(&Fixture::new(&[], "")), Vec::<String>::new());
    }
}
