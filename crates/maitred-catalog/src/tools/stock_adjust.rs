//! `catalog_stock_adjust`: corrections of stock, as moves.

use maitred_core::prelude::*;
use maitred_kernel::Quantity;

use crate::book::is_stocked;
use crate::model::{AdjustReason, MoveKind};
use crate::store::moves::{Posting, post};
use crate::store::products::Item;
use crate::store::{levels, locations, products};
use crate::views::{LevelView, level_view};

/// The tool.
pub struct StockAdjust;

impl Tool for StockAdjust {
    const NAME: &str = "catalog_stock_adjust";
    const TITLE: &str = "Adjust stock";
    const ABOUT: &str =
        "Correct stock by a difference with a reason: damage, loss and sample take away, found adds.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair"#,
        args: r#"{"lines": [{"product": "@chair", "delta": "12", "reason": "found"}], "note": "behind the shelf"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let (mut moves, mut touched) = (Vec::new(), Vec::new());
        for (index, line) in args.lines.iter().enumerate() {
            let field = format!("lines[{index}]");
            let item = stocked(cx, &line.product, &format!("{field}.product"))?;
            let location = locations::resolve(cx, line.location.as_deref(), &format!("{field}.location"))?;
            let delta = line.delta.thousandths();
            if delta == 0 || (delta > 0) != (line.reason == AdjustReason::Found) {
                let why = if delta == 0 {
                    "must not be 0".to_owned()
                } else if delta > 0 {
                    format!("must be negative for {}", line.reason)
                } else {
                    "must be positive for found".to_owned()
                };
                return Err(invalid(&format!("{field}.delta"), why));
            }
            let posting = Posting {
                from: (delta < 0).then_some(&location.id),
                to: (delta > 0).then_some(&location.id),
                reason: Some(line.reason.as_str().to_owned()),
                note: args.note.clone(),
                ..Posting::now(
                    cx,
                    MoveKind::Adjustment,
                    &item.variant.id,
                    Quantity::from_thousandths(delta.saturating_abs()),
                )
            };
            moves.push(post(cx, posting).map_err(|error| error.within(&field))?.id);
            touched.push((item, location));
        }
        touched.sort_by(|a, b| (&a.0.variant.id, &a.1.id).cmp(&(&b.0.variant.id, &b.1.id)));
        touched.dedup_by(|a, b| a.0.variant.id == b.0.variant.id && a.1.id == b.1.id);
        let levels = touched
            .into_iter()
            .map(|(item, location)| {
                Ok(level_view(&item, &location, levels::level(cx, &item.variant.id, &location.id)?))
            })
            .collect::<ToolResult<_>>()?;
        Ok(Output { moves, levels })
    }
}

/// The variant a text means, of which stock is kept.
///
/// # Errors
/// As [`products::resolve`], and `invalid` for services, bundles and what is not tracked.
pub(crate) fn stocked(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Item> {
    let item = products::resolve(db, text, field)?;
    if is_stocked(&item) {
        return Ok(item);
    }
    Err(invalid(field, format!("`{}` has no stock of its own", item.variant.sku))
        .hint("a bundle's stock is that of its parts; services have none"))
}

/// A correction.
#[derive(ToolArgs)]
pub struct Line {
    /// SKU, barcode or id.
    #[arg(min = 1, max = 200)]
    product: String,
    /// Name; default first sellable.
    #[arg(max = 80)]
    location: Option<String>,
    /// Signed difference.
    delta: Quantity,
    /// Reason.
    reason: AdjustReason,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Lines.
    #[arg(min = 1, max = 200)]
    lines: Vec<Line>,
    /// Why, for the ledger.
    #[arg(max = 500)]
    note: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Ids of the moves.
    moves: Vec<String>,
    /// Levels afterwards.
    levels: Vec<LevelView>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    const CHAIR: &str = r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
        catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}]}"#;

    #[test]
    fn takes_no_more_than_there_is() {
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_stock_adjust",
            r#"{"lines": [{"product": "CH-1", "delta": -2, "reason": "sample"}, {"product": "ch-1", "delta": "-10.001", "reason": "loss"}]}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"insufficient_stock","message":"`CH-1` has 10 on hand at `Main warehouse`, 0 of it reserved, and 10.001 should leave","field":"lines[1]","hint":"look at catalog_stock_list; what orders reserve must be released there first","retryable":false}}"#
            ]],
        );
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_stock_adjust",
            r#"{"lines": [{"product": "CH-1", "delta": -12, "reason": "loss"}]}"#,
            expect![[
                r##"{"moves":["#1"],"levels":[{"sku":"CH-1","location":"Main warehouse","on_hand":"0","reserved":"0","available":"0"}]}"##
            ]],
        );
    }

    #[test]
    fn the_sign_fits_the_reason() {
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_stock_adjust",
            r#"{"lines": [{"product": "CH-1", "delta": 2, "reason": "loss"}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`lines[0].delta` must be negative for loss","field":"lines[0].delta","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn services_have_no_stock() {
        check(
            &crate::DOMAIN,
            r#"catalog_product_create {"name": "Repair", "kind": "service", "variants": [{"sku": "REP"}]}"#,
            "catalog_stock_adjust",
            r#"{"lines": [{"product": "REP", "delta": 2, "reason": "found"}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`lines[0].product` `REP` has no stock of its own","field":"lines[0].product","hint":"a bundle's stock is that of its parts; services have none","retryable":false}}"#
            ]],
        );
    }
}
