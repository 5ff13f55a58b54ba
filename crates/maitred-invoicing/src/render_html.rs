//! A document as a page that a business would send: one HTML file without scripts, pictures or outside references.

use maitred_kernel::{Currency, country, format_minor};

use crate::document::{Document, escaped, exemption_words};
use crate::model::DocumentKind;

const STYLE: &str = "body{font:14px/1.45 system-ui,-apple-system,Segoe UI,Helvetica,Arial,sans-serif;color:#1d2329;max-width:48rem;margin:2.5rem auto;padding:0 1.5rem}\
h1{font-size:1.6rem;margin:0 0 .25rem}address{font-style:normal}.parties{display:flex;justify-content:space-between;gap:2rem;margin:2rem 0}\
.label{color:#66707a;font-size:.8rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:1rem 0}dt{color:#66707a}dd{margin:0}\
table{border-collapse:collapse;width:100%;margin:1.5rem 0}th{text-align:left;border-bottom:2px solid #1d2329;padding:.4rem .5rem;font-size:.8rem}\
td{border-bottom:1px solid #dfe3e7;padding:.45rem .5rem;vertical-align:top}.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\
.sums{width:auto;margin-left:auto}.sums td{border:0;padding:.2rem .5rem}.total td{border-top:2px solid #1d2329;font-weight:600}\
.small{color:#66707a;font-size:.85rem}.draft{position:fixed;top:38%;left:0;right:0;text-align:center;font-size:9rem;color:#c00;opacity:.12;transform:rotate(-24deg);pointer-events:none}\
footer{margin-top:3rem;border-top:1px solid #dfe3e7;padding-top:.75rem;color:#66707a;font-size:.8rem}@media print{body{margin:0}}";

/// The page.
pub fn html(document: &Document) -> String {
    let invoice = &document.invoice;
    let title = match &invoice.number {
        Some(number) => format!("{} {number}", document.title()),
        None => format!("{} (draft)", document.title()),
    };
    let mut out = String::with_capacity(8 * 1024);
    out.push_str("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>");
    out.push_str(&escaped(&title));
    out.push_str("</title><style>");
    out.push_str(STYLE);
    out.push_str("</style></head><body>\n");
    if invoice.number.is_none() {
        out.push_str("<div class=\"draft\">DRAFT</div>\n");
    }
    parties(document, &mut out);
    out.push_str(&format!("<h1>{}</h1>\n", escaped(&title)));
    facts(document, &mut out);
    lines(document, &mut out);
    sums(document, &mut out);
    payment(document, &mut out);
    footer(document, &mut out);
    out.push_str("</body></html>\n");
    out
}

fn address(lines: &[&str], out: &mut String) {
    let shown: Vec<String> =
        lines.iter().filter(|line| !line.trim().is_empty()).map(|line| escaped(line)).collect();
    out.push_str(&shown.join("<br>"));
}

fn parties(document: &Document, out: &mut String) {
    let (seller, buyer) = (&document.seller.seller, &document.buyer);
    let place = |postcode: Option<&str>, city: Option<&str>| {
        [postcode, city].into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let named = |code: &str| country::name(code).unwrap_or(code).to_owned();
    out.push_str("<div class=\"parties\"><address><span class=\"label\">To</span><br>");
    let (city, land) = (place(buyer.postcode.as_deref(), buyer.city.as_deref()), named(&buyer.country));
    let vat = buyer.vat_id.as_ref().map_or_else(String::new, |id| format!("VAT id {id}"));
    let mut shown = vec![buyer.name.as_str()];
    shown.extend(buyer.street.iter().map(String::as_str));
    shown.extend([city.as_str(), land.as_str(), vat.as_str()]);
    address(&shown, out);
    out.push_str("</address><address><span class=\"label\">From</span><br>");
    let (city, land) =
        (place(seller.postcode.as_deref(), seller.city.as_deref()), named(&document.seller.country));
    let mut shown = vec![seller.name.as_str()];
    shown.extend(seller.street.iter().map(String::as_str));
    shown.extend([city.as_str(), land.as_str()]);
    address(&shown, out);
    out.push_str("</address></div>\n");
}

fn facts(document: &Document, out: &mut String) {
    let invoice = &document.invoice;
    out.push_str("<dl>");
    let mut fact = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            out.push_str(&format!("<dt>{name}</dt><dd>{}</dd>", escaped(&value)));
        }
    };
    fact("Date", invoice.issue_date.map(|day| day.to_string()));
    let supplied = match (invoice.supply_from, invoice.supply_to) {
        (Some(from), Some(to)) if from != to => Some(format!("{from} to {to}")),
        (from, to) => to.or(from).map(|day| day.to_string()),
    };
    fact("Supplied", supplied);
    if invoice.kind == DocumentKind::Invoice {
        fact("Due", invoice.due_date.map(|day| day.to_string()));
    }
    fact(
        "Corrects",
        document.corrects.as_ref().map(|(number, day)| match day {
            Some(day) => format!("{number} of {day}"),
            None => number.clone(),
        }),
    );
    fact("Your order", invoice.po_reference.clone());
    fact("Your reference", document.buyer.buyer_reference.clone());
    out.push_str("</dl>\n");
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

fn lines(document: &Document, out: &mut String) {
    let currency = document.invoice.currency;
    let with_tax = if document.invoice.includes_tax { " (with VAT)" } else { "" };
    out.push_str(&format!(
        "<table><thead><tr><th>#</th><th>Description</th><th class=\"n\">Quantity</th>\
         <th class=\"n\">Price{with_tax}</th><th class=\"n\">VAT</th><th class=\"n\">Net {currency}</th></tr></thead><tbody>\n"
    ));
    for line in &document.lines {
        let sku = line
            .sku
            .as_ref()
            .map_or_else(String::new, |sku| format!("<br><span class=\"small\">{}</span>", escaped(sku)));
        let discount = if line.discount_bp.bp() == 0 {
            String::new()
        } else {
            format!("<br><span class=\"small\">less {} %</span>", line.discount_bp)
        };
        let base = if line.base_qty == maitred_kernel::Quantity::ONE {
            String::new()
        } else {
            format!(" / {}", line.base_qty)
        };
        let quantity = format!("{} {}", line.quantity, escaped(unit(&line.unit)));
        out.push_str(&format!(
            "<tr><td>{}</td><td>{}{sku}</td><td class=\"n\">{}</td><td class=\"n\">{}{base}{discount}</td>\
             <td class=\"n\">{} %</td><td class=\"n\">{}</td></tr>\n",
            line.position,
            escaped(&line.description).replace('\n', "<br>"),
            quantity.trim_end(),
            line.unit_price.format(currency),
            line.tax_rate_bp,
            format_minor(line.net, currency),
        ));
    }
    out.push_str("</tbody></table>\n");
}

fn sums(document: &Document, out: &mut String) {
    let invoice = &document.invoice;
    let currency: Currency = invoice.currency;
    out.push_str("<table class=\"sums\"><tbody>");
    let mut sum = |name: &str, minor: i64, class: &str| {
        out.push_str(&format!(
            "<tr{class}><td>{name}</td><td class=\"n\">{} {currency}</td></tr>",
            format_minor(minor, currency)
        ));
    };
    if invoice.allowances != 0 {
        sum("Allowances", -invoice.allowances, "");
    }
    if invoice.charges != 0 {
        sum("Charges", invoice.charges, "");
    }
    sum("Net", invoice.net, "");
    for row in &document.taxes {
        let name = match exemption_words(row.category) {
            Some(_) => format!("VAT ({})", row.category.as_str()),
            None => format!("VAT {} %", row.rate_bp),
        };
        let name = format!("{name} on {}", format_minor(row.taxable, currency));
        sum(&name, row.tax, "");
    }
    let payable = invoice.gross - invoice.prepaid + invoice.rounding;
    sum("Total", invoice.gross, " class=\"total\"");
    if invoice.prepaid != 0 {
        sum("Paid before", -invoice.prepaid, "");
    }
    if invoice.rounding != 0 {
        sum("Rounding", invoice.rounding, "");
    }
    if payable != invoice.gross {
        sum("To pay", payable, " class=\"total\"");
    }
    out.push_str("</tbody></table>\n");
    let mut reasons: Vec<String> = document
        .taxes
        .iter()
        .filter_map(|row| {
            let words = exemption_words(row.category)?;
            Some(match &row.exemption_code {
                Some(code) => format!("{words} ({code})"),
                None => words.to_owned(),
            })
        })
        .collect();
    reasons.dedup();
    for reason in reasons {
        out.push_str(&format!("<p class=\"small\">{}.</p>\n", escaped(&reason)));
    }
}

fn payment(document: &Document, out: &mut String) {
    let (invoice, seller) = (&document.invoice, &document.seller.seller);
    if let Some(note) = &invoice.note {
        out.push_str(&format!("<p>{}</p>\n", escaped(note).replace('\n', "<br>")));
    }
    let (Some(due), DocumentKind::Invoice) = (invoice.due_date, invoice.kind) else { return };
    let amount = format_minor(invoice.gross - invoice.prepaid + invoice.rounding, invoice.currency);
    let quoting = invoice.number.as_deref().unwrap_or("the number of this invoice");
    let to = match (&seller.iban, &seller.bic) {
        (Some(iban), Some(bic)) => format!(" to {iban} ({bic})"),
        (Some(iban), None) => format!(" to {iban}"),
        _ => String::new(),
    };
    out.push_str(&format!(
        "<p>Please pay {amount} {} by {due}{}, quoting {}.</p>\n",
        invoice.currency,
        escaped(&to),
        escaped(quoting)
    ));
}

fn footer(document: &Document, out: &mut String) {
    let seller = &document.seller.seller;
    let mut parts = vec![seller.name.clone()];
    let mut part = |name: &str, value: &Option<String>| {
        if let Some(value) = value {
            parts.push(format!("{name} {value}"));
        }
    };
    part("VAT id", &seller.vat_id);
    part("Tax number", &seller.tax_number);
    part("Register", &seller.registration_no);
    part("", &seller.email);
    part("", &seller.phone);
    let shown: Vec<String> =
        parts.iter().map(|part| escaped(part.trim())).filter(|part| !part.is_empty()).collect();
    out.push_str(&format!("<footer>{}</footer>\n", shown.join(" · ")));
}
