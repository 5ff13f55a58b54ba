//! `invoicing_tax_report`: VAT of a span of days, with the documents behind each figure.

use std::collections::BTreeMap;

use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Currency, Day, country, format_minor};
use maitred_party::model::TaxCategory;
use maitred_party::org::settings_of;
use maitred_store::Param;

use crate::model::DocumentKind;
use crate::reporting::{buyer_country, in_base, signed, span};
use crate::store::{periods, reports};

/// The tool.
pub struct TaxReport;

impl Tool for TaxReport {
    const NAME: &str = "invoicing_tax_report";
    const TITLE: &str = "VAT report";
    const ABOUT: &str = "VAT summary for a period: taxable and tax per country, category and rate, with the documents \
                         behind each figure.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example {
        given: r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv;
                  invoicing_invoice_issue {"invoice": "@inv"}"#,
        args: r#"{"from": "2026-03-01", "to": "2026-03-31"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        span(args.from, args.to)?;
        let page = args.paging.page(cx, 1)?;
        let base = settings_of(cx)?.currency;
        let documents = figures(cx, &args, base)?;
        let mut sums: BTreeMap<(String, &'static str, i64), (i64, i64, i64)> = BTreeMap::new();
        let (mut taxable, mut tax) = (0_i64, 0_i64);
        for one in &documents {
            let sum = sums.entry((one.country.clone(), one.category.as_str(), one.rate.bp())).or_default();
            sum.0 += one.taxable;
            sum.1 += one.tax;
            sum.2 += 1;
            taxable += one.taxable;
            tax += one.tax;
        }
        let rows = sums
            .into_iter()
            .map(|((country, category, rate), (taxable, tax, documents))| RowView {
                country,
                category: TaxCategory::parse(category).unwrap_or(TaxCategory::Standard),
                rate: BasisPoints::from_bp(rate),
                taxable: format_minor(taxable, base),
                tax: format_minor(tax, base),
                documents,
            })
            .collect();
        let total = page.count.then_some(documents.len() as i64);
        let after = match page.after.as_deref() {
            Some([Param::Text(key)]) => key.to_string(),
            _ => String::new(),
        };
        let behind: Vec<Figure> =
            documents.into_iter().filter(|one| one.key() > after).take(page.rows + 1).collect();
        let (behind, next_cursor) = page.cut(behind, |one| vec![Param::Text(one.key().into())]);
        let drafts = periods::drafts_in(cx, args.from, args.to)?;
        Ok(Output {
            currency: base,
            taxable: format_minor(taxable, base),
            tax: format_minor(tax, base),
            rows,
            documents: behind.into_iter().map(|one| one.view(base)).collect(),
            warnings: drafts
                .into_iter()
                .map(|(id, company)| format!("a draft for {company} is dated in it: {id}"))
                .collect(),
            next_cursor,
            total,
        })
    }
}

/// A row of the tax breakdown of a document, in the organisation's currency.
pub(crate) struct Figure {
    number: String,
    kind: DocumentKind,
    day: Day,
    country: String,
    category: TaxCategory,
    rate: BasisPoints,
    taxable: i64,
    tax: i64,
}

impl Figure {
    /// By day, number, category and rate.
    fn key(&self) -> String {
        format!("{} {} {} {:05}", self.day, self.number, self.category.as_str(), self.rate.bp())
    }

    /// As shown.
    pub(crate) fn view(self, base: Currency) -> DocumentView {
        DocumentView {
            taxable: format_minor(self.taxable, base),
            tax: format_minor(self.tax, base),
            number: self.number,
            kind: self.kind,
            issue_date: self.day,
            country: self.country,
            category: self.category,
            rate: self.rate,
        }
    }
}

/// What the figures are made of.
pub(crate) fn figures(db: &Reader<'_>, args: &Args, base: Currency) -> ToolResult<Vec<Figure>> {
    let wanted = match &args.country {
        Some(text) => Some(country::parse(text).map_err(|fault| invalid("country", fault))?),
        None => None,
    };
    let mut figures = Vec::new();
    for row in reports::taxes(db, args.from, args.to)? {
        let country = buyer_country(row.buyer.as_deref());
        if wanted.is_some_and(|wanted| wanted != country) {
            continue;
        }
        figures.push(Figure {
            taxable: in_base(signed(row.kind, row.taxable), row.currency, row.fx_rate, base)?,
            tax: in_base(signed(row.kind, row.tax), row.currency, row.fx_rate, base)?,
            number: row.number,
            kind: row.kind,
            day: row.day,
            country,
            category: row.category,
            rate: row.rate,
        });
    }
    figures.sort_by_key(Figure::key);
    Ok(figures)
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Issued.
    pub(crate) from: Day,
    /// Issued.
    pub(crate) to: Day,
    /// The buyer's, ISO code.
    #[arg(max = 2)]
    pub(crate) country: Option<String>,
    /// Paging.
    #[arg(flatten)]
    paging: Paging,
}

/// What is taxed alike.
#[derive(ToolOutput)]
pub struct RowView {
    /// Country of the buyers.
    country: String,
    /// Category.
    category: TaxCategory,
    /// Percent.
    rate: BasisPoints,
    /// What is taxed, less what was credited.
    taxable: String,
    /// The tax on it.
    tax: String,
    /// Documents behind it.
    documents: i64,
}

/// A document's part of a figure.
#[derive(ToolOutput)]
pub struct DocumentView {
    /// Number.
    #[output(summary)]
    number: String,
    /// Which.
    #[output(summary)]
    kind: DocumentKind,
    /// Day of issue.
    #[output(summary)]
    issue_date: Day,
    /// Country of the buyer.
    #[output(summary)]
    country: String,
    /// Category.
    #[output(summary)]
    category: TaxCategory,
    /// Percent.
    #[output(summary)]
    rate: BasisPoints,
    /// What is taxed; negative in a credit note.
    #[output(summary)]
    taxable: String,
    /// The tax.
    #[output(summary)]
    tax: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The organisation's currency.
    currency: Currency,
    /// Taxed in all.
    taxable: String,
    /// Tax in all.
    tax: String,
    /// By country, category and rate.
    rows: Vec<RowView>,
    /// What they are made of, by day and number.
    documents: Vec<DocumentView>,
    /// Drafts dated in the period.
    warnings: Vec<String>,
    /// Cursor of the next page of documents.
    next_cursor: Option<String>,
    /// How many there are in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;
    use serde_json::json;

    #[test]
    fn credit_notes_take_away_and_every_figure_has_its_documents() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; company fr country=FR vat=FR40303265045 checked=yes; tax DE standard S 1900; tax DE reduced S 700; setting invoicing.seller {"name": "Maison GmbH", "vat_id": "DE136695976"};
               invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 1, "unit_price": "100"}, {"description": "B", "qty": 1, "unit_price": "10", "tax_class": "reduced"}]} as a;
               invoicing_invoice_create {"company": "@fr", "lines": [{"description": "A", "qty": 1, "unit_price": "200"}]} as b;
               invoicing_invoice_issue {"invoice": "@a"}; invoicing_invoice_issue {"invoice": "@b"};
               invoicing_credit_note_create {"invoice": "@a", "full": true, "reason": "return", "issue": true} as cn;
               invoicing_invoice_create {"company": "@acme", "supply_from": "2026-03-01", "lines": [{"description": "A", "qty": 1, "unit_price": "1"}]} as draft"#,
        );
        let report = fixture
            .call("invoicing_tax_report", r#"{"from": "2026-03-01", "to": "2026-03-31", "count": true}"#)
            .json();
        assert_eq!((&report["taxable"], &report["tax"]), (&json!("200.00"), &json!("0.00")), "{report}");
        assert_eq!(report["rows"].as_array().map(Vec::len), Some(3));
        assert_eq!(report["total"], 5);
        assert_eq!(report["warnings"].as_array().map(Vec::len), Some(1));
        let french = fixture
            .call("invoicing_tax_report", r#"{"from": "2026-03-01", "to": "2026-03-31", "country": "FR"}"#)
            .json();
        assert_eq!(french["rows"][0]["category"], "K", "{french}");
        let wrong =
            fixture.call("invoicing_tax_report", r#"{"from": "2026-03-31", "to": "2026-03-01"}"#).json();
        assert_eq!(wrong["error"]["field"], "to");
    }
}
