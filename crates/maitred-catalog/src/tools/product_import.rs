//! `catalog_product_import`: products, prices or opening stock from a CSV text, all in one transaction.
//!
//! The preview is the import itself, rolled back. Bad rows are left out and reported; everything else goes in together.

use std::collections::BTreeMap;

use maitred_core::args::JsonObject;
use maitred_core::prelude::*;
use maitred_core::words;
use maitred_party::org::today;

use crate::csv_table::{self, Cells, Fault};
use crate::importing::{self, Frame, ImportKind, Outcomes, Stopped};
use crate::store::prices::{self, Target};

/// The tool.
pub struct ProductImport;

impl Tool for ProductImport {
    const NAME: &str = "catalog_product_import";
    const TITLE: &str = "Import catalogue";
    const ABOUT: &str = "Import products, prices or opening stock from CSV with mapping; dry-run lists row errors. \
                         Imported products are active at once.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write { long: true, ..Write::PREVIEWED };
    const EXAMPLE: Example = Example {
        given: "",
        args: r#"{"kind": "product", "csv": "SKU;Name;Category;EAN;Unit\nCH-1;Oak chair;Furniture/Chairs;96385074;pcs\nCH-2;;;;\n"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let table = csv_table::read(&args.csv).map_err(|why| invalid("csv", why))?;
        let told = told(args.mapping.as_ref())?;
        let mapping = csv_table::mapping(args.kind.fields(), args.kind.needed(), &table.headers, &told)
            .map_err(|why| {
                invalid("mapping", why).hint("give {\"column\": \"field\"}; `ignore` passes one over")
            })?;
        let list = match (&args.price_list, args.kind) {
            (Some(list), ImportKind::Price) => Some(prices::resolve_list(cx, list, "price_list")?),
            (None, ImportKind::Price) => return Err(missing("price_list")),
            (Some(_), _) => return Err(invalid("price_list", "is for prices")),
            (None, _) => None,
        };
        let list = list.map(|list| (Target::List(list.id), list.currency));
        let on_duplicate = args.on_duplicate.unwrap_or(OnDuplicate::Skip);
        let frame = Frame {
            list: list.as_ref().map(|(target, currency)| (target, *currency)),
            update: on_duplicate == OnDuplicate::Update,
            today: today(cx)?,
        };
        let mut report = Output::new(args.kind, table.rows.len());
        let total = table.rows.len() as u64;
        for (row, cells) in &table.rows {
            match importing::take(cx, args.kind, &frame, &Cells::new(&mapping, cells)) {
                Ok(outcome) => report.count(outcome),
                Err(Stopped::Row(fault)) => report.fault(*row, fault),
                Err(Stopped::Call(error)) => return Err(error),
            }
            if row % EVERY == 0 || *row == total {
                cx.progress(*row, Some(total), "rows");
                cx.check_cancelled()?;
            }
        }
        if on_duplicate == OnDuplicate::Fail && report.duplicates > 0 {
            return Err(refused(
                Code::DuplicateSuspect,
                format!("{} rows are known already", report.duplicates),
            )
            .field("csv")
            .hint("repeat the call with on_duplicate skip or update"));
        }
        Ok(report)
    }
}

/// Rows between two notices of progress.
const EVERY: u64 = 100;
/// Wrong rows that are shown; all are counted.
const SHOWN: usize = 100;

fn told(mapping: Option<&JsonObject>) -> ToolResult<BTreeMap<String, String>> {
    let Some(mapping) = mapping else { return Ok(BTreeMap::new()) };
    serde_json::from_str(&mapping.0)
        .map_err(|_| invalid("mapping", "must name a field for each column, as {\"column\": \"field\"}"))
}

words! {
    /// What to do with a row of something known.
    pub enum OnDuplicate {
        /// It stays as it is.
        Skip = "skip",
        /// It takes over what the row says.
        Update = "update",
        /// Nothing is imported.
        Fail = "fail",
    }
}

impl Output {
    fn new(kind: ImportKind, rows: usize) -> Self {
        Self {
            kind,
            rows: rows as i64,
            created: 0,
            updated: 0,
            unchanged: 0,
            duplicates: 0,
            wrong: 0,
            row_errors: Vec::new(),
        }
    }

    fn count(&mut self, outcome: Outcomes) {
        *match outcome {
            Outcomes::Created => &mut self.created,
            Outcomes::Updated => &mut self.updated,
            Outcomes::Unchanged => &mut self.unchanged,
            Outcomes::Duplicate => &mut self.duplicates,
        } += 1;
    }

    fn fault(&mut self, row: u64, fault: Fault) {
        self.wrong += 1;
        if self.row_errors.len() < SHOWN {
            self.row_errors.push(RowError { row, field: fault.field, message: fault.message });
        }
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// stock is opening stock.
    kind: ImportKind,
    /// With header, up to 1,000 rows.
    #[arg(min = 1, max = 1_048_576)]
    csv: String,
    /// Of prices: code.
    #[arg(max = 200)]
    price_list: Option<String>,
    /// Column to field, where the guess is wrong.
    mapping: Option<JsonObject>,
    /// Known SKU, price or stock (skip).
    on_duplicate: Option<OnDuplicate>,
}

/// A row that was left out.
#[derive(ToolOutput)]
pub struct RowError {
    /// Row below the header, from one.
    row: u64,
    /// Field.
    field: Option<String>,
    /// What is wrong.
    message: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// What the rows are.
    kind: ImportKind,
    /// Rows below the header.
    rows: i64,
    /// New records.
    created: i64,
    /// Records that changed.
    updated: i64,
    /// Records that were as the row says.
    unchanged: i64,
    /// Records that were there and stay as they are.
    duplicates: i64,
    /// Rows left out.
    wrong: i64,
    /// Those rows, at most a hundred.
    row_errors: Vec<RowError>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    use crate::store::proof;

    const CHAIR: &str = r#"catalog_product_import {"kind": "product", "csv": "sku,name,option\nCH-1,Chair,S\nCH-2,Chair,L\nLA-1,Lamp,\n"};
        catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"}"#;

    #[test]
    fn rows_of_one_name_are_variants_of_one_product() {
        let fixture = Fixture::new(&[&crate::DOMAIN], CHAIR);
        let found =
            fixture.call("catalog_product_search", r#"{"fields": ["name", "skus", "status"]}"#).json();
        let skus: Vec<String> =
            found["products"].as_array().unwrap().iter().map(|row| row["skus"].to_string()).collect();
        assert_eq!(skus, [r#"["CH-1","CH-2"]"#, r#"["LA-1"]"#]);
    }

    #[test]
    fn prices_keep_six_digits_exactly() {
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_product_import",
            r#"{"kind": "price", "price_list": "BASE", "csv": "sku;price;min_qty\nch-1;0.123456;0\nCH-1;0.1234567;10\nXX;1;0\nCH-2;1,5;0\n", "dry_run": true}"#,
            expect![[
                r##"{"dry_run":true,"preview":{"action":"catalog_product_import","kind":"price","rows":4,"created":1,"updated":0,"unchanged":0,"duplicates":0,"wrong":3,"row_errors":[{"row":2,"field":"price","message":"`0.1234567` has more than 6 digits after the point"},{"row":3,"field":"sku","message":"no product fits `XX`"},{"row":4,"field":"price","message":"`1,5` is not a decimal number; write digits and a point, such as `312.00`"}]},"changes":[{"entity":"price_point","id":"#1","change":"created","after":{"price_list_id":"#2","variant_id":"#3","currency":"EUR","min_qty":0,"unit_price":123456,"valid_from":"2026-03-02"}}],"confirm":"6e980780a337aa4980a6a1ba"}"##
            ]],
        );
    }

    #[test]
    fn opening_stock_is_posted_once() {
        let fixture = Fixture::new(&[&crate::DOMAIN], CHAIR);
        let csv = r#"{"kind": "stock", "csv": "sku,qty,location,cost\nCH-1,10,Main warehouse,3.5\nCH-1,2,Quarantine,3.5\nCH-2,-1,,\n"}"#;
        let first = fixture.call_confirmed("catalog_product_import", csv).json();
        assert_eq!((first["created"].as_i64(), first["wrong"].as_i64()), (Some(2), Some(1)));
        let second = fixture.call_confirmed("catalog_product_import", &csv.replace("10", "11")).json();
        assert_eq!((second["created"].as_i64(), second["duplicates"].as_i64()), (Some(0), Some(2)));
        let report = fixture.call("catalog_stock_report", r#"{"measure": "value"}"#).json();
        assert_eq!(report["totals"]["value"], "42.00");
        assert_eq!(fixture.read(proof::faults).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_is_known_is_changed_only_when_told() {
        let fixture = Fixture::new(&[&crate::DOMAIN], CHAIR);
        let import = |how: &str| {
            let args = format!(
                r#"{{"kind": "product", "csv": "sku,name,brand\nLA-1,Lamp,Lux\n", "on_duplicate": "{how}"}}"#
            );
            fixture.call_confirmed("catalog_product_import", &args).json()
        };
        assert_eq!(import("skip")["duplicates"], 1);
        assert_eq!(import("fail")["error"]["code"], "duplicate_suspect");
        assert_eq!(import("update")["updated"], 1);
        assert_eq!(import("update")["unchanged"], 1);
    }

    #[test]
    fn a_column_is_needed_for_the_sku() {
        check(
            &crate::DOMAIN,
            "",
            "catalog_product_import",
            r#"{"kind": "product", "csv": "number,name\n1,Chair\n"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`mapping` finds no column for `sku`; columns are number, name","field":"mapping","hint":"give {\"column\": \"field\"}; `ignore` passes one over","retryable":false}}"#
            ]],
        );
    }
}
