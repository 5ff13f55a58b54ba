//! Org databases: engines, transactions, change log, outbox, receipts, search, migrations.
//!
//! One organisation is one database. Domain code sees [`ReadTx`] and [`WriteTx`] only; which engine is behind them it
//! cannot tell. Every statement is a `&'static str` (or built from such pieces by [`Sql`]), so no text that came from
//! outside can become SQL. What does not belong here: anything that knows a table of a domain.

pub mod audit;
mod bulk;
pub mod change;
mod contents;
pub mod engine;
pub mod error;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod frozen;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod lane;
pub mod ledger;
pub mod migrate;
pub mod news;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod opened;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod pieces;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod record;
pub mod search;
pub mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod transfer;
pub mod tx;
pub mod value;

pub use bulk::Bulk;
pub use change::{Change, ChangeKind};
pub use engine::{Budget, Engine, OrgStore, TableContents, Verdict, WriteJob};
pub use error::{StoreError, StoreFault, StoreResult};
pub use migrate::Migration;
pub use record::Record;
pub use sql::Sql;
pub use tx::{ReadTx, WriteTx};
pub use value::{Column, Param, Row};

/// Builds a parameter list for a statement: `params![id, name]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::Column::to_param(&$value)),*] };
}
