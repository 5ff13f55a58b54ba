//! A document as UBL 2.1 in the profile Peppol BIS Billing 3.0, which is EN 16931. Elements stand in the order of the
//! schema; the business terms (BT) they carry are those of the standard.

use maitred_kernel::round::line_net_per;
use maitred_kernel::{BasisPoints, Currency, Day, Price, Quantity, format_minor};
use maitred_party::model::TaxCategory;

use crate::document::{Document, escaped, exemption_words, is_shown};
use crate::model::{DocumentKind, InvoiceLine};
use crate::seller::is_participant;

const CUSTOMIZATION: &str = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0";
const PROFILE: &str = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0";
const COMPONENTS: &str = "xmlns:cac=\"urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2\" \
                          xmlns:cbc=\"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2\"";

/// An electronic address (BT-34, BT-49): its scheme and the address.
pub type Endpoint = (String, String);

/// Writes elements with the right nesting.
struct Xml {
    out: String,
    open: Vec<&'static str>,
}

impl Xml {
    fn begin(&mut self, name: &'static str) {
        self.out.push_str(&format!("{}<{name}>\n", "  ".repeat(self.open.len())));
        self.open.push(name);
    }

    fn end(&mut self) {
        if let Some(name) = self.open.pop() {
            self.out.push_str(&format!("{}</{name}>\n", "  ".repeat(self.open.len())));
        }
    }

    /// An element, unless nothing is left of its text: the network takes no empty ones (PEPPOL-EN16931-R008).
    fn text(&mut self, name: &str, attributes: &str, text: &str) {
        let text = escaped(text);
        let text = text.trim();
        if !text.is_empty() {
            let indent = "  ".repeat(self.open.len());
            self.out.push_str(&format!("{indent}<{name}{attributes}>{text}</{name}>\n"));
        }
    }

    fn maybe(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, "", text);
        }
    }

    fn money(&mut self, name: &str, minor: i64, currency: Currency) {
        self.text(name, &format!(" currencyID=\"{currency}\""), &amount(minor, currency));
    }

    fn day(&mut self, name: &str, day: Option<Day>) {
        if let Some(day) = day {
            self.text(name, "", &day.to_string());
        }
    }
}

/// An amount. The standard has no more than two decimals (BR-DEC); where a currency has more, zeros are left out.
fn amount(minor: i64, currency: Currency) -> String {
    let mut text = format_minor(minor, currency);
    while text.split_once('.').is_some_and(|(_, digits)| digits.len() > 2) && text.ends_with('0') {
        text.pop();
    }
    text
}

/// Name of a line (BT-153) and what else is said of it (BT-154): the first line of the text, and the rest.
pub fn line_texts(description: &str) -> (&str, &str) {
    let unshown = |letter: char| letter.is_whitespace() || !is_shown(letter);
    let whole = description.trim_matches(unshown);
    let (name, rest) = whole.split_once('\n').unwrap_or((whole, ""));
    (name.trim_matches(unshown), rest.trim_matches(unshown))
}

/// The document.
pub fn ubl(document: &Document) -> String {
    let credit = document.invoice.kind == DocumentKind::CreditNote;
    let root = if credit { "CreditNote" } else { "Invoice" };
    let mut xml = Xml {
        out: format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <{root} xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:{root}-2\" {COMPONENTS}>\n"
        ),
        open: Vec::new(),
    };
    head(document, credit, &mut xml);
    seller(document, &mut xml);
    buyer(document, &mut xml);
    delivery(document, &mut xml);
    payment(document, credit, &mut xml);
    sums(document, &mut xml);
    for line in &document.lines {
        one_line(document, line, credit, &mut xml);
    }
    xml.out.push_str(&format!("</{root}>\n"));
    xml.out
}

fn head(document: &Document, credit: bool, xml: &mut Xml) {
    let invoice = &document.invoice;
    xml.text("cbc:CustomizationID", "", CUSTOMIZATION);
    xml.text("cbc:ProfileID", "", PROFILE);
    xml.text("cbc:ID", "", invoice.number.as_deref().unwrap_or(""));
    xml.day("cbc:IssueDate", invoice.issue_date);
    if credit {
        xml.text("cbc:CreditNoteTypeCode", "", "381");
    } else {
        xml.day("cbc:DueDate", invoice.due_date);
        xml.text("cbc:InvoiceTypeCode", "", "380");
    }
    xml.maybe("cbc:Note", invoice.note.as_deref());
    xml.text("cbc:DocumentCurrencyCode", "", invoice.currency.code());
    if let Some(own) = document.own_tax() {
        xml.text("cbc:TaxCurrencyCode", "", own.currency.code());
    }
    xml.maybe("cbc:BuyerReference", document.buyer.buyer_reference.as_deref());
    if let (Some(from), Some(to)) = (invoice.supply_from, invoice.supply_to)
        && from != to
    {
        xml.begin("cac:InvoicePeriod");
        xml.day("cbc:StartDate", Some(from));
        xml.day("cbc:EndDate", Some(to));
        xml.end();
    }
    if let Some(order) = &invoice.po_reference {
        xml.begin("cac:OrderReference");
        xml.text("cbc:ID", "", order);
        xml.end();
    }
    if let Some((number, day)) = &document.corrects {
        xml.begin("cac:BillingReference");
        xml.begin("cac:InvoiceDocumentReference");
        xml.text("cbc:ID", "", number);
        xml.day("cbc:IssueDate", *day);
        xml.end();
        xml.end();
    }
}

/// Scheme of electronic addresses that are VAT ids, by country (EAS code list).
fn vat_scheme(country: &str) -> Option<&'static str> {
    Some(match country {
        "AT" => "9914",
        "BE" => "9925",
        "BG" => "9926",
        "CH" => "9927",
        "CY" => "9928",
        "CZ" => "9929",
        "DE" => "9930",
        "EE" => "9931",
        "ES" => "9920",
        "FR" => "9957",
        "GB" => "9932",
        "GR" => "9933",
        "HR" => "9934",
        "HU" => "9910",
        "IE" => "9935",
        "LI" => "9936",
        "LT" => "9937",
        "LU" => "9938",
        "LV" => "9939",
        "MT" => "9943",
        "NL" => "9944",
        "PL" => "9945",
        "PT" => "9946",
        "RO" => "9947",
        "SI" => "9949",
        "SK" => "9950",
        _ => return None,
    })
}

/// The seller's electronic address: their participant id in the network, else their VAT id.
pub fn seller_endpoint(document: &Document) -> Option<Endpoint> {
    let seller = &document.seller.seller;
    address_of(seller.peppol_id.as_deref(), seller.vat_id.as_ref(), &document.seller.country)
}

fn address_of(agreed: Option<&str>, vat_id: Option<&String>, country: &str) -> Option<Endpoint> {
    let agreed = agreed.filter(|id| is_participant(id)).and_then(|id| id.split_once(':'));
    let by_vat = vat_id.zip(vat_scheme(country));
    agreed
        .map(|(scheme, id)| (scheme.to_owned(), id.to_owned()))
        .or_else(|| by_vat.map(|(id, scheme)| (scheme.to_owned(), id.clone())))
}

/// The buyer's electronic address: their participant id in the network, else their VAT id.
pub fn buyer_endpoint(document: &Document) -> Option<Endpoint> {
    let buyer = &document.buyer;
    address_of(buyer.peppol_id.as_deref(), buyer.vat_id.as_ref(), &buyer.country)
}

/// Whether the document is outside the scope of VAT: it then names no VAT ids (BR-O-2).
fn out_of_scope(document: &Document) -> bool {
    document.taxes.iter().any(|row| row.category == TaxCategory::OutOfScope)
}

struct Place<'a> {
    street: &'a [String],
    city: Option<&'a str>,
    postcode: Option<&'a str>,
    country: &'a str,
}

fn address(place: &Place<'_>, xml: &mut Xml) {
    xml.begin("cac:PostalAddress");
    xml.maybe("cbc:StreetName", place.street.first().map(String::as_str));
    xml.maybe("cbc:AdditionalStreetName", place.street.get(1).map(String::as_str));
    xml.maybe("cbc:CityName", place.city);
    xml.maybe("cbc:PostalZone", place.postcode);
    let more = place.street.get(2..).unwrap_or_default().join(", ");
    if !more.is_empty() {
        xml.begin("cac:AddressLine");
        xml.text("cbc:Line", "", &more);
        xml.end();
    }
    xml.begin("cac:Country");
    xml.text("cbc:IdentificationCode", "", place.country);
    xml.end();
    xml.end();
}

fn scheme(id: Option<&str>, name: &str, xml: &mut Xml) {
    if let Some(id) = id {
        xml.begin("cac:PartyTaxScheme");
        xml.text("cbc:CompanyID", "", id);
        xml.begin("cac:TaxScheme");
        xml.text("cbc:ID", "", name);
        xml.end();
        xml.end();
    }
}

fn endpoint(endpoint: Option<Endpoint>, xml: &mut Xml) {
    if let Some((scheme, id)) = endpoint {
        xml.text("cbc:EndpointID", &format!(" schemeID=\"{}\"", escaped(&scheme)), &id);
    }
}

fn legal(name: &str, registration: Option<&str>, xml: &mut Xml) {
    xml.begin("cac:PartyLegalEntity");
    xml.text("cbc:RegistrationName", "", name);
    xml.maybe("cbc:CompanyID", registration);
    xml.end();
}

fn seller(document: &Document, xml: &mut Xml) {
    let seller = &document.seller.seller;
    xml.begin("cac:AccountingSupplierParty");
    xml.begin("cac:Party");
    endpoint(seller_endpoint(document), xml);
    // Without a register number and a VAT id that may be shown, another number must tell who sells (BR-CO-26).
    if seller.registration_no.is_none()
        && (out_of_scope(document) || seller.vat_id.is_none())
        && let Some(id) = seller.tax_number.as_ref().or(seller.vat_id.as_ref())
    {
        xml.begin("cac:PartyIdentification");
        xml.text("cbc:ID", "", id);
        xml.end();
    }
    let place = Place {
        street: &seller.street,
        city: seller.city.as_deref(),
        postcode: seller.postcode.as_deref(),
        country: &document.seller.country,
    };
    address(&place, xml);
    if !out_of_scope(document) {
        scheme(seller.vat_id.as_deref(), "VAT", xml);
    }
    scheme(seller.tax_number.as_deref(), "TAX", xml);
    legal(&seller.name, seller.registration_no.as_deref(), xml);
    if seller.email.is_some() || seller.phone.is_some() {
        xml.begin("cac:Contact");
        xml.text("cbc:Name", "", &seller.name);
        xml.maybe("cbc:Telephone", seller.phone.as_deref());
        xml.maybe("cbc:ElectronicMail", seller.email.as_deref());
        xml.end();
    }
    xml.end();
    xml.end();
}

fn buyer(document: &Document, xml: &mut Xml) {
    let buyer = &document.buyer;
    xml.begin("cac:AccountingCustomerParty");
    xml.begin("cac:Party");
    endpoint(buyer_endpoint(document), xml);
    let place = Place {
        street: &buyer.street,
        city: buyer.city.as_deref(),
        postcode: buyer.postcode.as_deref(),
        country: &buyer.country,
    };
    address(&place, xml);
    if !out_of_scope(document) {
        scheme(buyer.vat_id.as_deref(), "VAT", xml);
    }
    legal(&buyer.name, buyer.registration_no.as_deref(), xml);
    xml.end();
    xml.end();
}

fn delivery(document: &Document, xml: &mut Xml) {
    let Some(day) = document.invoice.supply_to.or(document.invoice.supply_from) else { return };
    xml.begin("cac:Delivery");
    xml.day("cbc:ActualDeliveryDate", Some(day));
    if document.taxes.iter().any(|row| row.category == TaxCategory::IntraCommunity) {
        xml.begin("cac:DeliveryLocation");
        xml.begin("cac:Address");
        xml.begin("cac:Country");
        xml.text("cbc:IdentificationCode", "", &document.buyer.country);
        xml.end();
        xml.end();
        xml.end();
    }
    xml.end();
}

fn payment(document: &Document, credit: bool, xml: &mut Xml) {
    let (invoice, seller) = (&document.invoice, &document.seller.seller);
    if credit {
        // Nobody pays it: it is set off (UNCL4461: clearing between partners).
        xml.begin("cac:PaymentMeans");
        xml.text("cbc:PaymentMeansCode", "", "97");
        xml.end();
        return;
    }
    if let Some(iban) = &seller.iban {
        xml.begin("cac:PaymentMeans");
        xml.text("cbc:PaymentMeansCode", "", "30");
        xml.maybe("cbc:PaymentID", invoice.number.as_deref());
        xml.begin("cac:PayeeFinancialAccount");
        xml.text("cbc:ID", "", iban);
        xml.text("cbc:Name", "", &seller.name);
        if let Some(bic) = &seller.bic {
            xml.begin("cac:FinancialInstitutionBranch");
            xml.text("cbc:ID", "", bic);
            xml.end();
        }
        xml.end();
        xml.end();
    }
    if let Some(terms) = document.discount_terms() {
        xml.begin("cac:PaymentTerms");
        xml.text("cbc:Note", "", &terms);
        xml.end();
    }
}

fn tax_category(
    name: &'static str,
    category: TaxCategory,
    rate: BasisPoints,
    reason: Option<Option<&str>>,
    xml: &mut Xml,
) {
    xml.begin(name);
    xml.text("cbc:ID", "", category.as_str());
    if category != TaxCategory::OutOfScope {
        xml.text("cbc:Percent", "", &rate.to_string());
    }
    if let Some(code) = reason {
        xml.maybe("cbc:TaxExemptionReasonCode", code);
        xml.maybe("cbc:TaxExemptionReason", exemption_words(category));
    }
    xml.begin("cac:TaxScheme");
    xml.text("cbc:ID", "", "VAT");
    xml.end();
    xml.end();
}

fn sums(document: &Document, xml: &mut Xml) {
    let invoice = &document.invoice;
    let currency = invoice.currency;
    xml.begin("cac:TaxTotal");
    xml.money("cbc:TaxAmount", invoice.tax, currency);
    for row in &document.taxes {
        xml.begin("cac:TaxSubtotal");
        xml.money("cbc:TaxableAmount", row.taxable, currency);
        xml.money("cbc:TaxAmount", row.tax, currency);
        tax_category("cac:TaxCategory", row.category, row.rate_bp, Some(row.exemption_code.as_deref()), xml);
        xml.end();
    }
    xml.end();
    if let Some(own) = document.own_tax() {
        xml.begin("cac:TaxTotal");
        xml.money("cbc:TaxAmount", own.minor, own.currency);
        xml.end();
    }
    xml.begin("cac:LegalMonetaryTotal");
    xml.money("cbc:LineExtensionAmount", invoice.lines_net, currency);
    xml.money("cbc:TaxExclusiveAmount", invoice.net, currency);
    xml.money("cbc:TaxInclusiveAmount", invoice.gross, currency);
    if invoice.prepaid != 0 {
        xml.money("cbc:PrepaidAmount", invoice.prepaid, currency);
    }
    if invoice.rounding != 0 {
        xml.money("cbc:PayableRoundingAmount", invoice.rounding, currency);
    }
    xml.money("cbc:PayableAmount", document.payable(), currency);
    xml.end();
}

/// The price of a line without tax, the quantity it is for, and what a discount takes away, such that
/// `quantity × price / base − discount` is the line's net.
fn priced(document: &Document, line: &InvoiceLine) -> (Price, Quantity, i64) {
    let currency = document.invoice.currency;
    let none = BasisPoints::default();
    let full = line_net_per(line.quantity, line.unit_price, line.base_qty, none, currency).ok();
    match full {
        Some(full) if !document.invoice.includes_tax && full >= line.net => {
            (line.unit_price, line.base_qty, full - line.net)
        }
        // Prices with tax have no exact price without: the whole quantity has one, its net amount.
        _ => {
            let micros = i128::from(line.net) * 1_000_000 / i128::from(currency.minor_per_major());
            let price = i64::try_from(micros).unwrap_or(i64::MAX);
            (Price::from_micros(price), line.quantity, 0)
        }
    }
}

fn one_line(document: &Document, line: &InvoiceLine, credit: bool, xml: &mut Xml) {
    let currency = document.invoice.currency;
    let (price, base, discount) = priced(document, line);
    xml.begin(if credit { "cac:CreditNoteLine" } else { "cac:InvoiceLine" });
    xml.text("cbc:ID", "", &line.position.to_string());
    let unit = format!(" unitCode=\"{}\"", escaped(&line.unit));
    let quantity = if credit { "cbc:CreditedQuantity" } else { "cbc:InvoicedQuantity" };
    xml.text(quantity, &unit, &line.quantity.to_string());
    xml.money("cbc:LineExtensionAmount", line.net, currency);
    if discount != 0 {
        xml.begin("cac:AllowanceCharge");
        xml.text("cbc:ChargeIndicator", "", "false");
        xml.text("cbc:AllowanceChargeReasonCode", "", "95");
        xml.text("cbc:AllowanceChargeReason", "", "Discount");
        xml.money("cbc:Amount", discount, currency);
        xml.end();
    }
    xml.begin("cac:Item");
    let (name, rest) = line_texts(&line.description);
    xml.text("cbc:Description", "", rest);
    xml.text("cbc:Name", "", name);
    if let Some(sku) = line.sku.as_ref().filter(|sku| !escaped(sku).trim().is_empty()) {
        xml.begin("cac:SellersItemIdentification");
        xml.text("cbc:ID", "", sku);
        xml.end();
    }
    tax_category("cac:ClassifiedTaxCategory", line.tax_category, line.tax_rate_bp, None, xml);
    xml.end();
    xml.begin("cac:Price");
    xml.text("cbc:PriceAmount", &format!(" currencyID=\"{currency}\""), &price.format(currency));
    if base != Quantity::ONE {
        xml.text("cbc:BaseQuantity", &unit, &base.to_string());
    }
    xml.end();
    xml.end();
}
