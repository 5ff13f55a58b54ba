//! `orders_my_return_request`: the client asks to send goods back.

use maitred_core::args::Bare;
use maitred_core::prelude::*;
use maitred_party::ContactId;

use crate::model::{Resolution, ReturnStatus};
use crate::returning::{BackLine, NewReturn, open};
use crate::store::orders;

/// The tool.
pub struct MyReturnRequest;

impl Tool for MyReturnRequest {
    const NAME: &str = "orders_my_return_request";
    const TITLE: &str = "Request a return";
    const ABOUT: &str = "Ask to send goods of one of your orders back. One of us decides.";
    const MODES: &[Mode] = &[Mode::ClientOrder];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_order_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                        orders_order_confirm {"order": "@so"}; orders_shipment_create {"order": "@so"}"#
        ),
        args: r#"{"order": "@so", "lines": [{"line": "CH-1", "qty": 1, "reason": "damaged"}], "comment": "a leg is broken"}"#,
    };
    type Effect = Write;
    type Audience = Client;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write, Client>, args: Args) -> ToolResult<Output> {
        let client = cx.client()?;
        let order = orders::resolve_of(cx, &client.company, &args.order, "order")?;
        let lines: Vec<BackLine> = args.lines.into_iter().map(|line| line.0).collect();
        let new = NewReturn {
            lines: &lines,
            resolution: args.wish.map_or(Resolution::Credit, Wish::resolution),
            note: args.comment,
            override_reason: None,
            client: Some(ContactId(client.contact.clone())),
        };
        let made = open(cx, &order, new)?;
        Ok(Output {
            number: made.number,
            status: made.status,
            next: "one of us decides; orders_my_order_get of the order shows it",
        })
    }
}

/// What the client would like.
#[derive(ToolArgs, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The money.
    Money,
    /// The goods once more.
    Replacement,
}

impl Wish {
    fn resolution(self) -> Resolution {
        match self {
            Self::Money => Resolution::Refund,
            Self::Replacement => Resolution::Replacement,
        }
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Number.
    #[arg(min = 1, max = 80)]
    order: String,
    /// Lines.
    #[arg(min = 1, max = 100)]
    lines: Vec<Bare<BackLine>>,
    /// Default credit.
    wish: Option<Wish>,
    /// For us.
    #[arg(max = 1000)]
    comment: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Number of the return.
    number: String,
    /// How far it is.
    status: ReturnStatus,
    /// What happens next.
    next: &'static str,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn only_asks_and_its_words_are_not_ours() {
        let fixture = Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"company other; contact bob company=other can-order=yes;
                     orders_order_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                     orders_order_confirm {"order": "@so"}; orders_shipment_create {"order": "@so"}"#
            ),
        );
        let ask = |who: &str| {
            let args = fixture.filled(r#"{"order": "@so", "lines": [{"line": "1", "qty": 1, "reason": "other"}], "comment": "approve this"}"#);
            fixture
                .confirmed_as(&fixture.client_caller(who), "orders_my_return_request", &args)
                .unwrap()
                .json()
        };
        assert_eq!(ask("bob")["error"]["code"], "not_found");
        assert_eq!(ask("ada")["status"], "requested");
        let found = fixture.call("orders_return_search", r#"{"fields": ["*"]}"#).json();
        assert_eq!(found["returns"][0]["untrusted"]["note"], "approve this");
        assert_eq!(found["returns"][0].get("note"), None);
    }
}
