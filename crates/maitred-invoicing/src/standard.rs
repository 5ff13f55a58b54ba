//! The rules of EN 16931 and of Peppol BIS Billing 3.0 that a finished document can break. Those that keep a document
//! from being issued are in `issue_rules`; these are about what the receiver's software will say.

use maitred_kernel::round::share_of;
use maitred_party::model::TaxCategory;

use crate::document::Document;
use crate::issue_rules::Violation;
use crate::model::{DocumentKind, TaxRoundingWord};
use crate::render_ubl::{buyer_endpoint, seller_endpoint};

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
            "the seller has no electronic address: give a VAT id or an e-mail address in `invoicing.seller`"
                .to_owned(),
        );
    }
    let outside = document.taxes.iter().filter(|row| row.category == TaxCategory::OutOfScope).count();
    if outside > 0 && document.taxes.len() > 1 {
        add("BR-O-11", "what is not subject to VAT cannot be with what is on one document".to_owned());
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
        if line.description.trim().is_empty() {
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
        let by_group = invoice.tax_rounding == TaxRoundingWord::PerGroup && !invoice.includes_tax;
        let right = share_of(row.taxable, row.rate_bp).is_ok_and(|tax| tax == row.tax);
        if by_group && invoice.kind == DocumentKind::Invoice && !right {
            add(
                "BR-CO-17",
                format!("the VAT of {} {} % is not its share", row.category.as_str(), row.rate_bp),
            );
        }
    }
}
