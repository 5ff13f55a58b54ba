//! The PostgreSQL engine: nodes that meet, servers that go away, organisations that must not see each other.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use common::*;
use maitred_store::postgres::{PostgresEngine, PostgresOptions};
use maitred_store::{
    Budget, Engine, Migration, OrgStore, ReadTx, Record, StoreError, StoreFault, StoreResult, Verdict,
    WriteJob, WriteTx, params,
};
use maitred_testkit_postgres::{Cluster, Database, missing};

fn engine(url: &str, options: PostgresOptions) -> PostgresEngine {
    PostgresEngine::new(url, options).unwrap()
}

fn few(connections: usize, patience: u64) -> PostgresOptions {
    PostgresOptions { connections, patience: Duration::from_millis(patience), ..PostgresOptions::default() }
}

/// The tests that need a server; where there is none it was said.
macro_rules! database {
    () => {
        match Database::new() {
            Some(database) => database,
            None => return,
        }
    };
}

/// Looks first and writes then, as a rule of a domain does.
fn count_up(tx: &WriteTx<'_>) -> StoreResult<()> {
    let seen = tx.count("SELECT count FROM tally WHERE id = 'one'", &[])?;
    tx.execute("UPDATE tally SET count = $1 WHERE id = 'one'", params![seen + 1]).map(drop)
}

#[test]
fn nodes_that_count_together_lose_nothing() {
    let database = database!();
    let nodes: Vec<_> = (0..2).map(|_| engine(database.url(), PostgresOptions::default())).collect();
    let first = nodes[0].create("acme", TABLES).unwrap();
    let second = nodes[1].open("acme", TABLES).unwrap();
    let threads: Vec<_> = [&first, &second, &first, &second]
        .into_iter()
        .map(|store| {
            let store = Arc::clone(store);
            std::thread::spawn(move || {
                for _ in 0..25 {
                    write(&store, count_up).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!((tally(&first), tally(&second)), (100, 100));
}

/// One connection serves three organisations, in every order of reads and writes that go well or not: whoever asks gets
/// answers of its own.
#[test]
fn a_connection_that_goes_from_one_to_another_never_speaks_of_the_wrong_one() {
    const BROKEN: &str = "SELECT 1 / (count - count) FROM tally";
    let database = database!();
    let engine = engine(database.url(), few(1, 5_000));
    let orgs: Vec<_> = ["acme", "oak", "elm"].map(|name| engine.create(name, TABLES).unwrap()).into();
    let mut counts = [0, 1_000, 2_000];
    for (org, count) in orgs.iter().zip(counts) {
        write(org, move |tx| tx.execute("UPDATE tally SET count = $1", params![count])).unwrap();
    }
    let mut chance = 7_u64;
    for step in 0..600 {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (org, action) = ((chance >> 33) as usize % 3, (chance >> 40) % 8);
        let (store, count) = (&orgs[org], &mut counts[org]);
        match action {
            0 => drop(read(store, |tx| tx.count(BROKEN, &[])).unwrap_err()),
            1 => drop(
                read(store, |tx| tx.count("SELECT count FROM tally WHERE id = $1", params!["\0"]))
                    .unwrap_err(),
            ),
            2 => drop(write(store, |tx| count_up(tx).and_then(|()| tx.count(BROKEN, &[]))).unwrap_err()),
            3 => {
                let undone = |tx: &WriteTx<'_>| count_up(tx).and(Err::<(), _>(StoreError::defect("no")));
                drop(write(store, undone).unwrap_err());
            }
            4 => {
                write(store, count_up).unwrap();
                *count += 1;
            }
            // Twice in a row, once with more than one statement: the second time it stands there already.
            5 => assert_eq!((tally(store), notes(store)), (*count, 0), "step {step}"),
            _ => {
                let twice = |tx: &ReadTx<'_>| {
                    let first = tx.count("SELECT count FROM tally", &[])?;
                    Ok((first, tx.count("SELECT count + 0 FROM tally", &[])?))
                };
                assert_eq!(read(store, twice).unwrap(), (*count, *count), "step {step}");
            }
        }
        assert_eq!(tally(store), *count, "step {step}, action {action}");
    }
}

#[test]
fn a_write_that_met_anothers_change_is_run_again() {
    let database = database!();
    let store = engine(database.url(), PostgresOptions::default()).create("acme", TABLES).unwrap();
    let runs = Arc::new(AtomicUsize::new(0));
    let (counted, url) = (Arc::clone(&runs), database.url().to_owned());
    write(&store, move |tx| {
        let seen = tx.count("SELECT count FROM tally WHERE id = 'one'", &[])?;
        if counted.fetch_add(1, Ordering::Relaxed) < 4 {
            // Somebody who takes no turn changes the row between the look and the write.
            maitred_testkit_postgres::run(&url, "UPDATE m_acme.tally SET count = count + 10").unwrap();
        }
        tx.execute("UPDATE tally SET count = $1 WHERE id = 'one'", params![seen + 1]).map(drop)
    })
    .unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 5, "two groups, then alone");
    assert_eq!(tally(&store), 41);
}

#[test]
fn neighbours_of_a_write_that_is_run_again_are_written_once() {
    let database = database!();
    let store = engine(database.url(), PostgresOptions::default()).create("acme", TABLES).unwrap();
    let url = database.url().to_owned();
    let mut runs = 0;
    let outcomes = grouped(
        &store,
        vec![
            commit(put("before")),
            commit(move |tx| {
                let seen = tx.count("SELECT count FROM tally WHERE id = 'one'", &[])?;
                runs += 1;
                if runs == 1 {
                    maitred_testkit_postgres::run(&url, "UPDATE m_acme.tally SET count = 10").unwrap();
                }
                tx.execute("UPDATE tally SET count = $1 WHERE id = 'one'", params![seen + 1]).map(drop)
            }),
            commit(put("after")),
        ],
    );
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!((notes(&store), tally(&store)), (2, 11));
}

#[test]
fn a_write_that_never_gets_through_ends_as_busy() {
    let database = database!();
    let store = engine(database.url(), PostgresOptions::default()).create("acme", TABLES).unwrap();
    let url = database.url().to_owned();
    let refused = write(&store, move |tx| {
        tx.count("SELECT count FROM tally WHERE id = 'one'", &[])?;
        maitred_testkit_postgres::run(&url, "UPDATE m_acme.tally SET count = count + 10").unwrap();
        count_up(tx)
    });
    assert_eq!(fault(refused), StoreFault::Busy);
    assert_eq!(tally(&store), 120, "twelve runs, none of them kept");
    write(&store, count_up).unwrap();
}

#[test]
fn a_turn_that_is_not_given_up_is_named_and_readers_do_not_wait_for_it() {
    let database = database!();
    let one = engine(database.url(), few(4, 200)).create("acme", TABLES).unwrap();
    let two = engine(database.url(), few(4, 200)).open("acme", TABLES).unwrap();
    let (held, go) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (inside, outside) = (Arc::clone(&held), Arc::clone(&go));
    let holder = std::thread::spawn(move || {
        write(&one, move |tx| {
            put("a")(tx)?;
            inside.wait();
            outside.wait();
            Ok(())
        })
    });
    held.wait();
    assert_eq!(fault(write(&two, put("b"))), StoreFault::Busy);
    assert_eq!(notes(&two), 0, "readers do not wait");
    go.wait();
    holder.join().unwrap().unwrap();
    write(&two, put("b")).unwrap();
    assert_eq!(notes(&two), 2);
}

#[test]
fn when_all_connections_are_in_use_the_next_is_busy_and_then_served() {
    let database = database!();
    let store = engine(database.url(), few(1, 100)).create("acme", TABLES).unwrap();
    let (held, go) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (inside, outside, reader) = (Arc::clone(&held), Arc::clone(&go), Arc::clone(&store));
    let holder = std::thread::spawn(move || {
        reader
            .read(&Budget::of(Duration::from_secs(10)), &mut |_| {
                inside.wait();
                outside.wait();
            })
            .unwrap();
    });
    held.wait();
    let error = read(&store, |tx| tx.count("SELECT COUNT(*) FROM note", &[])).unwrap_err();
    assert_eq!(error.fault, StoreFault::Busy);
    assert!(error.detail().contains("all 1 connections"), "{error}");
    go.wait();
    holder.join().unwrap();
    assert_eq!(notes(&store), 0);
}

/// The end of a read goes out with the next read, and when there is none, soon.
#[test]
fn when_all_is_read_no_transaction_stays_open() {
    let database = database!();
    let store = engine(database.url(), few(3, 5_000)).create("acme", TABLES).unwrap();
    for burst in [1, 2, 40, 200] {
        let (sender, receiver) = channel();
        for number in 0..burst {
            let sender = sender.clone();
            let body: maitred_store::engine::ReportBody = Box::new(move |tx| {
                let count = tx.and_then(|tx| tx.count("SELECT COUNT(*) FROM note", &[]));
                sender.send(count.unwrap()).unwrap();
            });
            let budget = Budget::of(Duration::from_secs(10));
            if number % 3 == 0 { store.report(budget, body) } else { store.keyed(budget, body) }
        }
        drop(sender);
        assert_eq!(receiver.iter().count(), burst);
        let open = "SELECT state, COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                    AND application_name = 'maitred' GROUP BY state";
        let until = Instant::now() + Duration::from_secs(5);
        loop {
            let states = database.run(open);
            if states.len() == 1 && states[0][0].as_deref() == Some("idle") {
                break;
            }
            assert!(Instant::now() < until, "after {burst} reads: {states:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

const KILL: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE datname = current_database() AND application_name = 'maitred'";

#[test]
fn a_connection_that_is_ended_in_a_write_leaves_it_whole_or_absent() {
    let database = database!();
    let store = engine(database.url(), PostgresOptions::default()).create("acme", TABLES).unwrap();
    let url = database.url().to_owned();
    let mut killed = false;
    write(&store, move |tx| {
        put("a")(tx)?;
        if !std::mem::replace(&mut killed, true) {
            maitred_testkit_postgres::run(&url, KILL).unwrap();
        }
        put("b")(tx)
    })
    .unwrap();
    assert_eq!(notes(&store), 2, "run again on another connection, once");
    let url = database.url().to_owned();
    let refused = write(&store, move |tx| {
        put("c")(tx)?;
        maitred_testkit_postgres::run(&url, KILL).unwrap();
        put("d")(tx)
    });
    assert!(refused.is_err());
    assert_eq!(notes(&store), 2);
    write(&store, put("e")).unwrap();
    assert_eq!(notes(&store), 3);
}

#[test]
fn connections_that_were_ended_while_idle_are_noticed_by_nobody() {
    let database = database!();
    let store = engine(database.url(), PostgresOptions::default()).create("acme", TABLES).unwrap();
    for _ in 0..5 {
        database.run(KILL);
        assert_eq!(notes(&store), 0);
        database.run(KILL);
        write(&store, |tx| tx.count("SELECT COUNT(*) FROM note", &[])).unwrap();
    }
}

#[test]
fn a_connection_lost_at_the_commit_is_said_to_be_unknown() {
    let database = database!();
    let store = engine(database.url(), PostgresOptions::default()).create("acme", TABLES).unwrap();
    // The commit's own statement ends its connection.
    database.run(
        "CREATE FUNCTION m_acme.fall() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NEW; END $$; \
         CREATE TRIGGER fall BEFORE UPDATE ON m_acme.maitred_version FOR EACH ROW EXECUTE FUNCTION m_acme.fall()",
    );
    let error = write(&store, put("a")).unwrap_err();
    assert_eq!(error.fault, StoreFault::Unavailable);
    assert!(error.detail().contains("may stand or not"), "{error}");
    database.run("DROP FUNCTION m_acme.fall CASCADE");
    write(&store, put("b")).unwrap();
    assert_eq!(notes(&store), 1);
}

#[test]
fn a_server_that_stops_and_starts_again_is_found_again() {
    let Some(cluster) = Cluster::new() else {
        return missing();
    };
    let store = engine(&cluster.url("postgres"), PostgresOptions::default()).create("acme", TABLES).unwrap();
    write(&store, put("a")).unwrap();
    cluster.stop();
    let begun = Instant::now();
    assert_eq!(fault(read(&store, |tx| tx.count("SELECT COUNT(*) FROM note", &[]))), StoreFault::Unavailable);
    assert_eq!(fault(write(&store, put("b"))), StoreFault::Unavailable);
    assert_eq!(
        PostgresEngine::new(&cluster.url("postgres"), PostgresOptions::default())
            .map(drop)
            .unwrap_err()
            .fault,
        StoreFault::Unavailable
    );
    assert!(begun.elapsed() < Duration::from_secs(5), "at once, or nearly");
    cluster.start();
    assert_eq!(notes(&store), 1);
    write(&store, put("b")).unwrap();
    assert_eq!(notes(&store), 2);
    let by_socket = engine(&cluster.socket_url("postgres"), PostgresOptions::default());
    assert_eq!(notes(&by_socket.open("acme", TABLES).unwrap()), 2);
}

#[test]
fn another_node_hears_the_news_also_after_its_connection_was_lost() {
    let database = database!();
    let one = engine(database.url(), PostgresOptions::default());
    let store = one.create("acme", TABLES).unwrap();
    let two = engine(database.url(), PostgresOptions::default());
    let (sender, heard) = channel();
    two.listen(Arc::new(move |name| drop(sender.send(name.map(str::to_owned)))));
    let soon = || heard.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(soon(), None, "what was before is not known");
    let announce = |id: &str| {
        let mut put = put(id);
        write(&store, move |tx| {
            tx.announce();
            put(tx)
        })
        .unwrap();
    };
    announce("a");
    assert_eq!(soon().as_deref(), Some("acme"));
    database.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND query LIKE 'LISTEN%'",
    );
    assert_eq!(soon(), None, "it listens again, and says that it may have missed something");
    announce("b");
    assert_eq!(soon().as_deref(), Some("acme"));
}

#[test]
fn organisations_do_not_see_each_other_on_one_connection() {
    let database = database!();
    let engine = engine(database.url(), few(1, 5_000));
    let (one, two) = (engine.create("one", TABLES).unwrap(), engine.create("two", TABLES).unwrap());
    write(&one, put("a")).unwrap();
    // The same statements, prepared for one, then for the other, on the only connection there is.
    for _ in 0..3 {
        assert_eq!((notes(&one), notes(&two)), (1, 0));
        assert_eq!(read(&two, |tx| tx.get::<Note>("a")).unwrap(), None);
        assert!(read(&one, |tx| tx.get::<Note>("a")).unwrap().is_some());
        write(&two, count_up).unwrap();
    }
    assert_eq!((tally(&one), tally(&two)), (0, 3));
    write(&two, put("a")).unwrap();
    assert_eq!((notes(&one), notes(&two)), (1, 1));
    assert_ne!(one.data_version().unwrap(), two.data_version().unwrap());
}

#[test]
fn tables_that_another_node_changed_are_read_anew() {
    let database = database!();
    let store = engine(database.url(), few(1, 5_000)).create("acme", TABLES).unwrap();
    write(&store, put("a")).unwrap();
    let all = |store: &Arc<dyn OrgStore>| read(store, |tx| tx.one::<(String,)>("SELECT * FROM tally", &[]));
    all(&store).unwrap();
    database.run("ALTER TABLE m_acme.tally ADD COLUMN more BIGINT");
    // What was prepared for the old table is refused once, and prepared again then.
    assert_eq!(fault(all(&store)), StoreFault::Busy);
    assert_eq!(all(&store).unwrap(), Some(("one".to_owned(),)));
}

#[test]
fn nodes_that_start_at_once_migrate_once() {
    let database = database!();
    drop(engine(database.url(), PostgresOptions::default()).create("acme", TABLES).unwrap());
    let later: Vec<Migration> = TABLES
        .iter()
        .copied()
        .chain([Migration { domain: "test", number: 2, name: "more", sql: "CREATE TABLE more (id TEXT)" }])
        .collect();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (url, later) = (database.url().to_owned(), later.clone());
            std::thread::spawn(move || {
                engine(&url, PostgresOptions::default()).open("acme", &later).map(drop)
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
    let made: Vec<StoreResult<()>> = {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let url = database.url().to_owned();
                std::thread::spawn(move || {
                    engine(&url, PostgresOptions::default()).create("beta", TABLES).map(drop)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    };
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1, "{made:?}");
    assert!(made.iter().flat_map(|made| made.as_ref().err()).all(|error| error.fault == StoreFault::Unique));
}

#[test]
fn every_column_of_text_compares_by_its_bytes() {
    let database = database!();
    let store = engine(database.url(), PostgresOptions::default()).create("acme", TABLES).unwrap();
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
    database.run("ALTER TABLE m_acme.note ALTER COLUMN body TYPE TEXT COLLATE \"default\"");
    assert_eq!(store.check().unwrap(), ["`note.body` is not collated as `C`"]);
    database.run("DROP SCHEMA m_acme CASCADE");
    assert_eq!(store.check().unwrap(), ["the schema `m_acme` does not exist"]);
}

#[cfg(feature = "sqlite")]
#[test]
fn contents_are_the_same_as_on_sqlite() {
    let database = database!();
    let files = tempfile::tempdir().unwrap();
    let sqlite = maitred_store::sqlite::SqliteEngine::new(
        files.path(),
        maitred_store::sqlite::SqliteOptions::default(),
    )
    .unwrap();
    let here = engine(database.url(), PostgresOptions::default()).create("acme", TABLES).unwrap();
    let there = sqlite.create("acme", TABLES).unwrap();
    assert_eq!(here.contents().unwrap(), there.contents().unwrap());
    for store in [&here, &there] {
        for id in ["b", "A", "\u{e4}"] {
            write(store, put(id)).unwrap();
        }
        write(store, count_up).unwrap();
    }
    assert_eq!(here.contents().unwrap(), there.contents().unwrap());
}

#[test]
fn a_backup_is_refused_with_the_way_to_make_one() {
    let database = database!();
    let store = engine(database.url(), PostgresOptions::default()).create("acme", TABLES).unwrap();
    let error = store.backup(std::path::Path::new("copy")).unwrap_err();
    assert!(error.detail().contains("pg_dump --schema='\"m_acme\"'"), "{error}");
    assert!(!store.inline());
}

#[test]
fn reads_work_on_a_thread_that_serves_a_network() {
    let database = database!();
    let store = engine(database.url(), PostgresOptions::default()).create("acme", TABLES).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        assert_eq!(notes(&store), 0);
        let store = Arc::clone(&store);
        tokio::spawn(async move { assert_eq!(notes(&store), 0) }).await.unwrap();
    });
}

#[test]
fn a_neighbour_of_a_write_that_ran_out_of_time_is_kept() {
    let database = database!();
    let store = engine(database.url(), PostgresOptions::default()).create("acme", TABLES).unwrap();
    let (held, (sender, receiver)) = (Arc::new(Barrier::new(2)), channel());
    let first = Arc::clone(&held);
    let ended = Arc::new(Mutex::new(None));
    let slow = Arc::clone(&ended);
    let bodies: Vec<(Job, u64)> = vec![
        (
            Box::new({
                let mut waits = true;
                move |_| {
                    if std::mem::take(&mut waits) {
                        first.wait();
                    }
                    Verdict::RollBack
                }
            }),
            10_000,
        ),
        (commit(put("before")), 10_000),
        (
            Box::new(move |tx| {
                *slow.lock().unwrap() = Some(tx.count(ENDLESS, &[]));
                Verdict::Commit
            }),
            300,
        ),
        (commit(put("after")), 10_000),
    ];
    for (index, (body, limit)) in bodies.into_iter().enumerate() {
        let sender = sender.clone();
        store.write(WriteJob {
            body,
            done: Box::new(move |outcome| sender.send((index, outcome)).unwrap()),
            until: Instant::now() + Duration::from_millis(limit),
            now: NOW.to_owned(),
            alone: false,
        });
    }
    held.wait();
    let mut outcomes: Vec<_> = (0..4).map(|_| receiver.recv().unwrap()).collect();
    outcomes.sort_by_key(|(index, _)| *index);
    assert!(outcomes[1].1.is_ok() && outcomes[3].1.is_ok(), "{outcomes:?}");
    assert_eq!(outcomes[2].1.as_ref().unwrap_err().fault, StoreFault::Interrupted);
    assert_eq!(fault(ended.lock().unwrap().take().unwrap()), StoreFault::Interrupted);
    assert_eq!(notes(&store), 2);
}

#[test]
fn a_failed_statement_is_not_forgotten() {
    let database = database!();
    let store = engine(database.url(), PostgresOptions::default()).create("acme", TABLES).unwrap();
    write(&store, put("a")).unwrap();
    let refused = write(&store, |tx| {
        let taken = put("a")(tx);
        assert!(taken.as_ref().is_err_and(|error| error.fault == StoreFault::Unique), "{taken:?}");
        // It was let pass, and the transaction with it.
        tx.count("SELECT COUNT(*) FROM note", &[])
    });
    assert_eq!(fault(refused), StoreFault::Unique);
    let refused = write(&store, |tx| {
        drop(put("a")(tx));
        Ok(())
    });
    assert_eq!(fault(refused), StoreFault::Unique);
    assert_eq!(fault(write(&store, put("a\0"))), StoreFault::Constraint);
    assert_eq!(Note::TABLE, "note");
    write(&store, put("b")).unwrap();
    assert_eq!(notes(&store), 2);
}

#[test]
fn what_is_said_to_the_server_is_as_closed_as_the_url_asks() {
    let Some(cluster) = Cluster::encrypted() else { return missing() };
    // Readable by whoever may read the test's files, which the cluster's own directory is not.
    let place = tempfile::tempdir().unwrap();
    let authority = place.path().join("ca.pem");
    std::fs::copy(cluster.certificate(), &authority).unwrap();
    let authority = authority.display();
    let url = cluster.url("postgres");
    drop(engine(&url, PostgresOptions::default()).create("acme", TABLES).unwrap());
    let closed = |url: &str| {
        let engine = PostgresEngine::new(url, PostgresOptions::default())?;
        let store = engine.open("acme", TABLES)?;
        read(&store, |tx| {
            tx.count(
                "SELECT CASE WHEN ssl THEN 1 ELSE 0 END FROM pg_catalog.pg_stat_ssl \
                 WHERE pid = pg_catalog.pg_backend_pid()",
                &[],
            )
        })
    };
    for (mode, expected) in [("disable", 0), ("prefer", 1), ("require", 1)] {
        assert_eq!(closed(&format!("{url}?sslmode={mode}")).unwrap(), expected, "{mode}");
    }
    let known = format!("{url}?sslmode=verify-full&sslrootcert={authority}");
    assert_eq!(closed(&known).unwrap(), 1);
    // Signed by nobody whom this machine knows; signed by the right one for another name.
    for untrusted in [format!("{url}?sslmode=verify-full"), known.replace("127.0.0.1", "localhost")] {
        let refused = closed(&untrusted).unwrap_err();
        assert_eq!(refused.fault, StoreFault::Unavailable, "{refused}");
        assert!(refused.detail().contains("certificate"), "{refused}");
    }
}
