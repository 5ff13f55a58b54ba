//! `catalog_purchase_get`: one order to a supplier.

use maitred_core::prelude::*;

use crate::purchasing::{PurchaseView, purchase_view};
use crate::store::purchases;

/// The tool.
pub struct PurchaseGet;

impl Tool for PurchaseGet {
    const NAME: &str = "catalog_purchase_get";
    const TITLE: &str = "Get purchase order";
    const ABOUT: &str = "One purchase order with ordered, received and open quantities per line.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company oak kind=supplier; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 10, "cost": "3"}]} as po"#,
        args: r#"{"purchase_order": "@po"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Selected<PurchaseView>;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Self::Output> {
        let mask = FieldMask::of(args.fields.as_deref(), FieldMask::all())?;
        let order = purchases::resolve(cx, &args.purchase_order, "purchase_order")?;
        Ok(Selected::new(purchase_view(cx, order)?, mask))
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    purchase_order: String,
    /// * shows all.
    fields: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    #[test]
    fn finds_by_number() {
        check(
            &crate::DOMAIN,
            r#"company oak kind=supplier; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
               catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 10, "cost": "3.333333"}]} as po"#,
            "catalog_purchase_get",
            r#"{"purchase_order": "po-2026-00001"}"#,
            expect![[
                r#"{"id":"@po","version":1,"number":"PO-2026-00001","supplier":{"id":"@oak","name":"Oak"},"location":"Main warehouse","status":"draft","late":false,"currency":"EUR","total":"33.33","lines":[{"line":1,"sku":"CH-1","name":"Chair","ordered":"10","received":"0","open":"10","cost":"3.333333","amount":"33.33"}]}"#
            ]],
        );
    }

    #[test]
    fn says_how_to_find_it() {
        check(
            &crate::DOMAIN,
            "",
            "catalog_purchase_get",
            r#"{"purchase_order": "PO-2026-00001"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"not_found","message":"no purchase order fits `PO-2026-00001`","field":"purchase_order","hint":"find it with catalog_purchase_search","retryable":false}}"#
            ]],
        );
    }
}
