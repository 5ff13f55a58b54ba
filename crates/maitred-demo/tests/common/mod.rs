//! A fresh organisation on a real engine: in a file, or on a throw-away PostgreSQL server when `MAITRED_TEST_ENGINE` is
//! `postgres`.

#![allow(clippy::disallowed_methods, reason = "which engine is tested is said by the environment")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use maitred_core::caller::OrgFacts;
use maitred_core::clock::SerialIds;
use maitred_core::registry::Registry;
use maitred_core::tool::Domain;
use maitred_demo::Target;
use maitred_store::postgres::{PostgresEngine, PostgresOptions};
use maitred_store::sqlite::{SqliteEngine, SqliteOptions};
use maitred_store::{Engine, OrgStore};
use maitred_testkit_postgres::Database;

/// Key of the audit chain in these tests.
pub const AUDIT_KEY: [u8; 32] = [5; 32];

/// What keeps the organisation's database, and a directory for whatever a test writes; both go with the value.
pub struct Home {
    directory: tempfile::TempDir,
    _server: Option<Database>,
}

impl Home {
    /// The directory.
    #[allow(dead_code, reason = "not every test wants the same")]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// An empty organisation with people and deals only.
#[allow(dead_code, reason = "not every test wants the same")]
pub fn fresh() -> (Home, Target) {
    fresh_of(vec![&maitred_crm::DOMAIN])
}

/// An empty organisation with these domains.
pub fn fresh_of(domains: Vec<&'static Domain>) -> (Home, Target) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let registry = Arc::new(Registry::new(maitred_party::MIGRATIONS, domains).unwrap());
    let migrations = registry.migrations();
    let directory = tempfile::tempdir().unwrap();
    let server =
        (std::env::var("MAITRED_TEST_ENGINE").as_deref() == Ok("postgres")).then(|| Database::new().unwrap());
    let store: Arc<dyn OrgStore> = match &server {
        Some(server) => {
            let engine = PostgresEngine::new(server.url(), PostgresOptions::default()).unwrap();
            let name = format!("valbrune-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
            engine.create(&name, &migrations).unwrap()
        }
        None => {
            let engine = SqliteEngine::new(directory.path(), SqliteOptions::default()).unwrap();
            engine.create("valbrune", &migrations).unwrap()
        }
    };
    let target = Target {
        org: OrgFacts { slug: "valbrune".into(), name: "Valbrune".into() },
        store,
        registry,
        ids: Arc::new(SerialIds::new(1)),
        audit_key: AUDIT_KEY,
        build: "test".to_owned(),
    };
    (Home { directory, _server: server }, target)
}
