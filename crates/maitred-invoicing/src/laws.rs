//! What holds whatever is done: random sequences of calls against one organisation, and the invariants 1, 3 to 9, 11
//! and 13 after each of them.

use maitred_testkit::Fixture;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::store::testing::{Books, books};

const GIVEN: &str = r#"company acme; company oak; tax DE standard S 1900; tax DE reduced S 700; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
    invoicing_terms_update {"company": "@acme", "discount_days": 7, "discount": "2"}"#;

/// A step somebody takes; numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    Create { company: usize, lines: Vec<(i64, i64, i64, bool)>, gross: bool },
    Issue(usize),
    Discard(usize),
    Credit { invoice: usize, cents: i64, whole: bool, issue: bool },
    Pay { company: usize, cents: i64, auto: bool },
    Refund { company: usize, cents: i64 },
    Allocate { payment: usize },
    Undo { payment: usize, whole: bool },
    WriteOff { invoice: usize, cents: i64 },
    Preview(usize),
    Tomorrow,
}

fn any_step() -> impl Strategy<Value = Step> {
    let line = (1..20_000_i64, 0..500_000_i64, 0..3_000_i64, any::<bool>());
    let lines = prop::collection::vec(line, 1..4);
    prop_oneof![
        4 => (0..2_usize, lines, any::<bool>())
            .prop_map(|(company, lines, gross)| Step::Create { company, lines, gross }),
        5 => (0..9_usize).prop_map(Step::Issue),
        1 => (0..9_usize).prop_map(Step::Discard),
        2 => (0..9_usize, 1..200_000_i64, any::<bool>(), any::<bool>())
            .prop_map(|(invoice, cents, whole, issue)| Step::Credit { invoice, cents, whole, issue }),
        3 => (0..2_usize, 1..300_000_i64, any::<bool>())
            .prop_map(|(company, cents, auto)| Step::Pay { company, cents, auto }),
        1 => (0..2_usize, 1..50_000_i64).prop_map(|(company, cents)| Step::Refund { company, cents }),
        2 => (0..9_usize).prop_map(|payment| Step::Allocate { payment }),
        1 => (0..9_usize, any::<bool>()).prop_map(|(payment, whole)| Step::Undo { payment, whole }),
        1 => (0..9_usize, 1..50_000_i64).prop_map(|(invoice, cents)| Step::WriteOff { invoice, cents }),
        1 => (0..9_usize).prop_map(Step::Preview),
        1 => Just(Step::Tomorrow),
    ]
}

fn decimal(minor: i64) -> String {
    maitred_kernel::format_minor(minor, maitred_kernel::Currency::EUR)
}

/// Takes a step; what is refused changes nothing and is fine.
fn take(fixture: &Fixture, step: &Step, day: &mut i64) {
    let now = fixture.read(|db| Ok(books(db)?)).unwrap();
    let pick = |ids: &[String], at: usize| ids.get(at % ids.len().max(1)).cloned().unwrap_or_default();
    let documents: Vec<String> = now.documents.iter().map(|one| one.id.clone()).collect();
    let payments: Vec<String> = now.payments.iter().map(|one| one.id.clone()).collect();
    let company = |at: usize| fixture.id(if at == 0 { "acme" } else { "oak" });
    let call = |tool: &str, args: Value| {
        let answer = fixture.call_confirmed(tool, &args.to_string());
        let code = answer.json()["error"]["code"].clone();
        assert!(code != "internal" && code != "invalid_state", "{tool} {args}: {}", answer.raw);
    };
    match step {
        Step::Create { company: at, lines, gross } => {
            let lines: Vec<Value> = lines
                .iter()
                .map(|(qty, price, discount, reduced)| {
                    json!({
                        "description": "x", "qty": maitred_kernel::Quantity::from_thousandths(*qty).to_string(),
                        "unit_price": decimal(*price), "discount": maitred_kernel::BasisPoints::from_bp(*discount).to_string(),
                        "tax_class": if *reduced { "reduced" } else { "standard" },
                    })
                })
                .collect();
            let args = json!({"company": company(*at), "lines": lines, "includes_tax": gross});
            call("invoicing_invoice_create", args);
        }
        Step::Issue(at) => call("invoicing_invoice_issue", json!({"invoice": pick(&documents, *at)})),
        Step::Discard(at) => call("invoicing_invoice_discard", json!({"invoice": pick(&documents, *at)})),
        Step::Credit { invoice, cents, whole, issue } => {
            let mut args = json!({"invoice": pick(&documents, *invoice), "reason": "price", "issue": issue});
            if *whole {
                args["full"] = json!(true);
            } else {
                args["lines"] = json!([{"line": 1, "amount": decimal(*cents)}]);
            }
            call("invoicing_credit_note_create", args);
        }
        Step::Pay { company: at, cents, auto } => call(
            "invoicing_payment_record",
            json!({"company": company(*at), "amount": decimal(*cents), "method": "cash", "confirm_duplicate": true,
                   "allocate": if *auto { "auto" } else { "none" }}),
        ),
        Step::Refund { company: at, cents } => call(
            "invoicing_payment_record",
            json!({"company": company(*at), "amount": decimal(*cents), "method": "cash", "confirm_duplicate": true,
                   "direction": "out"}),
        ),
        Step::Allocate { payment } => {
            call(
                "invoicing_payment_allocate",
                json!({"payment": pick(&payments, *payment), "take_discount": true}),
            );
        }
        Step::Undo { payment, whole } => call(
            "invoicing_payment_undo",
            json!({"payment": pick(&payments, *payment), "reason": "wrong", "scope": if *whole { "payment" } else { "allocations" }}),
        ),
        Step::WriteOff { invoice, cents } => call(
            "invoicing_invoice_write_off",
            json!({"invoice": pick(&documents, *invoice), "amount": decimal(*cents), "cause": "insolvency", "reason": "gone"}),
        ),
        Step::Preview(at) => {
            let args = json!({"invoice": pick(&documents, *at), "dry_run": true}).to_string();
            fixture.call("invoicing_invoice_issue", &args);
        }
        Step::Tomorrow => {
            *day += 1;
            let moment = maitred_kernel::Day::parse("2026-03-02").unwrap().plus_days(*day).unwrap();
            fixture.set_clock(&format!("{moment}T10:00:00Z"));
        }
    }
}

fn hold(before: &Books, books: &Books) {
    for one in &books.documents {
        // 1: it adds up. 5: what is settled lies between nothing and all of it.
        assert_eq!(one.lines_net, one.net, "{one:?}");
        assert_eq!(one.taxable, one.net, "{one:?}");
        assert_eq!(one.tax_rows, one.tax, "{one:?}");
        assert_eq!(one.net + one.tax, one.gross, "{one:?}");
        // Only a credit note is rounded, by a minor unit for each rate of tax at most.
        let note = one.number.as_deref().is_some_and(|number| number.starts_with("CN"));
        assert!(one.rounding == 0 || (note && one.rounding.abs() <= 2), "{one:?}");
        let (settled, payable) = (one.allocated + one.credited + one.written_off, one.gross + one.rounding);
        assert!((0..=payable).contains(&settled) && one.balance == payable - settled, "{one:?}");
        // 8: never more is credited than was invoiced.
        assert!(one.credit_notes <= one.gross, "{one:?}");
        // 4: what was issued stays what it is.
        if let Some(known) =
            before.documents.iter().find(|known| known.id == one.id && known.number.is_some())
        {
            assert_eq!((&known.number, &known.hash, known.gross), (&one.number, &one.hash, one.gross));
            assert!(one.hash.is_some(), "{one:?}");
        }
    }
    for payment in &books.payments {
        // 6: no more is applied than came.
        assert!(payment.live <= payment.amount, "{payment:?}");
        let live = if payment.outgoing { payment.allocated } else { payment.live };
        assert_eq!(live, payment.allocated, "{payment:?}");
    }
    // 7: what customers owe is what was invoiced less everything that came back.
    assert_eq!(books.owed, books.ledger, "{books:?}");
    // 9: numbers are 1 to n, and days do not go back.
    for series in ["INV", "CN"] {
        let mut numbers: Vec<(&str, &str)> = books
            .documents
            .iter()
            .filter_map(|one| Some((one.number.as_deref()?, one.day.as_deref()?)))
            .filter(|(number, _)| number.starts_with(series))
            .collect();
        numbers.sort_unstable();
        for (at, (number, _)) in numbers.iter().enumerate() {
            assert_eq!(*number, format!("{series}-2026-{:05}", at + 1));
        }
        assert!(numbers.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{numbers:?}");
    }
}

/// 13: a statement's opening and its lines come to its closing, and one follows on the other; 10: aging comes to the
/// same as the ledger.
fn statements_chain(fixture: &Fixture, day: i64) {
    let at =
        |days: i64| maitred_kernel::Day::parse("2026-03-02").unwrap().plus_days(days).unwrap().to_string();
    let minor = |value: &Value| {
        let text = value.as_str().unwrap_or("0");
        maitred_kernel::parse_minor(text, maitred_kernel::Currency::EUR).unwrap()
    };
    for company in ["acme", "oak"] {
        let statement = |from: String, to: String| {
            let args = json!({"company": fixture.id(company), "from": from, "to": to, "limit": 100});
            let answer = fixture.call("invoicing_statement_get", &args.to_string()).json();
            let sum: i64 = answer["lines"]
                .as_array()
                .unwrap_or_else(|| panic!("{answer}"))
                .iter()
                .map(|line| minor(&line["amount"]))
                .sum();
            let (opening, closing) = (minor(&answer["opening"]), minor(&answer["closing"]));
            assert!(answer["next_cursor"].is_string() || opening + sum == closing, "{answer}");
            (opening, closing)
        };
        let middle = day / 2;
        let first = statement(at(-30), at(middle));
        let second = if middle < day { statement(at(middle + 1), at(day)) } else { (first.1, first.1) };
        assert_eq!((first.0, first.1), (0, second.0));
        let args = json!({"as_of": at(day), "company": fixture.id(company)});
        let report = fixture.call("invoicing_receivables_report", &args.to_string()).json();
        let total = report["totals"]
            .as_array()
            .and_then(|rows| rows.first())
            .map_or(0, |row| minor(&row["ages"]["total"]));
        assert_eq!(total, second.1, "{report}");
        let company = maitred_party::CompanyId(fixture.id(company));
        for as_of in [middle, day] {
            let (items, sum) = fixture
                .read(|db| {
                    let as_of = maitred_kernel::Day::parse(&at(as_of)).unwrap();
                    let items = crate::store::ledger::open_items(db, Some(&company), as_of)?;
                    Ok((items, crate::store::ledger::owed(db, Some(&company), as_of)?))
                })
                .unwrap();
            let mut aging = crate::receivables::Aging::default();
            let as_of = maitred_kernel::Day::parse(&at(as_of)).unwrap();
            items.iter().for_each(|item| aging.add(item, as_of, false));
            assert_eq!(aging.total(), sum.iter().map(|(_, sum)| sum).sum::<i64>(), "{items:?} {sum:?}");
        }
    }
}

/// Every document that was issued keeps the arithmetic of EN 16931 as an e-invoice.
fn e_invoices_add_up(fixture: &Fixture) {
    let issued = fixture.read(|db| {
        let mut xml = Vec::new();
        for one in books(db)?.documents {
            let invoice = crate::store::invoices::resolve(db, &one.id, "invoice")?;
            if invoice.number.is_some() {
                xml.push(crate::render_ubl::ubl(&crate::document::load(db, invoice)?));
            }
        }
        Ok(xml)
    });
    for xml in issued.unwrap() {
        crate::samples::judge(&xml);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn books_balance_whatever_is_done(steps in prop::collection::vec(any_step(), 4..40)) {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let mut day = 0;
        let mut before = fixture.read(|db| Ok(books(db)?)).unwrap();
        for step in &steps {
            take(&fixture, step, &mut day);
            let after = fixture.read(|db| Ok(books(db)?)).unwrap();
            hold(&before, &after);
            before = after;
        }
        statements_chain(&fixture, day);
        e_invoices_add_up(&fixture);
    }

    /// 11: undoing a payment returns every invoice to what it was before it.
    #[test]
    fn undoing_is_exact(
        invoices in prop::collection::vec(1..200_000_i64, 1..4),
        cents in 1..500_000_i64,
    ) {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let mut day = 0;
        for price in &invoices {
            let lines = vec![(1_000, *price, 0, false)];
            take(&fixture, &Step::Create { company: 0, lines, gross: false }, &mut day);
        }
        for at in 0..invoices.len() {
            take(&fixture, &Step::Issue(at), &mut day);
        }
        let standing = |books: &Books| -> Vec<(String, i64, String)> {
            books.documents.iter().map(|one| (one.id.clone(), one.balance, one.status.clone())).collect()
        };
        let before = standing(&fixture.read(|db| Ok(books(db)?)).unwrap());
        take(&fixture, &Step::Pay { company: 0, cents, auto: true }, &mut day);
        prop_assert_ne!(&before, &standing(&fixture.read(|db| Ok(books(db)?)).unwrap()));
        take(&fixture, &Step::Undo { payment: 0, whole: true }, &mut day);
        prop_assert_eq!(before, standing(&fixture.read(|db| Ok(books(db)?)).unwrap()));
    }

    /// 3: the totals that the XML states are those that its own lines come to.
    #[test]
    fn ubl_adds_up(lines in prop::collection::vec((1..20_000_i64, 0..500_000_i64, 0..3_000_i64, any::<bool>()), 1..5), gross in any::<bool>()) {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let mut day = 0;
        take(&fixture, &Step::Create { company: 0, lines, gross }, &mut day);
        take(&fixture, &Step::Issue(0), &mut day);
        let id = fixture.read(|db| Ok(books(db)?)).unwrap().documents[0].id.clone();
        let (xml, invoice) = fixture.read(|db| {
            let invoice = crate::store::invoices::resolve(db, &id, "invoice")?;
            let document = crate::document::load(db, invoice.clone())?;
            Ok((crate::render_ubl::ubl(&document), invoice))
        }).unwrap();
        let read = |xml: &str, name: &str| -> Vec<i128> {
            xml.split(&format!("<{name}")).skip(1).filter_map(|rest| {
                let text = rest.split_once('>')?.1.split('<').next()?;
                let (whole, part) = text.split_once('.').unwrap_or((text, ""));
                format!("{whole}{part:0<6}").parse().ok()
            }).collect()
        };
        let one = |name: &str| read(&xml, name)[0];
        prop_assert_eq!(one("cbc:PayableAmount"), i128::from(invoice.gross) * 10_000);
        prop_assert_eq!(one("cbc:TaxInclusiveAmount"), one("cbc:TaxExclusiveAmount") + one("cbc:TaxAmount"));
        let mut sum = 0;
        for line in xml.split("<cac:InvoiceLine>").skip(1) {
            let net = read(line, "cbc:LineExtensionAmount")[0];
            let quantity = read(line, "cbc:InvoicedQuantity")[0];
            let base = read(line, "cbc:BaseQuantity").first().copied().unwrap_or(1_000_000);
            let discount = read(line, "cbc:Amount").first().copied().unwrap_or(0);
            let exact = quantity * read(line, "cbc:PriceAmount")[0] / base;
            // Peppol BIS allows two minor units for what the quantity and price are rounded to.
            prop_assert!((exact - discount - net).abs() <= 20_000, "{line}");
            sum += net;
        }
        prop_assert_eq!(sum, one("cbc:TaxExclusiveAmount"));
    }
}
