//! `invoicing_statement_get`: a customer's account over a period.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, format_minor};
use maitred_party::org::today;
use maitred_party::store::companies;
use maitred_store::Param;

use crate::statement::{StatementLine, entries, line_view, running};
use crate::store::profiles;
use crate::views::Named;

/// The tool.
pub struct StatementGet;

impl Tool for StatementGet {
    const NAME: &str = "invoicing_statement_get";
    const TITLE: &str = "Get statement of account";
    const ABOUT: &str =
        "Statement of account for a period: opening balance, every document and payment, closing balance.";
    const MODES: &[Mode] = &[Mode::Success, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company acme kind=customer; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv;
                  invoicing_invoice_issue {"invoice": "@inv"};
                  invoicing_payment_record {"company": "@acme", "amount": "50", "method": "cash"}"#,
        args: r#"{"company": "@acme", "from": "2026-03-01", "to": "2026-03-31"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let company = companies::resolve(cx, &args.company, "company")?;
        let to = args.to.unwrap_or(today(cx)?);
        if to < args.from {
            return Err(invalid("to", "must not be before from"));
        }
        let currency = match args.currency {
            Some(currency) => currency,
            None => profiles::profile(cx, &company)?.0.currency,
        };
        let page = args.paging.page(cx, 1)?;
        let (opening, lines) = running(entries(cx, &company.id, currency, to)?, args.from);
        let closing = lines.last().map_or(opening, |(_, balance)| *balance);
        let total = page.count.then_some(lines.len() as i64);
        // A line has no key of its own: its place does, which no later line changes within the same period.
        let skip = match page.after.as_deref() {
            Some([Param::Int(place)]) => *place,
            _ => 0,
        };
        let behind = lines.into_iter().zip(1_i64..).filter(|(_, place)| *place > skip);
        let (lines, next_cursor) =
            page.cut(behind.take(page.rows + 1).collect(), |(_, place)| vec![Param::Int(*place)]);
        Ok(Output {
            company: Named { id: company.id.0, name: company.name },
            currency,
            opening: format_minor(opening, currency),
            lines: lines
                .into_iter()
                .map(|((entry, balance), _)| line_view(entry, balance, currency))
                .collect(),
            closing: format_minor(closing, currency),
            next_cursor,
            total,
        })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Customer.
    #[arg(min = 1, max = 200)]
    company: String,
    /// First day.
    from: Day,
    /// Default today.
    to: Option<Day>,
    /// Default theirs.
    currency: Option<Currency>,
    /// Paging.
    #[arg(flatten)]
    paging: Paging,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Customer.
    company: Named,
    /// Currency.
    currency: Currency,
    /// Owed before the first day.
    opening: String,
    /// Documents and payments by day.
    lines: Vec<StatementLine>,
    /// Owed at the end of the last day.
    closing: String,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many lines in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn the_closing_is_the_balance_of_that_day() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
               invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 1, "unit_price": "100"}]} as one;
               invoicing_invoice_create {"company": "@acme", "lines": [{"description": "B", "qty": 1, "unit_price": "10"}]} as two;
               invoicing_invoice_issue {"invoice": "@one", "issue_date": "2026-02-01"}; invoicing_invoice_issue {"invoice": "@two", "issue_date": "2026-02-20"};
               invoicing_payment_record {"company": "@acme", "amount": "130", "method": "cash", "received_on": "2026-02-10"} as pay;
               invoicing_credit_note_create {"invoice": "@one", "lines": [{"line": 1, "amount": "10"}], "reason": "price"};
               invoicing_payment_record {"company": "@acme", "amount": "7", "method": "cash", "direction": "out"};
               invoicing_payment_record {"company": "@acme", "amount": "1", "method": "cash", "received_on": "2026-02-11"} as wrong;
               invoicing_payment_undo {"payment": "@wrong", "scope": "payment", "reason": "of another"}"#,
        );
        for day in
            ["2026-01-31", "2026-02-05", "2026-02-10", "2026-02-11", "2026-02-20", "2026-03-01", "2026-03-02"]
        {
            let args = format!(r#"{{"company": "@acme", "from": "2026-02-05", "to": "{day}"}}"#);
            let statement = fixture.call("invoicing_statement_get", &args).json();
            let args = format!(r#"{{"company": "@acme", "as_of": "{day}"}}"#);
            let balance = fixture.call("invoicing_balance_get", &args).json();
            let total = balance["balances"][0]["ages"]["total"].as_str().unwrap_or("0.00").to_owned();
            if day >= "2026-02-05" {
                assert_eq!(statement["closing"], total, "{day}: {statement}");
            } else {
                assert_eq!(statement["error"]["code"], "invalid");
            }
        }
    }
}
