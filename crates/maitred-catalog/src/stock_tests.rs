//! The stock ledger and the price book as other modules use them, on a database.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "this is test code")]

use std::sync::Arc;
use std::time::Duration;

use maitred_core::clock::{RandomIds, stamp};
use maitred_core::cx::World;
use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, Quantity};
use maitred_party::CompanyId;
use maitred_party::commerce::{
    ComingBack, Disposition, Leaving, PriceFor, PriceResolver, StockLedger, Wanted,
};
use maitred_store::engine::write_and_wait;
use maitred_store::{StoreError, WriteTx};
use maitred_testkit::Fixture;
use proptest::prelude::*;

use crate::book::{PriceBook, Stock};
use crate::store::proof;

const CHAIR: &str = r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair=variants.0.id"#;
const SET: &str = r#"catalog_product_create {"name": "Leg", "kind": "goods", "variants": [{"sku": "LEG"}]} as leg=variants.0.id;
    catalog_product_create {"name": "Top", "kind": "goods", "variants": [{"sku": "TOP"}]} as top=variants.0.id;
    catalog_product_create {"name": "Advice", "kind": "service", "variants": [{"sku": "ADV"}]} as advice=variants.0.id;
    catalog_product_create {"name": "Table", "kind": "bundle", "variants": [{"sku": "TAB", "parts": [{"product": "LEG", "qty": 4},
        {"product": "TOP", "qty": 1}, {"product": "ADV", "qty": "0.5"}]}]} as table=variants.0.id;
    catalog_stock_adjust {"lines": [{"product": "LEG", "delta": 11, "reason": "found"}, {"product": "TOP", "delta": 9, "reason": "found"}]}"#;
const TWELVE: &str =
    r#"catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}]}"#;

fn fixture(given: &str) -> Fixture {
    Fixture::new(&[&crate::DOMAIN], given)
}

fn whole(units: i64) -> Quantity {
    Quantity::whole(units).unwrap()
}

fn reserve(fixture: &Fixture, line: &'static str, what: &str, units: i64) -> i64 {
    let variant = fixture.id(what);
    let held = fixture
        .write(move |db| Stock.reserve(db, line, Wanted { variant: &variant, quantity: whole(units) }))
        .unwrap();
    held.iter().map(|held| held.quantity.thousandths()).sum::<i64>() / 1000
}

fn ship(fixture: &Fixture, line: &'static str, what: &str, units: i64) -> bool {
    let variant = fixture.id(what);
    fixture
        .write(move |db| {
            let place = Stock.place(db, None, "location")?.id;
            let leaving =
                Leaving { line, variant: &variant, quantity: whole(units), place: &place, shipment: "s1" };
            Stock.ship(db, &leaving)
        })
        .is_ok()
}

fn release(fixture: &Fixture, line: &'static str, most: Option<i64>) -> i64 {
    fixture.write(move |db| Stock.release(db, line, most.map(whole))).unwrap().thousandths() / 1000
}

fn held(fixture: &Fixture, line: &str) -> i64 {
    let held = fixture.read(|db| Stock.held(db, &[line])).unwrap();
    held[0].iter().map(|held| held.quantity.thousandths()).sum::<i64>() / 1000
}

fn available(fixture: &Fixture, what: &str) -> i64 {
    let variant = fixture.id(what);
    let wanted = [Wanted { variant: &variant, quantity: whole(1000) }];
    fixture.read(|db| Stock.availability(db, &wanted, None)).unwrap()[0].available.thousandths() / 1000
}

fn sound(fixture: &Fixture) {
    assert_eq!(fixture.read(proof::faults).unwrap(), Vec::<String>::new());
}

#[test]
fn what_is_held_is_not_sold_twice() {
    let fixture = fixture(&format!("{CHAIR};{TWELVE}"));
    assert_eq!(reserve(&fixture, "a", "chair", 8), 8);
    assert_eq!(reserve(&fixture, "b", "chair", 8), 4);
    assert_eq!((held(&fixture, "a"), held(&fixture, "b"), available(&fixture, "chair")), (8, 4, 0));
    assert!(!ship(&fixture, "c", "chair", 1), "everything is held for others");
    assert!(ship(&fixture, "a", "chair", 5));
    assert_eq!(held(&fixture, "a"), 3);
    assert_eq!(release(&fixture, "a", Some(2)), 2);
    assert_eq!((held(&fixture, "a"), available(&fixture, "chair")), (1, 2));
    // More than is held: the rest is taken from what is free.
    assert!(ship(&fixture, "a", "chair", 3));
    assert_eq!((held(&fixture, "a"), available(&fixture, "chair")), (0, 0));
    assert_eq!(release(&fixture, "b", None), 4);
    assert_eq!(available(&fixture, "chair"), 4);
    sound(&fixture);
}

#[test]
fn a_bundle_holds_and_ships_its_parts() {
    let fixture = fixture(SET);
    assert_eq!(available(&fixture, "table"), 2);
    assert_eq!(reserve(&fixture, "t", "table", 5), 2);
    assert_eq!((available(&fixture, "leg"), available(&fixture, "top")), (3, 7));
    assert!(ship(&fixture, "t", "table", 1));
    assert_eq!((held(&fixture, "t"), available(&fixture, "leg")), (1, 3));
    assert_eq!(release(&fixture, "t", None), 1);
    assert_eq!((available(&fixture, "leg"), available(&fixture, "top")), (7, 8));
    sound(&fixture);
    // What is not tracked passes through.
    assert!(ship(&fixture, "x", "advice", 7));
    assert_eq!((reserve(&fixture, "x", "advice", 7), available(&fixture, "advice")), (0, 1000));
}

#[test]
fn goods_come_back_where_they_belong() {
    let fixture = fixture(&format!("{CHAIR};{TWELVE}"));
    for (disposition, there) in
        [(Disposition::Restock, 13), (Disposition::Quarantine, 13), (Disposition::Scrap, 13)]
    {
        let variant = fixture.id("chair");
        fixture
            .write(move |db| {
                let place = Stock.place(db, None, "location")?.id;
                let coming = ComingBack {
                    variant: &variant,
                    quantity: whole(1),
                    place: &place,
                    disposition,
                    document: "r1",
                };
                Stock.take_back(db, &coming)
            })
            .unwrap();
        assert_eq!(available(&fixture, "chair"), there, "{disposition}");
    }
    sound(&fixture);
}

#[test]
fn the_price_book_answers_for_a_company() {
    let fixture = fixture(&format!(
        r#"company acme kind=customer; company other; {CHAIR};
        catalog_price_list_save {{"code": "BASE", "kind": "base", "currency": "EUR"}};
        catalog_price_list_save {{"code": "TRADE", "kind": "assigned", "currency": "EUR", "assign_to": ["@acme"]}};
        catalog_price_set {{"price_list": "BASE", "points": [{{"product": "CH-1", "price": "10"}}]}};
        catalog_price_set {{"price_list": "TRADE", "points": [{{"product": "CH-1", "price": "9"}}]}};
        catalog_price_set {{"company": "@acme", "points": [{{"product": "CH-1", "price": "7.5", "min_qty": 5}}]}};
        catalog_price_set {{"company": "@other", "discount": "12.5"}}"#
    ));
    let variant = fixture.id("chair");
    let (acme, other) = (CompanyId(fixture.id("acme")), CompanyId(fixture.id("other")));
    let ask = |company: Option<&CompanyId>, units: i64, currency: Currency| {
        let who = PriceFor { company, day: Day::parse("2026-03-02").unwrap(), currency };
        let wanted = [Wanted { variant: &variant, quantity: whole(units) }];
        let found = fixture.read(|db| PriceBook.prices(db, who, &wanted)).unwrap().remove(0);
        found.map(|found| (found.unit_price.format(Currency::EUR), found.source))
    };
    let said = |price: &str, source: &str| Some((price.to_owned(), source.to_owned()));
    assert_eq!(ask(None, 1, Currency::EUR), said("10.00", "base list BASE"));
    assert_eq!(ask(Some(&acme), 1, Currency::EUR), said("9.00", "list TRADE"));
    assert_eq!(ask(Some(&acme), 5, Currency::EUR), said("7.50", "customer price"));
    assert_eq!(ask(Some(&other), 5, Currency::EUR), said("8.75", "base list BASE less 12.5 %"));
    assert_eq!(ask(None, 1, Currency::USD), None);
}

#[derive(Clone, Debug)]
enum Act {
    Adjust(i64),
    Reserve(usize, i64),
    Release(usize, i64),
    Ship(usize, i64),
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (-6..9_i64).prop_map(Act::Adjust),
        (0..4_usize, 1..9_i64).prop_map(|(line, units)| Act::Reserve(line, units)),
        (0..4_usize, 1..9_i64).prop_map(|(line, units)| Act::Release(line, units)),
        (0..4_usize, 1..9_i64).prop_map(|(line, units)| Act::Ship(line, units)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Invariants 18 and 19: whatever is done in whatever order, the levels are what the ledger and the reservations
    /// say, and never less held than nothing or more than there is.
    #[test]
    fn levels_are_the_ledger(acts in prop::collection::vec(any_act(), 1..25)) {
        const LINES: [&str; 4] = ["a", "b", "c", "d"];
        let fixture = fixture(CHAIR);
        for act in acts {
            match act {
                Act::Adjust(0) => {}
                Act::Adjust(delta) => {
                    let reason = if delta > 0 { "found" } else { "loss" };
                    let args = format!(r#"{{"lines": [{{"product": "CH-1", "delta": {delta}, "reason": "{reason}"}}]}}"#);
                    fixture.call("catalog_stock_adjust", &args);
                }
                Act::Reserve(line, units) => {
                    let free = available(&fixture, "chair");
                    prop_assert_eq!(reserve(&fixture, LINES[line], "chair", units), units.min(free));
                }
                Act::Release(line, units) => {
                    let own = held(&fixture, LINES[line]);
                    prop_assert_eq!(release(&fixture, LINES[line], Some(units)), units.min(own));
                }
                Act::Ship(line, units) => {
                    let can = held(&fixture, LINES[line]) + available(&fixture, "chair");
                    prop_assert_eq!(ship(&fixture, LINES[line], "chair", units), units <= can);
                }
            }
            sound(&fixture);
        }
    }
}

/// Invariant 19: callers at the same time never hold more than there is.
#[test]
fn concurrent_reservations_share_what_there_is() {
    let fixture = fixture(&format!("{CHAIR};{TWELVE}"));
    let variant = fixture.id("chair");
    let (store, registry, caller) = (fixture.store(), fixture.registry(), fixture.owner());
    let (now, menu) = (fixture.now(), registry.menu(&caller.rights));
    let total: i64 = std::thread::scope(|scope| {
        let callers: Vec<_> = ["a", "b", "c", "d", "e", "f"]
            .into_iter()
            .map(|line| {
                let (variant, caller, menu) = (variant.clone(), Arc::clone(&caller), Arc::clone(&menu));
                let registry = Arc::clone(registry);
                scope.spawn(move || {
                    let work = move |tx: &WriteTx<'_>| {
                        let ids = RandomIds::default();
                        let world = World::outside(&caller, &menu, registry.ports(), &ids, now, &[1; 32]);
                        let db = Writer::new(tx, &world);
                        let held = Stock.reserve(&db, line, Wanted { variant: &variant, quantity: whole(5) });
                        held.map_err(|error| StoreError::defect(format!("{error:?}")))
                    };
                    let held = write_and_wait(&**store, stamp(now), Duration::from_secs(10), work).unwrap();
                    held.iter().map(|held| held.quantity.thousandths()).sum::<i64>()
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).sum()
    });
    assert_eq!((total, available(&fixture, "chair")), (12_000, 0));
    sound(&fixture);
}

/// What a reader of the ledger may rely on.
#[test]
fn proof_finds_what_is_wrong() {
    let fixture = fixture(&format!("{CHAIR};{TWELVE}"));
    fixture.write(|db: &Writer<'_>| proof::spoil(db)).unwrap();
    assert!(!fixture.read(proof::faults).unwrap().is_empty());
}
