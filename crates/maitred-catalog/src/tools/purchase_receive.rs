//! `catalog_purchase_receive`: goods came from a supplier.

use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;
use maitred_kernel::{Price, Quantity, Stamp, round};
use maitred_party::commerce::Backorders;
use maitred_party::org::settings_of;

use crate::model::{LocationKind, MoveKind, PurchaseLine, PurchaseOrder, PurchaseReceipt, PurchaseStatus};
use crate::policy;
use crate::purchasing::{PurchaseView, illegal, purchase_view};
use crate::store::moves::{Posting, post};
use crate::store::products::name_key;
use crate::store::{levels, locations, purchases, rates};

/// The tool.
pub struct PurchaseReceive;

impl Tool for PurchaseReceive {
    const NAME: &str = "catalog_purchase_receive";
    const TITLE: &str = "Receive goods";
    const ABOUT: &str = "Book goods received against a purchase order, in part or in full, with actual cost. \
                         Damaged goods go to quarantine; waiting backorders are served first.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example {
        given: r#"company oak kind=supplier; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 10, "cost": "3"}]} as po;
                  catalog_purchase_send {"purchase_order": "@po", "to": "orders@oak.example"}"#,
        args: r#"{"purchase_order": "@po", "lines": [{"line": "CH-1", "qty": 6, "damaged_qty": 1}], "delivery_note": "LS 77"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = purchases::resolve(cx, &args.purchase_order, "purchase_order")?;
        if !before.status.is_incoming() {
            return Err(illegal(&before, "received", "send a draft with catalog_purchase_send first"));
        }
        let at = args.received_at.unwrap_or_else(|| cx.stamp());
        if at > cx.stamp() {
            return Err(invalid("received_at", "lies in the future"));
        }
        book_note(cx, &before, at, args.delivery_note.as_deref())?;
        let mut moves = Vec::new();
        let mut came = Vec::new();
        for (index, line) in args.lines.iter().enumerate() {
            let field = format!("lines[{index}]");
            let booked = receive(cx, &before, line, at, &mut moves).map_err(|error| error.within(&field))?;
            came.push(booked);
        }
        let done = purchases::lines(cx, &before.id)?.iter().all(|line| line.open() == Quantity::default());
        let status = if done { PurchaseStatus::Received } else { PurchaseStatus::PartiallyReceived };
        let mut after = PurchaseOrder { status, ..before.clone() };
        cx.update(&before, &mut after)?;
        let variants: Vec<&str> = came.iter().map(|booked| booked.variant.as_str()).collect();
        let filled = match cx.port::<dyn Backorders>() {
            Some(orders) => Some(orders.stock_arrived(cx, &variants)?),
            None => None,
        };
        let backorders = filled.map(|filled| {
            let view = |one: maitred_party::commerce::Filled| FilledView {
                order: one.document,
                sku: one.sku,
                reserved: one.quantity,
            };
            filled.into_iter().map(view).collect()
        });
        Ok(Output {
            purchase_order: purchase_view(cx, after)?,
            moves,
            received: came.into_iter().map(|booked| booked.view).collect(),
            backorders,
        })
    }
}

/// Remembers that goods came, and refuses a delivery note that was booked before.
fn book_note(db: &Writer<'_>, order: &PurchaseOrder, at: Stamp, note: Option<&str>) -> ToolResult<()> {
    let note = note.map(str::trim).filter(|note| !note.is_empty());
    let note_key = note.map(name_key);
    if let Some(key) = &note_key
        && let Some(number) = purchases::booked_note(db, &order.company_id, key)?
    {
        return Err(refused(Code::AlreadyDone, format!("this delivery note was booked on `{number}`"))
            .field("delivery_note")
            .hint("look at what came with catalog_purchase_get"));
    }
    let mut receipt = PurchaseReceipt {
        id: db.fresh_id(),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        purchase_id: order.id.clone(),
        received_at: at,
        delivery_note: note.map(str::to_owned),
        note_key,
    };
    Ok(db.insert(&mut receipt)?)
}

struct Booked {
    variant: String,
    view: ReceivedView,
}

/// The line that a text means: its number, its id or its SKU.
fn line_of(db: &Reader<'_>, order: &PurchaseOrder, text: &str) -> ToolResult<PurchaseLine> {
    let lines = purchases::lines(db, &order.id)?;
    let wanted = crate::store::products::sku_key(text);
    let found = lines.iter().find(|line| {
        line.position.to_string() == wanted
            || line.id.0 == wanted
            || crate::store::products::sku_key(&line.sku) == wanted
    });
    found.cloned().ok_or_else(|| {
        let skus: Vec<String> = lines.iter().map(|line| format!("{} {}", line.position, line.sku)).collect();
        not_found("line", text).field("line").hint(format!("lines are {}", skus.join(", ")))
    })
}

/// Books one line: good ones where the order goes, damaged ones into quarantine.
fn receive(
    db: &Writer<'_>,
    order: &PurchaseOrder,
    line: &Line,
    at: Stamp,
    moves: &mut Vec<String>,
) -> ToolResult<Booked> {
    let before = line_of(db, order, &line.line)?;
    let damaged = line.damaged_qty.unwrap_or_default();
    if line.qty.thousandths() <= 0 {
        return Err(invalid("qty", "must be more than 0"));
    }
    if damaged.thousandths() < 0 || damaged > line.qty {
        return Err(invalid("damaged_qty", "must be from 0 to `qty`, of which it is a part"));
    }
    let received = Quantity::from_thousandths(before.received.thousandths() + line.qty.thousandths());
    within_tolerance(db, &before, received)?;
    let cost = line.cost.unwrap_or(before.cost);
    if cost.micros() < 0 {
        return Err(invalid("cost", "must not be negative"));
    }
    let settings = settings_of(db)?;
    let paid = rates::cost_in(db, cost, order.currency, settings.currency, at.day(&settings.zone))
        .map_err(|error| error.field("cost"))?;
    let good = Quantity::from_thousandths(line.qty.thousandths() - damaged.thousandths());
    let document = Some(("purchase_order", order.id.as_ref()));
    if good.thousandths() > 0 {
        let posting = Posting {
            at,
            to: Some(&order.location_id),
            unit_cost: Some(paid),
            document,
            ..Posting::now(db, MoveKind::Receipt, &before.variant_id, good)
        };
        moves.push(post(db, posting)?.id);
    }
    if damaged.thousandths() > 0 {
        let quarantine = locations::of_kind(db, LocationKind::Quarantine)?;
        let posting = Posting {
            at,
            to: Some(&quarantine.id),
            unit_cost: Some(paid),
            reason: Some("damaged on arrival".to_owned()),
            document,
            ..Posting::now(db, MoveKind::Receipt, &before.variant_id, damaged)
        };
        moves.push(post(db, posting)?.id);
    }
    let mut after = PurchaseLine {
        received,
        damaged: Quantity::from_thousandths(before.damaged.thousandths() + damaged.thousandths()),
        ..before.clone()
    };
    db.update(&before, &mut after)?;
    let average = levels::cost(db, &before.variant_id)?.map(|cost| cost.average);
    Ok(Booked {
        variant: before.variant_id.0.clone(),
        view: ReceivedView {
            line: before.position,
            sku: before.sku,
            good,
            damaged: crate::purchasing::some(damaged),
            open: after.open(),
            cost: paid.format(settings.currency),
            average_cost: average.map_or_else(String::new, |average| average.format(settings.currency)),
            cost_currency: settings.currency,
        },
    })
}

/// More than was ordered is taken only a little.
fn within_tolerance(db: &Reader<'_>, line: &PurchaseLine, received: Quantity) -> ToolResult<()> {
    let tolerance = policy::of(db)?.over_receipt;
    let due = line.ordered.thousandths() - line.closed_short.thousandths();
    let extra = round::share_of(line.ordered.thousandths(), tolerance).map_err(ToolError::internal)?;
    if received.thousandths() <= due + extra {
        return Ok(());
    }
    let over = Quantity::from_thousandths(received.thousandths() - due);
    Err(invalid(
        "qty",
        format!("would be {over} of `{}` more than ordered; {tolerance} % are tolerated", line.sku),
    )
    .hint("book what was ordered; order the rest with catalog_purchase_create, or send it back"))
}

/// What came.
#[derive(ToolArgs)]
pub struct Line {
    /// Number or SKU.
    #[arg(min = 1, max = 80)]
    line: String,
    /// All that came.
    qty: Quantity,
    /// Actual, per unit.
    cost: Option<Price>,
    /// Of qty.
    damaged_qty: Option<Quantity>,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    purchase_order: String,
    /// Lines.
    #[arg(min = 1, max = 200)]
    lines: Vec<Line>,
    /// When (now).
    received_at: Option<Stamp>,
    /// Its number; booked once.
    #[arg(max = 80)]
    delivery_note: Option<String>,
}

/// What came of a line.
#[derive(ToolOutput)]
pub struct ReceivedView {
    /// Number of the line.
    line: i64,
    /// SKU.
    sku: String,
    /// How much of it is good.
    good: Quantity,
    /// How much went into quarantine.
    damaged: Option<Quantity>,
    /// How much is still to come.
    open: Quantity,
    /// Cost per unit.
    cost: String,
    /// Average cost afterwards (F-STK-3).
    average_cost: String,
    /// Currency of both costs: the organisation's.
    cost_currency: maitred_kernel::Currency,
}

/// A line of an order that waited and now has stock.
#[derive(ToolOutput)]
pub struct FilledView {
    /// Number of the order.
    order: String,
    /// SKU.
    sku: String,
    /// How much was reserved for it.
    reserved: Quantity,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The order.
    purchase_order: PurchaseView,
    /// Ids of the moves.
    moves: Vec<String>,
    /// What came, line by line.
    received: Vec<ReceivedView>,
    /// Orders that waited and were served; missing when no module keeps orders.
    backorders: Option<Vec<FilledView>>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};
    use proptest::prelude::*;

    use crate::store::proof;

    const GIVEN: &str = r#"company oak kind=supplier; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
        catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 100, "cost": "3"}]} as po;
        catalog_purchase_send {"purchase_order": "@po", "to": "orders@oak.example"}"#;

    #[test]
    fn damaged_goods_go_into_quarantine_and_the_average_moves() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let receive = |args: &str| fixture.call_confirmed("catalog_purchase_receive", args).json();
        let first =
            receive(r#"{"purchase_order": "@po", "lines": [{"line": "1", "qty": 40, "damaged_qty": 4}]}"#);
        assert_eq!(first["received"][0]["average_cost"], "3.00");
        assert_eq!(first["purchase_order"]["status"], "partially_received");
        let second =
            receive(r#"{"purchase_order": "@po", "lines": [{"line": "ch-1", "qty": 60, "cost": "4.5"}]}"#);
        // 40 at 3.00 and 60 at 4.50.
        assert_eq!(second["received"][0]["average_cost"], "3.90");
        assert_eq!(second["purchase_order"]["status"], "received");
        let stock = fixture.call("catalog_stock_list", "{}").json();
        let lies = |row: usize| {
            (
                stock["rows"][row]["location"].as_str().unwrap(),
                stock["rows"][row]["on_hand"].as_str().unwrap(),
            )
        };
        assert_eq!([lies(0), lies(1)], [("Main warehouse", "96"), ("Quarantine", "4")]);
    }

    #[test]
    fn a_little_more_is_taken_and_no_more() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_purchase_receive",
            r#"{"purchase_order": "@po", "lines": [{"line": "1", "qty": "105.001"}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`qty` would be 5.001 of `CH-1` more than ordered; 5 % are tolerated","field":"lines[0].qty","hint":"book what was ordered; order the rest with catalog_purchase_create, or send it back","retryable":false}}"#
            ]],
        );
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let args = r#"{"purchase_order": "@po", "lines": [{"line": "1", "qty": 105}]}"#;
        assert!(!fixture.call_confirmed("catalog_purchase_receive", args).failed);
    }

    #[test]
    fn a_delivery_note_is_booked_once() {
        check(
            &crate::DOMAIN,
            &format!(
                r#"{GIVEN}; catalog_purchase_receive {{"purchase_order": "@po", "lines": [{{"line": "1", "qty": 10}}], "delivery_note": "LS 77"}}"#
            ),
            "catalog_purchase_receive",
            r#"{"purchase_order": "@po", "lines": [{"line": "1", "qty": 10}], "delivery_note": "ls  77"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"already_done","message":"this delivery note was booked on `PO-2026-00001`","field":"delivery_note","hint":"look at what came with catalog_purchase_get","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn a_draft_is_sent_first_and_a_line_is_one_of_the_order() {
        check(
            &crate::DOMAIN,
            r#"company oak kind=supplier; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
               catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 100, "cost": "3"}]} as po"#,
            "catalog_purchase_receive",
            r#"{"purchase_order": "@po", "lines": [{"line": "1", "qty": 1}]}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"illegal_transition","message":"`PO-2026-00001` is draft, so it cannot be received","field":"purchase_order","hint":"send a draft with catalog_purchase_send first","retryable":false}}"#
            ]],
        );
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_purchase_receive",
            r#"{"purchase_order": "@po", "lines": [{"line": "2", "qty": 1}]}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"not_found","message":"no line fits `2`","field":"lines[0].line","hint":"lines are 1 CH-1","retryable":false}}"#
            ]],
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]

        /// However an order is received, received never exceeds what is tolerated, open is never negative, and stock is
        /// what came.
        #[test]
        fn what_came_is_in_stock(parts in prop::collection::vec((1..60_i64, 0..60_i64), 1..6)) {
            let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
            let mut came = 0;
            for (qty, damaged) in parts {
                let args = format!(
                    r#"{{"purchase_order": "@po", "lines": [{{"line": "1", "qty": {qty}, "damaged_qty": {damaged}}}]}}"#
                );
                let answer = fixture.call_confirmed("catalog_purchase_receive", &args);
                let fits = damaged <= qty && came + qty <= 105 && came < 100;
                prop_assert_eq!(!answer.failed, fits, "{} of {}: {}", qty, came, answer.raw);
                if fits {
                    came += qty;
                }
            }
            let rows = fixture.call("catalog_stock_list", "{}").json();
            let there: i64 = rows["rows"].as_array().unwrap().iter()
                .map(|row| row["on_hand"].as_str().unwrap().parse::<i64>().unwrap()).sum();
            prop_assert_eq!(there, came);
            prop_assert_eq!(fixture.read(proof::faults).unwrap(), Vec::<String>::new());
        }
    }
}
