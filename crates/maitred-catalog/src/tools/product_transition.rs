//! `catalog_product_transition`: activate, discontinue, archive.

use maitred_core::prelude::*;
use maitred_party::commerce::{Backorders, ProductKind};

use crate::model::{Product, ProductStatus, VariantStatus};
use crate::product_rules::{may_go, next_of};
use crate::store::{levels, products};
use crate::views::{ProductView, product_view};

/// The tool.
pub struct ProductTransition;

impl Tool for ProductTransition {
    const NAME: &str = "catalog_product_transition";
    const TITLE: &str = "Activate, discontinue or archive product";
    const ABOUT: &str = "Activate, discontinue or archive a product, naming a replacement if there is one. \
                         A discontinued product is still sold down.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write { idempotent: true, ..Write::PREVIEWED };
    const EXAMPLE: Example = Example {
        given: r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair"#,
        args: r#"{"product": "@chair", "status": "active"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = products::resolve_product(cx, &args.product, "product")?;
        let to = ProductStatus::from(args.status);
        if before.status != to && !may_go(before.status, to) {
            return Err(refused(
                Code::IllegalTransition,
                format!("`{}` is {}, from where it cannot become {to}", before.name, before.status),
            )
            .field("status")
            .hint(format!("it can become {}", or_nothing(next_of(before.status)))));
        }
        let mut after = Product { status: to, ..before.clone() };
        if let Some(text) = &args.replacement {
            after.replacement_id = Some(replacement(cx, &before, text)?.id);
        }
        let open_orders = open_orders(cx, &before)?;
        if before.status != to {
            match to {
                ProductStatus::Active => fit_for_sale(cx, &before)?,
                ProductStatus::Archived => fit_for_archive(cx, &before, open_orders.as_deref())?,
                ProductStatus::Draft | ProductStatus::Discontinued => {}
            }
        }
        if cx.update(&before, &mut after)? {
            products::index(cx, &after)?;
        }
        Ok(Output {
            product: product_view(cx, after)?,
            open_orders_known: open_orders.is_some(),
            open_orders: open_orders.unwrap_or_default(),
        })
    }
}

fn or_nothing(words: Vec<&str>) -> String {
    if words.is_empty() { "nothing else".to_owned() } else { words.join(" or ") }
}

/// What to take instead: another product, neither archived nor replaced by this one in turn.
fn replacement(db: &Reader<'_>, product: &Product, text: &str) -> ToolResult<Product> {
    let found = products::resolve_product(db, text, "replacement")?;
    let mut next = Some(found.clone());
    for _ in 0..20 {
        let Some(known) = next else { break };
        if known.id == product.id {
            return Err(invalid("replacement", "leads back to the product itself"));
        }
        next = match &known.replacement_id {
            Some(id) => db.get::<Product>(id.as_ref())?,
            None => None,
        };
    }
    if found.status == ProductStatus::Archived {
        return Err(invalid("replacement", format!("`{}` is archived", found.name)));
    }
    Ok(found)
}

fn fit_for_sale(db: &Reader<'_>, product: &Product) -> ToolResult<()> {
    let live: Vec<_> = products::variants(db, &product.id)?
        .into_iter()
        .filter(|variant| variant.status == VariantStatus::Active)
        .collect();
    if live.is_empty() {
        return Err(refused(Code::IllegalTransition, "it has no variant in use")
            .hint("add one with catalog_product_update"));
    }
    for variant in live.iter().filter(|_| product.kind == ProductKind::Bundle) {
        let parts = products::parts(db, &variant.id)?;
        let ids: Vec<&str> = parts.iter().map(|part| part.part_id.as_ref()).collect();
        if let Some(part) = products::items(db, &ids)?.values().find(|part| !part.product.for_sale()) {
            return Err(refused(
                Code::IllegalTransition,
                format!("its part `{}` is {}", part.variant.sku, part.product.status),
            )
            .hint("activate the part first"));
        }
    }
    Ok(())
}

fn fit_for_archive(db: &Reader<'_>, product: &Product, orders: Option<&[String]>) -> ToolResult<()> {
    for variant in products::variants(db, &product.id)? {
        let there = levels::total(db, &variant.id)?;
        if there.thousandths() > 0 {
            return Err(refused(Code::OpenDependents, format!("{there} of `{}` are in stock", variant.sku))
                .hint("sell it down, or write it off with catalog_stock_adjust"));
        }
    }
    match orders {
        Some([_, ..]) => Err(refused(
            Code::OpenDependents,
            format!("open orders have it: {}", orders.unwrap_or_default().join(", ")),
        )
        .hint("ship or cancel those lines first")),
        _ => Ok(()),
    }
}

/// Numbers of open orders with any variant of it; nothing when no module keeps orders.
fn open_orders(db: &Reader<'_>, product: &Product) -> ToolResult<Option<Vec<String>>> {
    let Some(orders) = db.port::<dyn Backorders>() else { return Ok(None) };
    let mut numbers = Vec::new();
    for variant in products::variants(db, &product.id)? {
        numbers.extend(orders.open_orders(db, variant.id.as_ref())?);
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(Some(numbers))
}

/// The states to go to.
#[derive(ToolArgs, Clone, Copy)]
pub enum To {
    /// For sale.
    Active,
    /// Sold down.
    Discontinued,
    /// Gone.
    Archived,
}

impl From<To> for ProductStatus {
    fn from(to: To) -> Self {
        match to {
            To::Active => Self::Active,
            To::Discontinued => Self::Discontinued,
            To::Archived => Self::Archived,
        }
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id, SKU, barcode or exact name.
    #[arg(min = 1, max = 200)]
    product: String,
    /// New status.
    status: To,
    /// Product to take instead.
    #[arg(max = 200)]
    replacement: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The product.
    product: ProductView,
    /// Numbers of open orders that have it.
    open_orders: Vec<String>,
    /// False when no module of this server keeps orders.
    open_orders_known: bool,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    const CHAIR: &str = r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair"#;

    #[test]
    fn follows_the_table() {
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_product_transition",
            r#"{"product": "CH-1", "status": "discontinued"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"illegal_transition","message":"`Chair` is draft, from where it cannot become discontinued","field":"status","hint":"it can become active or archived","retryable":false}}"#
            ]],
        );
        let fixture = Fixture::new(&[&crate::DOMAIN], CHAIR);
        for (status, works) in [
            ("active", true),
            ("archived", false),
            ("discontinued", true),
            ("active", true),
            ("discontinued", true),
            ("archived", true),
            ("active", false),
        ] {
            let args = format!(r#"{{"product": "chair", "status": "{status}"}}"#);
            let answer = fixture.call_confirmed("catalog_product_transition", &args.replace("chair", "CH-1"));
            assert_eq!(!answer.failed, works, "{status}: {}", answer.raw);
        }
    }

    #[test]
    fn what_is_in_stock_is_not_archived() {
        check(
            &crate::DOMAIN,
            &format!(
                r#"{CHAIR}; catalog_product_transition {{"product": "@chair", "status": "active"}};
                catalog_product_transition {{"product": "@chair", "status": "discontinued"}};
                catalog_stock_adjust {{"lines": [{{"product": "CH-1", "delta": 3, "reason": "found"}}]}}"#
            ),
            "catalog_product_transition",
            r#"{"product": "@chair", "status": "archived"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"open_dependents","message":"3 of `CH-1` are in stock","hint":"sell it down, or write it off with catalog_stock_adjust","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn replacements_do_not_lead_back() {
        check(
            &crate::DOMAIN,
            &format!(
                r#"{CHAIR}; catalog_product_create {{"name": "Stool", "kind": "goods", "variants": [{{"sku": "ST-1"}}]}} as stool;
                catalog_product_transition {{"product": "@chair", "status": "active", "replacement": "@stool"}}"#
            ),
            "catalog_product_transition",
            r#"{"product": "@stool", "status": "active", "replacement": "@chair"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`replacement` leads back to the product itself","field":"replacement","retryable":false}}"#
            ]],
        );
    }
}
