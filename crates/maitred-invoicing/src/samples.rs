//! Documents of every kind that a business sends, judged here by the arithmetic of EN 16931 and, once they are written
//! to files, by the official artefacts (`cargo xtask einvoice`).

use std::collections::BTreeMap;

use maitred_kernel::money::Rate;
use maitred_kernel::{BasisPoints, Currency, Day, Price, Quantity, Stamp};
use maitred_party::CompanyId;
use maitred_party::model::{TaxCategory, TaxClass};

use crate::document::Document;
use crate::drafting::grouped;
use crate::issue_rules::{BuyerSnapshot, SellerSnapshot};
use crate::model::{DocumentKind, Invoice, InvoiceId, InvoiceLine, InvoiceLineId, InvoiceStatus, InvoiceTax};
use crate::seller::Seller;

/// A document and the rules that it is meant to break.
pub struct Sample {
    /// Name of its files.
    pub name: &'static str,
    /// It.
    pub document: Document,
    /// Names of the rules.
    pub breaks: &'static [&'static str],
}

/// A line: description, thousandths, unit, millionths, discount in basis points, category, rate in basis points.
pub type Row<'a> = (&'a str, i64, &'a str, i64, i64, TaxCategory, i64);

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A seller in Germany with everything that a document shows.
pub fn maison() -> SellerSnapshot {
    SellerSnapshot {
        seller: Seller {
            name: "Maison Möbel GmbH".to_owned(),
            street: vec!["Hofstraße 1".to_owned()],
            city: text("Berlin"),
            postcode: text("10115"),
            vat_id: text("DE136695976"),
            tax_number: text("12/345/67890"),
            registration_no: text("HRB 12345"),
            email: text("office@maison.example"),
            phone: text("+4930123456"),
            iban: text("DE89370400440532013000"),
            bic: text("COBADEFFXXX"),
            peppol_id: None,
            net_days: None,
        },
        country: "DE".to_owned(),
        vat_currency: None,
    }
}

/// A buyer.
pub fn buyer(name: &str, country: &str, vat_id: Option<&str>) -> BuyerSnapshot {
    BuyerSnapshot {
        name: name.to_owned(),
        street: vec!["Long Street 12".to_owned(), "2nd floor".to_owned()],
        city: text("Sometown"),
        postcode: text("12345"),
        country: country.to_owned(),
        vat_id: vat_id.map(str::to_owned),
        registration_no: None,
        buyer_reference: text("04011000-12345-03"),
        peppol_id: text("0088:4006381333931"),
        discount_days: None,
        discount_bp: None,
    }
}

/// A document as it is issued, added up as drafts are.
pub fn document(seller: SellerSnapshot, buyer: BuyerSnapshot, rows: &[Row<'_>]) -> Document {
    made(seller, buyer, rows, Currency::EUR, false)
}

/// The same in a currency, with prices that include tax or not.
pub fn made(
    seller: SellerSnapshot,
    buyer: BuyerSnapshot,
    rows: &[Row<'_>],
    currency: Currency,
    includes_tax: bool,
) -> Document {
    let day = |text: &str| Day::parse(text).ok();
    let mut document = Document {
        invoice: Invoice {
            number: text("INV-2026-00012"),
            status: InvoiceStatus::Issued,
            issue_date: day("2026-03-02"),
            due_date: day("2026-03-16"),
            net_days: 14,
            supply_from: day("2026-02-01"),
            supply_to: day("2026-02-28"),
            includes_tax,
            po_reference: text("PO-4711"),
            ..Invoice::draft(InvoiceId("i".to_owned()), CompanyId("c".to_owned()), currency, Rate::ONE)
        },
        lines: vec![],
        taxes: vec![],
        seller,
        buyer,
        corrects: None,
    };
    document.lines = (1_i64..).zip(rows).map(|(position, row)| line(position, row)).collect();
    add_up(&mut document);
    document
}

fn line(position: i64, row: &Row<'_>) -> InvoiceLine {
    let (description, quantity, unit, price, discount, category, rate) = *row;
    InvoiceLine {
        id: InvoiceLineId(format!("l{position}")),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        invoice_id: InvoiceId("i".to_owned()),
        position,
        variant_id: None,
        sku: if position % 2 == 1 { Some(format!("SKU-{position:03}")) } else { None },
        description: description.to_owned(),
        quantity: Quantity::from_thousandths(quantity),
        unit: unit.to_owned(),
        unit_price: Price::from_micros(price),
        base_qty: Quantity::ONE,
        discount_bp: BasisPoints::from_bp(discount),
        net: 0,
        service: false,
        tax_class: TaxClass::Standard,
        tax_category: category,
        tax_rate_bp: BasisPoints::from_bp(rate),
        exemption_code: match category {
            TaxCategory::ReverseCharge => text("VATEX-EU-AE"),
            TaxCategory::IntraCommunity => text("VATEX-EU-IC"),
            TaxCategory::Export => text("VATEX-EU-G"),
            TaxCategory::OutOfScope => text("VATEX-EU-O"),
            TaxCategory::Exempt => text("VATEX-EU-132"),
            _ => None,
        },
        credited_qty: Quantity::default(),
        corrected_line_id: None,
    }
}

/// Adds a document up again after a change of its lines or terms.
pub fn add_up(document: &mut Document) {
    let groups = grouped(&mut document.invoice, &mut document.lines).unwrap();
    document.taxes = groups
        .into_iter()
        .map(|(category, rate_bp, taxable, tax)| InvoiceTax {
            id: String::new(),
            version: 1,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            invoice_id: InvoiceId("i".to_owned()),
            category,
            rate_bp,
            taxable,
            tax,
            exemption_code: document
                .lines
                .iter()
                .find(|line| line.tax_category == category)
                .and_then(|line| line.exemption_code.clone()),
        })
        .collect();
}

/// All of them.
pub fn samples() -> Vec<Sample> {
    use TaxCategory as C;
    const PIECE: &str = "C62";
    let chair: Row<'_> = ("Chair, oak", 2_000, PIECE, 50_000_000, 0, C::Standard, 1_900);
    let mut all = Vec::new();
    let mut add = |name, document, breaks| all.push(Sample { name, document, breaks });
    let french = || buyer("Maison Mercier SARL", "FR", Some("FR40303265045"));
    let german = || buyer("Acme & Söhne <GmbH>", "DE", Some("DE811569869"));
    let abroad = || buyer("Helvetia Handels AG", "CH", None);

    add("standard", document(maison(), german(), &[chair]), &[]);
    let rates = [
        ("Chair <oak>\nHand-made, \"solid\" & heavy", 3_000, PIECE, 33_335_000, 1_000, C::Standard, 1_900),
        ("Book", 1_000, PIECE, 9_990_000, 0, C::Standard, 700),
        ("Work", 2_125, "HUR", 85_500_000, 250, C::Standard, 1_900),
        ("Stamp", 7_000, PIECE, 850_000, 0, C::Zero, 0),
        ("Course", 1_000, PIECE, 120_000_000, 0, C::Exempt, 0),
    ];
    add("several-rates", document(maison(), german(), &rates), &[]);
    let many: Vec<Row<'_>> = (0..95)
        .map(|at| {
            let rate = if at % 3 == 0 { 700 } else { 1_900 };
            (
                "Screw, galvanised, in a box of one hundred",
                1_333 + at * 7,
                "KGM",
                1_234_567,
                at * 10,
                C::Standard,
                rate,
            )
        })
        .collect();
    add("many-lines", document(maison(), german(), &many), &[]);
    add(
        "intra-community",
        document(maison(), french(), &[("Table", 1_500, "MTR", 410_000_000, 500, C::IntraCommunity, 0)]),
        &[],
    );
    add(
        "reverse-charge",
        document(maison(), french(), &[("Consulting", 12_250, "HUR", 95_000_000, 0, C::ReverseCharge, 0)]),
        &[],
    );
    add(
        "reverse-charge-home",
        document(maison(), german(), &[("Scaffolding", 1_000, PIECE, 1_900_000_000, 0, C::ReverseCharge, 0)]),
        &[],
    );
    add(
        "export",
        document(maison(), abroad(), &[("Table", 1_000, PIECE, 410_000_000, 0, C::Export, 0)]),
        &[],
    );
    add(
        "outside-scope",
        document(maison(), abroad(), &[("Design", 8_000, "HUR", 90_000_000, 0, C::OutOfScope, 0)]),
        &[],
    );
    let mut small = maison();
    (small.seller.registration_no, small.seller.vat_id) = (None, None);
    small.seller.peppol_id = text("0088:4006381333931");
    add(
        "outside-scope-small",
        document(small.clone(), abroad(), &[("Design", 8_000, "HUR", 90_000_000, 0, C::OutOfScope, 0)]),
        &[],
    );
    add("small-seller", document(small, french(), &[chair]), &[]);
    let mut mail = maison();
    (mail.seller.vat_id, mail.seller.peppol_id) = (None, None);
    add("mail-only", document(mail, french(), &[chair]), &["PEPPOL-EN16931-R020"]);
    add(
        "exempt",
        document(maison(), german(), &[("Seminar", 1_000, PIECE, 640_000_000, 0, C::Exempt, 0)]),
        &[],
    );
    add(
        "zero-rated",
        document(maison(), german(), &[("Panel", 10_000, PIECE, 99_990_000, 0, C::Zero, 0)]),
        &[],
    );
    let mixed = [chair, ("Design", 8_000, "HUR", 90_000_000, 0, C::OutOfScope, 0)];
    add("scope-mixed", document(maison(), abroad(), &mixed), &["BR-O-11", "BR-O-12"]);
    add("gross-prices", made(maison(), french(), &rates[..3], Currency::EUR, true), &[]);
    add(
        "yen-gross",
        made(
            maison(),
            abroad(),
            &[("Table", 3_000, PIECE, 41_999_000_000, 0, C::Standard, 1_900)],
            Currency::JPY,
            true,
        ),
        &[],
    );

    let mut paid = document(maison(), german(), &[chair]);
    (paid.invoice.prepaid, paid.invoice.rounding) = (5_000, 1);
    add("part-paid", paid.clone(), &[]);
    paid.invoice.prepaid = paid.invoice.gross;
    paid.invoice.rounding = 0;
    add("paid", paid, &[]);
    let mut free = document(maison(), german(), &[("Sample", 1_000, PIECE, 0, 0, C::Standard, 1_900)]);
    free.invoice.note = text("A present.");
    add("free", free, &[]);
    let mut terms = document(maison(), german(), &[chair]);
    (terms.buyer.discount_days, terms.buyer.discount_bp) = (Some(10), Some(250));
    terms.invoice.note = text("Thank you.\nWe look forward to seeing you.");
    add("discount-terms", terms, &[]);

    let mut note = document(maison(), german(), &rates);
    note.invoice.kind = DocumentKind::CreditNote;
    (note.invoice.number, note.invoice.series) = (text("CN-2026-00003"), "CN".to_owned());
    note.corrects = Some(("INV-2026-00012".to_owned(), Day::parse("2026-03-02").ok()));
    add("credit-note", note.clone(), &[]);
    note.invoice.rounding = -1;
    add("credit-note-rounded", note.clone(), &[]);
    note.invoice.rounding = 0;
    note.buyer = french();
    add("credit-note-abroad", note, &[]);

    let mut dollars = made(maison(), french(), &rates[..3], Currency::USD, false);
    dollars.seller.vat_currency = text("EUR");
    dollars.invoice.fx_rate = Rate::from_e8(92_345_678);
    add("dollars", dollars, &[]);
    let yen = [("Table", 3_000, PIECE, 41_999_000_000, 500, C::Standard, 1_900)];
    let mut yen = made(maison(), french(), &yen, Currency::JPY, false);
    yen.seller.vat_currency = text("EUR");
    yen.invoice.fx_rate = Rate::from_e8(612_345);
    add("yen", yen, &[]);
    let dinar = |price| {
        made(maison(), abroad(), &[("Table", 3_000, PIECE, price, 0, C::Export, 0)], Currency::KWD, false)
    };
    add("dinar", dinar(41_250_000), &[]);
    let decimals = &[
        "BR-CO-10",
        "BR-CO-15",
        "BR-DEC-09",
        "BR-DEC-12",
        "BR-DEC-14",
        "BR-DEC-18",
        "BR-DEC-19",
        "BR-DEC-23",
        "UBL-DT-01",
    ];
    add("dinar-fils", dinar(41_251_000), decimals);

    let mut odd = document(
        maison(),
        buyer("Ελληνική Εταιρεία — Łódź & <script>alert(1)</script>\u{202e}\u{7}", "GR", Some("EL094014201")),
        &[(
            "\n  Ящик \u{1}«большой»\u{fffe}\n日本語 ✓\u{0}",
            1_001,
            PIECE,
            9_999_999,
            3_333,
            C::Standard,
            1_900,
        )],
    );
    odd.invoice.note = Some("ß ".repeat(400));
    odd.invoice.po_reference = Some("x".repeat(100));
    odd.lines[0].description.push_str(&"long ".repeat(190));
    odd.buyer.street = (1..6).map(|at| format!("Line {at} of the address")).collect();
    add("odd-texts", odd, &[]);
    let mut hundred =
        document(maison(), french(), &[("Nail", 12_345_678, PIECE, 1_234_567, 0, C::Standard, 1_900)]);
    hundred.lines[0].base_qty = Quantity::from_thousandths(100_000);
    add_up(&mut hundred);
    add("per-hundred", hundred, &[]);

    let mut bare = document(
        SellerSnapshot {
            seller: Seller { name: "Maison".to_owned(), tax_number: text("12/345"), ..Seller::default() },
            country: "DE".to_owned(),
            vat_currency: None,
        },
        BuyerSnapshot {
            street: vec![],
            city: None,
            postcode: None,
            buyer_reference: None,
            peppol_id: None,
            ..buyer("Bare Ltd", "US", None)
        },
        &[chair],
    );
    bare.invoice.po_reference = None;
    let unknown = &["PEPPOL-EN16931-R003", "PEPPOL-EN16931-R010", "PEPPOL-EN16931-R020"];
    add("no-addresses", bare, unknown);
    let mut german_rules = document(
        SellerSnapshot {
            seller: Seller { name: "Maison".to_owned(), vat_id: text("DE136695976"), ..Seller::default() },
            ..maison()
        },
        BuyerSnapshot { street: vec![], city: None, postcode: None, ..german() },
        &[chair],
    );
    german_rules.invoice.note = None;
    german_rules.buyer.buyer_reference = None;
    let named = &["DE-R-001", "DE-R-002", "DE-R-003", "DE-R-004", "DE-R-008", "DE-R-009", "DE-R-015"];
    add("german-rules", german_rules, named);
    all
}

/// Names of the rules that the tool would report.
fn said(document: &Document) -> Vec<&'static str> {
    let mut said: Vec<_> = crate::standard::violations(document).iter().map(|one| one.rule).collect();
    said.sort_unstable();
    said.dedup();
    said
}

/// The amounts of an e-invoice, by the element they stand in, and the texts of its leaves.
pub fn leaves(xml: &str) -> Vec<(Vec<String>, String)> {
    let (mut path, mut found) = (Vec::<String>::new(), Vec::new());
    // Behind the declaration and the root.
    for piece in xml.split('<').skip(3) {
        let Some((tag, content)) = piece.split_once('>') else { continue };
        if tag.starts_with('/') {
            path.pop();
            continue;
        }
        path.push(tag.split(' ').next().unwrap_or_default().to_owned());
        if !content.trim().is_empty() {
            found.push((path.clone(), content.to_owned()));
        }
    }
    found
}

/// Millionths of a decimal.
fn micros(text: &str) -> i128 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let negative = whole.starts_with('-');
    let part: i128 = format!("{part:0<6}").parse().unwrap();
    let whole: i128 = whole.trim_start_matches('-').parse().unwrap();
    (whole * 1_000_000 + part) * if negative { -1 } else { 1 }
}

/// Holds an e-invoice to BR-CO-10 to 17, BR-S-8 and its like, PEPPOL-EN16931-R120 and BR-DEC by its own numbers.
pub fn judge(xml: &str) {
    const MAJOR: i128 = 1_000_000;
    let leaves = leaves(xml);
    assert!(leaves.iter().all(|(_, text)| !text.trim().is_empty()));
    let at = |end: &[&str]| -> Vec<i128> {
        leaves
            .iter()
            .filter(|(path, _)| path.len() >= end.len() && path[path.len() - end.len()..] == *end)
            .map(|(_, text)| micros(text))
            .collect()
    };
    let total = |name: &str| at(&["cac:LegalMonetaryTotal", name]).first().copied().unwrap_or(0);
    let line = if xml.contains("<CreditNote") { "cac:CreditNoteLine" } else { "cac:InvoiceLine" };
    let nets = at(&[line, "cbc:LineExtensionAmount"]);
    assert_eq!(nets.iter().sum::<i128>(), total("cbc:LineExtensionAmount"), "BR-CO-10");
    let allowances = total("cbc:AllowanceTotalAmount");
    let charges = total("cbc:ChargeTotalAmount");
    assert_eq!(
        total("cbc:LineExtensionAmount") - allowances + charges,
        total("cbc:TaxExclusiveAmount"),
        "BR-CO-13"
    );
    let taxes = at(&["cac:TaxSubtotal", "cbc:TaxAmount"]);
    let tax = at(&["cac:TaxTotal", "cbc:TaxAmount"])[0];
    assert_eq!(taxes.iter().sum::<i128>(), tax, "BR-CO-14");
    assert_eq!(total("cbc:TaxExclusiveAmount") + tax, total("cbc:TaxInclusiveAmount"), "BR-CO-15");
    let payable =
        total("cbc:TaxInclusiveAmount") - total("cbc:PrepaidAmount") + total("cbc:PayableRoundingAmount");
    assert_eq!(payable, total("cbc:PayableAmount"), "BR-CO-16");
    // Groups: what is taxable in each is what its lines come to, and its tax is their share.
    let mut by_group: BTreeMap<(String, String), i128> = BTreeMap::new();
    let (mut category, mut net) = (String::new(), 0);
    let mut lines =
        leaves.iter().filter(|(path, _)| path.first().is_some_and(|first| first == line)).peekable();
    while let Some((path, text)) = lines.next() {
        match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [_, "cbc:LineExtensionAmount"] => net = micros(text),
            [_, _, "cac:ClassifiedTaxCategory", "cbc:ID"] => {
                category.clone_from(text);
                let rate = match lines.peek() {
                    Some((path, text)) if path.last().is_some_and(|last| last == "cbc:Percent") => {
                        text.clone()
                    }
                    _ => String::new(),
                };
                *by_group.entry((category.clone(), rate)).or_default() += net;
            }
            _ => {}
        }
    }
    let mut groups = 0;
    let subtotals = xml.split("<cac:TaxSubtotal>").skip(1);
    for subtotal in subtotals {
        let field = |name: &str| {
            let from = subtotal.split_once(&format!("<{name}"))?.1;
            Some(from.split_once('>')?.1.split_once('<')?.0.to_owned())
        };
        let group = (field("cbc:ID").unwrap(), field("cbc:Percent").unwrap_or_default());
        let (taxable, tax) =
            (micros(&field("cbc:TaxableAmount").unwrap()), micros(&field("cbc:TaxAmount").unwrap()));
        assert_eq!(by_group.get(&group), Some(&taxable), "BR-S-8 and its like: {group:?}");
        let share = taxable * micros(if group.1.is_empty() { "0" } else { &group.1 }) / (100 * MAJOR);
        assert!((tax - share).abs() < MAJOR, "BR-CO-17: {group:?}: {tax} and {share}");
        if group.0 != "S" {
            assert_eq!(tax, 0, "BR-AE-9 and its like");
        }
        let exempt = !matches!(group.0.as_str(), "S" | "Z");
        assert_eq!(subtotal.contains("<cbc:TaxExemptionReason"), exempt, "BR-AE-10 and its like: {group:?}");
        groups += 1;
    }
    assert_eq!(groups, by_group.len(), "BR-CO-18");
    for (path, text) in &leaves {
        let name = path.last().map_or("", String::as_str);
        if name.ends_with("Amount") && name != "cbc:PriceAmount" || name == "cbc:Amount" {
            assert!(
                text.split_once('.').is_none_or(|(_, digits)| digits.len() <= 2),
                "BR-DEC: {path:?} {text}"
            );
        }
    }
    prices(xml, line);
}

/// PEPPOL-EN16931-R120, with its two cents of slack (one unit where the currency has no cents).
fn prices(xml: &str, line: &str) {
    for part in xml.split(&format!("<{line}>")).skip(1) {
        let field = |name: &str| {
            let from = part.split_once(&format!("<{name} "))?.1;
            Some(micros(from.split_once('>')?.1.split_once('<')?.0))
        };
        let quantity = field("cbc:InvoicedQuantity").or_else(|| field("cbc:CreditedQuantity")).unwrap();
        let base = field("cbc:BaseQuantity").unwrap_or(1_000_000);
        let off = field("cbc:Amount").unwrap_or(0);
        let gross = quantity * field("cbc:PriceAmount").unwrap() / base;
        let slack = (gross - off - field("cbc:LineExtensionAmount").unwrap()).abs();
        let whole = part.contains("\"JPY\"");
        assert!(slack <= if whole { 500_000 } else { 20_000 }, "PEPPOL-EN16931-R120: {part}");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::render_html::html;
    use crate::render_pdf::pdf;
    use crate::render_ubl::ubl;

    #[test]
    fn every_sample_says_what_it_breaks_and_keeps_the_rest() {
        for sample in samples() {
            let named: Vec<&str> = sample
                .breaks
                .iter()
                .map(|rule| if sample.breaks.contains(&"UBL-DT-01") { "BR-DEC" } else { *rule })
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect();
            assert_eq!(said(&sample.document), named, "{}", sample.name);
            if !sample.breaks.iter().any(|rule| rule.starts_with("BR-")) {
                judge(&ubl(&sample.document));
            }
        }
    }

    /// For `cargo xtask einvoice`, which has the official artefacts judge them.
    #[test]
    fn samples_are_written_beside_the_tests() {
        // The target directory may be anywhere; this program certainly lies in it.
        let here = std::env::current_exe().unwrap();
        let target = here.ancestors().nth(3).unwrap();
        let folder = target.join("einvoice/documents");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        std::fs::create_dir_all(&folder).unwrap();
        let mut expected = serde_json::Map::new();
        for sample in samples() {
            std::fs::write(folder.join(format!("{}.xml", sample.name)), ubl(&sample.document)).unwrap();
            let page = html(&sample.document);
            std::fs::write(folder.join(format!("{}.html", sample.name)), page).unwrap();
            let made = pdf(&sample.document).unwrap();
            assert_eq!(made.bytes, pdf(&sample.document).unwrap().bytes, "the same to the byte");
            assert_eq!(made.warnings.is_empty(), sample.name != "odd-texts", "{:?}", made.warnings);
            std::fs::write(folder.join(format!("{}.pdf", sample.name)), made.bytes).unwrap();
            expected.insert(sample.name.to_owned(), sample.breaks.to_vec().into());
        }
        std::fs::write(folder.join("expected.json"), serde_json::Value::Object(expected).to_string())
            .unwrap();
    }

    fn any_row() -> impl Strategy<Value = (i64, i64, i64, usize)> {
        (1..90_000_i64, 0..900_000_000_i64, 0..10_000_i64, 0..4_usize)
    }

    proptest! {
        /// Whatever is invoiced, in whichever currency and with whichever prices, the document adds up as the standard has it.
        #[test]
        fn random_documents_add_up(
            rows in prop::collection::vec(any_row(), 1..12),
            gross in any::<bool>(),
            currency in 0..3_usize,
            credit in any::<bool>(),
        ) {
            let rows: Vec<Row<'_>> = rows
                .iter()
                .map(|(quantity, price, discount, tax)| {
                    let taxes = [(TaxCategory::Standard, 1_900), (TaxCategory::Standard, 550), (TaxCategory::Zero, 0), (TaxCategory::Exempt, 0)];
                    ("x", *quantity, "C62", *price, *discount, taxes[*tax].0, taxes[*tax].1)
                })
                .collect();
            let currency = [Currency::EUR, Currency::JPY, Currency::USD][currency];
            let mut document = made(maison(), buyer("Acme", "FR", Some("FR40303265045")), &rows, currency, gross);
            if credit {
                document.invoice.kind = DocumentKind::CreditNote;
            }
            prop_assert_eq!(said(&document), Vec::<&str>::new());
            judge(&ubl(&document));
        }
    }
}
