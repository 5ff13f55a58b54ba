//! `orders_my_quote_answer`: the client accepts or declines a quote.

use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;
use maitred_party::ContactId;
use maitred_party::org::today;
use maitred_party::store::contacts;

use crate::agreeing::{Agreement, agree};
use crate::client_views::{ClientOrder, ClientQuote, order as order_viewed, quote as viewed};
use crate::model::{Quote, QuoteStatus};
use crate::quoting::{Acceptance, Conversion, accept, convert, must_allow};
use crate::store::quotes;

/// The tool.
pub struct MyQuoteAnswer;

impl Tool for MyQuoteAnswer {
    const NAME: &str = "orders_my_quote_answer";
    const TITLE: &str = "Answer a quote";
    const ABOUT: &str = "Accept or decline a quote we sent you. Show the preview and get a clear yes first.";
    const MODES: &[Mode] = &[Mode::ClientOrder];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 2}]} as q=quote.id;
                        orders_quote_send {"quote": "@q"}"#
        ),
        args: r#"{"quote": "@q", "answer": "accept", "po_reference": "PO 4"}"#,
    };
    type Effect = Write;
    type Audience = Client;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write, Client>, args: Args) -> ToolResult<Output> {
        let client = cx.client()?;
        let before = quotes::resolve_of(cx, &client.company, &args.quote, "quote")?;
        let comment = args.comment.filter(|text| !text.trim().is_empty());
        if args.answer == Reply::Decline {
            must_allow(cx, &before, QuoteStatus::Declined).map_err(plain)?;
            let mut after = Quote {
                status: QuoteStatus::Declined,
                answered_at: Some(cx.stamp()),
                close_reason: comment,
                ..before.clone()
            };
            cx.update(&before, &mut after)?;
            return Ok(Output { quote: viewed(cx, &after)?, order: None });
        }
        let today = today(cx)?;
        let contact = ContactId(client.contact.clone());
        let may = contacts::links_of(cx, &contact)?.into_iter().any(|link| {
            link.company_id.as_ref() == client.company && link.can_order && contacts::runs(&link, today)
        });
        if !may {
            return Err(
                refused(Code::Forbidden, "you may not order for this company").hint("ask us to let you")
            );
        }
        let how = Acceptance {
            contact: Some(contact),
            channel: client.channel.clone(),
            evidence: Some(format!("accepted by {} through {}", client.name, client.channel)),
            po_reference: args.po_reference,
        };
        let accepted = accept(cx, &before, how).map_err(plain)?;
        let what = Conversion { lines: None, requested_date: None, po_reference: None, note: comment };
        let made = convert(cx, &accepted, what)?;
        let how = Agreement {
            reasons: vec!["a quote the client accepted: confirm it".to_owned()],
            by_client: true,
            ..Agreement::default()
        };
        let agreed = agree(cx, &made.order, made.lines, how)?;
        let quote = quotes::resolve_of(cx, &client.company, before.id.as_ref(), "quote")?;
        Ok(Output { quote: viewed(cx, &quote)?, order: Some(order_viewed(cx, &agreed.order)?) })
    }
}

/// A refusal without calls that a client does not have.
fn plain(error: ToolError) -> ToolError {
    error.hint("orders_my_order_list shows the quotes that can be answered; write to us for another")
}

/// An answer to a quote.
#[derive(ToolArgs, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Yes.
    Accept,
    /// No.
    Decline,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Number.
    #[arg(min = 1, max = 80)]
    quote: String,
    /// Answer.
    answer: Reply,
    /// Your reference.
    #[arg(max = 100)]
    po_reference: Option<String>,
    /// For us.
    #[arg(max = 1000)]
    comment: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The quote.
    quote: ClientQuote,
    /// The order made of it; one of us confirms it.
    order: Option<ClientOrder>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    fn sent() -> Fixture {
        Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"company other; contact bob company=other can-order=yes;
                     orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 2}], "valid_until": "2026-03-05"} as q=quote.id;
                     orders_quote_send {"quote": "@q"}"#
            ),
        )
    }

    #[test]
    fn a_yes_makes_a_pending_order_once() {
        let fixture = sent();
        let answer = |who: &str, args: &str| {
            fixture
                .confirmed_as(&fixture.client_caller(who), "orders_my_quote_answer", &fixture.filled(args))
                .unwrap()
                .json()
        };
        assert_eq!(answer("bob", r#"{"quote": "@q", "answer": "accept"}"#)["error"]["code"], "not_found");
        let yes = answer("ada", r#"{"quote": "@q", "answer": "accept"}"#);
        assert_eq!(
            (&yes["quote"]["status"], &yes["order"]["status"]),
            (&"converted".into(), &"pending_approval".into())
        );
        let ours = fixture.call("orders_quote_get", &fixture.filled(r#"{"quote": "@q"}"#)).json();
        assert_eq!(ours["quote"]["accepted_by"]["name"], "Ada");
        assert_eq!(ours["quote"]["accepted_channel"], "whatsapp");
        let again = answer("ada", r#"{"quote": "@q", "answer": "decline"}"#);
        assert_eq!(again["error"]["code"], "illegal_transition");
    }

    #[test]
    fn only_while_it_is_valid() {
        let fixture = sent();
        fixture.set_clock("2026-03-06T10:00:00Z");
        let args = fixture.filled(r#"{"quote": "@q", "answer": "accept"}"#);
        let late = fixture
            .confirmed_as(&fixture.client_caller("ada"), "orders_my_quote_answer", &args)
            .unwrap()
            .json();
        assert_eq!(late["error"]["code"], "illegal_transition");
    }
}
