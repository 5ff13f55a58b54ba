//! `invoicing_invoice_render`: a document as HTML, PDF or UBL.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::Stamp;
use maitred_party::sources::ExportSink;

use crate::document::{hash, load};
use crate::render_html::html;
use crate::render_pdf::pdf;
use crate::render_ubl::ubl;
use crate::standard::violations;
use crate::store::invoices;

words! {
    /// As what a document is rendered.
    pub enum Format {
        /// A page to read and print.
        Html = "html",
        /// The same on A4.
        Pdf = "pdf",
        /// EN 16931 as UBL 2.1, Peppol BIS Billing 3.0.
        Ubl = "ubl",
    }
}

/// The tool.
pub struct InvoiceRender;

impl Tool for InvoiceRender {
    const NAME: &str = "invoicing_invoice_render";
    const TITLE: &str = "Render invoice";
    const ABOUT: &str = "Render as HTML, PDF or EN 16931 UBL (Peppol BIS 3 XML), with the result of the standard's checks. \
                         A draft is watermarked.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example {
        given: r#"company acme vat=DE811569869; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "vat_id": "DE136695976"};
                  invoicing_invoice_create {"company": "@acme", "po_reference": "4711", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv;
                  invoicing_invoice_issue {"invoice": "@inv"}"#,
        args: r#"{"invoice": "@inv", "format": "ubl"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let document = load(cx, invoices::resolve(cx, &args.invoice, "invoice")?)?;
        let mut warnings = Vec::new();
        let (content, name, mime) = match args.format {
            Format::Html => (html(&document).into_bytes(), document.file_name("html"), "text/html"),
            Format::Pdf => {
                let made = pdf(&document)?;
                warnings = made.warnings;
                (made.bytes, document.file_name("pdf"), "application/pdf")
            }
            Format::Ubl if document.invoice.number.is_none() => {
                return Err(refused(Code::IllegalTransition, "a draft has no XML")
                    .field("invoice")
                    .hint("issue it with invoicing_invoice_issue, or render html or pdf"));
            }
            Format::Ubl => (ubl(&document).into_bytes(), document.file_name("xml"), "application/xml"),
        };
        let sha256 = hash(&content);
        let violations = violations(&document)
            .into_iter()
            .map(|broken| ViolationView { rule: broken.rule, what: broken.what })
            .collect();
        let stored = match cx.port::<dyn ExportSink>() {
            Some(sink) => {
                let mut file = sink.create(&cx.caller().org.slug)?;
                file.write_all(&content).map_err(ToolError::internal)?;
                // Equal names mean equal contents.
                let (stem, extension) = name.split_once('.').unwrap_or((&name, "txt"));
                Some(file.finish(&format!("{stem}-{}.{extension}", &sha256[..16]))?)
            }
            None => None,
        };
        Ok(Output {
            number: document.invoice.number.clone(),
            name,
            mime,
            bytes: content.len() as i64,
            sha256,
            expires_at: stored.as_ref().and_then(|stored| stored.expires_at),
            content: if stored.is_none() { Some(spelled(content, args.format)) } else { None },
            uri: stored.map(|stored| stored.uri),
            violations,
            warnings,
        })
    }
}

/// A file inside an answer: bytes in base64.
fn spelled(content: Vec<u8>, format: Format) -> String {
    match format {
        Format::Pdf => STANDARD.encode(content),
        Format::Html | Format::Ubl => String::from_utf8_lossy(&content).into_owned(),
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    invoice: String,
    /// Format.
    format: Format,
}

/// A rule that the document breaks.
#[derive(ToolOutput)]
pub struct ViolationView {
    /// Name in EN 16931 or Peppol BIS.
    rule: &'static str,
    /// What is wrong and what to do.
    what: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Number; none of a draft.
    number: Option<String>,
    /// Name of the file.
    name: String,
    /// Its type.
    mime: &'static str,
    /// Its size.
    bytes: i64,
    /// Its hash: the same every time.
    sha256: String,
    /// Where it can be read.
    uri: Option<String>,
    /// Until when.
    expires_at: Option<Stamp>,
    /// The file itself, where there is no place for files; a PDF in base64.
    content: Option<String>,
    /// Rules that the receiver's software will find broken.
    violations: Vec<ViolationView>,
    /// What the PDF cannot show.
    warnings: Vec<String>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;
    use serde_json::Value;

    const GIVEN: &str = r#"company acme name=Acme_&_Sons country=FR vat=FR40303265045; tax DE standard S 1900; tax DE reduced S 700; setting invoicing.seller {"name": "Maison GmbH", "vat_id": "DE136695976", "iban": "DE89370400440532013000", "street": ["Hof 1"], "city": "Berlin"};
        invoicing_invoice_create {"company": "@acme", "po_reference": "4711", "note": "Thank you", "lines": [{"description": "Chair <oak>", "qty": "3", "unit_price": "33.335", "discount": 10}, {"description": "Book", "qty": 1, "unit_price": 9.99, "tax_class": "reduced"}]} as inv"#;

    fn render(fixture: &Fixture, format: &str) -> Value {
        fixture
            .call("invoicing_invoice_render", &format!(r#"{{"invoice": "@inv", "format": "{format}"}}"#))
            .json()
    }

    fn written(fixture: &Fixture, format: &str) -> String {
        let invoice = fixture.read(|db| {
            let found = crate::store::invoices::search(
                db,
                &crate::store::invoices::InvoiceFilter::default(),
                &maitred_core::paging::Page::first(db, 1, 9)?,
            )?;
            let id = found.last().map(|row| row.id.clone()).unwrap_or_default();
            let whole = crate::document::load(db, crate::store::invoices::resolve(db, &id, "invoice")?)?;
            Ok((crate::render_html::html(&whole), crate::render_ubl::ubl(&whole)))
        });
        let (html, ubl) = invoice.unwrap();
        if format == "html" { html } else { ubl }
    }

    #[test]
    fn a_draft_is_watermarked_and_has_no_xml() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        assert_eq!(render(&fixture, "ubl")["error"]["code"], "illegal_transition");
        let page = written(&fixture, "html");
        assert!(
            page.contains("DRAFT") && page.contains("Chair &lt;oak&gt;") && page.contains("Acme &amp; Sons")
        );
    }

    #[test]
    fn a_pdf_is_a_file_of_its_own_and_says_what_it_cannot_show() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let draft = render(&fixture, "pdf");
        assert_eq!(
            (&draft["name"], &draft["mime"]),
            (&"draft.pdf".into(), &"application/pdf".into()),
            "{draft}"
        );
        assert!(draft["warnings"].is_null() || draft["warnings"] == serde_json::json!([]), "{draft}");
        let kept = fixture.sink().contents(draft["uri"].as_str().unwrap()).unwrap();
        assert!(kept.starts_with(b"%PDF-1.7") && kept.len() as i64 == draft["bytes"].as_i64().unwrap());
        let args = r#"{"invoice": "@inv", "note": "日本"}"#;
        let changed = fixture.call("invoicing_invoice_update", args).json();
        assert!(changed["error"].is_null(), "{changed}");
        fixture.call_confirmed("invoicing_invoice_issue", r#"{"invoice": "@inv"}"#);
        let issued = render(&fixture, "pdf");
        assert_eq!(issued["name"], "inv-2026-00001.pdf");
        assert!(issued["warnings"][0].as_str().unwrap().contains("U+65E5"), "{issued}");
        assert_eq!(issued["sha256"], render(&fixture, "pdf")["sha256"]);
    }

    #[test]
    fn what_was_issued_is_the_same_to_the_byte_whatever_happens_later() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        fixture.call_confirmed("invoicing_invoice_issue", r#"{"invoice": "@inv"}"#);
        let before = (render(&fixture, "html")["sha256"].clone(), render(&fixture, "ubl")["sha256"].clone());
        assert!(before.0.is_string(), "{before:?}");
        fixture.call_confirmed(
            "invoicing_payment_record",
            r#"{"company": "@acme", "amount": "20", "method": "cash"}"#,
        );
        fixture
            .write(|db| {
                use maitred_party::sources::SettingSource;
                crate::seller::SellerSection.set(db, r#"{"name": "Other GmbH"}"#)
            })
            .unwrap();
        fixture.set_clock("2026-05-02T10:00:00Z");
        let after = (render(&fixture, "html")["sha256"].clone(), render(&fixture, "ubl")["sha256"].clone());
        assert_eq!(before, after);
        assert!(!written(&fixture, "html").contains("DRAFT"));
    }

    #[test]
    fn the_xml_states_what_is_stored() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        fixture.call_confirmed("invoicing_invoice_issue", r#"{"invoice": "@inv"}"#);
        assert_eq!(render(&fixture, "ubl")["violations"], serde_json::json!([]));
        let xml = written(&fixture, "ubl");
        for part in [
            "<cbc:ID>INV-2026-00001</cbc:ID>",
            "<cbc:IssueDate>2026-03-02</cbc:IssueDate>",
            "<cbc:EndpointID schemeID=\"9957\">FR40303265045</cbc:EndpointID>",
            "<cbc:RegistrationName>Acme &amp; Sons</cbc:RegistrationName>",
            "<cbc:LineExtensionAmount currencyID=\"EUR\">90.00</cbc:LineExtensionAmount>",
            "<cbc:Amount currencyID=\"EUR\">10.01</cbc:Amount>",
            "<cbc:PriceAmount currencyID=\"EUR\">33.335</cbc:PriceAmount>",
            "<cbc:TaxAmount currencyID=\"EUR\">17.80</cbc:TaxAmount>",
            "<cbc:PayableAmount currencyID=\"EUR\">117.79</cbc:PayableAmount>",
        ] {
            assert!(xml.contains(part), "{part} is missing in\n{xml}");
        }
        let mut open: Vec<&str> = Vec::new();
        for piece in xml.split('<').skip(2) {
            let tag = piece.split(['>', ' ']).next().unwrap();
            let whole = piece.split_once('>').unwrap();
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name)),
                None if whole.0.ends_with('/') => {}
                None => open.push(tag),
            }
        }
        assert!(open.is_empty(), "{open:?} are not closed");
    }
}
