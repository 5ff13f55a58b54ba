//! A document as a page that a business would send: one HTML file without scripts, pictures or outside references.

use crate::document::{Document, escaped};
use crate::wording;

const STYLE: &str = "body{font:14px/1.45 system-ui,-apple-system,\"Segoe UI\",Helvetica,Arial,sans-serif;color:#1d2329;max-width:48rem;margin:2.5rem auto;padding:0 1.5rem;overflow-wrap:anywhere}\
h1{font-size:1.6rem;margin:0 0 .25rem}address{font-style:normal}.parties{display:flex;justify-content:space-between;gap:2rem;margin:2rem 0}\
.label{color:#5b656f;font-size:.8rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:1rem 0}dt{color:#5b656f}dd{margin:0}\
table{border-collapse:collapse;width:100%;margin:1.5rem 0}thead{display:table-header-group}tr{break-inside:avoid}\
th{text-align:left;border-bottom:2px solid #1d2329;padding:.4rem .5rem;font-size:.8rem}\
td{border-bottom:1px solid #dfe3e7;padding:.45rem .5rem;vertical-align:top}.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\
.sums{width:auto;margin-left:auto;break-inside:avoid}.sums th,.sums td{border:0;padding:.2rem .5rem;font-weight:400;font-size:inherit}\
.sums .total th,.sums .total td{border-top:2px solid #1d2329;font-weight:600}\
.small{color:#5b656f;font-size:.85rem}.payment{break-inside:avoid}.draft{position:fixed;top:38%;left:0;right:0;text-align:center;font-size:9rem;color:#c00;opacity:.12;transform:rotate(-24deg);pointer-events:none}\
footer{margin-top:3rem;border-top:1px solid #dfe3e7;padding-top:.75rem;color:#5b656f;font-size:.8rem}\
@page{size:A4;margin:18mm}@media print{body{margin:0;padding:0;max-width:none;font-size:10pt}}";

/// Nothing is fetched, run or sent from the page, whoever shows it and whatever is written in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The page.
pub fn html(document: &Document) -> String {
    let title = escaped(&wording::heading(document));
    let mut out = String::with_capacity(8 * 1024);
    out.push_str("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    out.push_str(&format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">"));
    out.push_str(&format!("<title>{title}</title><style>{STYLE}</style></head><body>\n"));
    if document.invoice.number.is_none() {
        out.push_str("<div class=\"draft\" aria-hidden=\"true\">DRAFT</div>\n");
    }
    out.push_str("<header class=\"parties\">");
    address("To", &wording::buyer(document), &mut out);
    address("From", &wording::seller(document), &mut out);
    out.push_str(&format!("</header>\n<main><h1 dir=\"auto\">{title}</h1>\n<dl>"));
    for (name, value) in wording::facts(document) {
        out.push_str(&format!("<dt>{name}</dt><dd dir=\"auto\">{}</dd>", escaped(&value)));
    }
    out.push_str("</dl>\n");
    lines(document, &mut out);
    sums(document, &mut out);
    for reason in wording::reasons(document) {
        out.push_str(&format!("<p class=\"small\">{}</p>\n", escaped(&reason)));
    }
    if let Some(note) = &document.invoice.note {
        out.push_str(&format!("<p dir=\"auto\">{}</p>\n", broken(note)));
    }
    let payment: Vec<String> = wording::payment(document).iter().map(|line| escaped(line)).collect();
    out.push_str(&format!("<p class=\"payment\">{}</p></main>\n", payment.join("<br>")));
    let footer: Vec<String> = wording::footer(document).iter().map(|part| isolated(part)).collect();
    out.push_str(&format!("<footer>{}</footer>\n</body></html>\n", footer.join(" · ")));
    out
}

/// Text of several lines.
fn broken(text: &str) -> String {
    escaped(text.trim()).replace('\n', "<br>")
}

/// Text that turns nothing around it about, whichever way it is written.
fn isolated(text: &str) -> String {
    format!("<bdi>{}</bdi>", broken(text))
}

fn address(label: &str, lines: &[String], out: &mut String) {
    let shown: Vec<String> = lines.iter().map(|line| isolated(line)).collect();
    out.push_str(&format!(
        "<address><span class=\"label\">{label}</span><br>{}</address>",
        shown.join("<br>")
    ));
}

fn lines(document: &Document, out: &mut String) {
    out.push_str("<table><thead><tr>");
    for (at, title) in wording::columns(document).iter().enumerate() {
        let class = if at > 1 { " class=\"n\"" } else { "" };
        out.push_str(&format!("<th scope=\"col\"{class}>{title}</th>"));
    }
    out.push_str("</tr></thead><tbody>\n");
    for line in &document.lines {
        let shown = wording::line(document, line);
        let below = |text: &Option<String>| {
            let text = text.as_ref().map(|text| isolated(text));
            text.map_or_else(String::new, |text| format!("<br><span class=\"small\">{text}</span>"))
        };
        out.push_str(&format!(
            "<tr><td>{}</td><td>{}{}</td><td class=\"n\">{}</td><td class=\"n\">{}{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td></tr>\n",
            shown.position,
            isolated(&shown.description),
            below(&shown.sku),
            escaped(&shown.quantity),
            shown.price,
            below(&shown.discount),
            shown.tax,
            shown.net,
        ));
    }
    out.push_str("</tbody></table>\n");
}

fn sums(document: &Document, out: &mut String) {
    out.push_str("<table class=\"sums\"><tbody>");
    for row in wording::sums(document) {
        let class = if row.heavy { " class=\"total\"" } else { "" };
        out.push_str(&format!(
            "<tr{class}><th scope=\"row\">{}</th><td class=\"n\">{}</td></tr>",
            escaped(&row.name),
            row.amount
        ));
    }
    out.push_str("</tbody></table>\n");
}
