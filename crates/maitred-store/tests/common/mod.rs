//! What the suites of both engines share: a small domain, and places to keep its databases.
#![allow(dead_code, reason = "no suite uses all of it")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use maitred_store::engine::write_and_wait;
use maitred_store::{
    Budget, Engine, Migration, OrgStore, ReadTx, StoreError, StoreFault, StoreResult, Verdict, WriteJob,
    WriteTx,
};

pub const NOW: &str = "2026-03-02T10:00:00.000Z";
pub const TABLES: &[Migration] = &[Migration {
    domain: "test",
    number: 1,
    name: "notes",
    sql: "CREATE TABLE note (id TEXT NOT NULL PRIMARY KEY, version BIGINT NOT NULL, body TEXT NOT NULL) /*clustered*/;
          CREATE TABLE tally (id TEXT NOT NULL PRIMARY KEY, count BIGINT NOT NULL) /*clustered*/;
          INSERT INTO tally (id, count) VALUES ('one', 0);",
}];

#[derive(maitred_macros::Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "note")]
pub struct Note {
    pub id: String,
    pub version: i64,
    pub body: String,
}

/// Where databases are kept; gone with it.
pub enum Place {
    #[cfg(feature = "sqlite")]
    Sqlite(tempfile::TempDir),
    #[cfg(feature = "postgres")]
    Postgres(maitred_testkit_postgres::Database),
}

impl Place {
    #[cfg(feature = "sqlite")]
    pub fn sqlite() -> Option<Self> {
        Some(Self::Sqlite(tempfile::tempdir().unwrap()))
    }

    #[cfg(feature = "postgres")]
    pub fn postgres() -> Option<Self> {
        maitred_testkit_postgres::Database::new().map(Self::Postgres)
    }

    /// A place of the same kind.
    pub fn another(&self) -> Self {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Self::sqlite().unwrap(),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Self::postgres().unwrap(),
        }
    }

    /// A new engine, as a node or process of its own would make it.
    pub fn engine(&self) -> Box<dyn Engine> {
        self.engine_with(4096, 512)
    }

    pub fn engine_with(&self, write_queue: usize, open_databases: usize) -> Box<dyn Engine> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(directory) => {
                use maitred_store::sqlite::{SqliteEngine, SqliteOptions};
                let options = SqliteOptions {
                    patience: Duration::from_millis(200),
                    write_queue,
                    open_databases,
                    ..SqliteOptions::default()
                };
                Box::new(SqliteEngine::new(directory.path(), options).unwrap())
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => {
                use maitred_store::postgres::{PostgresEngine, PostgresOptions};
                let options = PostgresOptions { write_queue, open_databases, ..PostgresOptions::default() };
                Box::new(PostgresEngine::new(database.url(), options).unwrap())
            }
        }
    }

    pub fn org(&self) -> Arc<dyn OrgStore> {
        self.engine().create("acme", TABLES).unwrap()
    }
}

pub fn read<T>(store: &Arc<dyn OrgStore>, body: impl Fn(&ReadTx<'_>) -> StoreResult<T>) -> StoreResult<T> {
    let mut result = None;
    store.read(&Budget::of(Duration::from_secs(10)), &mut |tx| result = Some(body(tx)))?;
    result.unwrap()
}

pub fn write<T: Send + 'static>(
    store: &Arc<dyn OrgStore>,
    body: impl FnMut(&WriteTx<'_>) -> StoreResult<T> + Send + 'static,
) -> StoreResult<T> {
    write_and_wait(&**store, NOW.to_owned(), Duration::from_secs(20), body)
}

pub fn put(id: &str) -> impl FnMut(&WriteTx<'_>) -> StoreResult<()> + Send + 'static {
    let id = id.to_owned();
    move |tx| tx.insert(&mut Note { id: id.clone(), version: 0, body: "x".to_owned() })
}

pub fn notes(store: &Arc<dyn OrgStore>) -> i64 {
    read(store, |tx| tx.count("SELECT COUNT(*) FROM note", &[])).unwrap()
}

pub fn tally(store: &Arc<dyn OrgStore>) -> i64 {
    read(store, |tx| tx.count("SELECT count FROM tally", &[])).unwrap()
}

pub fn fault<T: std::fmt::Debug>(result: StoreResult<T>) -> StoreFault {
    result.unwrap_err().fault
}

pub type Job = Box<dyn FnMut(&WriteTx<'_>) -> Verdict + Send>;

/// Queues jobs while the writer is held up, so that they share a commit, and answers what became of each.
pub fn grouped(store: &Arc<dyn OrgStore>, jobs: Vec<Job>) -> Vec<Result<(), StoreError>> {
    let barrier = Arc::new(Barrier::new(2));
    let held = Arc::clone(&barrier);
    let mut waiting = true;
    let job = |body, done| WriteJob {
        body,
        done,
        until: Instant::now() + Duration::from_secs(10),
        now: NOW.to_owned(),
        alone: false,
    };
    store.write(job(
        Box::new(move |_: &WriteTx<'_>| {
            if std::mem::take(&mut waiting) {
                held.wait();
            }
            Verdict::RollBack
        }),
        Box::new(|_| {}),
    ));
    let (sender, receiver) = channel();
    let count = jobs.len();
    for (index, body) in jobs.into_iter().enumerate() {
        let sender = sender.clone();
        store.write(job(body, Box::new(move |outcome| sender.send((index, outcome)).unwrap())));
    }
    barrier.wait();
    let mut outcomes: Vec<_> = (0..count).map(|_| receiver.recv().unwrap()).collect();
    outcomes.sort_by_key(|(index, _)| *index);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

pub fn commit(mut body: impl FnMut(&WriteTx<'_>) -> StoreResult<()> + Send + 'static) -> Job {
    Box::new(move |tx| if body(tx).is_ok() { Verdict::Commit } else { Verdict::RollBack })
}

pub const ENDLESS: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n WHERE i < 0";
