//! Drafts: what is asked for becomes lines with tax and totals (F-INV-1).

use std::collections::BTreeMap;

use maitred_core::args::Described;
use maitred_core::prelude::*;
use maitred_kernel::totals::{TaxGroup, TaxRounding, Totals, TotalsLine, TotalsTerms, totals};
use maitred_kernel::{BasisPoints, Currency, Day, Price, Quantity, Stamp};
use maitred_party::Company;
use maitred_party::commerce::{PriceFor, PriceResolver, ProductKind, Sellable, Wanted};
use maitred_party::model::{TaxCategory, TaxClass};
use maitred_party::org::today;
use maitred_party::taxes::Taxation;

use crate::model::{Invoice, InvoiceId, InvoiceLine, InvoiceLineId, InvoiceTax, TaxRoundingWord};
use crate::store::invoices;

/// Unit of what is counted one by one, in UN/ECE Recommendation 20.
const PIECE: &str = "C62";

/// A line that is asked for.
#[derive(ToolArgs, Clone, Debug)]
pub struct Line {
    /// SKU or id.
    #[arg(max = 200)]
    pub product: Option<String>,
    /// Description.
    #[arg(max = 1000)]
    pub description: Option<String>,
    /// Qty.
    pub qty: Quantity,
    /// Default listed.
    pub unit_price: Option<Price>,
    /// Discount.
    pub discount: Option<BasisPoints>,
    /// Tax class.
    pub tax_class: Option<TaxClass>,
    /// Service.
    pub service: Option<bool>,
    /// UN/ECE code.
    #[arg(max = 3)]
    pub unit: Option<String>,
}

/// Lines as they will be stored, without tax and totals, and whether their prices include tax.
pub struct Priced {
    /// The lines.
    pub lines: Vec<InvoiceLine>,
    /// Whether prices include tax.
    pub includes_tax: bool,
}

/// Whose lines they are.
pub struct Deal<'a> {
    /// The document.
    pub invoice: &'a InvoiceId,
    /// The buyer.
    pub company: &'a Company,
    /// Currency.
    pub currency: Currency,
    /// The day on which prices must hold.
    pub day: Day,
    /// Whether prices include tax, where the caller said.
    pub includes_tax: Option<bool>,
}

/// Lines out of a place whose schema only describes them.
pub fn plain(lines: &[Described<Line>]) -> Vec<Line> {
    lines.iter().map(|Described(line)| line.clone()).collect()
}

/// Reads the lines that are asked for and looks their prices up.
///
/// # Errors
/// Names the line that does not fit.
pub fn priced(db: &Writer<'_>, deal: &Deal<'_>, asked: &[Line]) -> ToolResult<Priced> {
    let mut lines = Vec::with_capacity(asked.len());
    let mut includes_tax = deal.includes_tax;
    for (index, line) in asked.iter().enumerate() {
        let field = format!("lines[{index}]");
        let (made, includes) = one(db, deal, line, index).map_err(|error| error.within(&field))?;
        if let Some(includes) = includes {
            if includes_tax.is_some_and(|known| known != includes) {
                return Err(invalid(
                    &format!("{field}.unit_price"),
                    "is needed: its listed price is kept with tax where others are not",
                )
                .hint("give unit_price, or set includes_tax as the price list has it"));
            }
            includes_tax = Some(includes);
        }
        lines.push(made);
    }
    Ok(Priced { lines, includes_tax: includes_tax.unwrap_or(false) })
}

fn one(
    db: &Writer<'_>,
    deal: &Deal<'_>,
    line: &Line,
    index: usize,
) -> ToolResult<(InvoiceLine, Option<bool>)> {
    if line.qty.thousandths() <= 0 {
        return Err(invalid("qty", "must be more than 0")
            .hint("to take something back, use invoicing_credit_note_create"));
    }
    if line.unit_price.is_some_and(|price| price.micros() < 0) {
        return Err(invalid("unit_price", "must not be negative"));
    }
    let discount = line.discount.unwrap_or_default();
    if !(0..=10_000).contains(&discount.bp()) {
        return Err(invalid("discount", "must be from 0 to 100 percent"));
    }
    let product = line.product.as_deref().map(|text| product(db, text)).transpose()?;
    let description = line.description.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let description = match (description, &product) {
        (Some(text), _) => text.to_owned(),
        (None, Some(product)) => product.name.clone(),
        (None, None) => return Err(missing("description").hint("or name a product")),
    };
    let (unit_price, includes) = match (line.unit_price, &product) {
        (Some(price), _) => (price, None),
        (None, Some(product)) => {
            let found = listed(db, deal, product, line.qty)?;
            (found.0, Some(found.1))
        }
        (None, None) => return Err(missing("unit_price")),
    };
    let unit = line.unit.clone().or_else(|| product.as_ref().map(|product| product.unit.clone()));
    let made = InvoiceLine {
        id: InvoiceLineId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        invoice_id: deal.invoice.clone(),
        position: index as i64 + 1,
        sku: product.as_ref().map(|product| product.sku.clone()),
        description,
        quantity: line.qty,
        unit: unit.unwrap_or_else(|| PIECE.to_owned()).to_uppercase(),
        unit_price,
        base_qty: Quantity::ONE,
        discount_bp: discount,
        net: 0,
        service: line
            .service
            .unwrap_or_else(|| product.as_ref().is_some_and(|product| product.kind == ProductKind::Service)),
        tax_class: line
            .tax_class
            .or_else(|| product.as_ref().map(|product| product.tax_class))
            .unwrap_or(TaxClass::Standard),
        tax_category: TaxCategory::Standard,
        tax_rate_bp: BasisPoints::default(),
        exemption_code: None,
        credited_qty: Quantity::default(),
        corrected_line_id: None,
        variant_id: product.map(|product| product.variant),
    };
    Ok((made, includes))
}

fn resolver<'a>(db: &Writer<'a>, field: &str) -> ToolResult<&'a std::sync::Arc<dyn PriceResolver>> {
    db.port::<dyn PriceResolver>().ok_or_else(|| {
        refused(Code::ModuleMissing, "this server has no catalog")
            .field(field)
            .hint("give description and unit_price")
    })
}

fn product(db: &Writer<'_>, text: &str) -> ToolResult<Sellable> {
    resolver(db, "product")?.find(db, text, "product")
}

fn listed(
    db: &Writer<'_>,
    deal: &Deal<'_>,
    product: &Sellable,
    quantity: Quantity,
) -> ToolResult<(Price, bool)> {
    let who = PriceFor { company: Some(&deal.company.id), day: deal.day, currency: deal.currency };
    let wanted = [Wanted { variant: &product.variant, quantity }];
    let found = resolver(db, "product")?.prices(db, who, &wanted)?.into_iter().next().flatten();
    match found {
        Some(found) => Ok((found.unit_price, found.includes_tax)),
        None => Err(missing("unit_price")
            .hint(format!("`{}` has no price in {} on {}", product.sku, deal.currency, deal.day))),
    }
}

/// The day by which a document is taxed: of supply, else of issue, else today.
pub fn tax_day(db: &Reader<'_>, invoice: &Invoice) -> ToolResult<Day> {
    match invoice.supply_to.or(invoice.supply_from).or(invoice.issue_date) {
        Some(day) => Ok(day),
        None => today(db),
    }
}

/// Taxes the lines by what holds on the day of supply, adds them up into the document, and answers the tax groups and
/// what somebody should look at.
///
/// # Errors
/// `invalid` when they come to more than can be counted.
pub fn add_up(
    db: &Writer<'_>,
    company: &Company,
    invoice: &mut Invoice,
    lines: &mut [InvoiceLine],
) -> ToolResult<(Vec<InvoiceTax>, Vec<&'static str>)> {
    let mut taxation = Taxation::new(db, Some(company), tax_day(db, invoice)?)?;
    let mut warnings = Vec::new();
    for line in lines.iter_mut() {
        let taxed = taxation.of(db, line.tax_class, line.service)?;
        line.tax_category = taxed.category;
        line.tax_rate_bp = taxed.rate;
        line.exemption_code = taxed.exemption_code;
        warnings.extend(taxed.warning);
    }
    warnings.sort_unstable();
    warnings.dedup();
    let groups = grouped(invoice, lines)?;
    let taxes = groups
        .into_iter()
        .map(|(category, rate, taxable, tax)| tax_row(db, &invoice.id, lines, category, rate, taxable, tax))
        .collect();
    Ok((taxes, warnings))
}

/// What is taxed alike: category, rate, taxable, tax.
pub(crate) type TaxSum = (TaxCategory, BasisPoints, i64, i64);

/// Adds lines that are taxed up into the document and answers its tax groups.
///
/// # Errors
/// `invalid` when they come to more than can be counted.
pub(crate) fn grouped(invoice: &mut Invoice, lines: &mut [InvoiceLine]) -> ToolResult<Vec<TaxSum>> {
    let sums = sums(invoice, lines)?;
    for (line, net) in lines.iter_mut().zip(&sums.line_nets) {
        line.net = *net;
    }
    invoice.lines_net = sums.line_nets.iter().sum();
    invoice.allowances = sums.allowances;
    invoice.charges = sums.charges;
    invoice.net = sums.net;
    invoice.tax = sums.tax;
    invoice.gross = sums.gross;
    invoice.balance = sums.payable;
    Ok(sums
        .groups
        .iter()
        .filter_map(|group| {
            let category = TaxCategory::parse(group.group.category)?;
            Some((category, group.group.rate, group.taxable, group.tax))
        })
        .collect())
}

fn sums(invoice: &Invoice, lines: &[InvoiceLine]) -> ToolResult<Totals<'static>> {
    let counted: Vec<TotalsLine<'static>> = lines
        .iter()
        .map(|line| TotalsLine {
            quantity: line.quantity,
            unit_price: line.unit_price,
            base_qty: line.base_qty,
            discount: line.discount_bp,
            tax: TaxGroup { category: line.tax_category.as_str(), rate: line.tax_rate_bp },
        })
        .collect();
    let terms = TotalsTerms {
        includes_tax: invoice.includes_tax,
        rounding: match invoice.tax_rounding {
            TaxRoundingWord::PerGroup => TaxRounding::PerGroup,
            TaxRoundingWord::PerLine => TaxRounding::PerLine,
        },
        prepaid: invoice.prepaid,
        rounding_amount: invoice.rounding,
        ..TotalsTerms::plain(invoice.currency)
    };
    totals(&counted, &[], &terms).map_err(|fault| invalid("lines", format!("come to no total: {fault}")))
}

/// A row of the tax breakdown, with the reason of an exemption that its lines name.
pub fn tax_row(
    db: &Writer<'_>,
    invoice: &InvoiceId,
    lines: &[InvoiceLine],
    category: TaxCategory,
    rate: BasisPoints,
    taxable: i64,
    tax: i64,
) -> InvoiceTax {
    let code = lines
        .iter()
        .find(|line| line.tax_category == category && line.tax_rate_bp == rate)
        .and_then(|line| line.exemption_code.clone());
    InvoiceTax {
        id: db.fresh_id(),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        invoice_id: invoice.clone(),
        category,
        rate_bp: rate,
        taxable,
        tax,
        exemption_code: code,
    }
}

/// Writes the lines and taxes of a draft in place of those it has; rows that stay keep their ids.
pub fn replace(
    db: &Writer<'_>,
    invoice: &InvoiceId,
    lines: &mut [InvoiceLine],
    taxes: &mut [InvoiceTax],
) -> ToolResult<()> {
    let mut known: BTreeMap<i64, InvoiceLine> =
        invoices::lines(db, invoice)?.into_iter().map(|line| (line.position, line)).collect();
    for line in lines.iter_mut() {
        match known.remove(&line.position) {
            Some(before) => {
                line.id = before.id.clone();
                line.version = before.version;
                line.created_at = before.created_at;
                line.updated_at = before.updated_at;
                db.update(&before, line)?;
            }
            None => db.insert(line)?,
        }
    }
    for gone in known.values() {
        db.delete(gone)?;
    }
    let mut known = invoices::taxes(db, invoice)?;
    for tax in taxes.iter_mut() {
        let at = known.iter().position(|row| row.category == tax.category && row.rate_bp == tax.rate_bp);
        match at.map(|at| known.swap_remove(at)) {
            Some(before) => {
                tax.id = before.id.clone();
                tax.version = before.version;
                tax.created_at = before.created_at;
                tax.updated_at = before.updated_at;
                db.update(&before, tax)?;
            }
            None => db.insert(tax)?,
        }
    }
    for gone in &known {
        db.delete(gone)?;
    }
    Ok(())
}
