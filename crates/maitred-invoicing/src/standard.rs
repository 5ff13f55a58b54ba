//! The rules of EN 16931 and of Peppol BIS Billing 3.0 that a finished document can break. Those that keep a document
//! from being issued are in `issue_rules`; these are about what the receiver's software will say.

use maitred_party::model::TaxCategory;

use crate::document::Document;
use crate::issue_rules::Violation;
use crate::model::DocumentKind;
use crate::render_ubl::{buyer_endpoint, line_texts, seller_endpoint};

/// Every rule that the document breaks, by name.
pub fn violations(document: &Document) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut add = |rule: &'static str, what: String| found.push(Violation { rule, what });
    let invoice = &document.invoice;
    sums(document, &mut add);
    if invoice.due_date.is_none() && invoice.kind == DocumentKind::Invoice && invoice.gross > 0 {
        add("BR-CO-25", "there is no due date".to_owned());
    }
    if document.buyer.buyer_reference.is_none() && invoice.po_reference.is_none() {
        add(
            "PEPPOL-EN16931-R003",
            "it needs the buyer's reference or order number: set po_reference on the draft, or buyer_reference with \
             invoicing_terms_update"
                .to_owned(),
        );
    }
    if buyer_endpoint(document).is_none() {
        add(
            "PEPPOL-EN16931-R010",
            "the buyer has no electronic address: set peppol_id with invoicing_terms_update".to_owned(),
        );
    }
    if seller_endpoint(document).is_none() {
        add(
            "PEPPOL-EN16931-R020",
            "the seller has no electronic address: give a VAT id or a peppol_id in `invoicing.seller`"
                .to_owned(),
        );
    }
    identified(document, &mut add);
    if document.seller.country == "DE" && document.buyer.country == "DE" {
        at_home_in_germany(document, &mut add);
    }
    decimals(document, &mut add);
    let outside = document.taxes.iter().filter(|row| row.category == TaxCategory::OutOfScope).count();
    if outside > 0 && document.taxes.len() > 1 {
        for rule in ["BR-O-11", "BR-O-12"] {
            add(rule, "what is not subject to VAT cannot be with what is on one document".to_owned());
        }
    }
    for line in &document.lines {
        let code = &line.unit;
        let fits = (2..=3).contains(&code.len())
            && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if !fits {
            add(
                "BR-CL-23",
                format!("line {}: `{code}` is no unit code of UN/ECE Recommendation 20", line.position),
            );
        }
        if line_texts(&line.description).0.is_empty() {
            add("BR-25", format!("line {} has no name", line.position));
        }
    }
    found
}

fn sums(document: &Document, add: &mut impl FnMut(&'static str, String)) {
    let invoice = &document.invoice;
    if document.lines.iter().map(|line| line.net).sum::<i64>() != invoice.lines_net {
        add("BR-CO-10", "the lines do not add up".to_owned());
    }
    if invoice.lines_net - invoice.allowances + invoice.charges != invoice.net {
        add("BR-CO-13", "the total without VAT does not add up".to_owned());
    }
    if document.taxes.iter().map(|row| row.tax).sum::<i64>() != invoice.tax {
        add("BR-CO-14", "the VAT does not add up".to_owned());
    }
    if invoice.net + invoice.tax != invoice.gross {
        add("BR-CO-15", "the total with VAT does not add up".to_owned());
    }
    for row in &document.taxes {
        // The official rules allow less than one of the currency, for tax that was rounded on each line.
        let share = i128::from(row.taxable) * i128::from(row.rate_bp.bp());
        let off = (i128::from(row.tax) * 10_000 - share).abs();
        if off >= i128::from(invoice.currency.minor_per_major()) * 10_000 {
            add(
                "BR-CO-17",
                format!("the VAT of {} {} % is not its share", row.category.as_str(), row.rate_bp),
            );
        }
    }
}

/// Somebody must be named by a number that may be shown on this kind of document.
fn identified(document: &Document, add: &mut impl FnMut(&'static str, String)) {
    let seller = &document.seller.seller;
    if seller.registration_no.is_none() && seller.vat_id.is_none() && seller.tax_number.is_none() {
        add(
            "BR-CO-26",
            "the seller has no number: give a VAT id, tax number or register number in `invoicing.seller`"
                .to_owned(),
        );
    }
}

/// What OpenPeppol asks of documents between two in Germany.
fn at_home_in_germany(document: &Document, add: &mut impl FnMut(&'static str, String)) {
    let (seller, buyer) = (&document.seller.seller, &document.buyer);
    let lacks = |text: &Option<String>| text.as_ref().is_none_or(|text| text.trim().is_empty());
    let mut ask = |missing: bool, rule: &'static str, what: &str| {
        if missing {
            add(rule, format!("between two in Germany it needs {what}"));
        }
    };
    const SETTINGS: &str = "in the section `invoicing.seller`";
    let asks_for_money = document.invoice.kind == DocumentKind::Invoice;
    ask(asks_for_money && lacks(&seller.iban), "DE-R-001", &format!("the seller's IBAN {SETTINGS}"));
    if lacks(&seller.phone) && lacks(&seller.email) {
        ask(true, "DE-R-002", &format!("the seller's phone and e-mail address {SETTINGS}"));
    } else {
        ask(lacks(&seller.phone), "DE-R-006", &format!("the seller's phone {SETTINGS}"));
        ask(lacks(&seller.email), "DE-R-007", &format!("the seller's e-mail address {SETTINGS}"));
    }
    ask(lacks(&seller.city), "DE-R-003", &format!("the seller's city {SETTINGS}"));
    ask(lacks(&seller.postcode), "DE-R-004", &format!("the seller's postcode {SETTINGS}"));
    ask(lacks(&buyer.city), "DE-R-008", "the buyer's city: give the company an address");
    ask(lacks(&buyer.postcode), "DE-R-009", "the buyer's postcode: give the company an address");
    ask(
        lacks(&buyer.buyer_reference),
        "DE-R-015",
        "the buyer's reference: set buyer_reference with invoicing_terms_update",
    );
}

/// The standard has two decimals; amounts in currencies with more may need them.
fn decimals(document: &Document, add: &mut impl FnMut(&'static str, String)) {
    let (invoice, currency) = (&document.invoice, document.invoice.currency);
    let finest = currency.minor_per_major() / 100;
    let fits = |minor: &i64| finest <= 1 || minor % finest == 0;
    let lines = document.lines.iter().map(|line| line.net);
    let rows = document.taxes.iter().flat_map(|row| [row.taxable, row.tax]);
    let all = [invoice.lines_net, invoice.net, invoice.tax, invoice.gross, document.payable()];
    if !lines.chain(rows).chain(all).all(|minor| fits(&minor)) {
        add("BR-DEC", format!("the standard has two decimals, and amounts in {currency} here need more"));
    }
}
