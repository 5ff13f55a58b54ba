//! Invariant 9 with callers at the same time: numbers have no gap, whatever fails, is discarded or only tried.

use std::sync::Arc;
use std::time::Duration;

use maitred_core::clock::{RandomIds, stamp};
use maitred_core::cx::World;
use maitred_core::prelude::*;
use maitred_store::engine::write_and_wait;
use maitred_store::{StoreError, WriteTx};
use maitred_testkit::Fixture;
use serde_json::json;

use crate::issuing::issue;
use crate::model::Invoice;

const GIVEN: &str = r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"}"#;

/// What a caller does with a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Issues,
    /// Issues it in a transaction that is rolled back, as a dry run or a failure further on does.
    Tries,
}

fn at_once(fixture: &Fixture, drafts: &[(String, Does)]) {
    let (store, registry, caller) = (fixture.store(), fixture.registry(), fixture.owner());
    let (now, menu) = (fixture.now(), registry.menu(&caller.rights));
    std::thread::scope(|scope| {
        for (draft, does) in drafts {
            let (caller, menu, registry) = (Arc::clone(&caller), Arc::clone(&menu), Arc::clone(registry));
            scope.spawn(move || {
                let (draft, does) = (draft.clone(), *does);
                let work = move |tx: &WriteTx<'_>| {
                    let ids = RandomIds::default();
                    let world = World::outside(&caller, &menu, registry.ports(), &ids, now, &[1; 32]);
                    let db = Writer::new(tx, &world);
                    let issued = db.get::<Invoice>(&draft).map_err(ToolError::from).and_then(|found| {
                        let before = found.ok_or_else(|| not_found("invoice", &draft))?;
                        issue(&db, &before, None)
                    });
                    match (issued, does) {
                        (Ok(_), Does::Issues) => Ok(()),
                        (Ok(_), Does::Tries) => Err(StoreError::defect("only tried")),
                        (Err(error), _) => Err(StoreError::defect(format!("{error:?}"))),
                    }
                };
                let done = write_and_wait(&**store, stamp(now), Duration::from_secs(20), work);
                assert_eq!(done.is_ok(), does == Does::Issues, "{done:?}");
            });
        }
    });
}

#[test]
fn numbers_have_no_gap_whoever_issues() {
    let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
    let mut drafts: Vec<(String, Does)> = (0..18)
        .map(|number| {
            let lines = json!([{"description": "x", "qty": 1, "unit_price": "10", "tax_class": "standard"}]);
            let args = json!({"company": fixture.id("acme"), "lines": lines}).to_string();
            let made = fixture.call("invoicing_invoice_create", &args).json();
            let does = if number % 3 == 0 { Does::Tries } else { Does::Issues };
            (made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned(), does)
        })
        .collect();
    at_once(&fixture, &drafts);
    // One of those left is discarded, the others are issued after all.
    drafts.retain(|(_, does)| *does == Does::Tries);
    let (gone, _) = drafts.pop().unwrap();
    let discarded =
        fixture.call_confirmed("invoicing_invoice_discard", &json!({"invoice": gone}).to_string());
    assert!(!discarded.failed, "{}", discarded.raw);
    drafts.iter_mut().for_each(|(_, does)| *does = Does::Issues);
    at_once(&fixture, &drafts);
    let books = fixture.read(|db| Ok(crate::store::testing::books(db)?)).unwrap();
    let mut numbers: Vec<String> = books.documents.iter().filter_map(|one| one.number.clone()).collect();
    numbers.sort_unstable();
    let wanted: Vec<String> = (1..=17).map(|number| format!("INV-2026-{number:05}")).collect();
    assert_eq!(numbers, wanted);
}
