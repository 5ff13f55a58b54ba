//! Where the database of a fixture lives: in files, or on a throw-away PostgreSQL server when `MAITRED_TEST_ENGINE` is
//! `postgres`. What a test says holds on either.

#![allow(clippy::disallowed_methods, reason = "which engine is tested is said by the environment")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use maitred_store::postgres::{PostgresEngine, PostgresOptions};
use maitred_store::sqlite::{SqliteEngine, SqliteOptions};
use maitred_store::{Engine, Migration, OrgStore};
use maitred_testkit_postgres::{Database, run};

/// Keeps a fixture's database, and removes it at the end.
pub enum Home {
    /// A directory of its own.
    Files(#[expect(dead_code, reason = "removed with the value")] tempfile::TempDir),
    /// A schema of its own on the server of this process.
    Server {
        /// Name of the schema.
        schema: String,
    },
}

/// The server of this process: one database, a schema for each fixture.
static SERVER: LazyLock<(Database, PostgresEngine)> = LazyLock::new(|| {
    let database = Database::new().expect("MAITRED_TEST_ENGINE asks for PostgreSQL, and there is none");
    let engine = PostgresEngine::new(database.url(), PostgresOptions::default()).expect("an engine");
    (database, engine)
});

static NUMBER: AtomicU64 = AtomicU64::new(0);

impl Home {
    /// A new database with these tables.
    ///
    /// # Panics
    /// When it cannot be made, or `MAITRED_TEST_ENGINE` names no engine.
    pub fn new(migrations: &[Migration]) -> (Self, Arc<dyn OrgStore>) {
        match std::env::var("MAITRED_TEST_ENGINE").as_deref() {
            Err(_) | Ok("" | "sqlite") => {
                let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
                let directory = directory.expect("a directory");
                let engine =
                    SqliteEngine::new(directory.path(), SqliteOptions::default()).expect("an engine");
                let store = engine.create("fixture", migrations).expect("a database");
                (Self::Files(directory), store)
            }
            Ok("postgres") => {
                let name = format!("fixture-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
                let store = SERVER.1.create(&name, migrations).expect("a schema");
                (Self::Server { schema: format!("m_{name}") }, store)
            }
            Ok(other) => panic!("MAITRED_TEST_ENGINE is `{other}`; it may be `sqlite` or `postgres`"),
        }
    }

    /// The statement that lists table, column and type of every column that a migration made.
    pub fn columns(&self) -> &'static str {
        match self {
            Self::Files(_) => {
                "SELECT m.name, c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                 WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid"
            }
            Self::Server { .. } => {
                "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), UPPER(data_type) \
                 FROM information_schema.columns WHERE table_schema = current_schema() \
                 AND table_name NOT IN ('maitred_turn', 'maitred_version') ORDER BY 1, ordinal_position"
            }
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Self::Server { schema } = self {
            // What stays goes with the server.
            drop(run(SERVER.0.url(), &format!("DROP SCHEMA IF EXISTS \"{schema}\" CASCADE")));
        }
    }
}
