//! What a domain relies on, on each engine.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use common::*;
use maitred_store::audit::{self, Entry};
use maitred_store::{
    Budget, Migration, OrgStore, Param, Sql, StoreFault, Verdict, WriteJob, ledger, params, search,
};

macro_rules! on_each_engine {
    ($($name:ident),+ $(,)?) => {
        #[cfg(feature = "sqlite")]
        mod sqlite {
            $(#[test] fn $name() { super::on(super::Place::sqlite(), super::$name); })+
        }
        #[cfg(feature = "postgres")]
        mod postgres {
            $(#[test] fn $name() { super::on(super::Place::postgres(), super::$name); })+
        }
    };
}

/// A place that is missing was said to be.
fn on(place: Option<Place>, test: fn(&Place)) {
    if let Some(place) = place {
        test(&place);
    }
}

on_each_engine! {
    parameters_are_bound_by_their_number_not_their_place,
    a_read_cannot_write,
    a_record_is_written_read_changed_and_logged,
    neighbours_in_a_group_do_not_spoil_each_other,
    a_number_taken_in_a_write_that_fails_returns_with_it,
    a_write_that_waits_too_long_is_not_begun,
    a_deadline_ends_a_long_read_and_the_connection_lives_on,
    a_report_can_be_cancelled,
    a_slow_write_is_interrupted_at_its_deadline,
    more_writes_than_may_wait_are_refused_as_busy,
    commits_of_another_process_change_the_data_version,
    news_is_heard_once_it_is_committed,
    migrations_run_once_and_a_newer_database_is_refused,
    what_is_final_neither_changes_nor_goes,
    databases_past_the_bound_are_closed_and_opened_again,
    the_audit_chain_shows_every_kind_of_tampering,
    receipts_are_kept_by_principal_and_key,
    search_wants_every_term_takes_beginnings_and_prefers_whole_words,
    contents_tell_databases_apart_and_know_them_again,
    what_exists_is_not_made_again_and_what_is_missing_is_unavailable,
    text_is_ordered_and_compared_by_its_bytes,
    like_takes_ascii_letters_of_either_case,
    a_statement_may_run_while_rows_are_looked_at,
    parameters_mean_what_they_are_wherever_they_stand,
    an_import_has_a_transaction_of_its_own,
    keyed_reads_and_reports_run_on_other_threads,
}

fn parameters_are_bound_by_their_number_not_their_place(place: &Place) {
    let store = place.org();
    let found = read(&store, |tx| {
        tx.one::<(String, i64, String)>("SELECT $2, $3, $1", params!["first", "second", 3_i64])
    });
    assert_eq!(found.unwrap(), Some(("second".to_owned(), 3, "first".to_owned())));
    assert_eq!(fault(read(&store, |tx| tx.scalar::<i64>("SELECT $2", params![1_i64]))), StoreFault::Defect);
}

fn a_read_cannot_write(place: &Place) {
    let store = place.org();
    let refused = read(&store, |tx| tx.one::<(i64,)>("UPDATE tally SET count = 1 RETURNING count", &[]));
    assert_eq!(fault(refused), StoreFault::ReadOnly);
}

fn a_record_is_written_read_changed_and_logged(place: &Place) {
    let store = place.org();
    write(&store, put("a")).unwrap();
    let changes = write(&store, |tx| {
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
    let note = read(&store, |tx| tx.get::<Note>("a")).unwrap().unwrap();
    assert_eq!((note.version, note.body.as_str()), (2, "y"));
    let stale = write(&store, |tx| {
        let before = Note { id: "a".to_owned(), version: 1, body: "x".to_owned() };
        tx.update(&before, &mut Note { body: "z".to_owned(), ..before.clone() })
    });
    assert_eq!(fault(stale), StoreFault::Stale);
}

fn neighbours_in_a_group_do_not_spoil_each_other(place: &Place) {
    let store = place.org();
    let outcomes = grouped(
        &store,
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
    let kept: Vec<(String,)> = read(&store, |tx| tx.all("SELECT id FROM note ORDER BY id", &[])).unwrap();
    assert_eq!(kept, [("a".to_owned(),), ("b".to_owned(),), ("c".to_owned(),)]);
}

fn a_number_taken_in_a_write_that_fails_returns_with_it(place: &Place) {
    let store = place.org();
    let take = |keep: bool| -> Job {
        Box::new(move |tx| {
            tx.execute("UPDATE tally SET count = count + 1", &[]).unwrap();
            if keep { Verdict::Commit } else { Verdict::RollBack }
        })
    };
    grouped(&store, vec![take(true), take(false), take(true), take(false), take(true)]);
    assert_eq!(read(&store, |tx| tx.count("SELECT count FROM tally", &[])).unwrap(), 3);
}

fn a_write_that_waits_too_long_is_not_begun(place: &Place) {
    let store = place.org();
    let ran = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = channel();
    let counter = Arc::clone(&ran);
    store.write(WriteJob {
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

fn a_deadline_ends_a_long_read_and_the_connection_lives_on(place: &Place) {
    let store = place.org();
    for _ in 0..20 {
        let mut ended = None;
        let budget = Budget::of(Duration::from_millis(20));
        store.read(&budget, &mut |tx| ended = Some(tx.count(ENDLESS, &[]))).unwrap();
        assert_eq!(fault(ended.unwrap()), StoreFault::Interrupted);
    }
    assert_eq!(notes(&store), 0);
}

fn a_report_can_be_cancelled(place: &Place) {
    let store = place.org();
    let asked = Arc::new(AtomicUsize::new(0));
    let looks = Arc::clone(&asked);
    let budget = Budget {
        until: Instant::now() + Duration::from_secs(30),
        cancelled: Some(Arc::new(move || looks.fetch_add(1, Ordering::Relaxed) > 3)),
    };
    let (sender, receiver) = channel();
    store.report(budget, Box::new(move |tx| sender.send(tx.and_then(|tx| tx.count(ENDLESS, &[]))).unwrap()));
    assert_eq!(fault(receiver.recv().unwrap()), StoreFault::Interrupted);
}

fn a_slow_write_is_interrupted_at_its_deadline(place: &Place) {
    let store = place.org();
    let (sender, receiver) = channel();
    store.write(WriteJob {
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
    write(&store, put("after")).unwrap();
}

fn more_writes_than_may_wait_are_refused_as_busy(place: &Place) {
    let store = place.engine_with(2, 512).create("acme", TABLES).unwrap();
    let (go, wait) = channel::<()>();
    let mut wait = Some(wait);
    let (sender, receiver) = channel();
    for index in 0..8 {
        let sender = sender.clone();
        let wait = wait.take();
        store.write(WriteJob {
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

fn commits_of_another_process_change_the_data_version(place: &Place) {
    let store = place.org();
    let before = store.data_version().unwrap();
    write(&store, put("a")).unwrap();
    assert_ne!(store.data_version().unwrap(), before);
}

fn news_is_heard_once_it_is_committed(place: &Place) {
    let engine = place.engine();
    let (sender, heard) = channel();
    engine.listen(Arc::new(move |name| drop(sender.send(name.map(str::to_owned)))));
    let store = engine.create("acme", TABLES).unwrap();
    let announcing = |id: &'static str, verdict| {
        let (done, ended) = channel();
        store.write(WriteJob {
            body: Box::new(move |tx| {
                tx.insert(&mut Note { id: id.to_owned(), version: 0, body: String::new() }).unwrap();
                tx.announce();
                verdict
            }),
            done: Box::new(move |outcome| done.send(outcome).unwrap()),
            until: Instant::now() + Duration::from_secs(5),
            now: NOW.to_owned(),
            alone: false,
        });
        ended.recv().unwrap().unwrap();
    };
    // Whoever begins to listen may have missed something; an engine that can tell says so.
    let news = |patience| std::iter::from_fn(|| heard.recv_timeout(patience).ok()).flatten().next();
    let quiet = Duration::from_millis(300);
    assert_eq!(news(quiet), None);
    write(&store, put("silent")).unwrap();
    announcing("undone", Verdict::RollBack);
    assert_eq!(news(quiet), None);
    announcing("kept", Verdict::Commit);
    assert_eq!(news(Duration::from_secs(5)).as_deref(), Some("acme"));
    assert_eq!(news(quiet), None, "it was heard twice");
}

fn what_is_final_neither_changes_nor_goes(place: &Place) {
    drop(place.org());
    let frozen = Migration {
        domain: "test",
        number: 2,
        name: "papers",
        sql: "CREATE TABLE paper (id TEXT NOT NULL PRIMARY KEY, status TEXT NOT NULL, body TEXT, paid BIGINT) /*clustered*/;
              CREATE TABLE leaf (id TEXT NOT NULL PRIMARY KEY, paper_id TEXT NOT NULL REFERENCES paper (id), body TEXT) /*clustered*/;
              /*frozen paper WHEN status <> 'draft' EXCEPT (status, paid)*/
              /*frozen leaf BY paper_id OF paper WHEN status <> 'draft'*/
              INSERT INTO paper (id, status, body) VALUES ('done', 'draft', NULL), ('other', 'draft', 'x');
              INSERT INTO leaf (id, paper_id, body) VALUES ('one', 'done', 'a'), ('two', 'other', 'b');
              UPDATE paper SET status = 'issued' WHERE id = 'done';",
    };
    let steps: Vec<Migration> = TABLES.iter().copied().chain([frozen]).collect();
    let store = place.engine().open("acme", &steps).unwrap();
    let run = |sql: &'static str| write(&store, move |tx| tx.execute(sql, &[]).map(drop));
    for refused in [
        "UPDATE paper SET body = 'y' WHERE id = 'done'",
        "UPDATE paper SET body = 'y', paid = 1, status = 'draft' WHERE id = 'done'",
        "DELETE FROM paper WHERE id = 'done'",
        "UPDATE leaf SET body = NULL WHERE id = 'one'",
        "UPDATE leaf SET paper_id = 'other' WHERE id = 'one'",
        "UPDATE leaf SET paper_id = 'done' WHERE id = 'two'",
        "DELETE FROM leaf WHERE id = 'one'",
        "INSERT INTO leaf (id, paper_id) VALUES ('three', 'done')",
    ] {
        assert_eq!(fault(run(refused)), StoreFault::Constraint, "{refused}");
    }
    for allowed in [
        "UPDATE paper SET paid = 5, status = 'paid' WHERE id = 'done'",
        "UPDATE leaf SET body = body WHERE id = 'one'",
        "UPDATE paper SET body = 'y' WHERE id = 'other'",
        "INSERT INTO leaf (id, paper_id) VALUES ('three', 'other')",
        "DELETE FROM leaf WHERE paper_id = 'other'",
        "DELETE FROM paper WHERE id = 'other'",
    ] {
        run(allowed).unwrap_or_else(|error| panic!("{allowed}: {error:?}"));
    }
}

fn migrations_run_once_and_a_newer_database_is_refused(place: &Place) {
    drop(place.org());
    let later: Vec<Migration> = TABLES
        .iter()
        .copied()
        .chain([Migration { domain: "test", number: 2, name: "more", sql: "CREATE TABLE more (id TEXT);" }])
        .collect();
    let again = |migrations: &[Migration]| place.engine().open("acme", migrations).map(drop);
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
    let mended: Vec<Migration> = later
        .iter()
        .copied()
        .chain([Migration { domain: "test", number: 3, name: "mended", sql: "CREATE TABLE half (id TEXT);" }])
        .collect();
    // Nothing of the broken one is there: a migration is whole or absent.
    again(&mended).unwrap();
    let newer = place.engine().open("acme", &later).map(drop).unwrap_err();
    assert!(newer.detail().contains("version 3") && newer.detail().contains("knows 2"), "{newer}");
}

fn databases_past_the_bound_are_closed_and_opened_again(place: &Place) {
    let engine = place.engine_with(4096, 2);
    for round in 0..3 {
        for name in ["a", "b", "c", "d"] {
            let store =
                if round == 0 { engine.create(name, TABLES) } else { engine.open(name, TABLES) }.unwrap();
            write(&store, put(&format!("{name}{round}"))).unwrap();
            assert_eq!(notes(&store), round + 1);
        }
    }
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

fn the_audit_chain_shows_every_kind_of_tampering(place: &Place) {
    let tamperings: &[(&str, &[&str], i64)] = &[
        ("change", &["UPDATE audit SET actor_label = 'Eve' WHERE seq = 3"], 3),
        ("gap", &["DELETE FROM audit WHERE seq = 2"], 2),
        (
            "order",
            &[
                "UPDATE audit SET seq = 99 WHERE seq = 2",
                "UPDATE audit SET seq = 2 WHERE seq = 3",
                "UPDATE audit SET seq = 3 WHERE seq = 99",
            ],
            2,
        ),
        ("end", &["DELETE FROM audit WHERE seq = 5"], 5),
        ("log", &["DELETE FROM change_log WHERE audit_seq = 4"], 4),
    ];
    let engine = place.engine();
    for (name, tampering, broken_at) in tamperings {
        let store = engine.create(name, TABLES).unwrap();
        for id in ["a", "b", "c", "d", "e"] {
            audited(&store, id);
        }
        let verdict = || read(&store, |tx| audit::verify(tx, b"key")).unwrap();
        assert_eq!(verdict(), audit::Verdict::Whole(5));
        write(&store, move |tx| tampering.iter().try_for_each(|sql| tx.execute(sql, &[]).map(drop))).unwrap();
        let audit::Verdict::Broken { seq, .. } = verdict() else {
            panic!("{tampering:?} was not noticed");
        };
        assert_eq!(seq, *broken_at, "{tampering:?}");
    }
}

fn receipts_are_kept_by_principal_and_key(place: &Place) {
    let store = place.org();
    let receipt =
        ledger::Receipt { tool: "t".to_owned(), arguments_digest: "d".to_owned(), answer: "{}".to_owned() };
    let kept = receipt.clone();
    write(&store, move |tx| ledger::put_receipt(tx, "key:1", "k", &kept)).unwrap();
    assert_eq!(read(&store, |tx| ledger::receipt(tx, "key:1", "k")).unwrap(), Some(receipt));
    assert_eq!(read(&store, |tx| ledger::receipt(tx, "key:2", "k")).unwrap(), None);
    assert_eq!(write(&store, |tx| ledger::prune_receipts(tx, "2026-03-02T10:00:00.001Z")).unwrap(), 1);
}

fn found(store: &Arc<dyn OrgStore>, terms: &[&str]) -> Vec<(String, i64)> {
    let terms: Vec<String> = terms.iter().map(|term| (*term).to_owned()).collect();
    let mut sql: Sql = search::hits("note", &terms);
    sql.push("SELECT id, score FROM hit ORDER BY score DESC, id");
    read(store, |tx| tx.all_of(&sql)).unwrap()
}

fn search_wants_every_term_takes_beginnings_and_prefers_whole_words(place: &Place) {
    let store = place.org();
    write(&store, |tx| {
        let words = |list: &[(&str, i64)]| {
            list.iter().map(|(word, weight)| ((*word).to_owned(), *weight)).collect::<Vec<_>>()
        };
        search::put(tx, "note", "1", &words(&[("muller", 40), ("rene", 35), ("acme", 10)]))?;
        search::put(tx, "note", "2", &words(&[("mullerson", 40), ("rene", 35)]))?;
        search::put(tx, "note", "3", &words(&[("rene", 35), ("rene", 10)]))?;
        search::put(tx, "other", "4", &words(&[("muller", 40)]))
    })
    .unwrap();
    assert_eq!(found(&store, &["muller"]), [("1".to_owned(), 80), ("2".to_owned(), 40)]);
    assert_eq!(found(&store, &["rene", "mul"]), [("1".to_owned(), 110), ("2".to_owned(), 110)]);
    assert_eq!(found(&store, &["rene", "nobody"]), []);
    assert_eq!(found(&store, &[]), []);
    assert_eq!(found(&store, &["%' OR 1=1 --"]), []);
    write(&store, |tx| search::remove(tx, "note", "1")).unwrap();
    assert_eq!(found(&store, &["acme"]), []);
}

fn contents_tell_databases_apart_and_know_them_again(place: &Place) {
    let elsewhere = place.another();
    let engine = place.engine();
    let (one, two) = (engine.create("acme", TABLES).unwrap(), elsewhere.org());
    assert_eq!(one.contents().unwrap(), two.contents().unwrap());
    write(&one, put("a")).unwrap();
    assert_ne!(one.contents().unwrap(), two.contents().unwrap());
    write(&two, put("a")).unwrap();
    assert_eq!(one.contents().unwrap(), two.contents().unwrap());
    assert!(engine.exists("acme").unwrap() && !engine.exists("other").unwrap());
}

fn what_exists_is_not_made_again_and_what_is_missing_is_unavailable(place: &Place) {
    let engine = place.engine();
    drop(engine.create("acme", TABLES).unwrap());
    assert_eq!(engine.create("acme", TABLES).map(drop).unwrap_err().fault, StoreFault::Unique);
    assert_eq!(engine.open("gone", TABLES).map(drop).unwrap_err().fault, StoreFault::Unavailable);
    assert_eq!(engine.open("../up", TABLES).map(drop).unwrap_err().fault, StoreFault::Defect);
    assert!(engine.open("acme", TABLES).unwrap().check().unwrap().is_empty());
}

fn text_is_ordered_and_compared_by_its_bytes(place: &Place) {
    let store = place.org();
    let ids =
        ["b", "B", "a", "A", "\u{e4}", "z", "_", "-a", "ab", "a b", "\u{c4}", "\u{10FFFF}", "", "a\u{308}"];
    for id in ids {
        write(&store, put(id)).unwrap();
    }
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    let found: Vec<(String,)> = read(&store, |tx| tx.all("SELECT id FROM note ORDER BY id", &[])).unwrap();
    assert_eq!(found.iter().map(|(id,)| id.as_str()).collect::<Vec<_>>(), sorted);
    let between = read(&store, |tx| {
        tx.count("SELECT COUNT(*) FROM note WHERE id >= $1 AND id < $2", params!["a", "a\u{10FFFF}"])
    });
    assert_eq!(between.unwrap(), sorted.iter().filter(|id| id.starts_with('a')).count() as i64);
}

fn like_takes_ascii_letters_of_either_case(place: &Place) {
    let store = place.org();
    for id in ["Roof", "roof", "proof", "100%", "\u{c4}rger"] {
        write(&store, put(id)).unwrap();
    }
    let like = |pattern: &str| {
        read(&store, |tx| tx.count("SELECT COUNT(*) FROM note WHERE id LIKE $1 ESCAPE '!'", params![pattern]))
            .unwrap()
    };
    assert_eq!((like("ROOF"), like("%oof"), like("%!%")), (2, 3, 1));
    assert_eq!(like("\u{e4}%"), 0, "only ASCII letters have two cases");
}

fn a_statement_may_run_while_rows_are_looked_at(place: &Place) {
    let store = place.org();
    for id in ["a", "b", "c"] {
        write(&store, put(id)).unwrap();
    }
    let seen = read(&store, |tx| {
        let mut seen = 0;
        tx.each("SELECT id FROM note ORDER BY id", &[], |row| {
            let id: String = row.get(0)?;
            seen += tx.count("SELECT COUNT(*) FROM note WHERE id <= $1", params![id])?;
            Ok(())
        })?;
        Ok(seen)
    });
    assert_eq!(seen.unwrap(), 6);
}

fn parameters_mean_what_they_are_wherever_they_stand(place: &Place) {
    let store = place.org();
    write(&store, put("a")).unwrap();
    let number = |sql: &'static str, params: &[Param<'static>]| {
        read(&store, |tx| tx.scalar::<Option<i64>>(sql, params)).unwrap().flatten()
    };
    let int = Param::Int;
    assert_eq!(
        number("SELECT CASE WHEN $1 = 1 THEN $2 ELSE $3 END", &[int(1), int(5_000_000_000), int(2)]),
        Some(5_000_000_000)
    );
    assert_eq!(number("SELECT COALESCE($1, $2)", &[Param::Null, int(7)]), Some(7));
    assert_eq!(number("SELECT version FROM note ORDER BY id LIMIT $1", &[int(1)]), Some(1));
    assert_eq!(number("SELECT version + $1 FROM note", &[int(1)]), Some(2));
    assert_eq!(number("SELECT COUNT(*) FROM note WHERE $1 IS NULL OR id = $1", &[Param::Null]), Some(1));
    assert_eq!(number("SELECT COUNT(*) FROM note WHERE $1 IS NULL OR version = $1", &[int(1)]), Some(1));
    assert_eq!(number("SELECT CAST(SUM(version) AS BIGINT) FROM note WHERE id = $1", &[Param::Null]), None);
}

fn an_import_has_a_transaction_of_its_own(place: &Place) {
    let store = place.org();
    let (sender, receiver) = channel();
    for (index, alone) in [(0, false), (1, true), (2, false)] {
        let sender = sender.clone();
        store.write(WriteJob {
            body: Box::new(move |tx| {
                if put(&index.to_string())(tx).is_ok() { Verdict::Commit } else { Verdict::RollBack }
            }),
            done: Box::new(move |outcome| sender.send((index, outcome.is_ok())).unwrap()),
            until: Instant::now() + Duration::from_secs(10),
            now: NOW.to_owned(),
            alone,
        });
    }
    let ended: Vec<(i32, bool)> = (0..3).map(|_| receiver.recv().unwrap()).collect();
    assert_eq!(ended, [(0, true), (1, true), (2, true)]);
    assert_eq!(notes(&store), 3);
}

fn keyed_reads_and_reports_run_on_other_threads(place: &Place) {
    let store = place.org();
    let (sender, receiver) = channel();
    let here = std::thread::current().id();
    for keyed in [true, false] {
        let sender = sender.clone();
        let body: maitred_store::engine::ReportBody = Box::new(move |tx| {
            let count = tx.and_then(|tx| tx.count("SELECT COUNT(*) FROM note", &[])).unwrap();
            sender.send((count, std::thread::current().id())).unwrap();
        });
        let budget = Budget::of(Duration::from_secs(10));
        if keyed { store.keyed(budget, body) } else { store.report(budget, body) }
    }
    for _ in 0..2 {
        let (count, thread) = receiver.recv().unwrap();
        assert!(count == 0 && thread != here);
    }
}
