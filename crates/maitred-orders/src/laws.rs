//! What holds for orders whatever is done with them, tried at random and all at once: invariants 2, 19, 21, 22, 24 and 30.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "this is test code")]

use std::sync::Arc;
use std::time::Duration;

use maitred_core::clock::{RandomIds, stamp};
use maitred_core::cx::World;
use maitred_core::prelude::*;
use maitred_kernel::{Day, Quantity, Stamp};
use maitred_party::commerce::{BillableSource, Exposure};
use maitred_party::model::{TaxCategory, TaxClass, TaxCode};
use maitred_store::engine::write_and_wait;
use maitred_store::{StoreError, WriteTx};
use maitred_testkit::Fixture;
use proptest::prelude::*;
use serde_json::Value;

use crate::agreeing::{Agreement, agree};
use crate::billing::{OrderBilling, OrderExposure};
use crate::lines::add_up;
use crate::model::{Order, OrderId, OrderLine, OrderStatus, QuoteStatus, ReturnStatus, ShipmentStatus};
use crate::states::{order_may, quote_may, return_may, shipment_may};
use crate::store::orders;

use crate::shop::DOMAINS;

fn tax(fixture: &Fixture, rate_bp: i64) {
    fixture
        .write(move |db| {
            let mut code = TaxCode {
                id: db.fresh_id(),
                version: 1,
                created_at: Stamp::EPOCH,
                updated_at: Stamp::EPOCH,
                country: "DE".to_owned(),
                class: TaxClass::Standard,
                category: TaxCategory::Standard,
                rate_bp,
                exemption_code: None,
                valid_from: Day::parse("2020-01-01").unwrap(),
                valid_to: None,
            };
            Ok(db.insert(&mut code)?)
        })
        .unwrap();
}

fn order_id(fixture: &Fixture, name: &str) -> OrderId {
    OrderId(fixture.id(name))
}

/// Every fault of an order and its lines: invariant 21, stock held for it, totals that are not those of its lines.
fn faults(db: &Reader<'_>, id: &OrderId) -> ToolResult<Vec<String>> {
    let order = orders::get(db, id)?;
    let mut lines = orders::lines(db, id)?;
    let mut faults = Vec::new();
    for line in &lines {
        let (ordered, shipped, cancelled) =
            (line.ordered.thousandths(), line.shipped.thousandths(), line.cancelled.thousandths());
        if shipped + cancelled > ordered
            || line.returned > line.shipped
            || line.invoiced.thousandths() > ordered - cancelled
            || line.reserved.thousandths() + shipped + cancelled > ordered
        {
            faults.push(format!("line {line:?}"));
        }
        let held = crate::agreeing::held_for(db, line)?;
        if held != line.reserved {
            faults.push(format!("line {} says {} are held, the ledger {held}", line.position, line.reserved));
        }
    }
    let stored: Vec<i64> = lines.iter().map(|line| line.net).collect();
    let sums = add_up(&mut lines, order.currency, order.includes_tax)?;
    if (sums.net, sums.tax, sums.gross) != (order.net, order.tax, order.gross) || sums.line_nets != stored {
        faults.push(format!("totals {sums:?} of {order:?}"));
    }
    let counts = crate::states::derived_status(&order, &lines);
    if counts != order.status {
        faults.push(format!("is {}, its lines say {counts}", order.status));
    }
    Ok(faults)
}

/// The states an order, its shipments and returns went through, as the change log has them.
fn steps(fixture: &Fixture, entity: &'static str) -> Vec<(String, String)> {
    let rows: Vec<(Option<String>, Option<String>)> =
        fixture.read(|db| crate::store::proof::changes(db, entity)).unwrap();
    rows.into_iter()
        .filter_map(|(before, after)| {
            let status = |json: Option<String>| {
                let json: Value = serde_json::from_str(&json?).ok()?;
                json["status"].as_str().map(str::to_owned)
            };
            Some((status(before)?, status(after)?))
        })
        .collect()
}

fn assert_steps(fixture: &Fixture) {
    for (from, to) in steps(fixture, "sales_order") {
        let (one, other) = (OrderStatus::parse(&from).unwrap(), OrderStatus::parse(&to).unwrap());
        assert!(order_may(one, other), "order: {from} to {to}");
    }
    for (from, to) in steps(fixture, "shipment") {
        let (one, other) = (ShipmentStatus::parse(&from).unwrap(), ShipmentStatus::parse(&to).unwrap());
        assert!(shipment_may(one, other), "shipment: {from} to {to}");
    }
    for (from, to) in steps(fixture, "goods_return") {
        let (one, other) = (ReturnStatus::parse(&from).unwrap(), ReturnStatus::parse(&to).unwrap());
        assert!(return_may(one, other), "return: {from} to {to}");
    }
    for (from, to) in steps(fixture, "quote") {
        let (one, other) = (QuoteStatus::parse(&from).unwrap(), QuoteStatus::parse(&to).unwrap());
        assert!(quote_may(one, other), "quote: {from} to {to}");
    }
}

#[derive(Clone, Debug)]
enum Act {
    Confirm,
    Update(i64),
    Add,
    Hold(bool),
    Cancel(Option<i64>),
    Ship(i64, bool),
    Shipment(usize, &'static str),
    Return(i64),
    Decide(usize, &'static str),
    Receive(usize, i64, &'static str),
    Bill(i64),
    Stock(i64),
}

fn any_act() -> impl Strategy<Value = Act> {
    let status = prop::sample::select(&["shipped", "delivered", "failed", "cancelled", "packed"][..]);
    let decision = prop::sample::select(&["approve", "approve", "reject", "cancel"][..]);
    let condition = prop::sample::select(&["as_new", "opened", "damaged"][..]);
    prop_oneof![
        3 => Just(Act::Confirm),
        2 => (0..15_i64).prop_map(Act::Update),
        1 => Just(Act::Add),
        1 => any::<bool>().prop_map(Act::Hold),
        2 => prop::option::of(1..6_i64).prop_map(Act::Cancel),
        4 => (1..7_i64, any::<bool>()).prop_map(|(units, gone)| Act::Ship(units, gone)),
        3 => (1..4_usize, status).prop_map(|(number, status)| Act::Shipment(number, status)),
        2 => (1..5_i64).prop_map(Act::Return),
        3 => (1..3_usize, decision).prop_map(|(number, decision)| Act::Decide(number, decision)),
        3 => (1..3_usize, 1..5_i64, condition).prop_map(|(number, units, state)| Act::Receive(number, units, state)),
        3 => (-4..6_i64).prop_map(Act::Bill),
        1 => (1..6_i64).prop_map(Act::Stock),
    ]
}

fn run(fixture: &Fixture, act: &Act) {
    let (tool, args) = match act {
        Act::Confirm => ("orders_order_confirm", r#"{"order": "@so", "allow_backorder": true}"#.to_owned()),
        Act::Update(units) => (
            "orders_order_update",
            format!(
                r#"{{"order": "@so", "lines": [{{"line": "1", "qty": {units}}}], "allow_backorder": true}}"#
            ),
        ),
        Act::Add => (
            "orders_order_update",
            r#"{"order": "@so", "lines": [{"product": "REP", "qty": "1.5"}]}"#.to_owned(),
        ),
        Act::Hold(on) => {
            let reason = if *on { "wait" } else { "" };
            ("orders_order_update", format!(r#"{{"order": "@so", "hold_reason": "{reason}"}}"#))
        }
        Act::Cancel(None) => ("orders_order_cancel", r#"{"order": "@so", "reason": "no"}"#.to_owned()),
        Act::Cancel(Some(units)) => (
            "orders_order_cancel",
            format!(r#"{{"order": "@so", "lines": [{{"line": "1", "qty": {units}}}], "reason": "less"}}"#),
        ),
        Act::Ship(units, gone) => {
            let at = if *gone { r#", "shipped_at": "2026-03-02T09:00:00Z""# } else { "" };
            (
                "orders_shipment_create",
                format!(r#"{{"order": "@so", "lines": [{{"line": "1", "qty": {units}}}]{at}}}"#),
            )
        }
        Act::Shipment(number, status) => (
            "orders_shipment_update",
            format!(
                r#"{{"shipment": "SH-2026-0000{number}", "status": "{status}", "reason": "nobody there"}}"#
            ),
        ),
        Act::Return(units) => (
            "orders_return_create",
            format!(
                r#"{{"order": "@so", "lines": [{{"line": "1", "qty": {units}, "reason": "other"}}], "resolution": "credit"}}"#
            ),
        ),
        Act::Decide(number, decision) => (
            "orders_return_decide",
            format!(r#"{{"return": "RMA-2026-0000{number}", "decision": "{decision}", "reason": "so"}}"#),
        ),
        Act::Receive(number, units, state) => (
            "orders_return_receive",
            format!(
                r#"{{"return": "RMA-2026-0000{number}", "lines": [{{"line": "1", "qty": {units}, "condition": "{state}"}}]}}"#
            ),
        ),
        Act::Stock(units) => (
            "catalog_stock_adjust",
            format!(r#"{{"lines": [{{"product": "CH-1", "delta": {units}, "reason": "found"}}]}}"#),
        ),
        Act::Bill(units) => {
            let id = order_id(fixture, "so");
            let change = Quantity::whole(*units).unwrap();
            let billed = fixture.write(move |db| {
                let line = orders::lines(db, &id)?.remove(0);
                OrderBilling.billed(db, line.id.as_ref(), change)
            });
            assert!(
                billed.as_ref().err().is_none_or(|error| error.detail().contains("over_allocation")),
                "{billed:?}"
            );
            return;
        }
    };
    let answer = fixture.call_confirmed(tool, &fixture.filled(&args)).json();
    assert_ne!(answer["error"]["code"], "internal", "{act:?}: {answer}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Invariants 21 and 30: after any calls in any order no line has more shipped, returned or invoiced than it may,
    /// what is held is what the ledger holds, totals are those of the lines, and no state was reached but by a step of
    /// the table.
    #[test]
    fn whatever_is_done_with_an_order(acts in prop::collection::vec(any_act(), 4..30)) {
        let fixture = Fixture::new(
            DOMAINS,
            shop!(r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 9}]} as so=order.id"#),
        );
        tax(&fixture, 1900);
        let id = order_id(&fixture, "so");
        for act in &acts {
            run(&fixture, act);
            let found = fixture.read(|db| faults(db, &id)).unwrap();
            prop_assert!(found.is_empty(), "after {act:?}: {found:?}");
        }
        assert_steps(&fixture);
    }

    /// Invariants 2 and 24: a quote and the order made from it have equal totals, to the cent; converting again gives
    /// the same order; what can be billed of it is what was ordered.
    #[test]
    fn a_quote_its_order_and_its_bill_agree(
        lines in prop::collection::vec((1..90_000_i64, 0..5_000_000_i64, 0..3_000_i64, any::<bool>()), 1..6),
        rate in prop::sample::select(&[0_i64, 700, 1900, 2000][..]),
    ) {
        let fixture = Fixture::new(DOMAINS, shop!(""));
        tax(&fixture, rate);
        let wanted: Vec<String> = lines.iter().map(|(quantity, price, discount, product)| {
            let what = if *product { r#""product": "REP""# } else { r#""description": "Work""# };
            format!(
                r#"{{{what}, "qty": "{}", "unit_price": "{}.{:06}", "discount": "{}.{:02}"}}"#,
                Quantity::from_thousandths(*quantity), price / 1_000_000, price % 1_000_000, discount / 100, discount % 100,
            )
        }).collect();
        let args = format!(r#"{{"company": "@acme", "contact": "@ada", "lines": [{}]}}"#, wanted.join(", "));
        let quote = fixture.call("orders_quote_create", &fixture.filled(&args)).json();
        let id = quote["quote"]["id"].as_str().unwrap().to_owned();
        fixture.name("q", &id);
        for (tool, args) in [
            ("orders_quote_send", r#"{"quote": "@q"}"#),
            ("orders_quote_close", r#"{"quote": "@q", "outcome": "accepted", "by_contact": "@ada", "evidence": "call"}"#),
        ] {
            prop_assert!(!fixture.call_confirmed(tool, &fixture.filled(args)).failed);
        }
        let convert = || fixture.call_confirmed("orders_quote_convert", &fixture.filled(r#"{"quote": "@q"}"#)).json();
        let (first, again) = (convert(), convert());
        for figure in ["net", "tax", "gross"] {
            prop_assert_eq!(&first["order"][figure], &quote["quote"][figure]);
        }
        prop_assert_eq!(&again["order"]["id"], &first["order"]["id"]);
        fixture.name("so", first["order"]["id"].as_str().unwrap());
        fixture.call_confirmed("orders_order_confirm", &fixture.filled(r#"{"order": "@so"}"#));
        let id = order_id(&fixture, "so");
        let (order, ready, owed) = fixture.read(|db| {
            let order = orders::get(db, &id)?;
            let owed = OrderExposure.exposed(db, &order.company_id)?.amount.minor;
            Ok((order, OrderBilling.ready(db, id.as_ref(), None)?, owed))
        }).unwrap();
        let mut billed: Vec<OrderLine> = fixture.read(|db| orders::lines(db, &id)).unwrap();
        prop_assert_eq!(billed.len(), ready.items.len());
        for (line, item) in billed.iter_mut().zip(&ready.items) {
            (line.ordered, line.unit_price, line.discount_bp) = (item.quantity, item.unit_price, item.discount);
        }
        prop_assert_eq!(add_up(&mut billed, ready.currency, ready.includes_tax).unwrap().gross, order.gross);
        prop_assert_eq!(owed, order.gross, "what is not invoiced is owed");
    }
}

/// Invariant 19: several who confirm the last units at the same time never hold more than there is, and each order is
/// confirmed as a whole or untouched.
#[test]
fn concurrent_confirms_share_what_there_is() {
    let orders_wanted = [5, 4, 3, 6, 2, 5];
    let fixture = Fixture::new(DOMAINS, shop!(""));
    let ids: Vec<OrderId> = orders_wanted
        .iter()
        .map(|units| {
            let args = format!(
                r#"{{"company": "@acme", "lines": [{{"product": "CH-1", "qty": {units}}}, {{"product": "REP", "qty": 1}}]}}"#
            );
            let made = fixture.call("orders_order_create", &fixture.filled(&args)).json();
            OrderId(made["order"]["id"].as_str().unwrap().to_owned())
        })
        .collect();
    let (store, registry, caller) = (fixture.store(), fixture.registry(), fixture.owner());
    let (now, menu) = (fixture.now(), registry.menu(&caller.rights));
    let done: Vec<bool> = std::thread::scope(|scope| {
        let callers: Vec<_> = ids
            .iter()
            .map(|id| {
                let (id, caller, menu, registry) =
                    (id.clone(), Arc::clone(&caller), Arc::clone(&menu), Arc::clone(registry));
                scope.spawn(move || {
                    let work = move |tx: &WriteTx<'_>| {
                        let ids = RandomIds::default();
                        let world = World::outside(&caller, &menu, registry.ports(), &ids, now, &[1; 32]);
                        let db = Writer::new(tx, &world);
                        let agreed = orders::get(&db, &id).and_then(|order| {
                            let lines = orders::lines(&db, &id)?;
                            agree(&db, &order, lines, Agreement::default())
                        });
                        agreed.map(drop).map_err(|error| StoreError::defect(format!("{error:?}")))
                    };
                    write_and_wait(&**store, stamp(now), Duration::from_secs(10), work).is_ok()
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    let mut held = 0;
    for (id, done) in ids.iter().zip(&done) {
        let order: Order = fixture.read(|db| orders::get(db, id)).unwrap();
        let lines = fixture.read(|db| orders::lines(db, id)).unwrap();
        let reserved = lines[0].reserved.thousandths();
        let wanted = if *done { lines[0].ordered.thousandths() } else { 0 };
        assert_eq!((reserved, order.status == OrderStatus::Confirmed), (wanted, *done), "{}", order.number);
        assert_eq!(fixture.read(|db| faults(db, id)).unwrap(), Vec::<String>::new());
        held += reserved;
    }
    assert!(
        held <= 12_000 && done.iter().any(|done| *done) && done.iter().any(|done| !*done),
        "{held} {done:?}"
    );
}

/// Invariant 22: a submit makes exactly one order with the total that was shown, or nothing.
#[test]
fn a_submit_makes_what_was_shown_or_nothing() {
    let fixture = Fixture::new(
        DOMAINS,
        shop!(r#"client ada orders_my_cart_set {"lines": [{"product": "CH-1", "qty": 7}]}"#),
    );
    tax(&fixture, 1900);
    let ada = fixture.client_caller("ada");
    let call = |args: &str| fixture.call_as(&ada, "orders_my_cart_submit", args).unwrap().json();
    let count = || fixture.call("orders_order_search", r#"{"count": true}"#).json()["total"].clone();
    let shown = call(r#"{"dry_run": true}"#);
    assert_eq!(count(), 0);
    // Somebody else takes the stock: what was shown does not hold any more.
    fixture
        .call("catalog_stock_adjust", r#"{"lines": [{"product": "CH-1", "delta": -8, "reason": "loss"}]}"#);
    let confirm = format!(r#"{{"confirm": "{}"}}"#, shown["confirm"].as_str().unwrap());
    assert_eq!(call(&confirm)["error"]["code"], "preview_outdated");
    assert_eq!(count(), 0);
    let shown = call(r#"{"dry_run": true}"#);
    let total = shown["preview"]["order"]["gross"].clone();
    assert_eq!(total, "83.30");
    let confirm = format!(r#"{{"confirm": "{}"}}"#, shown["confirm"].as_str().unwrap());
    let placed = call(&confirm);
    assert_eq!((&placed["order"]["gross"], count()), (&total, 1.into()));
    assert_eq!(call(&confirm)["replayed"], true);
    assert_eq!(call(r#"{"dry_run": true}"#)["preview"]["repeated"], true);
    assert_eq!(count(), 1);
}

/// Goods that arrive are held for those who waited longest.
#[test]
fn arrived_goods_go_to_those_who_waited() {
    use maitred_party::commerce::Backorders;
    let fixture = Fixture::new(
        DOMAINS,
        shop!(
            r#"orders_order_create {"company": "@acme", "lines": [{"product": "TA-1", "qty": 3}]} as first=order.id;
                 orders_order_confirm {"order": "@first", "allow_backorder": true};
                 orders_order_create {"company": "@acme", "lines": [{"product": "TA-1", "qty": 2}]} as second=order.id;
                 orders_order_confirm {"order": "@second", "allow_backorder": true};
                 catalog_stock_adjust {"lines": [{"product": "TA-1", "delta": 4, "reason": "found"}]}"#
        ),
    );
    let id = order_id(&fixture, "first");
    let filled = fixture
        .write(move |db| {
            let variant = orders::lines(db, &id)?.remove(0).variant_id.unwrap_or_default();
            crate::billing::Waiting.stock_arrived(db, &[&variant])
        })
        .unwrap();
    let said: Vec<(String, String)> =
        filled.into_iter().map(|one| (one.document, one.quantity.to_string())).collect();
    let number = |last: &str| format!("SO-2026-0000{last}");
    // Found goods may already have been handed out when they were booked; what is held in all is what counts.
    let held = |name: &str| {
        let lines = fixture.read(|db| orders::lines(db, &order_id(&fixture, name))).unwrap();
        lines[0].reserved.thousandths()
    };
    assert_eq!((held("first"), held("second")), (3000, 1000), "{said:?}");
    assert!(said.is_empty() || said == [(number("1"), "3".to_owned()), (number("2"), "1".to_owned())]);
    for name in ["first", "second"] {
        assert_eq!(fixture.read(|db| faults(db, &order_id(&fixture, name))).unwrap(), Vec::<String>::new());
    }
}
