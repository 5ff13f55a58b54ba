//! `orders_quote_close`: a quote is accepted on the customer's word, declined or withdrawn.

use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;

use crate::model::{Quote, QuoteStatus};
use crate::ordering::person;
use crate::quoting::{Acceptance, accept, must_allow};
use crate::store::quotes;
use crate::views::{QuoteView, quote as viewed};

/// The tool.
pub struct QuoteClose;

impl Tool for QuoteClose {
    const NAME: &str = "orders_quote_close";
    const TITLE: &str = "Close quote";
    const ABOUT: &str = "Mark a sent quote accepted on the customer's word (who, and the evidence), declined or cancelled (with a reason).";
    const MODES: &[Mode] = &[Mode::Sales];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 2}]} as q=quote.id;
                        orders_quote_send {"quote": "@q"}"#
        ),
        args: r#"{"quote": "@q", "outcome": "accepted", "by_contact": "@ada", "evidence": "called on 2 March, said yes"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = quotes::resolve(cx, &args.quote, "quote")?;
        let given = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
        let after = match args.outcome {
            Outcome::Accepted => {
                let who = args.by_contact.as_deref().ok_or_else(|| missing("by_contact"))?;
                if !given(&args.evidence) {
                    return Err(
                        missing("evidence").hint("say how they accepted: a call, a letter, a signature")
                    );
                }
                let contact = person(cx, &before.company_id, who, "by_contact")?;
                let how = Acceptance {
                    contact: Some(contact.id),
                    channel: "word".to_owned(),
                    evidence: args.evidence,
                    po_reference: args.po_reference,
                };
                accept(cx, &before, how)?
            }
            Outcome::Declined | Outcome::Cancelled => {
                let to = match args.outcome {
                    Outcome::Declined => QuoteStatus::Declined,
                    _ => QuoteStatus::Cancelled,
                };
                must_allow(cx, &before, to)?;
                if !given(&args.reason) {
                    return Err(missing("reason"));
                }
                let mut after = Quote {
                    status: to,
                    close_reason: args.reason,
                    answered_at: (to == QuoteStatus::Declined).then(|| cx.stamp()),
                    ..before.clone()
                };
                cx.update(&before, &mut after)?;
                after
            }
        };
        let next = match args.outcome {
            Outcome::Accepted => Some("orders_quote_convert makes an order of it"),
            _ => None,
        };
        Ok(Output { quote: viewed(cx, &after)?, next })
    }
}

/// What became of a quote.
#[derive(ToolArgs, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// They said yes.
    Accepted,
    /// They said no.
    Declined,
    /// We withdraw it.
    Cancelled,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    quote: String,
    /// Outcome.
    outcome: Outcome,
    /// Who accepted.
    #[arg(max = 200)]
    by_contact: Option<String>,
    /// Of the acceptance.
    #[arg(max = 2000)]
    evidence: Option<String>,
    /// Their reference.
    #[arg(max = 100)]
    po_reference: Option<String>,
    /// Why declined or cancelled.
    #[arg(max = 500)]
    reason: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The quote.
    quote: QuoteView,
    /// What can be done next.
    next: Option<&'static str>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check_with};

    use crate::shop::DOMAINS;
    const SENT: &str = shop!(
        r#"orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 2}], "valid_until": "2026-03-05"} as q=quote.id;
           orders_quote_send {"quote": "@q"}"#
    );

    #[test]
    fn a_word_needs_evidence() {
        check_with(
            DOMAINS,
            SENT,
            "orders_quote_close",
            r#"{"quote": "@q", "outcome": "accepted", "by_contact": "@ada"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"missing","message":"`evidence` is required","field":"evidence","hint":"say how they accepted: a call, a letter, a signature","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn an_expired_quote_is_revised_not_accepted() {
        let fixture = Fixture::new(DOMAINS, SENT);
        fixture.set_clock("2026-03-06T10:00:00Z");
        let close = |args: &str| fixture.call_confirmed("orders_quote_close", &fixture.filled(args)).json();
        let late =
            close(r#"{"quote": "@q", "outcome": "accepted", "by_contact": "@ada", "evidence": "call"}"#);
        assert_eq!(late["error"]["code"], "illegal_transition");
        let revised = fixture.call(
            "orders_quote_update",
            &fixture.filled(r#"{"quote": "@q", "changes": {"valid_until": "2026-03-20"}}"#),
        );
        assert_eq!(revised.json()["quote"]["revision"], 2);
        let old = close(r#"{"quote": "@q", "outcome": "declined", "reason": "too dear"}"#);
        assert_eq!(old["error"]["code"], "illegal_transition", "the old revision is superseded");
        let new = close(r#"{"quote": "Q-2026-00001", "outcome": "cancelled", "reason": "a mistake"}"#);
        assert_eq!(new["quote"]["status"], "cancelled");
    }
}
