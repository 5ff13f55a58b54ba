//! `orders_fulfilment_list`: what to ship now, what is late, what cannot go and why.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, Quantity, format_minor};
use maitred_party::org::today;
use maitred_store::Param;

use crate::lines::stock;
use crate::model::{Order, OrderLine};
use crate::ranked;
use crate::store::orders;
use crate::views::{Named, company, is_late};

/// The tool.
pub struct FulfilmentList;

impl Tool for FulfilmentList {
    const NAME: &str = "orders_fulfilment_list";
    const TITLE: &str = "List what to ship";
    const ABOUT: &str = "What to ship now: confirmed lines with stock, by promise date and priority; also late and blocked ones with the reason.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                        orders_order_confirm {"order": "@so"};
                        orders_order_create {"company": "@acme", "lines": [{"product": "TA-1", "qty": 1}, {"product": "CH-1", "qty": 2}]} as so2=order.id;
                        orders_order_confirm {"order": "@so2", "allow_backorder": true}"#
        ),
        args: r#"{"include_blocked": true}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, 4)?;
        let place = args
            .location
            .as_deref()
            .map(|text| stock(cx)?.place(cx, Some(text), "location"))
            .transpose()?
            .map(|place| place.id);
        let today = today(cx)?;
        let due = |order: &Order| {
            args.until.is_none_or(|until| {
                order.promise_date.or(order.requested_date).is_none_or(|day| day <= until)
            })
        };
        let mut rows = Vec::new();
        for order in orders::to_ship(cx)?.into_iter().filter(due) {
            let lines = orders::lines(cx, &order.id)?;
            let row = look(cx, &order, &lines, place.as_deref(), today)?;
            if !row.lines.is_empty() && (row.blocked.is_none() || args.include_blocked.unwrap_or(false)) {
                rows.push((key(&order), row));
            }
        }
        let late = rows.iter().filter(|(_, row)| row.late.is_some()).count();
        let blocked = rows.iter().filter(|(_, row)| row.blocked.is_some()).count();
        let total = page.count.then_some(rows.len() as i64);
        let (rows, next_cursor) = ranked::cut(rows, &page);
        let orders = rows.into_iter().map(|row| Selected::new(row, mask)).collect();
        Ok(Output { orders, late, blocked, next_cursor, total })
    }
}

/// What the list is ordered by: promise date, priority (higher first), time of agreement, number.
fn key(order: &Order) -> Vec<Param<'static>> {
    let day = order.promise_date.map_or_else(|| "9999-12-31".to_owned(), |day| day.to_string());
    let confirmed = order.confirmed_at.map_or_else(String::new, |at| at.to_string());
    vec![
        Param::Text(day.into()),
        Param::Int(-order.priority),
        Param::Text(confirmed.into()),
        Param::Text(order.number.clone().into()),
    ]
}

fn look(
    db: &Reader<'_>,
    order: &Order,
    lines: &[OrderLine],
    place: Option<&str>,
    today: Day,
) -> ToolResult<ToShip> {
    let ids: Vec<&str> = lines.iter().map(|line| line.id.as_ref()).collect();
    let held = stock(db)?.held(db, &ids)?;
    let mut shown = Vec::new();
    let mut waits = Vec::new();
    for (line, held) in lines.iter().zip(held) {
        if !line.ships() || line.open().thousandths() == 0 {
            continue;
        }
        let sku = line.sku.clone().unwrap_or_default();
        let untracked = held.is_empty() && !line.backorder;
        let places: Vec<AtPlace> = held
            .iter()
            .filter(|one| place.is_none_or(|place| one.place.id == place))
            .map(|one| AtPlace { location: one.place.name.clone(), quantity: one.quantity })
            .collect();
        let here: i64 = places.iter().map(|one| one.quantity.thousandths()).sum();
        let ready = if untracked { line.open().thousandths() } else { here };
        if line.backorder {
            let lacks = Quantity::from_thousandths(line.open().thousandths() - line.reserved.thousandths());
            waits.push(format!("{lacks} of `{sku}` wait for stock"));
        }
        if ready > 0 || line.backorder {
            shown.push(LineToShip {
                line: line.position,
                sku,
                description: line.description.clone(),
                open: line.open(),
                ready: Quantity::from_thousandths(ready),
                from: places,
            });
        }
    }
    let nothing = shown.iter().all(|line| line.ready.thousandths() == 0);
    let blocked = match &order.hold_reason {
        Some(reason) => Some(format!("on hold: {reason}")),
        None if nothing && !shown.is_empty() => Some(waits.join("; ")),
        None => None,
    };
    Ok(ToShip {
        id: order.id.0.clone(),
        number: order.number.clone(),
        company: company(db, &order.company_id)?,
        promise_date: order.promise_date,
        priority: order.priority,
        late: is_late(order, lines, today).then_some(true),
        blocked,
        waits: (!waits.is_empty()).then_some(waits),
        ship_to: order.ship_to.clone(),
        currency: order.currency,
        gross: format_minor(order.gross, order.currency),
        lines: shown,
    })
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Name.
    #[arg(max = 80)]
    location: Option<String>,
    /// Promised by.
    until: Option<Day>,
    /// Held back and waiting too.
    include_blocked: Option<bool>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// Stock held at a place.
#[derive(ToolOutput)]
pub struct AtPlace {
    /// Location.
    location: String,
    /// How much.
    quantity: Quantity,
}

/// A line to be shipped.
#[derive(ToolOutput)]
pub struct LineToShip {
    /// Number of the line.
    line: i64,
    /// SKU.
    sku: String,
    /// What it is.
    description: String,
    /// How much is not shipped.
    open: Quantity,
    /// How much can go now.
    ready: Quantity,
    /// From where.
    from: Vec<AtPlace>,
}

/// An order to be shipped.
#[derive(ToolOutput)]
pub struct ToShip {
    /// Id.
    id: String,
    /// Number.
    number: String,
    /// Customer.
    #[output(summary)]
    company: Named,
    /// When they get it.
    #[output(summary)]
    promise_date: Option<Day>,
    /// More is sooner.
    priority: i64,
    /// Whether that day is over.
    #[output(summary)]
    late: Option<bool>,
    /// Why nothing can go.
    #[output(summary)]
    blocked: Option<String>,
    /// What of it waits.
    #[output(summary)]
    waits: Option<Vec<String>>,
    /// Where it goes.
    ship_to: Option<String>,
    /// Currency.
    currency: Currency,
    /// Total with tax.
    gross: String,
    /// What can go, and what waits.
    #[output(summary)]
    lines: Vec<LineToShip>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Orders, most urgent first.
    orders: Vec<Selected<ToShip>>,
    /// How many of all are late.
    late: usize,
    /// How many of all are blocked.
    blocked: usize,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn urgent_first_and_blocked_with_a_reason() {
        let fixture = Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as a=order.id;
                     orders_order_confirm {"order": "@a"};
                     orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 2}]} as b=order.id;
                     orders_order_confirm {"order": "@b"}; orders_order_update {"order": "@b", "changes": {"priority": 5}};
                     orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 2}]} as c=order.id;
                     orders_order_confirm {"order": "@c"}; orders_order_update {"order": "@c", "hold_reason": "unpaid"};
                     orders_order_create {"company": "@acme", "lines": [{"product": "TA-1", "qty": 2}]} as d=order.id;
                     orders_order_confirm {"order": "@d", "allow_backorder": true}"#
            ),
        );
        let said = |args: &str| {
            let answer = fixture.call("orders_fulfilment_list", args).json();
            answer["orders"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| {
                    (
                        one["number"].as_str().unwrap()[8..].to_owned(),
                        one["blocked"].as_str().map(str::to_owned),
                    )
                })
                .collect::<Vec<_>>()
        };
        let go = |number: &str| (number.to_owned(), None);
        assert_eq!(said("{}"), [go("00002"), go("00001")]);
        assert_eq!(
            said(r#"{"include_blocked": true}"#),
            [
                go("00002"),
                go("00001"),
                ("00003".to_owned(), Some("on hold: unpaid".to_owned())),
                ("00004".to_owned(), Some("2 of `TA-1` wait for stock".to_owned())),
            ]
        );
        let elsewhere = fixture.call("orders_fulfilment_list", r#"{"location": "Quarantine"}"#).json();
        assert_eq!(elsewhere["orders"].as_array().unwrap().len(), 0);
    }
}
