//! `invoicing_receivables_report`: who owes how much for how long.

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::{Currency, Day};
use maitred_party::org::today;
use maitred_party::store::companies;
use maitred_store::Param;

use crate::receivables::{Aging, AgingView, dso};
use crate::store::ledger;
use crate::views::Named;

words! {
    /// From when an invoice ages.
    pub enum Basis {
        /// From its due date.
        Due = "due",
        /// From its day of issue.
        Issue = "issue",
    }
}

/// The tool.
pub struct ReceivablesReport;

/// Days of sales that DSO looks at.
const WINDOW: i64 = 90;

impl Tool for ReceivablesReport {
    const NAME: &str = "invoicing_receivables_report";
    const TITLE: &str = "Report receivables";
    const ABOUT: &str = "Receivables by customer and age (current, 1-30, 31-60, 61-90, 90+) as of any day, with totals and DSO \
                         per currency.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example {
        given: r#"company acme kind=customer; company oak; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as one;
                  invoicing_invoice_create {"company": "@oak", "lines": [{"description": "Chair", "qty": 1, "unit_price": "50"}]} as two;
                  invoicing_invoice_issue {"invoice": "@one"}; invoicing_invoice_issue {"invoice": "@two"}"#,
        args: r#"{"as_of": "2026-04-01"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let company =
            args.company.as_deref().map(|text| companies::resolve(cx, text, "company")).transpose()?;
        let company = company.map(|company| company.id);
        let as_of = args.as_of.unwrap_or(today(cx)?);
        let page = args.paging.page(cx, 3)?;
        let mut rows: Vec<Row> = Vec::new();
        for item in ledger::open_items(cx, company.as_ref(), as_of)? {
            let at = rows.iter().rposition(|row| row.id == item.company_id && row.currency == item.currency);
            let at = match at {
                Some(at) => at,
                None => {
                    rows.push(Row::new(&item));
                    rows.len() - 1
                }
            };
            rows[at].aging.add(&item, as_of, args.basis == Some(Basis::Issue));
        }
        let from = as_of.plus_days(1 - WINDOW).map_err(ToolError::internal)?;
        let sales = ledger::billed(cx, company.as_ref(), from, as_of)?;
        let totals = totals(&rows, &sales);
        rows.sort_by(|a, b| a.order().cmp(&b.order()));
        let total = page.count.then_some(rows.len() as i64);
        let left =
            rows.into_iter().filter(|row| page.after.as_deref().is_none_or(|after| row.is_behind(after)));
        let some: Vec<Row> = left.take(page.rows + 1).collect();
        let (rows, next_cursor) = page.cut(some, Row::key);
        let rows = rows
            .into_iter()
            .map(|row| RowView {
                company: Named { id: row.id, name: row.name },
                ages: row.aging.view(row.currency),
            })
            .collect();
        Ok(Output { as_of, totals, rows, next_cursor, total })
    }
}

struct Row {
    id: String,
    name: String,
    currency: Currency,
    aging: Aging,
}

impl Row {
    fn new(item: &ledger::OpenItem) -> Self {
        Self {
            id: item.company_id.clone(),
            name: item.company.clone(),
            currency: item.currency,
            aging: Aging::default(),
        }
    }

    fn order(&self) -> (&str, &str, &str) {
        (&self.name, &self.id, self.currency.code())
    }

    fn key(&self) -> Vec<Param<'static>> {
        let (name, id, currency) = self.order();
        [name, id, currency].map(|text| Param::Text(text.to_owned().into())).to_vec()
    }

    fn is_behind(&self, after: &[Param<'static>]) -> bool {
        match after {
            [Param::Text(name), Param::Text(id), Param::Text(currency)] => {
                self.order() > (name.as_ref(), id.as_ref(), currency.as_ref())
            }
            _ => true,
        }
    }
}

fn totals(rows: &[Row], sales: &[(Currency, i64)]) -> Vec<TotalView> {
    let mut sums: Vec<(Currency, Aging)> = Vec::new();
    for row in rows {
        match sums.iter_mut().find(|(currency, _)| *currency == row.currency) {
            Some((_, sum)) => *sum = sum.plus(row.aging),
            None => sums.push((row.currency, row.aging)),
        }
    }
    sums.sort_by(|a, b| a.0.code().cmp(b.0.code()));
    sums.into_iter()
        .map(|(currency, sum)| {
            let sold = sales.iter().find(|(other, _)| *other == currency).map_or(0, |(_, sold)| *sold);
            TotalView { ages: sum.view(currency), dso_days: dso(sum.total(), sold, WINDOW) }
        })
        .collect()
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Default today.
    as_of: Option<Day>,
    /// Only this customer.
    #[arg(max = 200)]
    company: Option<String>,
    /// Age since; default due.
    basis: Option<Basis>,
    /// Paging.
    #[arg(flatten)]
    paging: Paging,
}

/// What one customer owes in one currency.
#[derive(ToolOutput)]
pub struct RowView {
    /// Customer.
    company: Named,
    /// By age.
    ages: AgingView,
}

/// What all owe in one currency.
#[derive(ToolOutput)]
pub struct TotalView {
    /// By age.
    ages: AgingView,
    /// Days sales outstanding over 90 days; missing where nothing was sold.
    dso_days: Option<i64>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// At the end of this day.
    as_of: Day,
    /// Over all customers.
    totals: Vec<TotalView>,
    /// By customer's name.
    rows: Vec<RowView>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many rows in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    #[test]
    fn ages_credit_and_total_add_up() {
        check(
            &crate::DOMAIN,
            r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
               invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 1, "unit_price": "100"}], "net_days": 0} as one;
               invoicing_invoice_create {"company": "@acme", "lines": [{"description": "B", "qty": 1, "unit_price": "10"}], "net_days": 60} as two;
               invoicing_invoice_issue {"invoice": "@one", "issue_date": "2026-01-20"}; invoicing_invoice_issue {"invoice": "@two", "issue_date": "2026-02-01"};
               invoicing_payment_record {"company": "@acme", "amount": "5", "method": "cash", "allocate": "none"}"#,
            "invoicing_receivables_report",
            "{}",
            expect![[
                r#"{"as_of":"2026-03-02","totals":[{"ages":{"currency":"EUR","current":"11.90","days_1_30":"0.00","days_31_60":"119.00","days_61_90":"0.00","over_90":"0.00","unapplied":"-5.00","total":"125.90"},"dso_days":87}],"rows":[{"company":{"id":"@acme","name":"Acme"},"ages":{"currency":"EUR","current":"11.90","days_1_30":"0.00","days_31_60":"119.00","days_61_90":"0.00","over_90":"0.00","unapplied":"-5.00","total":"125.90"}}]}"#
            ]],
        );
    }
}
