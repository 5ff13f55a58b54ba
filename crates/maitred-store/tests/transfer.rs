//! Copies of a database from one engine to the other and back.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::sync::{Arc, Mutex};

use common::*;
use maitred_store::{Engine, Migration, OrgStore, StoreFault, StoreResult, params, transfer};

/// Tables that point to each other and to themselves, so that no order of filling them suits the foreign keys.
const FAMILY: &[Migration] = &[
    TABLES[0],
    Migration {
        domain: "test",
        number: 2,
        name: "family",
        sql: "CREATE TABLE child (id TEXT NOT NULL PRIMARY KEY, parent_id TEXT NOT NULL REFERENCES parent(id));
              CREATE TABLE parent (id TEXT NOT NULL PRIMARY KEY, elder_id TEXT REFERENCES parent(id), age BIGINT);",
    },
];
/// The same, in the order that PostgreSQL wants to hear of them.
const FAMILY_IN_ORDER: &[Migration] = &[
    TABLES[0],
    Migration {
        domain: "test",
        number: 2,
        name: "family",
        sql: "CREATE TABLE parent (id TEXT NOT NULL PRIMARY KEY, elder_id TEXT REFERENCES parent(id), age BIGINT);
              CREATE TABLE child (id TEXT NOT NULL PRIMARY KEY, parent_id TEXT NOT NULL REFERENCES parent(id));",
    },
];

fn copied(from: &Arc<dyn OrgStore>, to: &Arc<dyn OrgStore>) -> StoreResult<(u64, u64)> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&heard);
    let proof =
        transfer::copy(from, &**to, NOW.to_owned(), move |done, all| told.lock().unwrap().push((done, all)))?;
    assert_eq!(proof, from.contents().unwrap());
    assert_eq!(proof, to.contents().unwrap());
    let heard = heard.lock().unwrap();
    assert!(heard.is_sorted() && heard.len() > 2, "{heard:?}");
    Ok(*heard.last().unwrap())
}

fn filled(store: &Arc<dyn OrgStore>) {
    write(store, |tx| {
        for number in 0..1_234_i64 {
            let id = format!("p{number:05}");
            let elder = (number > 0).then(|| format!("p{:05}", number / 2));
            let age = (number % 3 != 0).then_some(number * i64::from(i32::MAX));
            tx.execute(
                "INSERT INTO parent (id, elder_id, age) VALUES ($1, $2, $3)",
                params![id, elder, age],
            )?;
            tx.execute(
                "INSERT INTO child (id, parent_id) VALUES ($1, $2)",
                params![format!("{id} 'ü\\\n\t{{}}"), id],
            )?;
        }
        tx.execute("UPDATE tally SET count = 7", &[]).map(drop)
    })
    .unwrap();
}

#[test]
fn a_database_goes_over_and_comes_back_the_same() {
    let (Some(files), Some(server)) = (Place::sqlite(), Place::postgres()) else { return };
    let store = files.engine().create("acme", FAMILY_IN_ORDER).unwrap();
    filled(&store);
    let there = server.engine().create("acme", FAMILY_IN_ORDER).unwrap();
    write(&there, put("what was there before goes")).unwrap();
    let (done, all) = copied(&store, &there).unwrap();
    assert!(done == all && all > 2_468, "{done} of {all}");
    // Keys hold again.
    let orphan = "INSERT INTO child (id, parent_id) VALUES ('x', 'nobody')";
    assert_eq!(fault(write(&there, move |tx| tx.execute(orphan, &[]))), StoreFault::Constraint);

    let back = files.another();
    let back = back.engine().create("acme", FAMILY_IN_ORDER).unwrap();
    copied(&there, &back).unwrap();
    assert_eq!(fault(write(&back, move |tx| tx.execute(orphan, &[]))), StoreFault::Constraint);
    assert_eq!(tally(&back), 7);
    // Again, over what is there.
    copied(&store, &there).unwrap();
}

#[test]
fn tables_that_only_one_side_has_are_named_and_nothing_is_touched() {
    let Some(files) = Place::sqlite() else { return };
    let engine = files.engine();
    let (large, small) = (engine.create("large", FAMILY).unwrap(), engine.create("small", TABLES).unwrap());
    write(&small, put("a")).unwrap();
    let refused = transfer::copy(&large, &*small, NOW.to_owned(), |_, _| {}).unwrap_err();
    assert!(refused.detail().contains("the target has no table `child`, `parent`"), "{refused}");
    let refused = transfer::copy(&small, &*large, NOW.to_owned(), |_, _| {}).unwrap_err();
    assert!(refused.detail().contains("the source has no table"), "{refused}");
    assert_eq!(notes(&small), 1);
}

#[test]
fn what_changes_meanwhile_is_noticed() {
    let Some(files) = Place::sqlite() else { return };
    let engine: Box<dyn Engine> = files.engine();
    let (from, to) = (engine.create("from", TABLES).unwrap(), engine.create("to", TABLES).unwrap());
    write(&from, put("a")).unwrap();
    let (source, mut first) = (Arc::clone(&from), true);
    let refused = transfer::copy(&from, &*to, NOW.to_owned(), move |_, _| {
        if std::mem::replace(&mut first, false) {
            write(&source, put("b")).unwrap();
        }
    });
    assert_eq!(fault(refused), StoreFault::Stale);
    assert_eq!((notes(&from), notes(&to)), (2, 1));
}
