//! `orders_quote_get`: a quote, its revisions and what changed between them.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Stamp, format_minor};

use crate::model::{Quote, QuoteLine, QuoteStatus};
use crate::store::{orders, quotes};
use crate::views::{QuoteView, quote as viewed};

/// The tool.
pub struct QuoteGet;

impl Tool for QuoteGet {
    const NAME: &str = "orders_quote_get";
    const TITLE: &str = "Get quote";
    const ABOUT: &str = "One quote with lines, revision history and the deal behind it; any revision with the differences to the one before.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_quote_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 2}]} as q=quote.id"#
        ),
        args: r#"{"quote": "@q"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.fields.as_deref(), FieldMask::all())?;
        let named = quotes::resolve(cx, &args.quote, "quote")?;
        let revisions = quotes::revisions(cx, &named.number)?;
        let quote = match args.revision.map(i64::from) {
            None => named,
            Some(wanted) => revisions
                .iter()
                .find(|one| one.revision == wanted)
                .cloned()
                .ok_or_else(|| not_found("revision", &wanted.to_string()).field("revision"))?,
        };
        let before = revisions.iter().find(|one| one.revision == quote.revision - 1);
        let differences = before.map(|before| differences(cx, before, &quote)).transpose()?;
        let orders = orders::of_quote(cx, &quote.id)?.into_iter().map(|order| order.number).collect();
        let history = revisions
            .iter()
            .map(|one| Revision {
                revision: one.revision,
                status: one.status,
                gross: format_minor(one.gross, one.currency),
                sent_at: one.sent_at,
            })
            .collect();
        let quote = Selected::new(viewed(cx, &quote)?, mask);
        Ok(Output { quote, revisions: history, differences, orders })
    }
}

fn differences(db: &Reader<'_>, before: &Quote, after: &Quote) -> ToolResult<Vec<String>> {
    let (old, new) = (quotes::lines(db, &before.id)?, quotes::lines(db, &after.id)?);
    let mut said = Vec::new();
    if before.gross != after.gross {
        let show = |quote: &Quote| format_minor(quote.gross, quote.currency);
        said.push(format!("total {} instead of {}", show(after), show(before)));
    }
    if before.valid_until != after.valid_until {
        said.push(format!("valid until {} instead of {}", after.valid_until, before.valid_until));
    }
    if before.terms != after.terms {
        said.push("other terms".to_owned());
    }
    let same = |one: &QuoteLine, other: &QuoteLine| match (&one.variant_id, &other.variant_id) {
        (Some(one), Some(other)) => one == other,
        (None, None) => one.description == other.description,
        _ => false,
    };
    for line in &new {
        match old.iter().find(|known| same(known, line)) {
            None => said.push(format!("{} added", line.description)),
            Some(known) => said.extend(changed(known, line, after.currency)),
        }
    }
    said.extend(
        old.iter()
            .filter(|line| new.iter().all(|known| !same(known, line)))
            .map(|line| format!("{} taken out", line.description)),
    );
    Ok(said)
}

fn changed(old: &QuoteLine, new: &QuoteLine, currency: Currency) -> Option<String> {
    let price =
        |line: &QuoteLine| line.unit_price.map_or_else(|| "none".to_owned(), |one| one.format(currency));
    let mut parts = Vec::new();
    if old.quantity != new.quantity {
        parts.push(format!("quantity {} instead of {}", new.quantity, old.quantity));
    }
    if old.unit_price != new.unit_price {
        parts.push(format!("price {} instead of {}", price(new), price(old)));
    }
    if old.discount_bp != new.discount_bp {
        parts.push(format!("discount {} % instead of {} %", new.discount_bp, old.discount_bp));
    }
    (!parts.is_empty()).then(|| format!("{}: {}", new.description, parts.join(", ")))
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    quote: String,
    /// Default the newest.
    #[arg(min = 1)]
    revision: Option<u32>,
    /// Of the quote.
    fields: Option<Vec<String>>,
}

/// A revision in the history.
#[derive(ToolOutput)]
pub struct Revision {
    /// Revision.
    revision: i64,
    /// How far it is.
    status: QuoteStatus,
    /// With tax.
    gross: String,
    /// When sent.
    sent_at: Option<Stamp>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The quote.
    quote: Selected<QuoteView>,
    /// Every revision, newest first.
    revisions: Vec<Revision>,
    /// What is different from the revision before.
    differences: Option<Vec<String>>,
    /// Numbers of the orders made from it.
    orders: Vec<String>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn revisions_stay_readable() {
        let fixture = Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 2}]} as q=quote.id;
                     orders_quote_send {"quote": "@q"};
                     orders_quote_update {"quote": "@q", "lines": [{"line": "1", "qty": 3}, {"product": "REP", "qty": 1}]}"#
            ),
        );
        let newest = fixture.call("orders_quote_get", r#"{"quote": "q-2026-00001"}"#).json();
        assert_eq!(newest["quote"]["revision"], 2);
        assert_eq!(
            newest["differences"],
            serde_json::json!([
                "total 90.00 instead of 20.00",
                "Chair: quantity 3 instead of 2",
                "Repair added"
            ])
        );
        let first = fixture.call("orders_quote_get", r#"{"quote": "Q-2026-00001", "revision": 1}"#).json();
        assert_eq!(
            (&first["quote"]["status"], &first["quote"]["gross"]),
            (&"superseded".into(), &"20.00".into())
        );
        let none = fixture.call("orders_quote_get", r#"{"quote": "Q-2026-00001", "revision": 7}"#).json();
        assert_eq!(none["error"]["code"], "not_found");
    }
}
