//! `orders_quote_convert`: an accepted quote becomes an order at its prices.

use maitred_core::args::Bare;
use maitred_core::prelude::*;
use maitred_kernel::{Day, Quantity};
use maitred_party::org::today;

use crate::calling_off::LineQty;
use crate::lines::positive;
use crate::model::QuoteLine;
use crate::quoting::{Conversion, convert};
use crate::store::quotes;
use crate::views::{OrderView, order_with};

/// The tool.
pub struct QuoteConvert;

impl Tool for QuoteConvert {
    const NAME: &str = "orders_quote_convert";
    const TITLE: &str = "Convert quote";
    const ABOUT: &str = "Turn an accepted quote into an order at the quoted prices, all that is left or named lines. Then confirm the order: \
                         stock and credit are checked there.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Office];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 2, "unit_price": "9"}]} as q=quote.id;
                        orders_quote_send {"quote": "@q"};
                        orders_quote_close {"quote": "@q", "outcome": "accepted", "by_contact": "@ada", "evidence": "call"}"#
        ),
        args: r#"{"quote": "@q", "requested_date": "2026-03-20", "po_reference": "PO 9"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let quote = quotes::resolve(cx, &args.quote, "quote")?;
        if args.requested_date.is_some_and(|day| today(cx).is_ok_and(|today| day < today)) {
            return Err(invalid("requested_date", "is in the past"));
        }
        let known = quotes::lines(cx, &quote.id)?;
        let lines = args.lines.as_deref().map(|lines| chosen(&known, lines)).transpose()?;
        let what = Conversion {
            lines,
            requested_date: args.requested_date,
            po_reference: args.po_reference,
            note: None,
        };
        let converted = convert(cx, &quote, what)?;
        let left = quotes::lines(cx, &quote.id)?.iter().any(|line| line.converted < line.quantity);
        Ok(Output {
            order: order_with(cx, &converted.order, &converted.lines)?,
            differences: converted.differences,
            repeated: converted.repeated,
            rest_convertible: left,
        })
    }
}

fn chosen(known: &[QuoteLine], lines: &[Bare<LineQty>]) -> ToolResult<Vec<(usize, Quantity)>> {
    let mut chosen: Vec<(usize, Quantity)> = Vec::new();
    for (index, Bare(one)) in lines.iter().enumerate() {
        let field = format!("lines[{index}]");
        positive(one.qty, &format!("{field}.qty"))?;
        let text = one.line.trim();
        let number = text.parse::<i64>().ok();
        let fits = |line: &QuoteLine| {
            Some(line.position) == number
                || line
                    .sku
                    .as_deref()
                    .is_some_and(|sku| maitred_kernel::fold(sku) == maitred_kernel::fold(text))
        };
        let at = known.iter().position(fits).ok_or_else(|| {
            not_found("line", text)
                .field(format!("{field}.line"))
                .hint("give the number of a line of the quote")
        })?;
        if chosen.iter().any(|(known, _)| *known == at) {
            return Err(invalid(&format!("{field}.line"), "is given twice"));
        }
        chosen.push((at, one.qty));
    }
    Ok(chosen)
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    quote: String,
    /// Default all that is left.
    #[arg(min = 1, max = 200)]
    lines: Option<Vec<Bare<LineQty>>>,
    /// Day.
    requested_date: Option<Day>,
    /// Their reference.
    #[arg(max = 100)]
    po_reference: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The draft order.
    order: OrderView,
    /// What is different today from when it was offered; the quoted prices hold.
    differences: Vec<String>,
    /// Whether it was converted before: this is the order there is.
    repeated: bool,
    /// Whether something of the quote is left to be ordered.
    rest_convertible: bool,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    fn accepted() -> Fixture {
        Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 3, "unit_price": "9.333"},
                        {"product": "REP", "qty": "1.5", "discount": "10"}]} as q=quote.id;
                     orders_quote_send {"quote": "@q"};
                     orders_quote_close {"quote": "@q", "outcome": "accepted", "by_contact": "@ada", "evidence": "call"}"#
            ),
        )
    }

    #[test]
    fn twice_gives_the_same_order_and_the_same_total() {
        let fixture = accepted();
        let convert =
            |args: &str| fixture.call_confirmed("orders_quote_convert", &fixture.filled(args)).json();
        let quote = fixture.call("orders_quote_get", &fixture.filled(r#"{"quote": "@q"}"#)).json();
        let first = convert(r#"{"quote": "@q"}"#);
        assert_eq!(first["order"]["gross"], quote["quote"]["gross"]);
        assert_eq!(first["differences"][0], "`CH-1` is quoted at 9.333, today's price is 10.00");
        let again = convert(r#"{"quote": "@q", "po_reference": "other"}"#);
        assert_eq!((&again["order"]["id"], &again["repeated"]), (&first["order"]["id"], &true.into()));
    }

    #[test]
    fn what_is_left_stays_convertible() {
        let fixture = accepted();
        let convert =
            |args: &str| fixture.call_confirmed("orders_quote_convert", &fixture.filled(args)).json();
        let part = convert(r#"{"quote": "@q", "lines": [{"line": "CH-1", "qty": 2}]}"#);
        assert_eq!((&part["rest_convertible"], &part["order"]["gross"]), (&true.into(), &"18.67".into()));
        let more = convert(r#"{"quote": "@q", "lines": [{"line": "1", "qty": 2}]}"#);
        assert_eq!(more["error"]["message"], "`lines` ask for 2 of line 1, 1 are left");
        let rest = convert(r#"{"quote": "@q"}"#);
        assert_eq!((&rest["rest_convertible"], &rest["repeated"]), (&false.into(), &false.into()));
        assert_eq!(convert(r#"{"quote": "@q"}"#)["repeated"], true);
    }

    #[test]
    fn only_what_was_accepted() {
        let fixture = Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"orders_quote_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 3}]} as q=quote.id"#
            ),
        );
        let answer =
            fixture.call_confirmed("orders_quote_convert", &fixture.filled(r#"{"quote": "@q"}"#)).json();
        assert_eq!(answer["error"]["code"], "illegal_transition");
    }
}
