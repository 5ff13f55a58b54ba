//! The merchant's trade: what must be true of it whenever it is made, and that what is wrong on purpose is found.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod common;
#[path = "common/desk.rs"]
mod desk;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use common::fresh_of;
use desk::Desk;
use jiff::{SignedDuration, Timestamp};
use maitred_core::tool::Domain;
use maitred_demo::Target;
use maitred_demo::demo::{DemoFacts, SEED, generate_into};
use maitred_invoicing::document;
use maitred_invoicing::model::Invoice;
use maitred_store::Record;
use maitred_testkit::Fixture;
use serde_json::json;

const NOW: &str = "2026-03-02T10:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn everything() -> Vec<&'static Domain> {
    vec![
        &maitred_account::DOMAIN,
        &maitred_crm::DOMAIN,
        &maitred_catalog::DOMAIN,
        &maitred_orders::DOMAIN,
        &maitred_invoicing::DOMAIN,
    ]
}

fn count(target: &Target, sql: &'static str) -> i64 {
    target.read("test", now(), |db| Ok(db.count(sql, &[])?)).unwrap()
}

/// Rows that contradict one another, by what they would break.
const CONTRADICTIONS: &[(&str, &str)] = &[
    (
        "what lies there is what the ledger says",
        "SELECT COUNT(*) FROM (SELECT location, variant, SUM(q) AS moved FROM \
         (SELECT to_id AS location, variant_id AS variant, quantity AS q FROM stock_move WHERE to_id IS NOT NULL \
         UNION ALL SELECT from_id, variant_id, -quantity FROM stock_move WHERE from_id IS NOT NULL \
         UNION ALL SELECT location_id, variant_id, -on_hand FROM stock_level) m \
         GROUP BY location, variant HAVING SUM(q) <> 0) t",
    ),
    (
        "what is held is what orders hold",
        "SELECT COUNT(*) FROM (SELECT location, variant, SUM(q) AS held FROM \
         (SELECT location_id AS location, variant_id AS variant, quantity AS q FROM reservation WHERE status = 'active' \
         UNION ALL SELECT location_id, variant_id, -reserved FROM stock_level) m \
         GROUP BY location, variant HAVING SUM(q) <> 0) t",
    ),
    (
        "no more leaves than was ordered, and no more comes back than left",
        "SELECT COUNT(*) FROM order_line WHERE reserved + shipped + cancelled > ordered OR returned > shipped \
         OR invoiced > ordered - cancelled",
    ),
    (
        "an order's line knows what its invoices bill",
        "SELECT COUNT(*) FROM order_line l WHERE l.invoiced <> COALESCE((SELECT SUM(b.quantity) FROM billable_link b \
         WHERE b.unit_id = l.id), 0)",
    ),
    (
        "an order is the sum of its lines",
        "SELECT COUNT(*) FROM sales_order o WHERE o.includes_tax = 0 AND o.net <> COALESCE((SELECT SUM(l.net) \
         FROM order_line l WHERE l.order_id = o.id), 0)",
    ),
    (
        "an invoice is the sum of its lines",
        "SELECT COUNT(*) FROM invoice i WHERE i.includes_tax = 0 AND i.lines_net <> (SELECT SUM(l.net) \
         FROM invoice_line l WHERE l.invoice_id = i.id)",
    ),
    (
        "and its tax the sum of the groups",
        "SELECT COUNT(*) FROM invoice i WHERE i.tax <> (SELECT SUM(t.tax) FROM invoice_tax t WHERE t.invoice_id = i.id) \
         OR i.net <> (SELECT SUM(t.taxable) FROM invoice_tax t WHERE t.invoice_id = i.id)",
    ),
    (
        "an invoice knows what was paid",
        "SELECT COUNT(*) FROM invoice i WHERE i.kind = 'invoice' AND i.allocated <> COALESCE((SELECT SUM(a.amount) \
         FROM allocation a WHERE a.invoice_id = i.id AND a.payment_id IS NOT NULL), 0)",
    ),
    (
        "and what was credited",
        "SELECT COUNT(*) FROM invoice i WHERE i.kind = 'invoice' AND i.credited <> COALESCE((SELECT SUM(a.amount) \
         FROM allocation a WHERE a.invoice_id = i.id AND a.credit_note_id IS NOT NULL), 0)",
    ),
    (
        "no payment pays more than it is",
        "SELECT COUNT(*) FROM payment p WHERE p.amount < COALESCE((SELECT SUM(a.amount) FROM allocation a \
         WHERE a.payment_id = p.id), 0)",
    ),
    (
        "a statement's balances prove its lines",
        "SELECT COUNT(*) FROM bank_statement s WHERE s.closing_minor <> s.opening_minor + COALESCE((SELECT \
         SUM(l.amount_minor) FROM bank_line l WHERE l.statement_id = s.id), 0)",
    ),
    ("nothing of the past goes out again", "SELECT COUNT(*) FROM outbox"),
];

/// Everything that must hold, whatever the seed and the moment.
fn holds(target: &Target, facts: &DemoFacts, moment: Timestamp) {
    for (what, sql) in CONTRADICTIONS {
        assert_eq!(count(target, sql), 0, "{what}");
    }
    documents_hold(target, moment);
    statements_hold(target);
    let trade = facts.trade.as_ref().unwrap();
    let share = trade.refused.len() * 100 / trade.calls;
    assert!(share < 8, "{share} % of {} calls were refused: {:#?}", trade.calls, trade.refused);
}

/// Numbers without gaps, in the order of their days, and every document as it was issued.
fn documents_hold(target: &Target, moment: Timestamp) {
    let invoices: Vec<Invoice> =
        target.read("test", now(), |db| Ok(db.all::<Invoice>(Invoice::SELECT, &[])?)).unwrap();
    let mut series: BTreeMap<String, BTreeMap<u32, String>> = BTreeMap::new();
    for invoice in invoices {
        assert!(invoice.created_at.timestamp() < moment, "{:?}", invoice.number);
        let Some(number) = invoice.number.clone() else { continue };
        let (name, last) = number.rsplit_once('-').unwrap();
        let day = invoice.issue_date.unwrap().to_string();
        assert!(name.ends_with(day.get(..4).unwrap()), "{number} of {day}");
        assert!(series.entry(name.to_owned()).or_default().insert(last.parse().unwrap(), day).is_none());
        let stored = invoice.document_sha256.clone();
        let hash =
            target.read("test", now(), |db| document::load(db, invoice.clone())?.fingerprint()).unwrap();
        assert_eq!(stored, Some(hash), "{number}");
    }
    for (name, numbers) in series {
        let last = *numbers.keys().last().unwrap();
        assert_eq!((numbers.len(), numbers.keys().next()), (last as usize, Some(&1)), "{name} has gaps");
        let days: Vec<&String> = numbers.values().collect();
        assert!(days.windows(2).all(|pair| pair[0] <= pair[1]), "{name} goes back");
    }
}

/// Each statement begins where the one before ended.
fn statements_hold(target: &Target) {
    let sql = "SELECT from_on, opening_minor, closing_minor FROM bank_statement ORDER BY from_on";
    let rows = target.read("test", now(), |db| Ok(db.all::<(String, i64, i64)>(sql, &[])?)).unwrap();
    assert!(rows.len() >= 15, "{rows:?}");
    for pair in rows.windows(2) {
        assert_eq!(pair[0].2, pair[1].1, "{pair:?}");
    }
}

#[test]
fn there_is_a_business_and_what_is_wrong_is_found() {
    let (_home, target) = fresh_of(everything());
    let started = Instant::now();
    let facts = generate_into(&target, now(), SEED).unwrap();
    let trade = facts.trade.clone().unwrap();
    println!("made in {:?}", started.elapsed());
    holds(&target, &facts, now());
    assert!((95..=130).contains(&trade.products), "{}", trade.products);
    for (least, sql) in [
        (240, "SELECT COUNT(*) FROM sales_order"),
        (20, "SELECT COUNT(*) FROM quote"),
        (300, "SELECT COUNT(*) FROM invoice WHERE kind = 'invoice' AND number IS NOT NULL"),
        (2, "SELECT COUNT(*) FROM invoice WHERE status = 'draft'"),
        (5, "SELECT COUNT(*) FROM invoice WHERE kind = 'credit_note'"),
        (250, "SELECT COUNT(*) FROM payment"),
        (1, "SELECT COUNT(*) FROM write_off"),
        (3, "SELECT COUNT(*) FROM goods_return"),
        (20, "SELECT COUNT(*) FROM reminder"),
        (2, "SELECT COUNT(*) FROM recurring"),
        (1, "SELECT COUNT(*) FROM cart WHERE status = 'open'"),
        (3, "SELECT COUNT(*) FROM bank_line WHERE status = 'unmatched' AND amount_minor > 0"),
        (1, "SELECT COUNT(*) FROM stock_move WHERE kind = 'count'"),
        (
            1,
            "SELECT COUNT(*) FROM stock_level l JOIN location p ON p.id = l.location_id \
             WHERE p.kind = 'transit' AND l.on_hand > 0",
        ),
    ] {
        let found = count(&target, sql);
        assert!(found >= least, "{found}: {sql}");
    }
    let states = |sql: &'static str| -> BTreeSet<String> {
        let rows = target.read("test", now(), |db| Ok(db.all::<(String,)>(sql, &[])?)).unwrap();
        rows.into_iter().map(|(state,)| state).collect()
    };
    let has = |sql, wanted: &[&str]| {
        let found = states(sql);
        assert!(wanted.iter().all(|state| found.contains(*state)), "{found:?} of {wanted:?}");
    };
    has(
        "SELECT DISTINCT status FROM sales_order",
        &["draft", "pending_approval", "confirmed", "in_fulfilment", "closed", "cancelled"],
    );
    has("SELECT DISTINCT status FROM quote", &["draft", "sent", "accepted", "declined", "converted"]);
    has("SELECT DISTINCT status FROM invoice", &["draft", "issued", "partially_paid", "paid", "written_off"]);
    has("SELECT DISTINCT status FROM purchase_order", &["draft", "sent", "partially_received", "received"]);
    has("SELECT DISTINCT category FROM invoice_tax", &["S", "K", "G"]);

    let fixture = Fixture::new(&everything(), "");
    let desk = Desk::new(fixture, &target, &facts, "owner");
    let kinds: BTreeSet<&str> = facts.oddities.iter().map(|odd| odd.what).collect();
    assert_eq!(kinds.len(), 8, "{kinds:#?}");
    for odd in &facts.oddities {
        let answer = desk.call(odd.tool, &odd.arguments).to_string();
        assert!(answer.contains(&odd.about), "{}: {} is not in {answer}", odd.what, odd.about);
    }
    let file = facts.bank_file.as_ref().unwrap();
    let shown =
        desk.call("invoicing_bank_import", &json!({"content": file.content, "dry_run": true}).to_string());
    assert!(shown.to_string().contains("statement"), "{shown:#}");
    let suggested = desk.call("invoicing_match_suggest", r#"{"min_score": 20, "limit": 100}"#).to_string();
    assert!(suggested.contains("\"sure\":true") && suggested.contains("\"sure\":false"), "{suggested}");
}

#[test]
fn the_same_seed_and_moment_make_the_same_trade() {
    let contents = || {
        let (_home, target) = fresh_of(everything());
        let facts = generate_into(&target, now(), 3).unwrap();
        (target.store.contents().unwrap(), facts)
    };
    let (one, same) = (contents(), contents());
    assert!(one.0 == same.0, "the same rows");
    assert_eq!(one.1, same.1);
}

#[test]
fn every_moment_makes_a_sound_business() {
    for (seed, days, hours) in [(7, 61, 3), (SEED, 305, 14)] {
        let moment = now() + SignedDuration::from_hours(days * 24 + hours);
        let (_home, target) = fresh_of(everything());
        let facts = generate_into(&target, moment, seed).unwrap();
        holds(&target, &facts, moment);
    }
}

#[test]
fn modules_that_are_not_there_are_skipped() {
    let all = everything();
    for count in 2..=4 {
        let (_home, target) = fresh_of(all[..count].to_vec());
        let facts = generate_into(&target, now(), SEED).unwrap();
        assert_eq!(facts.trade.is_some(), count > 2);
        assert!(facts.bank_file.is_none());
    }
    let (_home, target) = fresh_of(vec![all[0], all[1], all[4]]);
    assert!(generate_into(&target, now(), SEED).unwrap().trade.is_none());
}
