//! The books that the importer of the Online Retail file leaves, as the tools show them.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use maitred_core::caller::OrgFacts;
use maitred_core::clock::SerialIds;
use maitred_demo::Target;
use maitred_demo::online_retail::{Class, Progress, Report, Trade, import, import_into};
use maitred_testkit::Fixture;
use serde_json::json;

const ODD_CASES: &[u8] = include_bytes!("data/odd-cases.csv");

fn fixture() -> Fixture {
    Fixture::new(
        &[
            &maitred_crm::DOMAIN,
            &maitred_catalog::DOMAIN,
            &maitred_orders::DOMAIN,
            &maitred_invoicing::DOMAIN,
        ],
        "",
    )
}

fn target(fixture: &Fixture) -> Target {
    // No two imports make the same ids.
    static NEXT: AtomicU64 = AtomicU64::new(77);
    Target {
        org: OrgFacts { slug: "acme-test".into(), name: "Retail".into() },
        store: Arc::clone(fixture.store()),
        registry: Arc::clone(fixture.registry()),
        ids: Arc::new(SerialIds::new(NEXT.fetch_add(1, Ordering::Relaxed))),
        audit_key: [2; 32],
        build: "test".to_owned(),
    }
}

fn taken(fixture: &Fixture, bytes: &[u8]) -> Report {
    import_into(&target(fixture), fixture.now(), "file.csv", bytes).unwrap()
}

fn trade(report: &Report) -> &Trade {
    report.trade.as_ref().unwrap()
}

/// Revenue by month, customer or country, as the tool says it: label and net.
fn revenue(fixture: &Fixture, by: &str) -> Vec<(String, String)> {
    let args = json!({"from": "2010-12-01", "to": "2011-12-31", "group_by": by, "limit": 100});
    let answer = fixture.call("invoicing_revenue_report", &args.to_string()).json();
    let rows = answer["rows"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let key = if by == "customer" { "label" } else { "key" };
    rows.iter()
        .map(|row| (row[key].as_str().unwrap().to_owned(), row["net"].as_str().unwrap().to_owned()))
        .collect()
}

fn net_of(rows: &[(String, String)], key: &str) -> String {
    rows.iter()
        .find(|row| row.0 == key)
        .map_or_else(|| format!("no `{key}` in {rows:?}"), |row| row.1.clone())
}

fn stock_is_whole(fixture: &Fixture) {
    let wrong = fixture
        .read(|db| {
            Ok(db.count(
                "SELECT COUNT(*) FROM stock_level l WHERE l.on_hand <> \
                 (SELECT COALESCE(SUM(CASE WHEN m.to_id IS NULL THEN -m.quantity ELSE m.quantity END), 0) \
                 FROM stock_move m WHERE m.variant_id = l.variant_id)",
                &[],
            )?)
        })
        .unwrap();
    assert_eq!(wrong, 0, "levels are what the moves come to");
}

#[test]
fn a_small_file_becomes_books_that_the_tools_show() {
    let fixture = fixture();
    let report = taken(&fixture, ODD_CASES);
    let brought = trade(&report);
    assert_eq!((brought.orders, brought.order_lines, brought.credit_notes), (17, 20, 1), "{brought:?}");
    assert_eq!((brought.adjustments, brought.write_offs, brought.products), (1, 0, 5));
    let odd = |what: &str| brought.notes.iter().find(|note| note.what.contains(what)).map(|note| note.count);
    assert_eq!(odd("bad debts that no invoice bears"), Some(1), "{brought:?}");
    assert_eq!((odd("by case alone"), odd("free items"), odd("below a penny")), (Some(1), Some(1), Some(2)));
    assert_eq!(
        (odd("two moments"), odd("without a description"), odd("from no country")),
        (Some(1), Some(1), Some(5))
    );
    let months = revenue(&fixture, "month");
    let credits: &str =
        report.file.documents.iter().find(|one| one.class == Some(Class::CreditNote)).unwrap().total.as_str();
    assert_eq!((net_of(&months, "2010-12").as_str(), credits), ("47.41", "-1.00"));
    let countries = revenue(&fixture, "country");
    assert_eq!(net_of(&countries, "HK"), "12.00", "a sale without a customer keeps its country");
    assert_eq!((net_of(&countries, "BE"), net_of(&countries, "ES")), ("2.00".to_owned(), "1.00".to_owned()));
    assert_eq!(net_of(&revenue(&fixture, "customer"), "Sales without a customer"), "12.00");
    let order = fixture.call("orders_order_get", r#"{"order": "700001"}"#).json();
    assert_eq!(order["order"]["number"], "700001", "{order}");
    let note = fixture.call("invoicing_invoice_get", r#"{"invoice": "C700018"}"#).json();
    assert_eq!(note["number"], "C700018", "{note}");
    stock_is_whole(&fixture);
}

#[test]
fn again_adds_nothing() {
    let whole = fixture();
    taken(&whole, ODD_CASES);
    let before = whole.contents();
    let again = taken(&whole, ODD_CASES);
    let again = trade(&again);
    assert_eq!((again.orders, again.stock_moves, again.products, again.already_there), (0, 0, 0, 19));
    assert!(before == whole.contents());
}

#[test]
fn what_broke_off_is_completed() {
    let head = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
    let rows: String = (0..2_500)
        .map(|number| {
            format!("{},A,TIN,2,2011-01-04 08:00:00,1.25,{},France\n", 600_000 + number, 20_000 + number % 7)
        })
        .collect();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file.csv");
    std::fs::write(&path, format!("{head}{rows}C700000,A,TIN,-1,2011-01-05 08:00:00,1.25,20000,France\n"))
        .unwrap();
    let whole = fixture();
    import(&target(&whole), whole.now(), &path, &mut |_| {}).unwrap();

    let broken = fixture();
    let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        import(&target(&broken), broken.now(), &path, &mut |how_far| {
            assert_ne!(how_far, Progress::Written(2_000, 2_501), "killed between two batches");
        })
    }));
    assert!(stopped.is_err());
    assert_ne!(revenue(&whole, "month"), revenue(&broken, "month"));
    let rest = import(&target(&broken), broken.now(), &path, &mut |_| {}).unwrap();
    let rest = trade(&rest);
    assert_eq!((rest.already_there, rest.orders, rest.credit_notes), (2_000, 500, 1));
    for by in ["month", "customer", "country"] {
        assert_eq!(revenue(&whole, by), revenue(&broken, by));
    }
    stock_is_whole(&broken);
}

/// A file of the shared data: where it lies is said from outside, and only to these tests.
#[expect(clippy::disallowed_methods, reason = "where shared data lies is said from outside")]
fn shared(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    if path.is_none() {
        // Past the test runner's capture, so that nobody takes the silence for a proof.
        let mut past_capture = std::io::stderr();
        writeln!(past_capture, "skipped: no shared data ({variable} is not set)").unwrap();
    }
    path
}

fn class(report: &Report, class: Class) -> (u64, u64, &str) {
    let entry = report.file.documents.iter().find(|entry| entry.class == Some(class)).unwrap();
    (entry.documents, entry.lines, &entry.total)
}

/// Counts and totals were computed independently of this project.
#[test]
fn the_real_file_gives_the_golden_numbers() {
    let Some(path) = shared("MAITRED_RETAIL_FILE") else { return };
    let fixture = fixture();
    let mut heard = None;
    let report =
        import(&target(&fixture), fixture.now(), &path, &mut |how_far| heard = Some(how_far)).unwrap();
    println!("{report}");
    assert_eq!(heard, Some(Progress::Written(25_900, 25_900)));
    assert_eq!((report.rows, report.unreadable_rows, report.countries), (541_909, 0, 38));
    assert_eq!((report.customers.found, report.customers.created), (4_372, 4_372));
    assert_eq!(report.customers.in_two_countries.len(), 8);
    assert_eq!(class(&report, Class::Sale), (19_959, 530_503, "10655622.48"));
    assert_eq!(class(&report, Class::CreditNote), (3_836, 9_288, "-896812.49"));
    assert_eq!(class(&report, Class::StockAdjustment), (2_102, 2_115, "0.00"));
    assert_eq!(class(&report, Class::BadDebtAdjustment), (3, 3, "-11062.06"));
    let file = &report.file;
    assert_eq!((file.all_documents.documents, file.all_documents.total.as_str()), (25_900, "9747747.93"));
    assert_eq!((file.product_codes, file.product_codes_ignoring_case), (4_070, 3_958));
    assert_eq!((file.rows_without_customer, file.rows_without_description), (135_080, 1_454));
    let brought = trade(&report);
    assert_eq!((brought.orders, brought.order_lines, brought.credit_notes), (19_959, 530_503, 3_836));
    assert_eq!((brought.adjustments, brought.write_offs, brought.products), (2_102, 3, 3_958));
    let odd = |what: &str| brought.notes.iter().find(|note| note.what.contains(what)).map(|note| note.count);
    assert_eq!(
        (odd("free items"), odd("two moments"), odd("by case alone")),
        (Some(400), Some(43), Some(112))
    );
    assert_eq!((odd("below a penny"), odd("no invoice bears")), (Some(4), None));

    let months = revenue(&fixture, "month");
    for (month, net) in [
        ("2010-12", "748957.02"),
        ("2011-01", "560000.26"),
        ("2011-02", "498062.65"),
        ("2011-03", "683267.08"),
        ("2011-04", "493207.12"),
        ("2011-05", "723333.51"),
        ("2011-06", "691123.12"),
        ("2011-07", "681300.11"),
        ("2011-08", "693742.57"),
        ("2011-09", "1019687.62"),
        ("2011-10", "1070704.67"),
        ("2011-11", "1461756.25"),
        ("2011-12", "433668.01"),
    ] {
        assert_eq!(net_of(&months, month), net, "{month}");
    }
    let customers = revenue(&fixture, "customer");
    for (customer, net) in [
        ("Customer 14646", "279489.02"),
        ("Customer 18102", "256438.49"),
        ("Customer 17450", "187482.17"),
        ("Customer 14911", "132572.62"),
        ("Customer 12415", "123725.45"),
        ("Sales without a customer", "1458744.18"),
    ] {
        assert_eq!(net_of(&customers, customer), net, "{customer}");
    }
    let countries = revenue(&fixture, "country");
    for (country, net) in [
        ("GB", "8198868.42"),
        ("NL", "284661.54"),
        ("IE", "263276.82"),
        ("DE", "221698.21"),
        ("FR", "197403.90"),
        ("AU", "137077.27"),
    ] {
        assert_eq!(net_of(&countries, country), net, "{country}");
    }
    stock_is_whole(&fixture);
}

#[test]
fn the_first_day_comes_in_twice_as_once() {
    let Some(path) = shared("MAITRED_RETAIL_DAY") else { return };
    let fixture = fixture();
    let first = import(&target(&fixture), fixture.now(), &path, &mut |_| {}).unwrap();
    assert_eq!(trade(&first).orders, 127, "{first}");
    let before = fixture.contents();
    import(&target(&fixture), fixture.now(), &path, &mut |_| {}).unwrap();
    assert!(before == fixture.contents());
    stock_is_whole(&fixture);
}

/// Somebody tries the first part and then takes the whole: what the rest sells was there all along.
#[test]
fn a_longer_file_goes_on_where_a_shorter_one_ended() {
    let rows: Vec<&[u8]> = ODD_CASES.split_inclusive(|byte| *byte == b'\n').collect();
    let (longer, shorter) = (fixture(), fixture());
    taken(&longer, ODD_CASES);
    taken(&shorter, &rows[..12].concat());
    taken(&shorter, ODD_CASES);
    for by in ["month", "customer", "country"] {
        assert_eq!(revenue(&longer, by), revenue(&shorter, by));
    }
    stock_is_whole(&shorter);
}
