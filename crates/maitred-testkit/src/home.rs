//! Where the database of a fixture lives: in files, or on a throw-away PostgreSQL server when `MAITRED_TEST_ENGINE` is
//! `postgres`. What a test says holds on either.

#![allow(clippy::disallowed_methods, reason = "which engine is tested is said by the environment")]

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use maitred_store::postgres::{PostgresEngine, PostgresOptions};
use maitred_store::sqlite::{SqliteEngine, SqliteOptions};
use maitred_store::{Engine, Migration, OrgStore};
use maitred_testkit_postgres::{Database, run};

/// Keeps a fixture's database, and removes it at the end.
pub enum Home {
    /// A directory of its own.
    Files(#[expect(dead_code, reason = "removed with the value")] tempfile::TempDir),
    /// A schema of its own on the server of this process.
    Server(Schema),
}

/// A schema that a fixture has for itself while it lives, and that the next one with the same tables takes over empty:
/// to make a hundred tables costs a server more than most tests do.
#[derive(Debug, Default)]
pub struct Schema {
    /// Name for the engine.
    name: String,
    /// The migrations that made it.
    tables: Vec<(&'static str, i64)>,
}

/// The server of this process: one database, a schema for each fixture.
static SERVER: LazyLock<(Database, PostgresEngine)> = LazyLock::new(|| {
    let database = Database::new().expect("MAITRED_TEST_ENGINE asks for PostgreSQL, and there is none");
    let engine = PostgresEngine::new(database.url(), PostgresOptions::default()).expect("an engine");
    database.run(KEEP);
    database.run(EMPTY);
    (database, engine)
});

/// Copies the rows that migrations wrote, of the tables that have any, beside the schema.
const KEEP: &str = "CREATE FUNCTION public.keep(made TEXT) RETURNS VOID LANGUAGE plpgsql AS $$ \
     DECLARE t TEXT; found BOOLEAN; BEGIN \
     EXECUTE format('CREATE SCHEMA %I', 'kept_' || made); \
     FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = made LOOP \
       EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I.%I)', made, t) INTO found; \
       IF found THEN EXECUTE format('CREATE TABLE %I.%I AS TABLE %I.%I', 'kept_' || made, t, made, t); END IF; \
     END LOOP; END $$";

/// Makes a schema what it was when its migrations had run. Rows that may not be deleted are, and no other: so a role
/// without the rights of an administrator gets an error.
const EMPTY: &str = "CREATE FUNCTION public.empty(made TEXT) RETURNS VOID LANGUAGE plpgsql AS $$ \
     DECLARE t TEXT; BEGIN \
     SET LOCAL session_replication_role = replica; \
     FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = made LOOP \
       EXECUTE format('DELETE FROM %I.%I', made, t); \
     END LOOP; \
     FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'kept_' || made LOOP \
       EXECUTE format('INSERT INTO %I.%I TABLE %I.%I', made, t, 'kept_' || made, t); \
     END LOOP; END $$";

/// Schemas that no fixture has, and how many there are in all.
static SCHEMAS: Mutex<(Vec<Schema>, usize)> = Mutex::new((Vec::new(), 0));

impl Schema {
    /// An empty one with these tables.
    fn take(migrations: &[Migration]) -> (Self, Arc<dyn OrgStore>) {
        let tables: Vec<_> =
            migrations.iter().map(|migration| (migration.domain, migration.number)).collect();
        let name = {
            let mut schemas = SCHEMAS.lock().unwrap_or_else(PoisonError::into_inner);
            let (spare, made) = &mut *schemas;
            if let Some(place) = spare.iter().position(|schema| schema.tables == tables) {
                let schema = spare.swap_remove(place);
                drop(schemas);
                let store = SERVER.1.open(&schema.name, migrations).expect("a schema");
                return (schema, store);
            }
            *made += 1;
            format!("fixture-{made}")
        };
        let store = SERVER.1.create(&name, migrations).expect("a schema");
        let schema = Self { name, tables };
        SERVER.0.run(&format!("SELECT public.keep('{}')", schema.full_name()));
        (schema, store)
    }

    fn full_name(&self) -> String {
        format!("m_{}", self.name)
    }
}

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
                let (schema, store) = Schema::take(migrations);
                (Self::Server(schema), store)
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
            Self::Server(_) => {
                "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), UPPER(data_type) \
                 FROM information_schema.columns WHERE table_schema = current_schema() \
                 AND table_name NOT IN ('maitred_turn', 'maitred_version') ORDER BY 1, ordinal_position"
            }
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let Self::Server(schema) = self else { return };
        let schema = std::mem::take(schema);
        let full_name = schema.full_name();
        match run(SERVER.0.url(), &format!("SELECT public.empty('{full_name}')")) {
            Ok(_) => SCHEMAS.lock().unwrap_or_else(PoisonError::into_inner).0.push(schema),
            // What stays goes with the server.
            Err(_) => drop(run(SERVER.0.url(), &format!("DROP SCHEMA IF EXISTS \"{full_name}\" CASCADE"))),
        }
    }
}
