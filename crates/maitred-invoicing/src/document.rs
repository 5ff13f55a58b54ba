//! A document as it leaves the house: what it keeps of both sides, its lines, its taxes. Everything here is fixed at
//! issue, so whatever is made of it is the same to the last byte, however much is paid later.

use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Currency, Day, Money};
use maitred_party::store::companies;
use sha2::{Digest, Sha256};

use crate::issue_rules::{BuyerSnapshot, SellerSnapshot, buyer_snapshot, seller_snapshot};
use crate::model::{DocumentKind, Invoice, InvoiceLine, InvoiceTax};
use crate::seller::seller_of;
use crate::store::invoices;

/// A document with everything that is shown of it.
#[derive(Clone, Debug)]
pub struct Document {
    /// The document itself; its balances are not shown.
    pub invoice: Invoice,
    /// Lines, in order.
    pub lines: Vec<InvoiceLine>,
    /// Taxes, by category and rate.
    pub taxes: Vec<InvoiceTax>,
    /// Who sold.
    pub seller: SellerSnapshot,
    /// Who bought.
    pub buyer: BuyerSnapshot,
    /// Number and day of the invoice that a credit note corrects.
    pub corrects: Option<(String, Option<Day>)>,
}

/// Reads a document. A draft shows both sides as they are known now.
pub fn load(db: &Reader<'_>, invoice: Invoice) -> ToolResult<Document> {
    let seller = match &invoice.seller {
        Some(json) => serde_json::from_str(json).map_err(ToolError::internal)?,
        None => seller_snapshot(db, seller_of(db)?, invoice.currency)?,
    };
    let buyer = match &invoice.buyer {
        Some(json) => serde_json::from_str(json).map_err(ToolError::internal)?,
        None => {
            let company = companies::find(db, invoice.company_id.as_ref())?
                .ok_or_else(|| not_found("company", invoice.company_id.as_ref()))?;
            buyer_snapshot(db, &company)?
        }
    };
    let corrects = match &invoice.corrects_id {
        Some(id) => db
            .get::<Invoice>(id.as_ref())?
            .and_then(|corrected| corrected.number.map(|number| (number, corrected.issue_date))),
        None => None,
    };
    let lines = invoices::lines(db, &invoice.id)?;
    let taxes = invoices::taxes(db, &invoice.id)?;
    Ok(Document { invoice, lines, taxes, seller, buyer, corrects })
}

impl Document {
    /// What the document is called.
    pub fn title(&self) -> &'static str {
        match self.invoice.kind {
            DocumentKind::Invoice => "Invoice",
            DocumentKind::CreditNote => "Credit note",
        }
    }

    /// What is to be paid, or of a credit note given back.
    pub fn payable(&self) -> i64 {
        self.invoice.payable()
    }

    /// The cash discount that was agreed on, in words (BT-20).
    pub fn discount_terms(&self) -> Option<String> {
        let (days, share) = self.buyer.discount_days.zip(self.buyer.discount_bp)?;
        let until = self.invoice.issue_date?.plus_days(days).ok()?;
        if self.invoice.kind != DocumentKind::Invoice || self.payable() <= 0 {
            return None;
        }
        Some(format!("{} % discount if paid by {until}", BasisPoints::from_bp(share)))
    }

    /// The VAT in the organisation's currency, where the document is in another (BT-6, BT-111).
    pub fn own_tax(&self) -> Option<Money> {
        let own = Currency::parse(self.seller.vat_currency.as_deref()?).ok()?;
        let tax = Money::new(self.invoice.tax, self.invoice.currency);
        self.invoice.fx_rate.to_base(tax, own).ok().filter(|_| own != self.invoice.currency)
    }

    /// The name of a file of it: `inv-2026-00012.xml`.
    pub fn file_name(&self, extension: &str) -> String {
        let number = self.invoice.number.as_deref().map_or_else(|| "draft".to_owned(), str::to_lowercase);
        format!("{number}.{extension}")
    }

    /// A hash of everything that is fixed at issue.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn fingerprint(&self) -> ToolResult<String> {
        let invoice = &self.invoice;
        let lines: Vec<_> = self
            .lines
            .iter()
            .map(|line| {
                serde_json::json!([
                    line.position,
                    line.sku,
                    line.description,
                    line.quantity.thousandths(),
                    line.unit,
                    line.unit_price.micros(),
                    line.base_qty.thousandths(),
                    line.discount_bp.bp(),
                    line.net,
                    line.tax_category.as_str(),
                    line.tax_rate_bp.bp(),
                    line.exemption_code,
                ])
            })
            .collect();
        let taxes: Vec<_> = self
            .taxes
            .iter()
            .map(|row| {
                serde_json::json!([
                    row.category.as_str(),
                    row.rate_bp.bp(),
                    row.taxable,
                    row.tax,
                    row.exemption_code
                ])
            })
            .collect();
        let whole = serde_json::json!([
            invoice.number,
            invoice.kind.as_str(),
            invoice.issue_date.map(|day| day.to_string()),
            invoice.due_date.map(|day| day.to_string()),
            invoice.supply_from.map(|day| day.to_string()),
            invoice.supply_to.map(|day| day.to_string()),
            invoice.currency.code(),
            [invoice.net, invoice.tax, invoice.gross, invoice.prepaid, invoice.rounding],
            invoice.po_reference,
            invoice.note,
            self.seller,
            self.buyer,
            self.corrects.as_ref().map(|(number, _)| number),
            lines,
            taxes,
        ]);
        Ok(hash(whole.to_string().as_bytes()))
    }
}

/// SHA-256 in hexadecimal.
pub fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a document can show this character. Control characters have no shape and no place in XML; the overrides and
/// isolates of the bidirectional algorithm would let a name turn around the amounts that follow it.
pub fn is_shown(letter: char) -> bool {
    match letter {
        '\n' | '\t' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => false,
        _ => !letter.is_control(),
    }
}

/// Text as HTML and XML take it; what neither can hold is left out.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars().filter(|letter| is_shown(*letter)) {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
    }
    out
}

/// Why something is not taxed, in words.
pub fn exemption_words(category: maitred_party::model::TaxCategory) -> Option<&'static str> {
    use maitred_party::model::TaxCategory as C;
    match category {
        C::Standard | C::Zero => None,
        C::Exempt => Some("Exempt from VAT"),
        C::ReverseCharge => Some("Reverse charge: the recipient owes the VAT"),
        C::IntraCommunity => Some("Intra-community supply, exempt from VAT"),
        C::Export => Some("Export outside the EU, exempt from VAT"),
        C::OutOfScope => Some("Not subject to VAT"),
    }
}
