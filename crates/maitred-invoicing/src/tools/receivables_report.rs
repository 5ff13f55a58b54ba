//! `invoicing_receivables_report`: who owes how much for how long.

use std::collections::HashMap;

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::{BasisPoints, Currency, Day, Period, Quantity};
use maitred_party::CompanyId;
use maitred_party::org::today;
use maitred_party::store::{companies, members};
use maitred_store::Param;

use crate::receivables::{Aging, AgingView, average_days_late, countback, dso, effectiveness};
use crate::store::ledger::{self, OpenItem};
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

words! {
    /// Whose rows there are.
    pub enum GroupBy {
        /// A row a customer.
        Customer = "customer",
        /// A row a member who looks after customers.
        Owner = "owner",
        /// A row a country.
        Country = "country",
    }
}

/// The tool.
pub struct ReceivablesReport;

/// Days of sales that DSO and the other figures of collection look at.
const WINDOW: i64 = 90;
/// Months that count-back DSO looks at, the one that is not over included.
const MONTHS: i64 = 37;

impl Tool for ReceivablesReport {
    const NAME: &str = "invoicing_receivables_report";
    const TITLE: &str = "Report receivables";
    const ABOUT: &str = "Aging by customer (current, 1-30, 31-60, 61-90, 90+), DSO, average days late and collection index, \
                         as of any day, per currency.";
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
        let by = args.group_by.unwrap_or(GroupBy::Customer);
        let mut rows: Vec<Row> = Vec::new();
        let mut places: HashMap<(String, Currency), usize> = HashMap::new();
        for item in ledger::open_items(cx, company.as_ref(), as_of)? {
            let id = by.of(&item);
            let at = match places.get(&(id.to_owned(), item.currency)) {
                Some(at) => *at,
                None => {
                    places.insert((id.to_owned(), item.currency), rows.len());
                    rows.push(Row::new(cx, by, &item)?);
                    rows.len() - 1
                }
            };
            rows[at].aging.add(&item, as_of, args.basis == Some(Basis::Issue));
        }
        let totals = totals(&rows, &Collected::read(cx, company.as_ref(), as_of)?);
        rows.sort_by(|a, b| a.order().cmp(&b.order()));
        let total = page.count.then_some(rows.len() as i64);
        let left =
            rows.into_iter().filter(|row| page.after.as_deref().is_none_or(|after| row.is_behind(after)));
        let some: Vec<Row> = left.take(page.rows + 1).collect();
        let (rows, next_cursor) = page.cut(some, Row::key);
        let rows = rows
            .into_iter()
            .map(|row| {
                let ages = row.aging.view(row.currency);
                let named = |id| Some(Named { id, name: row.name.clone() });
                match by {
                    GroupBy::Customer => RowView { company: named(row.id), owner: None, country: None, ages },
                    GroupBy::Owner => RowView { company: None, owner: named(row.id), country: None, ages },
                    GroupBy::Country => RowView { company: None, owner: None, country: Some(row.id), ages },
                }
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

impl GroupBy {
    /// What an item's row is known by.
    fn of(self, item: &OpenItem) -> &str {
        match self {
            Self::Customer => &item.company_id,
            Self::Owner => item.owner.as_deref().unwrap_or_default(),
            Self::Country => &item.country,
        }
    }
}

impl Row {
    fn new(db: &Reader<'_>, by: GroupBy, item: &OpenItem) -> ToolResult<Self> {
        let id = by.of(item).to_owned();
        let name = match by {
            GroupBy::Customer => item.company.clone(),
            GroupBy::Owner if id.is_empty() => "nobody".to_owned(),
            GroupBy::Owner => members::get(db, &id)?.map_or_else(|| id.clone(), |member| member.name),
            GroupBy::Country => id.clone(),
        };
        Ok(Self { id, name, currency: item.currency, aging: Aging::default() })
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

/// What the figures of collection are made of (F-INV-3).
struct Collected {
    /// Sales of the window, by currency.
    sold: Vec<(Currency, i64)>,
    /// What was owed before it.
    before: Vec<(Currency, i64)>,
    /// Sales of months with their days, newest first.
    months: Vec<(Currency, i64, i64)>,
    /// What was paid in it: gross, and days from due to paid.
    paid: Vec<(Currency, i64, i64)>,
}

impl Collected {
    fn read(db: &Reader<'_>, company: Option<&CompanyId>, as_of: Day) -> ToolResult<Self> {
        let fault = ToolError::internal;
        let from = as_of.plus_days(1 - WINDOW).map_err(fault)?;
        let oldest = as_of.first_of_month().plus_months(1 - MONTHS).map_err(fault)?;
        let billed = ledger::billed_by_month(db, company, oldest, as_of)?;
        let mut currencies: Vec<Currency> = billed.iter().map(|row| row.0).collect();
        currencies.dedup();
        let mut months = Vec::new();
        // Also months without a sale have days.
        for currency in currencies {
            let mut last = as_of;
            while last >= oldest {
                let first = last.first_of_month();
                let name = Period::month_of(first).to_string();
                let of = |row: &&(Currency, String, i64)| row.0 == currency && row.1 == name;
                let sold = billed.iter().find(of).map_or(0, |row| row.2);
                months.push((currency, first.days_until(last) + 1, sold));
                last = first.plus_days(-1).map_err(fault)?;
            }
        }
        let paid = ledger::paid(db, company, from, as_of)?;
        Ok(Self {
            sold: ledger::billed(db, company, from, as_of)?,
            before: ledger::owed(db, company, from.plus_days(-1).map_err(fault)?)?,
            months,
            paid: paid.iter().map(|one| (one.currency, one.gross, one.due.days_until(one.day))).collect(),
        })
    }

    fn view(&self, currency: Currency, ages: Aging) -> TotalView {
        let of = |sums: &[(Currency, i64)]| {
            sums.iter().find(|(other, _)| *other == currency).map_or(0, |(_, sum)| *sum)
        };
        let own = |rows: &[(Currency, i64, i64)]| -> Vec<(i64, i64)> {
            rows.iter().filter(|row| row.0 == currency).map(|row| (row.1, row.2)).collect()
        };
        let (owed, sold) = (ages.total(), of(&self.sold));
        TotalView {
            ages: ages.view(currency),
            dso_days: dso(owed, sold, WINDOW),
            countback_days: countback(owed, own(&self.months)),
            average_days_late: average_days_late(own(&self.paid)),
            collection_index: effectiveness(of(&self.before), sold, owed, ages.current),
        }
    }
}

fn totals(rows: &[Row], collected: &Collected) -> Vec<TotalView> {
    let mut sums: Vec<(Currency, Aging)> = Vec::new();
    for row in rows {
        match sums.iter_mut().find(|(currency, _)| *currency == row.currency) {
            Some((_, sum)) => *sum = sum.plus(row.aging),
            None => sums.push((row.currency, row.aging)),
        }
    }
    sums.sort_by(|a, b| a.0.code().cmp(b.0.code()));
    sums.into_iter().map(|(currency, sum)| collected.view(currency, sum)).collect()
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
    /// Default customer.
    group_by: Option<GroupBy>,
    /// Paging.
    #[arg(flatten)]
    paging: Paging,
}

/// What one group owes in one currency.
#[derive(ToolOutput)]
pub struct RowView {
    /// Customer.
    company: Option<Named>,
    /// Who looks after them.
    owner: Option<Named>,
    /// Their country.
    country: Option<String>,
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
    /// The same counted back month by month.
    countback_days: Option<i64>,
    /// Of what was paid in 90 days, weighted.
    average_days_late: Option<Quantity>,
    /// Percent of what could be collected in 90 days that was.
    collection_index: Option<BasisPoints>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// At the end of this day.
    as_of: Day,
    /// Over all customers.
    totals: Vec<TotalView>,
    /// By name.
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
                r#"{"as_of":"2026-03-02","totals":[{"ages":{"currency":"EUR","current":"11.90","days_1_30":"0.00","days_31_60":"119.00","days_61_90":"0.00","over_90":"0.00","unapplied":"-5.00","total":"125.90"},"dso_days":87,"countback_days":60,"collection_index":"4.2"}],"rows":[{"company":{"id":"@acme","name":"Acme"},"ages":{"currency":"EUR","current":"11.90","days_1_30":"0.00","days_31_60":"119.00","days_61_90":"0.00","over_90":"0.00","unapplied":"-5.00","total":"125.90"}}]}"#
            ]],
        );
    }
}
