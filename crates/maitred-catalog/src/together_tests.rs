//! Catalog beside other modules: those who wait for stock, and merges of companies.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "this is test code")]

use std::sync::Arc;

use maitred_core::mode::Module;
use maitred_core::ports::Ports;
use maitred_core::prelude::*;
use maitred_core::tool::Domain;
use maitred_kernel::Quantity;
use maitred_party::commerce::{Backorders, Filled, StockLedger, Wanted};
use maitred_party::refs::RefKind;
use maitred_party::store::merge;
use maitred_testkit::Fixture;

use crate::book::Stock;
use crate::store::proof;

/// Someone who waits for seven of everything.
struct Waiting;

impl Backorders for Waiting {
    fn stock_arrived(&self, db: &Writer<'_>, variants: &[&str]) -> ToolResult<Vec<Filled>> {
        let mut filled = Vec::new();
        for variant in variants {
            let wanted = Wanted { variant, quantity: Quantity::whole(7).unwrap() };
            let held = Stock.reserve(db, "waiting", wanted)?;
            let quantity = held.iter().map(|held| held.quantity.thousandths()).sum();
            let quantity = Quantity::from_thousandths(quantity);
            filled.push(Filled { document: "O-2026-00001".to_owned(), sku: "CH-1".to_owned(), quantity });
        }
        Ok(filled)
    }

    fn open_orders(&self, _: &Reader<'_>, _: &str) -> ToolResult<Vec<String>> {
        Ok(vec!["O-2026-00001".to_owned()])
    }
}

static ORDERS: Domain = Domain {
    module: Module::Probe,
    tools: &[],
    migrations: &[],
    requires: &[],
    provides: |ports: &mut Ports| ports.provide::<dyn Backorders>(Arc::new(Waiting)),
    check: |_| Ok(()),
};

const GIVEN: &str = r#"company oak kind=supplier;
    catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
    catalog_product_transition {"product": "@chair", "status": "active"};
    catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 10, "cost": "3"}]} as po;
    catalog_purchase_send {"purchase_order": "@po", "to": "orders@oak.example"}"#;

#[test]
fn who_waited_is_served_when_goods_come() {
    let fixture = Fixture::new(&[&crate::DOMAIN, &ORDERS], GIVEN);
    let args = r#"{"purchase_order": "@po", "lines": [{"line": "1", "qty": 9, "damaged_qty": 4}]}"#;
    let shown =
        fixture.call("catalog_purchase_receive", &args.replacen('{', r#"{"dry_run": true, "#, 1)).json();
    let came = fixture.call_confirmed("catalog_purchase_receive", args).json();
    assert_eq!(shown["preview"]["backorders"], came["backorders"]);
    // What is damaged serves nobody.
    assert_eq!(came["backorders"][0]["reserved"], "5");
    let rows = fixture.call("catalog_stock_list", r#"{"location": "Main warehouse"}"#).json();
    assert_eq!((&rows["rows"][0]["reserved"], &rows["rows"][0]["available"]), (&"5".into(), &"0".into()));
    let closed = fixture
        .call_confirmed("catalog_purchase_close", r#"{"purchase_order": "@po", "reason": "sold out"}"#)
        .json();
    assert_eq!(closed["released_incoming"][0]["waiting_orders"][0], "O-2026-00001");
    assert_eq!(fixture.read(proof::faults).unwrap(), Vec::<String>::new());
}

#[test]
fn what_is_reserved_neither_leaves_nor_moves_nor_is_counted_away() {
    let fixture = Fixture::new(&[&crate::DOMAIN, &ORDERS], GIVEN);
    let args = r#"{"purchase_order": "@po", "lines": [{"line": "1", "qty": 10}]}"#;
    fixture.call_confirmed("catalog_purchase_receive", args);
    for (tool, args) in [
        ("catalog_stock_adjust", r#"{"lines": [{"product": "CH-1", "delta": -4, "reason": "loss"}]}"#),
        (
            "catalog_stock_transfer",
            r#"{"lines": [{"product": "CH-1", "qty": 4}], "from": "Main warehouse", "to": "Quarantine"}"#,
        ),
        (
            "catalog_count_post",
            r#"{"location": "Main warehouse", "lines": [{"product": "CH-1", "counted": 6}]}"#,
        ),
    ] {
        let answer = fixture.call_confirmed(tool, args).json();
        assert_eq!(answer["error"]["code"], "insufficient_stock", "{tool}: {answer}");
    }
    let archived = fixture
        .call_confirmed("catalog_product_transition", r#"{"product": "@chair", "status": "discontinued"}"#);
    assert_eq!(archived.json()["open_orders"][0], "O-2026-00001");
}

/// Invariant 25, as far as it is catalog's.
#[test]
fn a_merge_moves_terms_prices_and_offers_and_loses_no_own_price() {
    let fixture = Fixture::new(
        &[&crate::DOMAIN],
        r#"company acme; company twin; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}, {"sku": "CH-2"}]};
           catalog_price_list_save {"code": "TRADE", "kind": "assigned", "currency": "EUR", "assign_to": ["@twin"]};
           catalog_price_set {"company": "@acme", "discount": "5", "points": [{"product": "CH-1", "price": "7"}]};
           catalog_price_set {"company": "@twin", "discount": "9", "points": [{"product": "CH-1", "price": "6"}, {"product": "CH-2", "price": "4"}]};
           catalog_supplier_item_save {"supplier": "@acme", "product": "CH-1", "cost": "2"};
           catalog_supplier_item_save {"supplier": "@twin", "product": "CH-1", "cost": "3", "preferred": true};
           catalog_supplier_item_save {"supplier": "@twin", "product": "CH-2", "cost": "1"};
           catalog_purchase_create {"supplier": "@twin", "lines": [{"product": "CH-2", "qty": 1}]} as po"#,
    );
    let (kept, gone) = (fixture.id("acme"), fixture.id("twin"));
    let moved = fixture.write(move |db| merge::repoint_all(db, RefKind::Company, &gone, &kept)).unwrap();
    for (table, count) in
        [("customer_terms", 1), ("price_point", 2), ("supplier_item", 2), ("purchase_order", 1)]
    {
        assert_eq!(moved.0.get(table), Some(&count), "{table}");
    }
    assert!(fixture.references(RefKind::Company, &fixture.id("twin")).is_empty());
    let quote = |sku: &str| {
        let args = format!(r#"{{"lines": [{{"product": "{sku}", "qty": 1}}], "company": "@acme"}}"#);
        fixture.call("catalog_price_quote", &args).json()["lines"][0]["unit_price"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!((quote("CH-1"), quote("CH-2")), ("7.00".to_owned(), "4.00".to_owned()));
    let lists = fixture.call("catalog_price_list_get", "{}").json();
    assert_eq!(lists["lists"][0]["assigned_to"][0]["name"], "Acme");
}
