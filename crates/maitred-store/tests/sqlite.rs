//! The SQLite engine: what has to do with its files.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::*;
use maitred_store::sqlite::{SqliteEngine, SqliteOptions};
use maitred_store::{Engine, OrgStore, StoreFault};

struct Org {
    directory: tempfile::TempDir,
    store: Arc<dyn OrgStore>,
}

fn org() -> Org {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions { patience: Duration::from_millis(200), ..SqliteOptions::default() };
    let store = SqliteEngine::new(directory.path(), options).unwrap().create("acme", TABLES).unwrap();
    Org { directory, store }
}

#[test]
fn a_lock_of_another_process_is_waited_for_and_then_named() {
    let org = org();
    write(&org.store, put("a")).unwrap();
    let other = rusqlite::Connection::open(org.directory.path().join("acme.sqlite")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(fault(write(&org.store, put("b"))), StoreFault::Busy);
    assert_eq!(notes(&org.store), 1, "readers do not wait");
    other.execute_batch("ROLLBACK").unwrap();
    write(&org.store, put("b")).unwrap();
    assert_eq!(notes(&org.store), 2);
}

#[test]
fn what_is_no_database_is_said_to_be_corrupt_and_what_is_missing_unavailable() {
    let directory = tempfile::tempdir().unwrap();
    let engine = SqliteEngine::new(directory.path(), SqliteOptions::default()).unwrap();
    std::fs::write(directory.path().join("bad.sqlite"), vec![b'x'; 8192]).unwrap();
    assert_eq!(engine.open("bad", TABLES).map(drop).unwrap_err().fault, StoreFault::Corrupt);
    assert_eq!(engine.open("gone", TABLES).map(drop).unwrap_err().fault, StoreFault::Unavailable);
    assert_eq!(engine.open("../up", TABLES).map(drop).unwrap_err().fault, StoreFault::Defect);
    let file = directory.path().join("file");
    std::fs::write(&file, "x").unwrap();
    assert!(SqliteEngine::new(&file, SqliteOptions::default()).is_err());
}

#[test]
fn a_backup_of_a_live_database_is_whole() {
    let org = org();
    write(&org.store, put("a")).unwrap();
    let stop = Arc::new(AtomicUsize::new(0));
    let (store, asked) = (Arc::clone(&org.store), Arc::clone(&stop));
    let writer = std::thread::spawn(move || {
        let mut number = 0;
        while asked.load(Ordering::Relaxed) == 0 {
            write(&store, put(&format!("n{number}"))).unwrap();
            number += 1;
        }
    });
    let copy = tempfile::tempdir().unwrap();
    org.store.backup(&copy.path().join("acme.sqlite")).unwrap();
    assert_eq!(fault(org.store.backup(&copy.path().join("acme.sqlite"))), StoreFault::Unique);
    stop.store(1, Ordering::Relaxed);
    writer.join().unwrap();
    let engine = SqliteEngine::new(copy.path(), SqliteOptions::default()).unwrap();
    let store = engine.open("acme", TABLES).unwrap();
    assert!(notes(&store) >= 1);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}
