//! `catalog_stock_transfer`: stock from one location to another.

use maitred_core::prelude::*;

use crate::model::{LocationKind, MoveKind};
use crate::store::moves::{Posting, post};
use crate::store::{levels, locations};
use crate::tools::price_quote::QtyLine;
use crate::tools::stock_adjust::stocked;
use crate::views::{LevelView, level_view};

/// The tool.
pub struct StockTransfer;

impl Tool for StockTransfer {
    const NAME: &str = "catalog_stock_transfer";
    const TITLE: &str = "Transfer stock";
    const ABOUT: &str = "Move stock between locations, at once or via transit; what is in transit arrives with a \
                         second transfer from there. Reserved stock stays.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}]}"#,
        args: r#"{"lines": [{"product": "@chair", "qty": "5"}], "from": "Main warehouse", "to": "Quarantine"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let from = locations::resolve(cx, Some(&args.from), "from")?;
        let target = locations::resolve(cx, Some(&args.to), "to")?;
        let to = match args.via_transit.unwrap_or(false) {
            true => locations::of_kind(cx, LocationKind::Transit)?,
            false => target.clone(),
        };
        if from.id == target.id || from.id == to.id {
            return Err(invalid("to", "must be another location"));
        }
        let (mut moves, mut shown) = (Vec::new(), Vec::new());
        for (index, line) in args.lines.iter().enumerate() {
            let field = format!("lines[{index}]");
            let item = stocked(cx, &line.product, &format!("{field}.product"))?;
            if line.qty.thousandths() <= 0 {
                return Err(invalid(&format!("{field}.qty"), "must be more than 0"));
            }
            let posting = Posting {
                from: Some(&from.id),
                to: Some(&to.id),
                reason: (to.id != target.id).then(|| format!("to {}", target.name)),
                ..Posting::now(cx, MoveKind::Transfer, &item.variant.id, line.qty)
            };
            moves.push(post(cx, posting).map_err(|error| error.within(&field))?.id);
            shown.push(item);
        }
        shown.sort_by(|a, b| a.variant.id.cmp(&b.variant.id));
        shown.dedup_by(|a, b| a.variant.id == b.variant.id);
        let mut levels = Vec::new();
        for item in &shown {
            for location in [&from, &to] {
                let level = levels::level(cx, &item.variant.id, &location.id)?;
                levels.push(level_view(item, location, level));
            }
        }
        Ok(Output { moves, levels })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// What moves.
    #[arg(min = 1, max = 200)]
    lines: Vec<QtyLine>,
    /// Location.
    #[arg(min = 1, max = 80)]
    from: String,
    /// Location.
    #[arg(min = 1, max = 80)]
    to: String,
    /// Leave it in transit.
    via_transit: Option<bool>,
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
    fn waits_in_transit() {
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_stock_transfer",
            r#"{"lines": [{"product": "CH-1", "qty": 5}], "from": "main warehouse", "to": "Quarantine", "via_transit": true}"#,
            expect![[
                r##"{"moves":["#1"],"levels":[{"sku":"CH-1","location":"Main warehouse","on_hand":"7","reserved":"0","available":"7"},{"sku":"CH-1","location":"Transit","on_hand":"5","reserved":"0","available":"5"}]}"##
            ]],
        );
    }

    #[test]
    fn takes_no_more_than_there_is_and_goes_somewhere() {
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_stock_transfer",
            r#"{"lines": [{"product": "CH-1", "qty": 13}], "from": "Main warehouse", "to": "Quarantine"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"insufficient_stock","message":"`CH-1` has 12 on hand at `Main warehouse`, 0 of it reserved, and 13 should leave","field":"lines[0]","hint":"look at catalog_stock_list; what orders reserve must be released there first","retryable":false}}"#
            ]],
        );
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_stock_transfer",
            r#"{"lines": [{"product": "CH-1", "qty": 1}], "from": "Main warehouse", "to": "Main Warehouse"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`to` must be another location","field":"to","retryable":false}}"#
            ]],
        );
    }
}
