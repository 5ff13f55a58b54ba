//! `orders_my_order_repeat`: the basket is filled from an earlier order or from habit.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Price, Quantity};
use maitred_party::CompanyId;
use maitred_party::commerce::Sellable;
use maitred_party::org::{settings_of, today};

use crate::basket::{CartView, company_of, look, set};
use crate::history::habits;
use crate::lines::{book, currency_of, pack_fault};
use crate::store::{order_search, orders};

/// The tool.
pub struct MyOrderRepeat;

impl Tool for MyOrderRepeat {
    const NAME: &str = "orders_my_order_repeat";
    const TITLE: &str = "Repeat an order";
    const ABOUT: &str =
        "Fill your basket from an earlier order or from what you usually buy. Today's prices apply.";
    const MODES: &[Mode] = &[Mode::ClientOrder];
    const EFFECT: Write = Write::IDEMPOTENT;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                        orders_order_confirm {"order": "@so"}"#
        ),
        args: r#"{"from": "order", "order": "@so"}"#,
    };
    type Effect = Write;
    type Audience = Client;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write, Client>, args: Args) -> ToolResult<Output> {
        let client = cx.client()?;
        let company = company_of(cx, client)?;
        let earlier = match args.from {
            From::Order => {
                let text = args.order.as_deref().ok_or_else(|| missing("order"))?;
                let order = orders::resolve_of(cx, &client.company, text, "order")?;
                let lines = orders::lines(cx, &order.id)?;
                lines
                    .into_iter()
                    .filter_map(|line| {
                        Some(Earlier {
                            variant: line.variant_id?,
                            sku: line.sku.unwrap_or_default(),
                            quantity: line.ordered,
                            price: line.unit_price,
                            currency: order.currency.code().to_owned(),
                        })
                    })
                    .collect()
            }
            From::Usual => usual(cx, &CompanyId(client.company.clone()))?,
        };
        let (wanted, differences) = sold_today(cx, &currency_of(cx, &company)?, earlier)?;
        if wanted.is_empty() {
            return Err(refused(Code::NotFound, "there is nothing to repeat")
                .hint("fill the basket with orders_my_cart_set"));
        }
        let cart = set(cx, client, &company, &wanted, args.replace.unwrap_or(false))?;
        let looked = look(cx, company, cart.as_ref())?;
        let differences = priced(differences, &looked.view);
        Ok(Output { cart: looked.view, differences })
    }
}

struct Earlier {
    variant: String,
    sku: String,
    quantity: Quantity,
    price: Price,
    currency: String,
}

/// What is bought again and again: the usual quantity of each.
fn usual(db: &Reader<'_>, company: &CompanyId) -> ToolResult<Vec<Earlier>> {
    let bought = order_search::bought(db, company, None)?;
    let found = habits(&bought, &settings_of(db)?.zone, today(db)?);
    Ok(found
        .into_iter()
        .filter(|habit| habit.cadence_days.is_some())
        .map(|habit| Earlier {
            variant: habit.variant,
            sku: habit.sku,
            quantity: habit.typical,
            price: Price::from_micros(habit.last_price),
            currency: habit.currency,
        })
        .collect())
}

/// A difference: what is left out, in words, or a price to be compared with the basket's.
enum Difference {
    Said(String),
    Priced { sku: String, then: String },
}

type Wanted = Vec<(Sellable, Quantity)>;

/// What of it is sold today, at a quantity that is sold; what is not is named with what takes its place.
fn sold_today(
    db: &Reader<'_>,
    currency: &Currency,
    earlier: Vec<Earlier>,
) -> ToolResult<(Wanted, Vec<Difference>)> {
    let variants: Vec<&str> = earlier.iter().map(|one| one.variant.as_str()).collect();
    let items = book(db)?.sellables(db, &variants)?;
    let (mut wanted, mut said): (Wanted, _) = (Vec::new(), Vec::new());
    for (one, item) in earlier.into_iter().zip(items) {
        let sold = item.as_ref().is_some_and(|item| item.for_sale && item.client_visible);
        let Some(item) = item.filter(|_| sold) else {
            said.push(Difference::Said(format!("`{}` is not sold any more", one.sku)));
            continue;
        };
        if item.discontinued {
            said.push(Difference::Said(match &item.replacement {
                Some(other) => {
                    format!("`{}` is left out: it is discontinued, `{other}` takes its place", one.sku)
                }
                None => format!("`{}` is left out: it is discontinued", one.sku),
            }));
            continue;
        }
        let mut quantity = one.quantity.thousandths();
        if pack_fault(&item, one.quantity).is_some() {
            let step = item.multiple.thousandths().max(1);
            let least = item.min_qty.thousandths().max(quantity);
            quantity = least.div_euclid(step) * step + if least % step == 0 { 0 } else { step };
            let quantity = Quantity::from_thousandths(quantity);
            said.push(Difference::Said(format!("`{}`: {quantity} instead of {}", item.sku, one.quantity)));
        }
        if one.currency == currency.code() {
            said.push(Difference::Priced { sku: item.sku.clone(), then: one.price.format(*currency) });
        }
        match wanted.iter_mut().find(|(known, _)| known.variant == item.variant) {
            Some((_, sum)) => *sum = Quantity::from_thousandths(sum.thousandths() + quantity),
            None => wanted.push((item, Quantity::from_thousandths(quantity))),
        }
    }
    Ok((wanted, said))
}

fn priced(differences: Vec<Difference>, cart: &CartView) -> Vec<String> {
    let now =
        |sku: &str| cart.lines.iter().find(|line| line.sku == sku).and_then(|line| line.unit_price.clone());
    differences
        .into_iter()
        .filter_map(|difference| match difference {
            Difference::Said(text) => Some(text),
            Difference::Priced { sku, then } => now(&sku)
                .filter(|now| *now != then)
                .map(|now| format!("`{sku}` costs {now} now, {then} then")),
        })
        .collect()
}

/// What is repeated.
#[derive(ToolArgs, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// An earlier order.
    Order,
    /// What is bought again and again.
    Usual,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Source.
    from: From,
    /// Number, with from order.
    #[arg(max = 80)]
    order: Option<String>,
    /// Take out what is in the basket.
    replace: Option<bool>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The basket.
    cart: CartView,
    /// What is not as it was.
    differences: Vec<String>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn what_is_gone_is_named_and_the_rest_costs_what_it_costs() {
        let fixture = Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 3}, {"product": "TA-1", "qty": 1}]} as so=order.id;
                     orders_order_confirm {"order": "@so", "allow_backorder": true};
                     catalog_product_update {"product": "CH-1", "changes": {"multiple": "2"}};
                     catalog_price_set {"price_list": "BASE", "points": [{"product": "CH-1", "price": "11"}]};
                     catalog_product_transition {"product": "TA-1", "status": "discontinued", "replacement": "CH-1"}"#
            ),
        );
        let ada = fixture.client_caller("ada");
        let repeat = |args: &str| {
            fixture.confirmed_as(&ada, "orders_my_order_repeat", &fixture.filled(args)).unwrap().json()
        };
        let first = repeat(r#"{"from": "order", "order": "@so"}"#);
        assert_eq!(first["cart"]["gross"], "44.00", "{first}");
        assert_eq!(
            first["differences"],
            serde_json::json!([
                "`CH-1`: 4 instead of 3",
                "`CH-1` costs 11.00 now, 10.00 then",
                "`TA-1` is left out: it is discontinued, `CH-1` takes its place",
            ])
        );
        assert_eq!(repeat(r#"{"from": "order", "order": "@so"}"#)["cart"]["gross"], "44.00");
        assert_eq!(repeat(r#"{"from": "usual"}"#)["error"]["message"], "there is nothing to repeat");
    }
}
