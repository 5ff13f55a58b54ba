//! `orders_my_order_list`: the acting company's orders and open quotes.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, format_minor};
use maitred_party::CompanyId;
use maitred_party::org::{settings_of, today};

use crate::client_views::{ClientOrder, order as viewed};
use crate::model::{OrderStatus, Quote, QuoteStatus};
use crate::states::quote_status;
use crate::store::order_search::{self, KEYS, OrderFilter};
use crate::store::quotes;

/// The tool.
pub struct MyOrderList;

/// Quotes shown beside the first page of orders.
const MOST_QUOTES: i64 = 50;

impl Tool for MyOrderList {
    const NAME: &str = "orders_my_order_list";
    const TITLE: &str = "List your orders";
    const ABOUT: &str = "Your orders and open quotes with status and expected delivery, newest first.";
    const MODES: &[Mode] = &[Mode::ClientOrder];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"client ada orders_my_cart_set {"lines": [{"product": "CH-1", "qty": 3}]}; client ada orders_my_cart_submit {}"#
        ),
        args: r#"{"from": "2026-01-01"}"#,
    };
    type Effect = Read;
    type Audience = Client;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read, Client>, args: Args) -> ToolResult<Output> {
        let client = cx.client()?;
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let zone = &settings_of(cx)?.zone;
        let from = args.from.map(|day| day.start(zone).map_err(ToolError::internal)).transpose()?;
        let filter = OrderFilter {
            company: Some(CompanyId(client.company.clone())),
            status: args.status,
            from,
            seen_by_client: true,
            ..OrderFilter::default()
        };
        let (mut orders, mut next_cursor, mut total) = (Vec::new(), None, None);
        if args.kind != Some(Kind::Quotes) {
            total = page.count.then(|| order_search::count(cx, &filter)).transpose()?;
            let (rows, next) = page.cut(order_search::search(cx, &filter, &page)?, order_search::key);
            next_cursor = next;
            orders = rows
                .iter()
                .map(|row| Ok(Selected::new(viewed(cx, row)?, mask)))
                .collect::<ToolResult<_>>()?;
        }
        let mut open = Vec::new();
        if args.kind != Some(Kind::Orders) && page.after.is_none() && args.status.is_none() {
            let today = today(cx)?;
            let seen = quotes::seen_by(cx, &client.company, MOST_QUOTES)?;
            open = seen
                .iter()
                .filter(|quote| from.is_none_or(|from| quote.created_at >= from))
                .map(|quote| listed(quote, today))
                .collect();
        }
        Ok(Output { orders, quotes: open, next_cursor, total })
    }
}

fn listed(quote: &Quote, today: Day) -> OpenQuote {
    OpenQuote {
        number: quote.number.clone(),
        revision: quote.revision,
        status: quote_status(quote, today),
        valid_until: quote.valid_until,
        currency: quote.currency,
        gross: format_minor(quote.gross, quote.currency),
    }
}

/// What is listed.
#[derive(ToolArgs, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Orders.
    Orders,
    /// Quotes.
    Quotes,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Default both.
    kind: Option<Kind>,
    /// Of orders.
    status: Option<OrderStatus>,
    /// First day placed.
    from: Option<Day>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// A quote that can be answered or was accepted.
#[derive(ToolOutput)]
pub struct OpenQuote {
    /// Number.
    number: String,
    /// Revision.
    revision: i64,
    /// How far it is.
    status: QuoteStatus,
    /// Last day on which it can be accepted.
    valid_until: Day,
    /// Currency.
    currency: Currency,
    /// With tax.
    gross: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Orders, newest first.
    orders: Vec<Selected<ClientOrder>>,
    /// Open quotes, newest first; on the first page only.
    quotes: Vec<OpenQuote>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many orders fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn drafts_of_ours_and_orders_of_others_are_not_there() {
        let fixture = Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"company other; contact bob company=other can-order=yes;
                     orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as draft=order.id;
                     orders_order_create {"company": "@other", "lines": [{"product": "CH-1", "qty": 4}]} as foreign=order.id;
                     orders_order_confirm {"order": "@foreign"};
                     orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 2}]} as q=quote.id;
                     orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 5}]} as q2=quote.id;
                     orders_quote_send {"quote": "@q"};
                     client ada orders_my_cart_set {"lines": [{"product": "CH-1", "qty": 3}]}; client ada orders_my_cart_submit {}"#
            ),
        );
        let list = |who: &str, args: &str| {
            fixture.call_as(&fixture.client_caller(who), "orders_my_order_list", args).unwrap().json()
        };
        let ada = list("ada", "{}");
        assert_eq!(
            (ada["orders"].as_array().unwrap().len(), ada["quotes"].as_array().unwrap().len()),
            (1, 1)
        );
        assert_eq!(ada["orders"][0]["gross"], "30.00");
        assert_eq!(ada["quotes"][0]["gross"], "20.00");
        let bob = list("bob", r#"{"kind": "orders"}"#);
        assert_eq!(bob["orders"][0]["gross"], "40.00");
        let get = |who: &str, what: &str| {
            let args = fixture.filled(&format!(r#"{{"document": "{what}"}}"#));
            fixture.call_as(&fixture.client_caller(who), "orders_my_order_get", &args).unwrap().raw
        };
        let hidden =
            |who: &str, what: &str| get(who, what).replace(&fixture.id(what.trim_start_matches('@')), "X");
        let random = get("ada", "01900000-0000-7000-8000-000000000000")
            .replace("01900000-0000-7000-8000-000000000000", "X");
        for what in ["@draft", "@foreign", "@q2"] {
            assert_eq!(hidden("ada", what), random, "{what}");
        }
        assert_eq!(hidden("bob", "@q"), random);
    }
}
