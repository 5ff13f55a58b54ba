//! `orders_quote_send`: a quote goes to the customer and starts to be valid.

use maitred_core::prelude::*;
use maitred_kernel::format_minor;
use maitred_kernel::wire::Moment;
use maitred_party::model::{ConsentChannel, ConsentState};
use maitred_party::org::today;
use maitred_party::store::contacts;
use maitred_party::{Contact, ContactStatus};

use crate::model::{Quote, QuoteLine, QuoteStatus};
use crate::ordering::person;
use crate::quoting::{must_allow, thin};
use crate::rules::approves;
use crate::store::quotes;
use crate::views::{QuoteView, quote as viewed};

/// The tool.
pub struct QuoteSend;

impl Tool for QuoteSend {
    const NAME: &str = "orders_quote_send";
    const TITLE: &str = "Send quote";
    const ABOUT: &str = "Send the quote to the contact and start its validity. Sending again is a reminder, not a new revision.";
    const MODES: &[Mode] = &[Mode::Sales];
    const EFFECT: Write = Write { leaves_house: true, ..Write::PREVIEWED };
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 2}]} as q=quote.id"#
        ),
        args: r#"{"quote": "@q", "message": "As discussed."}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = quotes::resolve(cx, &args.quote, "quote")?;
        let reminder = before.status == QuoteStatus::Sent;
        if !reminder {
            must_allow(cx, &before, QuoteStatus::Sent)?;
        }
        let lines = quotes::lines(cx, &before.id)?;
        ready(cx, &before, &lines)?;
        let contact = recipient(cx, &before, args.to_contact.as_deref())?;
        let channel = args.channel.unwrap_or(SendChannel::Email);
        let (to, topic) = address(cx, &contact, channel)?;
        let mut after = Quote {
            status: QuoteStatus::Sent,
            contact_id: before.contact_id.clone().or_else(|| Some(contact.id.clone())),
            sent_at: before.sent_at.or_else(|| Some(cx.stamp())),
            sent_to: Some(to.clone()),
            ..before.clone()
        };
        cx.update(&before, &mut after)?;
        let subject = if reminder {
            format!("Reminder: quote {}", after.number)
        } else {
            format!("Quote {}", after.number)
        };
        let text = letter(&after, &lines, args.message.as_deref());
        let payload = serde_json::json!({
            "to": [to], "subject": subject, "text": text, "entity": "quote", "id": after.id.0,
        });
        cx.outbox(topic, &payload.to_string())?;
        let delivery = Delivery { to, contact: contact.full_name(), subject, text, reminder };
        Ok(Output { quote: viewed(cx, &after)?, delivery })
    }
}

/// Refuses a quote that must not go out as it is.
fn ready(db: &Reader<'_>, quote: &Quote, lines: &[QuoteLine]) -> ToolResult<()> {
    if quote.valid_until < today(db)? {
        return Err(refused(
            Code::IllegalTransition,
            format!("quote `{}` was valid until {}", quote.number, quote.valid_until),
        )
        .hint("give it another valid_until with orders_quote_update"));
    }
    if let Some(line) = lines.iter().find(|line| line.unit_price.is_none()) {
        return Err(refused(
            Code::Invalid,
            format!("line {} has no price: {}", line.position, line.description),
        )
        .hint("set one with orders_quote_update"));
    }
    match thin(db, quote, lines)? {
        Some(why) if !approves(db) => Err(refused(Code::ApprovalNeeded, why)
            .hint("ask somebody with an owner, admin or finance role to send it")),
        _ => Ok(()),
    }
}

fn recipient(db: &Reader<'_>, quote: &Quote, named: Option<&str>) -> ToolResult<Contact> {
    let contact = match (named, &quote.contact_id) {
        (Some(text), _) => person(db, &quote.company_id, text, "to_contact")?,
        (None, Some(id)) => contacts::find(db, id.as_ref())?
            .ok_or_else(|| not_found("contact", id.as_ref()).field("to_contact"))?,
        (None, None) => {
            return Err(
                missing("to_contact").hint("name a person of the customer; crm_company_get shows who is")
            );
        }
    };
    if contact.status == ContactStatus::Active {
        return Ok(contact);
    }
    Err(invalid("to_contact", format!("names {}, who cannot be reached any more", contact.full_name())))
}

/// Where the quote goes. It answers an enquiry, so nobody has to agree to a letter; who withdrew gets none, and other
/// channels need a yes.
fn address(db: &Reader<'_>, contact: &Contact, channel: SendChannel) -> ToolResult<(String, &'static str)> {
    let (kind, at, topic) = match channel {
        SendChannel::Email => (ConsentChannel::Email, &contact.email, "mail"),
        SendChannel::Whatsapp => (ConsentChannel::Whatsapp, &contact.phone, "whatsapp"),
    };
    let state = contacts::consent_in_force(db, &contact.id, kind)?;
    let willing = match channel {
        SendChannel::Email => state != Some(ConsentState::Withdrawn),
        SendChannel::Whatsapp => state == Some(ConsentState::Granted),
    };
    if !willing {
        return Err(refused(
            Code::ConsentMissing,
            format!("{} has not agreed to be written to by {kind}", contact.full_name()),
        )
        .field("channel")
        .hint("record what they said with crm_consent_record, or send it to another person"));
    }
    let at = at.clone().ok_or_else(|| {
        invalid("to_contact", format!("names {}, of whom no address is known", contact.full_name()))
            .hint("add it with crm_contact_update")
    })?;
    Ok((at, topic))
}

fn letter(quote: &Quote, lines: &[QuoteLine], message: Option<&str>) -> String {
    let mut text = String::new();
    if let Some(message) = message {
        text.push_str(&format!("{message}\n\n"));
    }
    text.push_str(&format!("Quote {} (revision {})\n\n", quote.number, quote.revision));
    for line in lines {
        let price = line.unit_price.map_or_else(String::new, |price| price.format(quote.currency));
        let less =
            if line.discount_bp.bp() == 0 { String::new() } else { format!(" less {} %", line.discount_bp) };
        text.push_str(&format!(
            "{}. {}: {} at {price}{less} = {} {}\n",
            line.position,
            line.description,
            line.quantity,
            format_minor(line.net, quote.currency),
            quote.currency
        ));
    }
    let show = |minor| format_minor(minor, quote.currency);
    text.push_str(&format!(
        "\nNet {}, tax {}, total {} {}.\nValid until {}.\n",
        show(quote.net),
        show(quote.tax),
        show(quote.gross),
        quote.currency,
        quote.valid_until
    ));
    if let Some(terms) = &quote.terms {
        text.push_str(&format!("{terms}\n"));
    }
    text
}

/// How a quote is sent.
#[derive(ToolArgs, Clone, Copy, PartialEq, Eq)]
pub enum SendChannel {
    /// By e-mail.
    Email,
    /// By WhatsApp.
    Whatsapp,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    quote: String,
    /// Default the quote's.
    #[arg(max = 200)]
    to_contact: Option<String>,
    /// Words at the top.
    #[arg(max = 2000)]
    message: Option<String>,
    /// email.
    channel: Option<SendChannel>,
}

/// What goes out, to whom.
#[derive(ToolOutput)]
pub struct Delivery {
    /// Address it goes to.
    to: String,
    /// Whose.
    contact: String,
    /// Subject.
    subject: String,
    /// The whole text.
    text: String,
    /// Whether it was sent before.
    reminder: bool,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The quote.
    quote: QuoteView,
    /// What goes out.
    delivery: Delivery,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check_with};

    use crate::shop::DOMAINS;

    #[test]
    fn a_price_on_every_line() {
        check_with(
            DOMAINS,
            shop!(
                r#"orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"description": "Assembly", "qty": 1}]} as q=quote.id"#
            ),
            "orders_quote_send",
            r#"{"quote": "@q"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"line 1 has no price: Assembly","hint":"set one with orders_quote_update","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn another_channel_needs_a_yes() {
        check_with(
            DOMAINS,
            shop!(
                r#"orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 1}]} as q=quote.id"#
            ),
            "orders_quote_send",
            r#"{"quote": "@q", "channel": "whatsapp"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"consent_missing","message":"Ada has not agreed to be written to by whatsapp","field":"channel","hint":"record what they said with crm_consent_record, or send it to another person","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn sending_again_is_a_reminder() {
        let fixture = Fixture::new(
            DOMAINS,
            shop!(
                r#"orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 1}]} as q=quote.id;
                     orders_quote_send {"quote": "@q"}"#
            ),
        );
        fixture.set_clock("2026-03-03T10:00:00Z");
        let again = fixture.call_confirmed("orders_quote_send", &fixture.filled(r#"{"quote": "@q"}"#)).json();
        assert_eq!((&again["quote"]["revision"], &again["delivery"]["reminder"]), (&1.into(), &true.into()));
        assert_eq!(again["quote"]["sent_at"], "2026-03-02T10:00:00.000Z");
        fixture.set_clock("2026-05-03T10:00:00Z");
        let late = fixture.call_confirmed("orders_quote_send", &fixture.filled(r#"{"quote": "@q"}"#)).json();
        assert_eq!(late["error"]["code"], "illegal_transition");
    }
}
