//! `orders_my_cart_get`: the client's open basket.

use maitred_core::prelude::*;

use crate::basket::{CartView, company_of, look};
use crate::store::carts;

/// The tool.
pub struct MyCartGet;

impl Tool for MyCartGet {
    const NAME: &str = "orders_my_cart_get";
    const TITLE: &str = "Get your basket";
    const ABOUT: &str =
        "Your open basket with prices, tax, delivery estimate and any problem to fix before ordering.";
    const MODES: &[Mode] = &[Mode::ClientOrder];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example { given: shop!(""), args: "{}" };
    type Effect = Read;
    type Audience = Client;
    type Args = Args;
    type Output = CartView;

    fn call(cx: &mut Cx<'_, Read, Client>, _: Args) -> ToolResult<CartView> {
        let client = cx.client()?;
        let cart = carts::open(cx, &client.company, &client.contact)?;
        Ok(look(cx, company_of(cx, client)?, cart.as_ref())?.view)
    }
}

/// Arguments: none.
#[derive(ToolArgs)]
pub struct Args {}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::Fixture;

    #[test]
    fn a_price_that_changed_is_said() {
        let fixture = Fixture::new(crate::shop::DOMAINS, shop!(""));
        let ada = fixture.client_caller("ada");
        fixture
            .confirmed_as(
                &ada,
                "orders_my_cart_set",
                r#"{"lines": [{"product": "CH-1", "qty": 3}, {"product": "TA-1", "qty": 1}]}"#,
            )
            .unwrap();
        fixture.call_confirmed(
            "catalog_price_set",
            r#"{"price_list": "BASE", "points": [{"product": "CH-1", "price": "11"}]}"#,
        );
        let answer = fixture.call_as(&ada, "orders_my_cart_get", "{}").unwrap();
        expect![[r#"{"lines":[{"sku":"CH-1","name":"Chair","quantity":"3","unit":"C62","unit_price":"11.00","net":"33.00","delivery":"2026-03-02"},{"sku":"TA-1","name":"Table","quantity":"1","unit":"C62","unit_price":"99.90","net":"99.90"}],"currency":"EUR","net":"132.90","tax":"0.00","gross":"132.90","changes":["`CH-1` costs 11.00 now, 10.00 when it was put in"],"problems":[]}"#]].assert_eq(&answer.text);
    }
}
