//! `invoicing_invoice_send`: an issued document goes to its customer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maitred_core::prelude::*;
use maitred_kernel::time::MINUTE_MS;
use maitred_kernel::wire::Moment;
use maitred_kernel::{Stamp, format_minor};
use maitred_party::outward::{Attachment, Mail};
use maitred_party::store::companies;

use crate::afterwards::Sending;
use crate::document::{Document, load};
use crate::model::{Delivery, DocumentKind, Invoice};
use crate::recipients::{self, Recipient};
use crate::render_pdf::pdf;
use crate::render_ubl::{buyer_endpoint, ubl};
use crate::standard::violations;
use crate::store::{afterwards, invoices, profiles};

/// The same document to the same address again so soon is a mistake.
const REPEAT_MINUTES: i64 = 10;

/// The tool.
pub struct InvoiceSend;

impl Tool for InvoiceSend {
    const NAME: &str = "invoicing_invoice_send";
    const TITLE: &str = "Send invoice";
    const ABOUT: &str =
        "Send an issued invoice or credit note to the billing contact (again), as PDF and XML.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write { leaves_house: true, ..Write::PREVIEWED };
    const EXAMPLE: Example = Example {
        given: r#"company acme; contact ada company=acme email=ada@acme.example; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv;
                  invoicing_invoice_issue {"invoice": "@inv"}"#,
        args: r#"{"invoice": "@inv", "message": "As agreed on the phone."}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let invoice = invoices::resolve(cx, &args.invoice, "invoice")?;
        if !invoice.status.is_issued() {
            return Err(refused(Code::IllegalTransition, format!("{} is not issued", invoice.label()))
                .field("invoice")
                .hint("issue it with invoicing_invoice_issue first"));
        }
        let document = load(cx, invoice.clone())?;
        let channel = match (args.channel, &args.to) {
            (Some(channel), _) => channel,
            (None, Some(_)) => Delivery::Email,
            (None, None) => agreed(cx, &invoice)?,
        };
        let (recipient, subject, enclosed) = match channel {
            Delivery::Email => {
                let to = addressee(cx, &invoice, args.to.as_deref())?;
                fresh(cx, &invoice, &to.email)?;
                let (subject, files) = mail(cx, &document, &to, args.message.as_deref())?;
                (to.email, Some(subject), files)
            }
            Delivery::Peppol => {
                let (scheme, id) = endpoint(&document)?;
                let to = format!("{scheme}:{id}");
                fresh(cx, &invoice, &to)?;
                let name = document.file_name("xml");
                let payload = serde_json::json!({"recipient": to, "name": name, "content": ubl(&document)});
                cx.outbox("peppol", &payload.to_string())?;
                (to, None, vec![name])
            }
            Delivery::Portal => {
                fresh(cx, &invoice, "portal")?;
                ("portal".to_owned(), None, vec![])
            }
        };
        cx.insert(&mut Sending {
            id: cx.fresh_id(),
            version: 1,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            invoice_id: invoice.id.clone(),
            channel,
            recipient: recipient.clone(),
        })?;
        Ok(Output { number: invoice.label(), channel, to: recipient, subject, enclosed })
    }
}

/// The channel that was agreed on with the customer.
fn agreed(db: &Reader<'_>, invoice: &Invoice) -> ToolResult<Delivery> {
    match companies::find(db, invoice.company_id.as_ref())? {
        Some(company) => Ok(profiles::profile(db, &company)?.0.delivery),
        None => Ok(Delivery::Email),
    }
}

fn addressee(db: &Reader<'_>, invoice: &Invoice, to: Option<&str>) -> ToolResult<Recipient> {
    match to {
        Some(text) => recipients::named(db, text, "to"),
        None => recipients::of_company(db, &invoice.company_id)?.ok_or_else(|| {
            refused(Code::NotFound, "nobody at the customer has an e-mail address")
                .field("to")
                .hint("give `to`, or name a billing contact with invoicing_terms_update")
        }),
    }
}

fn fresh(db: &Reader<'_>, invoice: &Invoice, to: &str) -> ToolResult<()> {
    let since = db.stamp().plus_millis(-REPEAT_MINUTES * MINUTE_MS).map_err(ToolError::internal)?;
    if !afterwards::sent_since(db, &invoice.id, to, since)? {
        return Ok(());
    }
    Err(refused(
        Code::AlreadyDone,
        format!("`{}` went to `{to}` less than {REPEAT_MINUTES} minutes ago", invoice.label()),
    )
    .field("to")
    .hint("send it elsewhere, or later"))
}

fn endpoint(document: &Document) -> ToolResult<(String, String)> {
    let broken = violations(document);
    if let (Some(first), Ok(all)) = (broken.first(), serde_json::to_string(&broken)) {
        return Err(refused(Code::Invalid, format!("the network would refuse it: {}", first.what))
            .field("channel")
            .with("violations", all)
            .hint("send it by email, or mend what `violations` lists on the next one"));
    }
    buyer_endpoint(document).ok_or_else(|| invalid("channel", "needs the customer's peppol_id"))
}

fn mail(
    db: &Writer<'_>,
    document: &Document,
    to: &Recipient,
    message: Option<&str>,
) -> ToolResult<(String, Vec<String>)> {
    let (invoice, seller) = (&document.invoice, &document.seller.seller);
    let number = invoice.label();
    let subject = format!("{} {number} - {}", document.title(), seller.name);
    let amount = format_minor(document.payable(), invoice.currency);
    let mut text = match &to.name {
        Some(name) => format!("Dear {name},\n\n"),
        None => "Dear Sir or Madam,\n\n".to_owned(),
    };
    if let Some(message) = message.map(str::trim).filter(|message| !message.is_empty()) {
        text.push_str(message);
        text.push_str("\n\n");
    }
    text.push_str(&match invoice.kind {
        DocumentKind::Invoice => {
            format!("please find enclosed our invoice {number} over {amount} {}", invoice.currency)
        }
        DocumentKind::CreditNote => {
            format!("please find enclosed our credit note {number} over {amount} {}", invoice.currency)
        }
    });
    if let (Some(due), DocumentKind::Invoice) = (invoice.due_date, invoice.kind) {
        text.push_str(&format!(", to be paid by {due}"));
    }
    text.push_str(&format!(".\n\nKind regards\n{}", seller.name));
    let page = STANDARD.encode(pdf(document)?.bytes);
    let mut attachments = vec![Attachment::base64(document.file_name("pdf"), "application/pdf", page)];
    // What the standard's checks refuse would only be refused by the receiver's software.
    if violations(document).is_empty() {
        attachments.push(Attachment::text(document.file_name("xml"), "application/xml", ubl(document)));
    }
    let names = attachments.iter().map(|file| file.name.clone()).collect();
    Mail {
        to: vec![to.email.clone()],
        subject: subject.clone(),
        text,
        html: None,
        attachments,
        entity: "invoice",
        entity_id: invoice.id.0.clone(),
    }
    .send(db)?;
    Ok((subject, names))
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    invoice: String,
    /// Contact or email; default billing contact.
    #[arg(max = 200)]
    to: Option<String>,
    /// Default as agreed.
    channel: Option<Delivery>,
    /// For the mail.
    #[arg(max = 2000)]
    message: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Number.
    number: String,
    /// How it goes.
    channel: Delivery,
    /// Where to.
    to: String,
    /// Subject of the mail.
    subject: Option<String>,
    /// Files with it.
    enclosed: Vec<String>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;
    use serde_json::{Value, json};

    const GIVEN: &str = r#"company acme country=FR vat=FR40303265045; contact ada company=acme email=ada@acme.example; contact bill company=acme role=billing email=bill@acme.example; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "vat_id": "DE136695976"};
        invoicing_invoice_create {"company": "@acme", "po_reference": "4711", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv"#;

    fn send(fixture: &Fixture, more: &str) -> Value {
        fixture.call_confirmed("invoicing_invoice_send", &format!(r#"{{"invoice": "@inv"{more}}}"#)).json()
    }

    fn outbox(fixture: &Fixture, topic: &'static str) -> Vec<Value> {
        let payloads = fixture.read(move |db| Ok(crate::store::testing::outbox(db, topic)?)).unwrap();
        payloads.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    #[test]
    fn it_goes_to_whoever_does_the_billing_and_not_twice() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        assert_eq!(send(&fixture, "")["error"]["code"], "illegal_transition");
        fixture.call_confirmed("invoicing_invoice_issue", r#"{"invoice": "@inv"}"#);
        let shown = fixture.call("invoicing_invoice_send", r#"{"invoice": "@inv", "dry_run": true}"#).json();
        assert_eq!(shown["preview"]["to"], "bill@acme.example", "{shown}");
        assert_eq!(outbox(&fixture, "mail").len(), 0);
        let sent = send(&fixture, "");
        assert_eq!(sent["enclosed"], json!(["inv-2026-00001.pdf", "inv-2026-00001.xml"]), "{sent}");
        let mails = outbox(&fixture, "mail");
        assert_eq!(mails[0]["to"], json!(["bill@acme.example"]));
        let file = &mails[0]["attachments"][0];
        assert_eq!((&file["mime"], &file["encoding"]), (&json!("application/pdf"), &json!("base64")));
        assert!(file["content"].as_str().unwrap().starts_with("JVBERi0xLjc"));
        assert!(mails[0]["text"].as_str().unwrap().contains("119.00 EUR, to be paid by 2026-03-16"));
        fixture.set_clock("2026-03-02T10:09:59Z");
        assert_eq!(send(&fixture, r#", "message": "again""#)["error"]["code"], "already_done");
        assert_eq!(send(&fixture, r#", "to": "ada@acme.example""#)["to"], "ada@acme.example");
        fixture.set_clock("2026-03-02T10:10:01Z");
        assert_eq!(send(&fixture, r#", "message": "once more""#)["to"], "bill@acme.example");
        assert_eq!(outbox(&fixture, "mail").len(), 3);
    }

    #[test]
    fn the_network_gets_only_what_it_takes() {
        let fixture = Fixture::new(&[&crate::DOMAIN], &GIVEN.replace(r#""po_reference": "4711", "#, ""));
        fixture.call_confirmed("invoicing_invoice_issue", r#"{"invoice": "@inv"}"#);
        let refused = send(&fixture, r#", "channel": "peppol""#);
        assert_eq!(refused["error"]["violations"][0]["rule"], "PEPPOL-EN16931-R003", "{refused}");
        let good = Fixture::new(&[&crate::DOMAIN], GIVEN);
        good.call_confirmed("invoicing_invoice_issue", r#"{"invoice": "@inv"}"#);
        assert_eq!(send(&good, r#", "channel": "peppol""#)["to"], "9957:FR40303265045");
        assert_eq!(outbox(&good, "peppol").len(), 1);
    }

    #[test]
    fn without_an_address_it_says_what_to_do() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "1"};
               invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv; invoicing_invoice_issue {"invoice": "@inv"}"#,
        );
        assert_eq!(send(&fixture, "")["error"]["field"], "to");
        assert_eq!(send(&fixture, r#", "to": "nobody""#)["error"]["code"], "not_found");
        assert_eq!(send(&fixture, r#", "channel": "portal""#)["channel"], "portal");
    }
}
