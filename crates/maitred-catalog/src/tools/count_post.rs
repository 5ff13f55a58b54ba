//! `catalog_count_post`: a physical count, whose differences become moves of the moment it was taken.

use std::collections::BTreeSet;

use maitred_core::prelude::*;
use maitred_kernel::round::line_net;
use maitred_kernel::wire::Moment;
use maitred_kernel::{BasisPoints, Currency, Quantity, Stamp, format_minor};
use maitred_party::org::settings_of;

use crate::model::{Location, MoveKind};
use crate::store::moves::{Posting, post};
use crate::store::products::{self, Item};
use crate::store::stock_lists::{moved_since, present_since};
use crate::store::{levels, locations};
use crate::tools::stock_adjust::stocked;

/// The tool.
pub struct CountPost;

impl Tool for CountPost {
    const NAME: &str = "catalog_count_post";
    const TITLE: &str = "Post stock count";
    const ABOUT: &str =
        "Post a physical count: differences become adjustments. Dry-run shows them with value.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example {
        given: r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}]}"#,
        args: r#"{"location": "Main warehouse", "lines": [{"product": "@chair", "counted": "11"}]}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let location = locations::resolve(cx, Some(&args.location), "location")?;
        let at = args.counted_at.unwrap_or_else(|| cx.stamp());
        if at > cx.stamp() {
            return Err(invalid("counted_at", "lies in the future"));
        }
        let counted = counted(cx, &args, &location, at)?;
        let currency = settings_of(cx)?.currency;
        let (mut differences, mut value, mut unvalued) = (Vec::new(), 0_i64, 0);
        let lines = counted.len();
        for (item, counted) in counted {
            let Some(found) = difference(cx, &location, at, &item, counted, currency)? else { continue };
            match found.value {
                Some(minor) => value += minor,
                None => unvalued += 1,
            }
            differences.push(found.view);
        }
        Ok(Output {
            location: location.name,
            counted_at: at,
            counted: lines as i64,
            differences,
            value: format_minor(value, currency),
            currency,
            without_cost: unvalued,
        })
    }
}

/// What was counted, with what lies there uncounted as nothing where that is asked for.
fn counted(
    db: &Reader<'_>,
    args: &Args,
    location: &Location,
    at: Stamp,
) -> ToolResult<Vec<(Item, Quantity)>> {
    let mut counted = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, line) in args.lines.iter().enumerate() {
        let item = stocked(db, &line.product, &format!("lines[{index}].product"))?;
        if line.counted.thousandths() < 0 {
            return Err(invalid(&format!("lines[{index}].counted"), "must not be negative"));
        }
        if !seen.insert(item.variant.id.clone()) {
            return Err(
                invalid(&format!("lines[{index}].product"), "is counted twice").hint("add the counts up")
            );
        }
        counted.push((item, line.counted));
    }
    if args.blind_missing == Some(Missing::Zero) {
        for variant in present_since(db, &location.id, at)?.into_iter().filter(|id| !seen.contains(id)) {
            if let Some(item) = products::item(db, variant.as_ref())? {
                counted.push((item, Quantity::default()));
            }
        }
    }
    Ok(counted)
}

struct Found {
    value: Option<i64>,
    view: DifferenceView,
}

/// Posts what a count differs from the level at its moment; later moves stay as they are.
fn difference(
    db: &Writer<'_>,
    location: &Location,
    at: Stamp,
    item: &Item,
    counted: Quantity,
    currency: Currency,
) -> ToolResult<Option<Found>> {
    let id = &item.variant.id;
    let now = levels::level(db, id, &location.id)?.on_hand.thousandths();
    let then = now - moved_since(db, id, Some(&location.id), at, None)?;
    let change = counted.thousandths() - then;
    if change == 0 {
        return Ok(None);
    }
    let posting = Posting {
        at,
        from: (change < 0).then_some(&location.id),
        to: (change > 0).then_some(&location.id),
        reason: Some(format!("counted {counted}")),
        ..Posting::now(db, MoveKind::Count, id, Quantity::from_thousandths(change.saturating_abs()))
    };
    let moved = post(db, posting)?;
    let change = Quantity::from_thousandths(change);
    let value = match moved.unit_cost {
        Some(cost) => {
            Some(line_net(change, cost, BasisPoints::default(), currency).map_err(ToolError::internal)?)
        }
        None => None,
    };
    Ok(Some(Found {
        value,
        view: DifferenceView {
            sku: item.variant.sku.clone(),
            name: item.name(),
            expected: Quantity::from_thousandths(then),
            counted,
            difference: change,
            value: value.map(|minor| format_minor(minor, currency)),
        },
    }))
}

/// A product and how much of it was counted.
#[derive(ToolArgs)]
pub struct Line {
    /// SKU, barcode or id.
    #[arg(min = 1, max = 200)]
    product: String,
    /// How much.
    counted: Quantity,
}

/// What to make of what was not counted.
#[derive(ToolArgs, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It stays.
    Keep,
    /// It is not there.
    Zero,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Name.
    #[arg(min = 1, max = 80)]
    location: String,
    /// When (now); later moves are kept.
    counted_at: Option<Stamp>,
    /// Counts.
    #[arg(min = 1, max = 500)]
    lines: Vec<Line>,
    /// Uncounted items of the location (keep).
    blind_missing: Option<Missing>,
}

/// A count that differs.
#[derive(ToolOutput)]
pub struct DifferenceView {
    /// SKU.
    sku: String,
    /// Name.
    name: String,
    /// How much should have been there at that moment.
    expected: Quantity,
    /// How much was.
    counted: Quantity,
    /// The difference.
    difference: Quantity,
    /// The difference at average cost; missing where no cost is known.
    value: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Location.
    location: String,
    /// When it was counted.
    counted_at: Stamp,
    /// How many products were compared.
    counted: i64,
    /// Those that differ.
    differences: Vec<DifferenceView>,
    /// Sum of the differences at average cost.
    value: String,
    /// The organisation's currency.
    currency: Currency,
    /// Differences whose cost is not known.
    without_cost: i64,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};
    use proptest::prelude::*;

    use crate::store::proof;

    const CHAIR: &str = r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}, {"sku": "CH-2"}]} as chair;
        catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}, {"product": "CH-2", "delta": 3, "reason": "found"}]}"#;

    #[test]
    fn what_was_not_counted_is_gone_when_said_so() {
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_count_post",
            r#"{"location": "Main warehouse", "lines": [{"product": "CH-1", "counted": 14}], "blind_missing": "zero", "dry_run": true}"#,
            expect![[
                r##"{"dry_run":true,"preview":{"action":"catalog_count_post","location":"Main warehouse","counted_at":"@now","counted":2,"differences":[{"sku":"CH-1","name":"Chair","expected":"12","counted":"14","difference":"2"},{"sku":"CH-2","name":"Chair","expected":"3","counted":"0","difference":"-3"}],"value":"0.00","currency":"EUR","without_cost":2},"changes":[{"entity":"stock_move","id":"#1","change":"created","after":{"at":"@now","variant_id":"#2","to_id":"#3","quantity":2000,"kind":"count","reason":"counted 14","by_member":"@owner"}},{"entity":"stock_move","id":"#4","change":"created","after":{"at":"@now","variant_id":"#5","from_id":"#3","quantity":3000,"kind":"count","reason":"counted 0","by_member":"@owner"}}],"confirm":"23c853da295b48cb525d55db"}"##
            ]],
        );
    }

    #[test]
    fn nothing_is_counted_twice_or_tomorrow() {
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_count_post",
            r#"{"location": "Main warehouse", "lines": [{"product": "CH-1", "counted": 14}, {"product": "ch-1", "counted": 1}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`lines[1].product` is counted twice","field":"lines[1].product","hint":"add the counts up","retryable":false}}"#
            ]],
        );
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_count_post",
            r#"{"location": "Main warehouse", "lines": [{"product": "CH-1", "counted": 14}], "counted_at": "2026-03-02T10:00:01Z"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`counted_at` lies in the future","field":"counted_at","retryable":false}}"#
            ]],
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

        /// Invariant 20: a count makes the level of its moment what was counted and keeps later moves; a transfer
        /// leaves the total unchanged; counting the same again changes nothing.
        #[test]
        fn a_count_holds_at_its_moment(
            start in 5..30_i64,
            later in prop::collection::vec(-3..6_i64, 0..5),
            counted in 0..40_i64,
            moved in 1..4_i64,
        ) {
            let fixture = Fixture::new(
                &[&crate::DOMAIN],
                r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]}"#,
            );
            let adjust = |delta: i64| {
                let reason = if delta > 0 { "found" } else { "loss" };
                let args = format!(r#"{{"lines": [{{"product": "CH-1", "delta": {delta}, "reason": "{reason}"}}]}}"#);
                !fixture.call("catalog_stock_adjust", &args).failed
            };
            let there = |place: &str| {
                let rows = fixture.call("catalog_stock_list", r#"{"product": "CH-1"}"#).json();
                let row = rows["rows"].as_array().unwrap().iter().find(|row| row["location"] == place).cloned();
                row.map_or(0, |row| row["on_hand"].as_str().unwrap().parse::<i64>().unwrap())
            };
            prop_assert!(adjust(start));
            fixture.set_clock("2026-03-02T11:00:00Z");
            let mut since = 0;
            for delta in later.into_iter().filter(|delta| *delta != 0) {
                if adjust(delta) {
                    since += delta;
                }
            }
            let transfer = format!(r#"{{"lines": [{{"product": "CH-1", "qty": {moved}}}], "from": "Main warehouse", "to": "Quarantine"}}"#);
            let before = there("Main warehouse") + there("Quarantine");
            let away = if fixture.call("catalog_stock_transfer", &transfer).failed { 0 } else { moved };
            prop_assert_eq!(there("Main warehouse") + there("Quarantine"), before);
            let count = format!(
                r#"{{"location": "Main warehouse", "counted_at": "2026-03-02T10:30:00Z", "lines": [{{"product": "CH-1", "counted": {counted}}}]}}"#
            );
            let answer = fixture.call_confirmed("catalog_count_post", &count);
            let expected = counted + since - away;
            prop_assert_eq!(answer.failed, expected < 0);
            if !answer.failed {
                prop_assert_eq!(there("Main warehouse"), expected);
                let again = fixture.call_confirmed("catalog_count_post", &count).json();
                prop_assert_eq!(again["differences"].as_array().map(Vec::len), Some(0));
            }
            prop_assert_eq!(fixture.read(proof::faults).unwrap(), Vec::<String>::new());
        }
    }
}
