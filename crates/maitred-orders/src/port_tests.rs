//! Credit limits and credits for returns with books that a test keeps; merges, and what other modules find here.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "this is test code")]

use std::sync::Arc;

use maitred_core::mode::Module;
use maitred_core::prelude::*;
use maitred_core::tool::Domain;
use maitred_kernel::{Currency, Money, Quantity};
use maitred_party::CompanyId;
use maitred_party::commerce::{
    BillableSource, Credit, CreditProposal, DocumentDrafter, DocumentOf, Exposed, Exposure,
};
use maitred_testkit::Fixture;

use crate::billing::OrderBilling;
use crate::model::OrderId;
use crate::store::orders;

/// Books in which every customer owes 40.00 and may owe 100.00, and every credit comes to 1.00 per piece.
static BOOKS: Domain = Domain {
    module: Module::Probe,
    tools: &[],
    migrations: &[],
    requires: &[],
    provides: |ports| {
        ports.provide::<dyn Exposure>(Arc::new(Books));
        ports.provide::<dyn DocumentDrafter>(Arc::new(Books));
    },
    check: |_| Ok(()),
};

struct Books;

fn euro(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

impl Exposure for Books {
    fn exposed(&self, _: &Reader<'_>, _: &CompanyId) -> ToolResult<Exposed> {
        Ok(Exposed { what: "open invoices", amount: euro(4000), limit: Some(euro(10_000)) })
    }
}

impl DocumentDrafter for Books {
    fn documents_of(&self, _: &Reader<'_>, _: &[&str]) -> ToolResult<Vec<DocumentOf>> {
        Ok(Vec::new())
    }
    fn credit_proposal(&self, _: &Reader<'_>, credits: &[Credit<'_>]) -> ToolResult<Vec<CreditProposal>> {
        let pieces: i64 = credits.iter().map(|credit| credit.quantity.thousandths() / 1000).sum();
        Ok(if pieces == 0 {
            Vec::new()
        } else {
            vec![CreditProposal { invoice: "INV-1".to_owned(), gross: euro(100 * pieces) }]
        })
    }
    fn draft_credit(&self, _: &Writer<'_>, _: &[Credit<'_>], _: &str) -> ToolResult<Vec<DocumentOf>> {
        Ok(Vec::new())
    }
}

const DOMAINS: &[&Domain] = &[crate::shop::DOMAINS[0], crate::shop::DOMAINS[1], &BOOKS];

#[test]
fn the_limit_holds_until_somebody_who_may_says_otherwise() {
    let fixture = Fixture::new(
        DOMAINS,
        shop!(
            r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 6}]} as fits=order.id;
                 orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 1}]} as beyond=order.id"#
        ),
    );
    let sales = fixture.caller(&[Mode::Sales], false);
    let call =
        |tool: &str, args: &str| fixture.confirmed_as(&sales, tool, &fixture.filled(args)).unwrap().json();
    let fits = call("orders_order_confirm", r#"{"order": "@fits"}"#);
    assert_eq!(
        (&fits["order"]["status"], &fits["credit"]["exposure"]),
        (&"confirmed".into(), &"100.00".into())
    );
    let beyond = call("orders_order_confirm", r#"{"order": "@beyond"}"#);
    assert_eq!(
        (&beyond["order"]["status"], &beyond["credit"]["exceeded"]),
        (&"pending_approval".into(), &true.into())
    );
    assert_eq!(beyond["reservations"].as_array().unwrap().len(), 0);
    let again = call("orders_order_confirm", r#"{"order": "@beyond"}"#);
    assert_eq!(again["error"]["code"], "credit_exceeded");
    let bold = call("orders_order_confirm", r#"{"order": "@beyond", "override_credit": "a good customer"}"#);
    assert_eq!(bold["error"]["code"], "forbidden");
    let more = call("orders_order_update", r#"{"order": "@fits", "lines": [{"line": "1", "qty": 7}]}"#);
    assert_eq!(more["error"]["code"], "credit_exceeded");
    let less = call("orders_order_update", r#"{"order": "@fits", "lines": [{"line": "1", "qty": 5}]}"#);
    assert_eq!(less["order"]["gross"], "50.00");
    assert_eq!(
        call("orders_order_confirm", r#"{"order": "@beyond"}"#)["order"]["status"],
        "confirmed",
        "now it fits"
    );
    let back = call("orders_order_update", r#"{"order": "@fits", "lines": [{"line": "1", "qty": 6}]}"#);
    assert_eq!(back["error"]["code"], "credit_exceeded");
    let owner = fixture.call(
        "orders_order_update",
        &fixture.filled(r#"{"order": "@fits", "lines": [{"line": "1", "qty": 6}]}"#),
    );
    assert_eq!(owner.json()["order"]["gross"], "60.00", "the owner may");
}

#[test]
fn a_return_is_made_good_by_the_credit() {
    let fixture = Fixture::new(
        DOMAINS,
        shop!(
            r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 6}]} as so=order.id;
                 orders_order_confirm {"order": "@so"}; orders_shipment_create {"order": "@so", "shipped_at": "2026-03-02T09:00:00Z"};
                 orders_return_create {"order": "@so", "lines": [{"line": "1", "qty": 2, "reason": "late"}], "resolution": "credit"} as rma;
                 orders_return_decide {"return": "@rma", "decision": "approve"}"#
        ),
    );
    let id = OrderId(fixture.id("so"));
    let ready = || {
        let ready = fixture.read(|db| OrderBilling.ready(db, id.as_ref(), None)).unwrap();
        ready.items.iter().map(|item| item.quantity.thousandths() / 1000).sum::<i64>()
    };
    let bill = |units: i64| {
        let id = id.clone();
        fixture
            .write(move |db| {
                let line = orders::lines(db, &id)?.remove(0);
                OrderBilling.billed(db, line.id.as_ref(), Quantity::whole(units).unwrap())
            })
            .is_ok()
    };
    assert_eq!(ready(), 6);
    assert!(bill(5));
    assert!(!bill(2), "no more than is wanted");
    let received = fixture
        .call(
            "orders_return_receive",
            &fixture
                .filled(r#"{"return": "@rma", "lines": [{"line": "1", "qty": 2, "condition": "as_new"}]}"#),
        )
        .json();
    assert_eq!(received["credit_proposals"][0]["gross"], "2.00");
    // Six were wanted, two are back: one of the five that are invoiced has to be credited, the sixth was never billed.
    assert_eq!(
        (&received["return"]["status"], &received["return"]["credit_owed"]),
        (&"received".into(), &true.into())
    );
    assert_eq!(received["return"]["lines"][0]["credited"], "1");
    assert_eq!(ready(), 0);
    assert!(bill(-1));
    let done = fixture.call("orders_return_search", r#"{"status": "completed"}"#).json();
    assert_eq!(done["returns"].as_array().unwrap().len(), 1);
}

#[test]
fn a_merge_unites_baskets_and_moves_documents() {
    use maitred_party::refs::RefKind;
    use maitred_party::store::merge::repoint_all;

    use crate::basket::{product_of, set};
    use crate::store::carts;

    let fixture = Fixture::new(
        crate::shop::DOMAINS,
        shop!(
            r#"company twin kind=customer;
                 orders_order_create {"company": "@twin", "lines": [{"product": "CH-1", "qty": 1}]} as so=order.id;
                 orders_quote_create {"company": "@twin", "lines": [{"product": "CH-1", "qty": 1}]} as q=quote.id;
                 client ada orders_my_cart_set {"lines": [{"product": "CH-1", "qty": 3}]}"#
        ),
    );
    let (kept, absorbed, ada) = (fixture.id("acme"), fixture.id("twin"), fixture.id("ada"));
    let caller = fixture.client_caller("ada");
    let moved = {
        let (kept, absorbed) = (kept.clone(), absorbed.clone());
        fixture
            .write(move |db| {
                let mut client = caller.client().unwrap().clone();
                client.company = absorbed.clone();
                let company = crate::basket::company_of(db, &client)?;
                let wanted = [
                    (product_of(db, "CH-1", "product")?, Quantity::whole(9).unwrap()),
                    (product_of(db, "TA-1", "product")?, Quantity::whole(1).unwrap()),
                ];
                set(db, &client, &company, &wanted, false)?;
                repoint_all(db, RefKind::Company, &absorbed, &kept)
            })
            .unwrap()
    };
    for table in ["cart", "sales_order", "quote"] {
        assert_eq!(moved.0.get(table), Some(&1), "{table}");
    }
    let lines = fixture
        .read(|db| {
            let cart = carts::open(db, &kept, &ada)?.expect("the kept basket");
            assert!(carts::open(db, &absorbed, &ada)?.is_none());
            carts::lines(db, &cart.id)
        })
        .unwrap();
    let mut quantities: Vec<i64> = lines.iter().map(|line| line.quantity.thousandths() / 1000).collect();
    quantities.sort_unstable();
    assert_eq!(quantities, [1, 3], "what both hold stays as it was in the kept one");
    assert!(fixture.references(RefKind::Company, &absorbed).is_empty());
}

#[test]
fn other_modules_find_what_is_open() {
    use maitred_party::sources::{
        BriefSource, DealDocuments, Dependents, ExportSource, OpenWork, SearchSource,
    };

    use crate::sources::{
        Documents, OrderBrief, OrderDependents, OrderExport, OrderFinder, OrderWork, QuoteBrief, QuoteExport,
        ReturnExport, SalesExport,
    };

    let fixture = Fixture::new(
        crate::shop::DOMAINS,
        shop!(
            r#"orders_order_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 2}], "po_reference": "Spring fair"} as so=order.id;
                 orders_order_confirm {"order": "@so"};
                 orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 1}], "deal": "D1"} as q=quote.id;
                 orders_quote_send {"quote": "@q"}; orders_quote_close {"quote": "@q", "outcome": "accepted", "by_contact": "@ada", "evidence": "call"};
                 orders_quote_convert {"quote": "@q"} as so2=order.id;
                 orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "REP", "qty": 1}]} as q2=quote.id;
                 orders_quote_send {"quote": "@q2"}"#
        ),
    );
    let company = CompanyId(fixture.id("acme"));
    let contact = maitred_party::ContactId(fixture.id("ada"));
    let owner = fixture.id("owner");
    fixture
        .read(|db| {
            assert_eq!(
                OrderDependents.of_company(db, &company)?,
                ["order SO-2026-00001 is confirmed", "quote Q-2026-00002 waits for an answer"]
            );
            assert_eq!(OrderDependents.of_contact(db, &contact)?, ["order SO-2026-00001 is confirmed"]);
            let brief = OrderBrief.brief(db, &company)?.expect("open orders");
            assert!(brief.contains("SO-2026-00001") && !brief.contains("SO-2026-00002"), "{brief}");
            assert!(QuoteBrief.brief(db, &company)?.expect("open quotes").contains("Q-2026-00002"));
            let documents = Documents.of_deal(db, "D1")?;
            assert_eq!(documents.iter().map(|one| one.kind).collect::<Vec<_>>(), ["order", "quote"]);
            assert_eq!(Documents.confirmed_order(db, "D1")?, None, "a draft confirms nothing");
            assert_eq!(OrderWork.count(db, &owner)?, 2);
            for (text, kind) in [("so-2026-00001", "order"), ("spring", "order"), ("Q-2026-00002", "quote")] {
                let hits = OrderFinder.search(db, text, 5)?;
                assert_eq!(hits.first().map(|hit| hit.kind), Some(kind), "{text}: {hits:?}");
            }
            let rows = |source: &dyn ExportSource, filter: &str| {
                let mut rows = 0;
                source.export(db, filter, None, &mut |_| {
                    rows += 1;
                    Ok(true)
                })?;
                ToolResult::Ok(rows)
            };
            assert_eq!(rows(&OrderExport, "{}")?, 2);
            assert_eq!(rows(&OrderExport, r#"{"status": "draft"}"#)?, 1);
            assert!(rows(&OrderExport, r#"{"unpaid": true}"#).is_err());
            assert_eq!(rows(&QuoteExport, r#"{"q": "chair"}"#)?, 1);
            assert_eq!(rows(&ReturnExport, "{}")?, 0);
            let sold =
                r#"{"from": "2026-03-01", "to": "2026-03-31", "group_by": "product", "basis": "ordered"}"#;
            assert_eq!(rows(&SalesExport, sold)?, 1);
            Ok(())
        })
        .unwrap();
    let (from, to) = (owner.clone(), fixture.id("sales"));
    assert_eq!(fixture.write(move |db| OrderWork.reassign(db, &from, &to)).unwrap(), 2);
}
