//! What a document says to a reader, in order: the page and the PDF show the same words.

use maitred_kernel::{Quantity, country, format_minor};

use crate::document::{Document, exemption_words};
use crate::model::{DocumentKind, InvoiceLine};

/// What the document is called on itself: `Invoice INV-2026-00012`.
pub fn heading(document: &Document) -> String {
    match &document.invoice.number {
        Some(number) => format!("{} {number}", document.title()),
        None => format!("{} (draft)", document.title()),
    }
}

fn place(postcode: Option<&str>, city: Option<&str>) -> String {
    [postcode, city].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn filled(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().filter(|line| !line.trim().is_empty()).collect()
}

/// Name and address of who sells.
pub fn seller(document: &Document) -> Vec<String> {
    let seller = &document.seller.seller;
    let mut lines = vec![seller.name.clone()];
    lines.extend(seller.street.iter().cloned());
    lines.push(place(seller.postcode.as_deref(), seller.city.as_deref()));
    lines.push(country::name(&document.seller.country).unwrap_or(&document.seller.country).to_owned());
    filled(lines)
}

/// Name, address and VAT id of who buys.
pub fn buyer(document: &Document) -> Vec<String> {
    let buyer = &document.buyer;
    let mut lines = vec![buyer.name.clone()];
    lines.extend(buyer.street.iter().cloned());
    lines.push(place(buyer.postcode.as_deref(), buyer.city.as_deref()));
    lines.push(country::name(&buyer.country).unwrap_or(&buyer.country).to_owned());
    lines.extend(buyer.vat_id.iter().map(|id| format!("VAT id {id}")));
    filled(lines)
}

/// Dates and references.
pub fn facts(document: &Document) -> Vec<(&'static str, String)> {
    let invoice = &document.invoice;
    let supplied = match (invoice.supply_from, invoice.supply_to) {
        (Some(from), Some(to)) if from != to => Some(format!("{from} to {to}")),
        (from, to) => to.or(from).map(|day| day.to_string()),
    };
    let due = invoice.due_date.filter(|_| invoice.kind == DocumentKind::Invoice);
    let corrects = document.corrects.as_ref().map(|(number, day)| match day {
        Some(day) => format!("{number} of {day}"),
        None => number.clone(),
    });
    let all = [
        ("Number", invoice.number.clone()),
        ("Date", invoice.issue_date.map(|day| day.to_string())),
        ("Supplied", supplied),
        ("Due", due.map(|day| day.to_string())),
        ("Corrects", corrects),
        ("Your order", invoice.po_reference.clone()),
        ("Your reference", document.buyer.buyer_reference.clone()),
        ("Our VAT id", document.seller.seller.vat_id.clone()),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The unit of measure as people write it.
fn unit(code: &str) -> &str {
    match code {
        "C62" | "EA" | "H87" => "",
        "HUR" => "h",
        "DAY" => "days",
        "MON" => "months",
        "KGM" => "kg",
        "GRM" => "g",
        "LTR" => "l",
        "MTR" => "m",
        "MTK" => "m²",
        "KMT" => "km",
        other => other,
    }
}

/// A line as it is shown.
pub struct Shown {
    /// Number.
    pub position: String,
    /// What it is.
    pub description: String,
    /// SKU.
    pub sku: Option<String>,
    /// How much, with its unit.
    pub quantity: String,
    /// Price, and what it is for.
    pub price: String,
    /// `less 10 %`.
    pub discount: Option<String>,
    /// Rate of tax, or why there is none.
    pub tax: String,
    /// Without tax.
    pub net: String,
}

/// A line of this document.
pub fn line(document: &Document, line: &InvoiceLine) -> Shown {
    let currency = document.invoice.currency;
    let mut price = line.unit_price.format(currency);
    if line.base_qty != Quantity::ONE {
        price.push_str(&format!(" / {}", line.base_qty));
    }
    let tax = match exemption_words(line.tax_category) {
        Some(_) => line.tax_category.as_str().to_owned(),
        None => format!("{} %", line.tax_rate_bp),
    };
    Shown {
        position: line.position.to_string(),
        description: line.description.trim().to_owned(),
        sku: line.sku.clone(),
        quantity: format!("{} {}", line.quantity, unit(&line.unit)).trim_end().to_owned(),
        price,
        discount: Some(line.discount_bp).filter(|bp| bp.bp() != 0).map(|bp| format!("less {bp} %")),
        tax,
        net: format_minor(line.net, currency),
    }
}

/// Titles of the columns of lines.
pub fn columns(document: &Document) -> [String; 6] {
    let with_tax = if document.invoice.includes_tax { " (with VAT)" } else { "" };
    [
        "#".to_owned(),
        "Description".to_owned(),
        "Quantity".to_owned(),
        format!("Price{with_tax}"),
        "VAT".to_owned(),
        format!("Net {}", document.invoice.currency),
    ]
}

/// A row of the sums; those that matter most are heavy.
pub struct Sum {
    /// What.
    pub name: String,
    /// How much, with its currency.
    pub amount: String,
    /// Whether it stands out.
    pub heavy: bool,
}

/// Net, VAT by group, total, what was paid and what is to be paid.
pub fn sums(document: &Document) -> Vec<Sum> {
    let (invoice, currency) = (&document.invoice, document.invoice.currency);
    let mut rows = Vec::new();
    let mut sum = |name: String, minor: i64, heavy: bool| {
        rows.push(Sum { name, amount: format!("{} {currency}", format_minor(minor, currency)), heavy });
    };
    if invoice.allowances != 0 {
        sum("Allowances".to_owned(), -invoice.allowances, false);
    }
    if invoice.charges != 0 {
        sum("Charges".to_owned(), invoice.charges, false);
    }
    sum("Net".to_owned(), invoice.net, false);
    for row in &document.taxes {
        let name = match exemption_words(row.category) {
            Some(_) => format!("VAT ({})", row.category.as_str()),
            None => format!("VAT {} %", row.rate_bp),
        };
        sum(format!("{name} on {}", format_minor(row.taxable, currency)), row.tax, false);
    }
    sum("Total".to_owned(), invoice.gross, true);
    if invoice.prepaid != 0 {
        sum("Paid before".to_owned(), -invoice.prepaid, false);
    }
    if invoice.rounding != 0 {
        sum("Rounding".to_owned(), invoice.rounding, false);
    }
    if document.payable() != invoice.gross {
        sum("To pay".to_owned(), document.payable(), true);
    }
    if let Some(own) = document.own_tax() {
        let amount = format!("{} {}", format_minor(own.minor, own.currency), own.currency);
        rows.push(Sum { name: "VAT in our currency".to_owned(), amount, heavy: false });
    }
    rows
}

/// Why something is not taxed.
pub fn reasons(document: &Document) -> Vec<String> {
    let mut reasons: Vec<String> = document
        .taxes
        .iter()
        .filter_map(|row| {
            let words = exemption_words(row.category)?;
            let letter = row.category.as_str();
            Some(match &row.exemption_code {
                Some(code) => format!("{letter}: {words} ({code})."),
                None => format!("{letter}: {words}."),
            })
        })
        .collect();
    reasons.dedup();
    reasons
}

/// What is to be done about the amount; nothing where nothing is to be paid.
pub fn payment(document: &Document) -> Vec<String> {
    let (invoice, seller) = (&document.invoice, &document.seller.seller);
    let amount = format!("{} {}", format_minor(document.payable(), invoice.currency), invoice.currency);
    if document.payable() <= 0 {
        return vec!["Nothing is left to pay.".to_owned()];
    }
    if invoice.kind == DocumentKind::CreditNote {
        return vec![format!("{amount} is set off against what is open, or paid back.")];
    }
    let due = invoice.due_date.map_or_else(String::new, |due| format!(" by {due}"));
    let quoting = invoice.number.as_deref().unwrap_or("the number of this invoice");
    let mut lines = vec![format!("Please pay {amount}{due}, quoting {quoting}.")];
    lines.extend(document.discount_terms().map(|terms| format!("{terms}.")));
    if let Some(iban) = &seller.iban {
        let bank = seller.bic.as_ref().map_or_else(String::new, |bic| format!(", BIC {bic}"));
        lines.push(format!("Account: {}, IBAN {}{bank}", seller.name, spaced(iban)));
    }
    lines
}

/// An IBAN in groups of four, as ISO 13616 prints it.
fn spaced(iban: &str) -> String {
    let letters: Vec<char> = iban.chars().collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Who sells, once more, with their numbers.
pub fn footer(document: &Document) -> Vec<String> {
    let seller = &document.seller.seller;
    let mut parts = vec![seller.name.clone()];
    let mut part = |name: &str, value: &Option<String>| {
        if let Some(value) = value {
            parts.push(format!("{name} {value}").trim().to_owned());
        }
    };
    part("VAT id", &seller.vat_id);
    part("Tax number", &seller.tax_number);
    part("Register", &seller.registration_no);
    part("", &seller.email);
    part("", &seller.phone);
    filled(parts)
}
