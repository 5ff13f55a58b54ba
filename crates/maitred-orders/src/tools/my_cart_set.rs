//! `orders_my_cart_set`: quantities in the client's basket.

use maitred_core::args::Bare;
use maitred_core::prelude::*;
use maitred_kernel::Quantity;

use crate::basket::{CartView, company_of, look, product_of, set};
use crate::lines::pack_fault;

/// The tool.
pub struct MyCartSet;

impl Tool for MyCartSet {
    const NAME: &str = "orders_my_cart_set";
    const TITLE: &str = "Fill your basket";
    const ABOUT: &str = "Set the quantity of items in your basket (0 removes). Quantities are absolute, so a repeat changes nothing.";
    const MODES: &[Mode] = &[Mode::ClientOrder];
    const EFFECT: Write = Write::IDEMPOTENT;
    const EXAMPLE: Example = Example {
        given: shop!(""),
        args: r#"{"lines": [{"product": "CH-1", "qty": 3}, {"product": "REP", "qty": 1}]}"#,
    };
    type Effect = Write;
    type Audience = Client;
    type Args = Args;
    type Output = CartView;

    fn call(cx: &mut Cx<'_, Write, Client>, args: Args) -> ToolResult<CartView> {
        let client = cx.client()?;
        let company = company_of(cx, client)?;
        let mut wanted = Vec::new();
        for (index, Bare(line)) in args.lines.iter().enumerate() {
            let field = format!("lines[{index}]");
            let item = product_of(cx, &line.product, &format!("{field}.product"))?;
            if line.qty.thousandths() < 0 {
                return Err(invalid(&format!("{field}.qty"), "must not be negative"));
            }
            if line.qty.thousandths() > 0
                && let Some(fault) = pack_fault(&item, line.qty)
            {
                return Err(invalid(&format!("{field}.qty"), fault));
            }
            if wanted.iter().any(|(known, _): &(maitred_party::commerce::Sellable, Quantity)| {
                known.variant == item.variant
            }) {
                return Err(invalid(&format!("{field}.product"), "is given twice"));
            }
            wanted.push((item, line.qty));
        }
        let cart = set(cx, client, &company, &wanted, args.replace.unwrap_or(false))?;
        Ok(look(cx, company, cart.as_ref())?.view)
    }
}

/// A quantity of a product.
#[derive(ToolArgs)]
pub struct Line {
    /// SKU or id.
    #[arg(min = 1, max = 200)]
    product: String,
    /// Quantity.
    qty: Quantity,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Lines.
    #[arg(max = 100)]
    lines: Vec<Bare<Line>>,
    /// Take out what is not named.
    replace: Option<bool>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    fn fixture() -> Fixture {
        Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"catalog_product_update {"product": "CH-1", "changes": {"multiple": "2", "min_qty": "2"}};
                     catalog_product_create {"name": "Secret", "kind": "goods", "variants": [{"sku": "SE-1"}]};
                     catalog_product_transition {"product": "SE-1", "status": "archived"}"#
            ),
        )
    }

    #[test]
    fn quantities_fit_the_pack() {
        let fixture = fixture();
        let set = |args: &str| {
            fixture.confirmed_as(&fixture.client_caller("ada"), "orders_my_cart_set", args).unwrap().json()
        };
        let odd = set(r#"{"lines": [{"product": "CH-1", "qty": 3}]}"#);
        assert_eq!(
            odd["error"]["message"],
            "`lines[0].qty` `CH-1` is sold from 2 in steps of 2: nearest 2 or 4"
        );
        let even = set(r#"{"lines": [{"product": "CH-1", "qty": 4}, {"product": "TA-1", "qty": 1}]}"#);
        assert_eq!(even["gross"], "139.90");
        let less = set(r#"{"lines": [{"product": "TA-1", "qty": 0}]}"#);
        assert_eq!((&less["gross"], less["lines"].as_array().unwrap().len()), (&"40.00".into(), 1));
        let other = set(r#"{"lines": [{"product": "TA-1", "qty": 1}], "replace": true}"#);
        assert_eq!(other["gross"], "99.90");
    }

    #[test]
    fn what_is_not_sold_is_not_there() {
        let fixture = fixture();
        let ada = fixture.client_caller("ada");
        let set = |product: &str| {
            let args = format!(r#"{{"lines": [{{"product": "{product}", "qty": 1}}]}}"#);
            fixture.call_as(&ada, "orders_my_cart_set", &args).unwrap().raw.replace(product, "X")
        };
        assert_eq!(set("SE-1"), set("ZZ-9"));
    }
}
