//! `orders_return_receive`: returned goods are back; their condition decides where they go.

use maitred_core::args::Bare;
use maitred_core::prelude::*;
use maitred_kernel::Quantity;
use maitred_kernel::wire::Moment;
use maitred_party::commerce::{ComingBack, Credit, Disposition, DocumentDrafter};

use crate::lines::{positive, stock};
use crate::model::{Condition, OrderLine, Resolution, Return, ReturnLine, ReturnStatus};
use crate::ordering::save;
use crate::returning::reckon;
use crate::states::{illegal, return_may};
use crate::store::{orders, returns};
use crate::views::{ReturnView, goods_return};

/// The tool.
pub struct ReturnReceive;

impl Tool for ReturnReceive {
    const NAME: &str = "orders_return_receive";
    const TITLE: &str = "Receive return";
    const ABOUT: &str = "Book returned goods: as_new goes back into stock, opened into quarantine, damaged is scrapped. \
                         Proposes a credit; credits nothing by itself.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_order_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                        orders_order_confirm {"order": "@so"}; orders_shipment_create {"order": "@so", "shipped_at": "2026-03-01T10:00:00Z"};
                        orders_return_create {"order": "@so", "lines": [{"line": "1", "qty": 2, "reason": "damaged"}], "resolution": "credit"} as rma;
                        orders_return_decide {"return": "@rma", "decision": "approve"}"#
        ),
        args: r#"{"return": "@rma", "lines": [{"line": "1", "qty": 1, "condition": "as_new"},
                  {"line": "1", "qty": 1, "condition": "damaged", "remark": "one leg broken"}]}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = returns::resolve(cx, &args.r#return, "return")?;
        if !return_may(before.status, ReturnStatus::Received) {
            let hint = "only an approved return is received; approve it with orders_return_decide";
            return Err(illegal("return", &before.number, before.status.as_str(), "received", hint));
        }
        let place = stock(cx)?.place(cx, args.location.as_deref(), "location")?;
        let order = orders::get(cx, &before.order_id)?;
        let known = orders::lines(cx, &before.order_id)?;
        let mut lines = known.clone();
        let mut back = returns::lines(cx, &before.id)?;
        let stored = back.clone();
        let mut moves = Vec::new();
        for (index, Bare(one)) in args.lines.iter().enumerate() {
            let field = format!("lines[{index}]");
            moves.extend(take(cx, &before, one, &mut lines, &mut back, &place.id, &field)?);
        }
        for (old, new) in stored.iter().zip(&mut back) {
            cx.update(old, new)?;
        }
        // What is credited is what is invoiced of it; the shipped goods stay shipped, so the order's state stays.
        save(cx, &order, order.clone(), &known, lines.clone())?;
        let proposals = proposals(cx, &before, &back, &lines)?;
        let made_good = before.resolution == Resolution::None || orders::of_return(cx, &before.id)?.is_some();
        let mut after = Return {
            status: if made_good { ReturnStatus::Completed } else { ReturnStatus::Received },
            received_at: Some(cx.stamp()),
            completed_at: made_good.then(|| cx.stamp()),
            ..before.clone()
        };
        cx.update(&before, &mut after)?;
        if cx.port::<dyn DocumentDrafter>().is_some() {
            // Where invoices are kept, what is on none of them needs no credit.
            for line in &lines {
                reckon(cx, line)?;
            }
            after = returns::resolve(cx, before.id.as_ref(), "return")?;
        }
        let next = next_step(&after, made_good, proposals.as_deref());
        let missing_modules = if proposals.is_none() { vec!["invoicing"] } else { Vec::new() };
        Ok(Output {
            r#return: goods_return(cx, &after)?,
            moves,
            credit_proposals: proposals.unwrap_or_default(),
            missing_modules,
            next,
        })
    }
}

fn next_step(document: &Return, made_good: bool, proposals: Option<&[Proposal]>) -> &'static str {
    match document.resolution {
        _ if made_good => "nothing more is to be done",
        Resolution::Replacement => "send the goods again: orders_order_create with for_return",
        _ if proposals.is_some_and(<[Proposal]>::is_empty) => {
            "nothing of it is invoiced: leave it out of the invoice"
        }
        _ => "credit it in invoicing; this return is completed with the credit note",
    }
}

/// Takes one line back: stock by its condition, figures of the order's and the return's line.
fn take(
    db: &Writer<'_>,
    document: &Return,
    one: &Line,
    lines: &mut [OrderLine],
    back: &mut [ReturnLine],
    place: &str,
    field: &str,
) -> ToolResult<Vec<String>> {
    positive(one.qty, &format!("{field}.qty"))?;
    let id = orders::pick(lines, &one.line, &format!("{field}.line"))?.id.clone();
    let Some(line) = lines.iter_mut().find(|line| line.id == id) else { return Ok(Vec::new()) };
    let Some(expected) = back.iter_mut().find(|known| known.order_line_id == id) else {
        return Err(invalid(&format!("{field}.line"), "is not part of this return")
            .hint("open another return for it with orders_return_create"));
    };
    let received = expected.received.thousandths() + one.qty.thousandths();
    if received > expected.quantity.thousandths() {
        return Err(invalid(
            &format!("{field}.qty"),
            format!("makes more than the {} that were to come back", expected.quantity),
        ));
    }
    expected.received = Quantity::from_thousandths(received);
    expected.condition = expected.condition.max(Some(one.condition));
    expected.remark = one.remark.clone().or_else(|| expected.remark.take());
    line.returned = Quantity::from_thousandths(line.returned.thousandths() + one.qty.thousandths());
    let disposition = match one.condition {
        Condition::AsNew => Disposition::Restock,
        Condition::Opened => Disposition::Quarantine,
        Condition::Damaged => Disposition::Scrap,
    };
    let variant = line.variant_id.clone().unwrap_or_default();
    stock(db)?.take_back(
        db,
        &ComingBack {
            variant: &variant,
            quantity: one.qty,
            place,
            disposition,
            document: document.id.as_ref(),
        },
    )
}

/// What crediting it would come to; `None` when no module of this server keeps invoices.
fn proposals(
    db: &Reader<'_>,
    document: &Return,
    back: &[ReturnLine],
    lines: &[OrderLine],
) -> ToolResult<Option<Vec<Proposal>>> {
    if !matches!(document.resolution, Resolution::Refund | Resolution::Credit) {
        return Ok(Some(Vec::new()));
    }
    let Some(drafter) = db.port::<dyn DocumentDrafter>() else { return Ok(None) };
    let credits: Vec<Credit<'_>> = back
        .iter()
        .filter_map(|one| {
            let line = lines.iter().find(|line| line.id == one.order_line_id)?;
            let quantity = one.received.min(line.invoiced);
            (quantity.thousandths() > 0).then_some(Credit { unit_id: line.id.as_ref(), quantity })
        })
        .collect();
    let found = drafter.credit_proposal(db, &credits)?;
    Ok(Some(
        found
            .into_iter()
            .map(|one| Proposal {
                invoice: one.invoice,
                gross: one.gross.amount(),
                currency: one.gross.currency.code().to_owned(),
            })
            .collect(),
    ))
}

/// What came of a line.
#[derive(ToolArgs)]
pub struct Line {
    /// Number or SKU.
    #[arg(min = 1, max = 200)]
    line: String,
    /// How much.
    qty: Quantity,
    /// State.
    condition: Condition,
    /// What you see.
    #[arg(max = 500)]
    remark: Option<String>,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    r#return: String,
    /// A line may come in two conditions.
    #[arg(min = 1, max = 200)]
    lines: Vec<Bare<Line>>,
    /// Where; default first sellable.
    #[arg(max = 80)]
    location: Option<String>,
}

/// What a credit would come to, at the price and tax of the invoice.
#[derive(ToolOutput)]
pub struct Proposal {
    /// Number of the invoice.
    invoice: String,
    /// With tax.
    gross: String,
    /// Currency.
    currency: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The return.
    r#return: ReturnView,
    /// Ids of the moves in the stock ledger.
    moves: Vec<String>,
    /// What crediting it would come to.
    credit_proposals: Vec<Proposal>,
    /// Modules that this server lacks to propose a credit.
    missing_modules: Vec<&'static str>,
    /// What to do next.
    next: &'static str,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn condition_decides_and_a_replacement_completes() {
        let fixture = Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"orders_order_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 12}]} as so=order.id;
                     orders_order_confirm {"order": "@so"}; orders_shipment_create {"order": "@so"};
                     orders_return_create {"order": "@so", "lines": [{"line": "1", "qty": 3, "reason": "defective"}], "resolution": "replacement"} as rma"#
            ),
        );
        let receive = |args: &str| fixture.call("orders_return_receive", &fixture.filled(args)).json();
        let lines = r#""lines": [{"line": "1", "qty": 1, "condition": "as_new"}, {"line": "1", "qty": 1, "condition": "opened"},
            {"line": "1", "qty": 1, "condition": "damaged"}]"#;
        let early = receive(&format!(r#"{{"return": "@rma", {lines}}}"#));
        assert_eq!(early["error"]["code"], "illegal_transition");
        fixture.call_confirmed(
            "orders_return_decide",
            &fixture.filled(r#"{"return": "@rma", "decision": "approve"}"#),
        );
        let more =
            receive(r#"{"return": "@rma", "lines": [{"line": "1", "qty": 4, "condition": "as_new"}]}"#);
        assert_eq!(more["error"]["message"], "`lines[0].qty` makes more than the 3 that were to come back");
        let back = receive(&format!(r#"{{"return": "@rma", {lines}}}"#));
        assert_eq!(
            (&back["return"]["status"], back["moves"].as_array().unwrap().len()),
            (&"received".into(), 4)
        );
        let free = fixture
            .call("catalog_availability_check", r#"{"lines": [{"product": "CH-1", "qty": 9}]}"#)
            .json();
        assert!(free.to_string().contains("\"available_now\":\"1\""), "{free}");
        let again = fixture
            .call("orders_order_create", &fixture.filled(r#"{"company": "@acme", "for_return": "@rma"}"#))
            .json();
        assert_eq!(
            (&again["order"]["gross"], &again["order"]["lines"][0]["ordered"]),
            (&"0.00".into(), &"3".into())
        );
        let done = fixture.call("orders_return_search", r#"{"status": "completed"}"#).json();
        assert_eq!(done["returns"].as_array().unwrap().len(), 1);
        let twice = fixture
            .call("orders_order_create", &fixture.filled(r#"{"company": "@acme", "for_return": "@rma"}"#));
        assert_eq!(twice.json()["error"]["code"], "already_done");
    }
}
