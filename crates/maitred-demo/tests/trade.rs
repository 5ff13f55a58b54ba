//! The merchant's trade: what must be true of it, and that what is wrong on purpose is found.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod common;

use std::time::Instant;

use common::fresh_of;
use jiff::Timestamp;
use maitred_core::tool::Domain;
use maitred_demo::demo::{SEED, generate_into};

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

#[test]
fn there_is_a_business() {
    let (_home, target) = fresh_of(everything());
    let started = Instant::now();
    let facts = generate_into(&target, now(), SEED).unwrap();
    let trade = facts.trade.unwrap();
    println!(
        "made in {:?}: {} {} {} {} {}",
        started.elapsed(),
        trade.products,
        trade.variants,
        trade.customers,
        trade.invoices,
        trade.calls
    );
    for line in &trade.refused {
        println!("{line}");
    }
    for line in &facts.oddities {
        println!("{line:?}");
    }
    for (table,) in target
        .read("t", now(), |db| {
            Ok(db.all::<(String,)>("SELECT name FROM sqlite_master WHERE type='table' ORDER BY 1", &[])?)
        })
        .unwrap()
    {
        let sql: &'static str = Box::leak(format!("SELECT COUNT(*) FROM {table}").into_boxed_str());
        println!("{table} {}", target.read("t", now(), |db| Ok(db.count(sql, &[])?)).unwrap());
    }
    println!("{}", facts.bank_file.unwrap().content);
}
