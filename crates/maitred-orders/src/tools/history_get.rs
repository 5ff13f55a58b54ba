//! `orders_history_get`: what a customer buys, how often, and what seems due again.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, Price, Quantity};
use maitred_party::org::{settings_of, today};
use maitred_party::store::companies;
use maitred_store::Param;

use crate::history::{Habit, habits};
use crate::lines::book;
use crate::ranked;
use crate::store::order_search;
use crate::views::Named;

/// The tool.
pub struct HistoryGet;

impl Tool for HistoryGet {
    const NAME: &str = "orders_history_get";
    const TITLE: &str = "Get purchase history";
    const ABOUT: &str = "What a customer buys: items, cadence, last price and date, and what seems due again. \
                         A cadence needs at least 3 purchases.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}, {"product": "REP", "qty": 2}]} as so=order.id;
                        orders_order_confirm {"order": "@so"}"#
        ),
        args: r#"{"company": "@acme", "from": "2026-01-01"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let page = args.paging.page(cx, 3)?;
        let company = companies::resolve(cx, &args.company, "company")?;
        let product = args.product.as_deref().map(|text| book(cx)?.find(cx, text, "product")).transpose()?;
        let settings = settings_of(cx)?;
        let from = args.from.map(|day| day.start(&settings.zone).map_err(ToolError::internal)).transpose()?;
        let mut bought = order_search::bought(cx, &company.id, from)?;
        if let Some(product) = product {
            bought.retain(|one| one.variant == product.variant);
        }
        let found = habits(&bought, &settings.zone, today(cx)?);
        let total = page.count.then_some(found.len() as i64);
        let end = Day::parse("9999-12-31").map_err(ToolError::internal)?;
        let rows = found.into_iter().map(|habit| (key(&habit, end), habit)).collect();
        let (rows, next_cursor) = ranked::cut(rows, &page);
        let items = rows.into_iter().map(item).collect::<ToolResult<_>>()?;
        Ok(Output { items, company: Named { id: company.id.0, name: company.name }, next_cursor, total })
    }
}

/// Due ones first, then the latest.
fn key(habit: &Habit, end: Day) -> Vec<Param<'static>> {
    vec![
        Param::Int(i64::from(!habit.due)),
        Param::Int(habit.last.days_until(end)),
        Param::Text(habit.variant.clone().into()),
    ]
}

fn item(habit: Habit) -> ToolResult<Item> {
    let currency = Currency::parse(&habit.currency).map_err(ToolError::internal)?;
    Ok(Item {
        sku: habit.sku,
        description: habit.description,
        purchases: habit.times,
        last: habit.last,
        last_price: Price::from_micros(habit.last_price).format(currency),
        currency,
        typical_qty: habit.typical,
        cadence_days: habit.cadence_days,
        next_expected: habit.next,
        due: habit.due.then_some(true),
    })
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id, name, domain or VAT id.
    #[arg(min = 1, max = 200)]
    company: String,
    /// First day looked at.
    from: Option<Day>,
    /// SKU or id.
    #[arg(max = 200)]
    product: Option<String>,
    /// Paging.
    #[arg(flatten)]
    paging: Paging,
}

/// An item that the customer buys.
#[derive(ToolOutput)]
pub struct Item {
    /// SKU.
    sku: String,
    /// What it is.
    description: String,
    /// On how many days it was bought.
    purchases: i64,
    /// When last.
    last: Day,
    /// At what price then.
    last_price: String,
    /// In which currency.
    currency: Currency,
    /// The usual quantity: the median.
    typical_qty: Quantity,
    /// Days between purchases: the median.
    cadence_days: Option<i64>,
    /// When the next is expected.
    next_expected: Option<Day>,
    /// Whether that day has come.
    due: Option<bool>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Items, due ones first, then the latest.
    items: Vec<Item>,
    /// The customer.
    company: Named,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many items in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn three_purchases_make_a_cadence() {
        let fixture = Fixture::new(crate::shop::DOMAINS, shop!(""));
        for (day, units) in [("2026-03-02", 2), ("2026-03-12", 3), ("2026-03-26", 2)] {
            fixture.set_clock(&format!("{day}T10:00:00Z"));
            let args = fixture.filled(&format!(
                r#"{{"company": "@acme", "lines": [{{"product": "CH-1", "qty": {units}}}]}}"#
            ));
            let made = fixture.call("orders_order_create", &args).json();
            let id = made["order"]["id"].as_str().unwrap();
            fixture.call_confirmed("orders_order_confirm", &format!(r#"{{"order": "{id}"}}"#));
        }
        let get = || {
            fixture
                .call("orders_history_get", &fixture.filled(r#"{"company": "@acme", "product": "CH-1"}"#))
                .json()
        };
        let item = get()["items"][0].clone();
        assert_eq!(
            (&item["cadence_days"], &item["next_expected"], &item["typical_qty"]),
            (&12.into(), &"2026-04-07".into(), &"2".into())
        );
        assert_eq!(item.get("due"), None);
        fixture.set_clock("2026-04-07T10:00:00Z");
        assert_eq!(get()["items"][0]["due"], true);
    }
}
