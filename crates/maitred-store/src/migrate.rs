//! Ordered migrations per domain: transactional, recorded, refused when the database is newer than the binary.

use crate::value::Column;
use crate::{ReadTx, StoreError, StoreFault, StoreResult, WriteTx};

/// One step of one domain's schema. `sql` is plain SQL for both engines; the marker `/*clustered*/` after a table's
/// closing bracket stores the rows in key order where the engine can, and `/*frozen TABLE WHEN condition*/` makes rows
/// final, as the module `frozen` says.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Crate that owns the tables, e.g. `crm`.
    pub domain: &'static str,
    /// Position within the domain, from 1, without gaps.
    pub number: i64,
    /// What it does, in a few words.
    pub name: &'static str,
    /// The statements.
    pub sql: &'static str,
}

/// The store's own tables, present in every database.
pub const STORE_MIGRATIONS: &[Migration] = &[Migration {
    domain: "store",
    number: 1,
    name: "change log, audit, receipts, outbox, search",
    sql: include_str!("../migrations/0001_store.sql"),
}];

/// The store's own steps, then those of the domains.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) fn steps(migrations: &[Migration]) -> Vec<Migration> {
    STORE_MIGRATIONS.iter().chain(migrations).copied().collect()
}

/// Migrations are recorded without a time of their own: what ran is what matters, and no clock is at hand here.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) fn epoch() -> String {
    "1970-01-01T00:00:00.000Z".to_owned()
}

const RECORDED: &str = "SELECT domain, number FROM migration ORDER BY domain, number";

/// The migrations of `wanted` that the database has not seen yet, in order; an empty list needs no lock.
///
/// # Errors
/// `TooNew` when a domain of `wanted` is recorded with a higher number than this binary knows.
pub fn pending(tx: &ReadTx<'_>, wanted: &[Migration]) -> StoreResult<Vec<Migration>> {
    let recorded: Vec<(String, i64)> = tx.all(RECORDED, &[])?;
    for (domain, number) in &recorded {
        let newest = wanted.iter().filter(|step| step.domain == domain).map(|step| step.number).max();
        if newest.is_some_and(|newest| *number > newest) {
            return Err(StoreError::new(
                StoreFault::TooNew,
                format!(
                    "the tables of `{domain}` are at version {number}, this binary knows {}",
                    newest.unwrap_or(0)
                ),
            ));
        }
    }
    Ok(wanted
        .iter()
        .filter(|step| {
            !recorded.iter().any(|(domain, number)| domain == step.domain && *number == step.number)
        })
        .copied()
        .collect())
}

/// Applies steps inside a writing transaction and records them.
pub fn apply(tx: &WriteTx<'_>, steps: &[Migration]) -> StoreResult<()> {
    for step in steps {
        tx.batch(step.sql).map_err(|error| {
            StoreError::new(
                error.fault,
                format!("migration {} {}: {}", step.domain, step.number, error.detail()),
            )
        })?;
        tx.execute(
            "INSERT INTO migration (domain, number, name, at) VALUES ($1, $2, $3, $4)",
            &[step.domain.to_param(), step.number.to_param(), step.name.to_param(), tx.now().to_param()],
        )?;
    }
    Ok(())
}

/// The statement that makes the table of recorded migrations; an engine runs it before anything else.
pub const MIGRATION_TABLE: &str = "CREATE TABLE IF NOT EXISTS migration (\
    domain TEXT NOT NULL, number BIGINT NOT NULL, name TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (domain, number))";
