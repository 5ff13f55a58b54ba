//! The SQLite engine: what a domain relies on, and what must not happen when things go wrong.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use maitred_store::audit::{self, Entry};
use maitred_store::engine::write_and_wait;
use maitred_store::sqlite::{SqliteEngine, SqliteOptions};
use maitred_store::{
    Budget, Engine, Migration, OrgStore, ReadTx, Sql, StoreError, StoreFault, StoreResult, Verdict, WriteJob,
    WriteTx, ledger, params, search,
};

const NOW: &str = "2026-03-02T10:00:00.000Z";
const TABLES: &[Migration] = &[Migration {
    domain: "test",
    number: 1,
    name: "notes",
    sql: "CREATE TABLE note (id TEXT NOT NULL PRIMARY KEY, version BIGINT NOT NULL, body TEXT NOT NULL) /*clustered*/;
          CREATE TABLE tally (id TEXT NOT NULL PRIMARY KEY, count BIGINT NOT NULL) /*clustered*/;
          INSERT INTO tally (id, count) VALUES ('one', 0);",
}];

#[derive(maitred_macros::Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "note")]
struct Note {
    id: String,
    version: i64,
    body: String,
}

struct Org {
    directory: tempfile::TempDir,
    engine: SqliteEngine,
    store: Arc<dyn OrgStore>,
}

fn org_with(options: SqliteOptions) -> Org {
    let directory = tempfile::tempdir().unwrap();
    let engine = SqliteEngine::new(directory.path(), options).unwrap();
    let store = engine.create("acme", TABLES).unwrap();
    Org { directory, engine, store }
}

fn org() -> Org {
    org_with(SqliteOptions { patience: Duration::from_millis(200), ..SqliteOptions::default() })
}

fn read<T>(store: &Arc<dyn OrgStore>, body: impl Fn(&ReadTx<'_>) -> StoreResult<T>) -> StoreResult<T> {
    let mut result = None;
    store.read(&Budget::of(Duration::from_secs(10)), &mut |tx| result = Some(body(tx)))?;
    result.unwrap()
}

fn write<T: Send + 'static>(
    store: &Arc<dyn OrgStore>,
    body: impl FnMut(&WriteTx<'_>) -> StoreResult<T> + Send + 'static,
) -> StoreResult<T> {
    write_and_wait(&**store, NOW.to_owned(), Duration::from_secs(10), body)
}

fn put(id: &str) -> impl FnMut(&WriteTx<'_>) -> StoreResult<()> + Send + 'static {
    let id = id.to_owned();
    move |tx| tx.insert(&mut Note { id: id.clone(), version: 0, body: "x".to_owned() })
}

fn notes(store: &Arc<dyn OrgStore>) -> i64 {
    read(store, |tx| tx.count("SELECT COUNT(*) FROM note", &[])).unwrap()
}

fn fault<T: std::fmt::Debug>(result: StoreResult<T>) -> StoreFault {
    result.unwrap_err().fault
}

#[test]
fn parameters_are_bound_by_their_number_not_their_place() {
    let org = org();
    let found = read(&org.store, |tx| {
        tx.one::<(String, i64, String)>("SELECT $2, $3, $1", params!["first", "second", 3_i64])
    });
    assert_eq!(found.unwrap(), Some(("second".to_owned(), 3, "first".to_owned())));
    assert_eq!(
        fault(read(&org.store, |tx| tx.scalar::<i64>("SELECT $2", params![1_i64]))),
        StoreFault::Defect
    );
}

#[test]
fn a_read_cannot_write() {
    let org = org();
    let refused = read(&org.store, |tx| tx.one::<(i64,)>("UPDATE tally SET count = 1 RETURNING count", &[]));
    assert_eq!(fault(refused), StoreFault::ReadOnly);
}

#[test]
fn a_record_is_written_read_changed_and_logged() {
    let org = org();
    write(&org.store, put("a")).unwrap();
    let changes = write(&org.store, |tx| {
        let before: Note = tx.get("a")?.unwrap();
        let mut after = Note { body: "y".to_owned(), ..before.clone() };
        assert!(tx.update(&before, &mut after)?);
        assert!(!tx.update(&after.clone(), &mut after.clone())?, "nothing differs");
        let changes = tx.changes().clone();
        Ok(changes)
    })
    .unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].before.as_deref(), Some(r#"{"body":"x"}"#));
    assert_eq!(changes[0].after.as_deref(), Some(r#"{"body":"y"}"#));
    let note = read(&org.store, |tx| tx.get::<Note>("a")).unwrap().unwrap();
    assert_eq!((note.version, note.body.as_str()), (2, "y"));
    let stale = write(&org.store, |tx| {
        let before = Note { id: "a".to_owned(), version: 1, body: "x".to_owned() };
        tx.update(&before, &mut Note { body: "z".to_owned(), ..before.clone() })
    });
    assert_eq!(fault(stale), StoreFault::Stale);
}

type Job = Box<dyn FnMut(&WriteTx<'_>) -> Verdict + Send>;

/// Queues jobs while the writer is held up, so that they share a commit, and answers what became of each.
fn grouped(store: &Arc<dyn OrgStore>, jobs: Vec<Job>) -> Vec<Result<(), StoreError>> {
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

fn commit(mut body: impl FnMut(&WriteTx<'_>) -> StoreResult<()> + Send + 'static) -> Job {
    Box::new(move |tx| if body(tx).is_ok() { Verdict::Commit } else { Verdict::RollBack })
}

#[test]
fn neighbours_in_a_group_do_not_spoil_each_other() {
    let org = org();
    let outcomes = grouped(
        &org.store,
        vec![
            commit(put("a")),
            commit(|tx| tx.execute("INSERT INTO note (id) VALUES ('broken')", &[]).map(drop)),
            commit(put("b")),
            Box::new(|tx| {
                tx.insert(&mut Note { id: "dry".to_owned(), version: 0, body: String::new() }).unwrap();
                Verdict::RollBack
            }),
            Box::new(|_| panic!("a defect")),
            commit(put("c")),
        ],
    );
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok() && outcomes[3].is_ok() && outcomes[5].is_ok());
    assert_eq!(outcomes[4].as_ref().unwrap_err().fault, StoreFault::Defect);
    let kept: Vec<(String,)> = read(&org.store, |tx| tx.all("SELECT id FROM note ORDER BY id", &[])).unwrap();
    assert_eq!(kept, [("a".to_owned(),), ("b".to_owned(),), ("c".to_owned(),)]);
}

#[test]
fn a_number_taken_in_a_write_that_fails_returns_with_it() {
    let org = org();
    let take = |keep: bool| -> Job {
        Box::new(move |tx| {
            tx.execute("UPDATE tally SET count = count + 1", &[]).unwrap();
            if keep { Verdict::Commit } else { Verdict::RollBack }
        })
    };
    grouped(&org.store, vec![take(true), take(false), take(true), take(false), take(true)]);
    assert_eq!(read(&org.store, |tx| tx.count("SELECT count FROM tally", &[])).unwrap(), 3);
}

#[test]
fn a_write_that_waits_too_long_is_not_begun() {
    let org = org();
    let ran = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = channel();
    let counter = Arc::clone(&ran);
    org.store.write(WriteJob {
        body: Box::new(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            Verdict::Commit
        }),
        done: Box::new(move |outcome| sender.send(outcome).unwrap()),
        until: Instant::now(),
        now: NOW.to_owned(),
        alone: false,
    });
    assert_eq!(fault(receiver.recv().unwrap()), StoreFault::Interrupted);
    assert_eq!(ran.load(Ordering::Relaxed), 0);
}

const ENDLESS: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n WHERE i < 0";

#[test]
fn a_deadline_ends_a_long_read_and_the_connection_lives_on() {
    let org = org();
    for _ in 0..20 {
        let mut ended = None;
        let budget = Budget::of(Duration::from_millis(20));
        org.store.read(&budget, &mut |tx| ended = Some(tx.count(ENDLESS, &[]))).unwrap();
        assert_eq!(fault(ended.unwrap()), StoreFault::Interrupted);
    }
    assert_eq!(notes(&org.store), 0);
}

#[test]
fn a_report_can_be_cancelled() {
    let org = org();
    let asked = Arc::new(AtomicUsize::new(0));
    let looks = Arc::clone(&asked);
    let budget = Budget {
        until: Instant::now() + Duration::from_secs(30),
        cancelled: Some(Arc::new(move || looks.fetch_add(1, Ordering::Relaxed) > 3)),
    };
    let (sender, receiver) = channel();
    org.store
        .report(budget, Box::new(move |tx| sender.send(tx.and_then(|tx| tx.count(ENDLESS, &[]))).unwrap()));
    assert_eq!(fault(receiver.recv().unwrap()), StoreFault::Interrupted);
}

#[test]
fn a_slow_write_is_interrupted_at_its_deadline() {
    let org = org();
    let (sender, receiver) = channel();
    org.store.write(WriteJob {
        body: Box::new(move |tx| {
            sender.send(tx.count(ENDLESS, &[])).unwrap();
            Verdict::RollBack
        }),
        done: Box::new(|_| {}),
        until: Instant::now() + Duration::from_millis(50),
        now: NOW.to_owned(),
        alone: false,
    });
    assert_eq!(fault(receiver.recv().unwrap()), StoreFault::Interrupted);
    write(&org.store, put("after")).unwrap();
}

#[test]
fn more_writes_than_may_wait_are_refused_as_busy() {
    let org = org_with(SqliteOptions { write_queue: 2, ..SqliteOptions::default() });
    let (go, wait) = channel::<()>();
    let mut wait = Some(wait);
    let (sender, receiver) = channel();
    for index in 0..8 {
        let sender = sender.clone();
        let wait = wait.take();
        org.store.write(WriteJob {
            body: Box::new(move |_| {
                if let Some(wait) = &wait {
                    let _ = wait.recv_timeout(Duration::from_secs(5));
                }
                Verdict::RollBack
            }),
            done: Box::new(move |outcome| sender.send((index, outcome)).unwrap()),
            until: Instant::now() + Duration::from_secs(10),
            now: NOW.to_owned(),
            alone: false,
        });
    }
    go.send(()).unwrap();
    let outcomes: Vec<_> = (0..8).map(|_| receiver.recv().unwrap()).collect();
    let busy = outcomes
        .iter()
        .filter(|(_, outcome)| matches!(outcome, Err(error) if error.fault == StoreFault::Busy));
    assert!(busy.count() >= 5, "{outcomes:?}");
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
fn commits_of_another_process_change_the_data_version() {
    let org = org();
    let before = org.store.data_version().unwrap();
    write(&org.store, put("a")).unwrap();
    assert_ne!(org.store.data_version().unwrap(), before);
}

#[test]
fn migrations_run_once_and_a_newer_database_is_refused() {
    let org = org();
    let later: Vec<Migration> = TABLES
        .iter()
        .copied()
        .chain([Migration { domain: "test", number: 2, name: "more", sql: "CREATE TABLE more (id TEXT);" }])
        .collect();
    let again = |migrations: &[Migration]| {
        SqliteEngine::new(org.directory.path(), SqliteOptions::default())
            .unwrap()
            .open("acme", migrations)
            .map(drop)
    };
    again(TABLES).unwrap();
    again(&later).unwrap();
    again(&later).unwrap();
    assert_eq!(fault(again(TABLES)), StoreFault::TooNew);
    let broken: Vec<Migration> = later
        .iter()
        .copied()
        .chain([Migration {
            domain: "test",
            number: 3,
            name: "broken",
            sql: "CREATE TABLE half (id TEXT); NONSENSE;",
        }])
        .collect();
    assert!(again(&broken).is_err());
    let tables =
        read(&org.store, |tx| tx.count("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'half'", &[]));
    assert_eq!(tables.unwrap(), 0, "a migration is whole or absent");
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
fn databases_past_the_bound_are_closed_and_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions { open_databases: 2, ..SqliteOptions::default() };
    let engine = SqliteEngine::new(directory.path(), options).unwrap();
    for round in 0..3 {
        for name in ["a", "b", "c", "d"] {
            let store =
                if round == 0 { engine.create(name, TABLES) } else { engine.open(name, TABLES) }.unwrap();
            write(&store, put(&format!("{name}{round}"))).unwrap();
            assert_eq!(notes(&store), round + 1);
        }
    }
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

fn audited(store: &Arc<dyn OrgStore>, id: &str) {
    let id = id.to_owned();
    write(store, move |tx| {
        tx.insert(&mut Note { id: id.clone(), version: 0, body: String::new() })?;
        let entry = Entry {
            principal: "key:1",
            actor_kind: "teammate",
            actor_id: Some("m1"),
            actor_label: "Ada",
            tool: "test_note_create",
            transport: "http",
            request_key: None,
            arguments_digest: "a",
            changes_digest: "c",
            build: "test",
        };
        let seq = audit::append(tx, b"key", &entry)?;
        ledger::put_changes(tx, seq)
    })
    .unwrap();
}

fn verdict(path: &Path) -> audit::Verdict {
    let engine = SqliteEngine::new(path, SqliteOptions::default()).unwrap();
    let store = engine.open("acme", TABLES).unwrap();
    read(&store, |tx| audit::verify(tx, b"key")).unwrap()
}

#[test]
fn the_audit_chain_shows_every_kind_of_tampering() {
    for (tampering, broken_at) in [
        ("UPDATE audit SET actor_label = 'Eve' WHERE seq = 3", 3),
        ("DELETE FROM audit WHERE seq = 2", 2),
        (
            "UPDATE audit SET seq = 99 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 99",
            2,
        ),
        ("DELETE FROM audit WHERE seq = 5", 5),
        ("DELETE FROM change_log WHERE audit_seq = 4", 4),
    ] {
        let org = org();
        for id in ["a", "b", "c", "d", "e"] {
            audited(&org.store, id);
        }
        assert_eq!(verdict(org.directory.path()), audit::Verdict::Whole(5));
        let other = rusqlite::Connection::open(org.directory.path().join("acme.sqlite")).unwrap();
        other.execute_batch(tampering).unwrap();
        let audit::Verdict::Broken { seq, .. } = verdict(org.directory.path()) else {
            panic!("{tampering} was not noticed");
        };
        assert_eq!(seq, broken_at, "{tampering}");
    }
}

#[test]
fn receipts_are_kept_by_principal_and_key() {
    let org = org();
    let receipt =
        ledger::Receipt { tool: "t".to_owned(), arguments_digest: "d".to_owned(), answer: "{}".to_owned() };
    let kept = receipt.clone();
    write(&org.store, move |tx| ledger::put_receipt(tx, "key:1", "k", &kept)).unwrap();
    assert_eq!(read(&org.store, |tx| ledger::receipt(tx, "key:1", "k")).unwrap(), Some(receipt));
    assert_eq!(read(&org.store, |tx| ledger::receipt(tx, "key:2", "k")).unwrap(), None);
    assert_eq!(write(&org.store, |tx| ledger::prune_receipts(tx, "2026-03-02T10:00:00.001Z")).unwrap(), 1);
}

fn found(store: &Arc<dyn OrgStore>, terms: &[&str]) -> Vec<(String, i64)> {
    let terms: Vec<String> = terms.iter().map(|term| (*term).to_owned()).collect();
    let mut sql: Sql = search::hits("note", &terms);
    sql.push("SELECT id, score FROM hit ORDER BY score DESC, id");
    read(store, |tx| tx.all_of(&sql)).unwrap()
}

#[test]
fn search_wants_every_term_takes_beginnings_and_prefers_whole_words() {
    let org = org();
    write(&org.store, |tx| {
        let words = |list: &[(&str, i64)]| {
            list.iter().map(|(word, weight)| ((*word).to_owned(), *weight)).collect::<Vec<_>>()
        };
        search::put(tx, "note", "1", &words(&[("muller", 40), ("rene", 35), ("acme", 10)]))?;
        search::put(tx, "note", "2", &words(&[("mullerson", 40), ("rene", 35)]))?;
        search::put(tx, "note", "3", &words(&[("rene", 35), ("rene", 10)]))?;
        search::put(tx, "other", "4", &words(&[("muller", 40)]))
    })
    .unwrap();
    assert_eq!(found(&org.store, &["muller"]), [("1".to_owned(), 80), ("2".to_owned(), 40)]);
    assert_eq!(found(&org.store, &["rene", "mul"]), [("1".to_owned(), 110), ("2".to_owned(), 110)]);
    assert_eq!(found(&org.store, &["rene", "nobody"]), []);
    assert_eq!(found(&org.store, &[]), []);
    assert_eq!(found(&org.store, &["%' OR 1=1 --"]), []);
    write(&org.store, |tx| search::remove(tx, "note", "1")).unwrap();
    assert_eq!(found(&org.store, &["acme"]), []);
}

#[test]
fn contents_tell_databases_apart_and_know_them_again() {
    let (one, two) = (org(), org());
    assert_eq!(one.store.contents().unwrap(), two.store.contents().unwrap());
    write(&one.store, put("a")).unwrap();
    assert_ne!(one.store.contents().unwrap(), two.store.contents().unwrap());
    write(&two.store, put("a")).unwrap();
    assert_eq!(one.store.contents().unwrap(), two.store.contents().unwrap());
    assert!(one.engine.exists("acme").unwrap() && !one.engine.exists("other").unwrap());
}
