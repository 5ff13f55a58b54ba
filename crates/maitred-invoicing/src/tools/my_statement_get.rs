//! `invoicing_my_statement_get`: a client's own account.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, format_minor};
use maitred_party::CompanyId;
use maitred_party::org::today;
use maitred_party::store::companies;

use crate::clients::{self, PayTo};
use crate::statement::{StatementLine, entries, line_view, running};
use crate::store::profiles;
use crate::tools::balance_get::by_currency;

/// The tool.
pub struct MyStatementGet;

/// Lines shown at most, the newest.
const MOST: usize = 100;

impl Tool for MyStatementGet {
    const NAME: &str = "invoicing_my_statement_get";
    const TITLE: &str = "Get my account";
    const ABOUT: &str = "Your account: what is open and overdue, credit, documents and payments of a period, and where to pay.";
    const MODES: &[Mode] = &[Mode::ClientOrder];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company acme kind=customer; contact ada company=acme role=billing can-order=yes; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345", "iban": "DE89370400440532013000"};
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as one;
                  invoicing_invoice_issue {"invoice": "@one"}"#,
        args: "{}",
    };
    type Effect = Read;
    type Audience = Client;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read, Client>, args: Args) -> ToolResult<Output> {
        let client = cx.client()?;
        clients::may_see_money(client)?;
        let id = CompanyId(client.company.clone());
        let company = companies::find(cx, id.as_ref())?.ok_or_else(|| not_found("company", id.as_ref()))?;
        let currency = profiles::profile(cx, &company)?.0.currency;
        let now = today(cx)?;
        let to = args.to.unwrap_or(now);
        let from = match args.from {
            Some(from) => from,
            None => to.plus_days(-90).map_err(ToolError::internal)?,
        };
        if to < from {
            return Err(invalid("to", "must not be before from"));
        }
        let (opening, lines) = running(entries(cx, &company.id, currency, to)?, from);
        let closing = lines.last().map_or(opening, |(_, balance)| *balance);
        let left_out = lines.len().saturating_sub(MOST);
        let aging = by_currency(cx, &company.id, now)?
            .into_iter()
            .find(|(other, _)| *other == currency)
            .map_or_else(Default::default, |(_, aging)| aging);
        Ok(Output {
            currency,
            open: format_minor(aging.open(), currency),
            overdue: format_minor(aging.overdue(), currency),
            credit: format_minor(-aging.unapplied, currency),
            from,
            to,
            opening: format_minor(opening, currency),
            lines: lines
                .into_iter()
                .skip(left_out)
                .map(|(entry, balance)| line_view(entry, balance, currency))
                .collect(),
            left_out: Some(left_out as i64).filter(|count| *count > 0),
            closing: format_minor(closing, currency),
            pay_to: clients::pay_to(cx)?,
        })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Default 90 days before.
    from: Option<Day>,
    /// Default today.
    to: Option<Day>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Currency.
    currency: Currency,
    /// Invoices not paid, today.
    open: String,
    /// What of that is late.
    overdue: String,
    /// Credit not applied.
    credit: String,
    /// First day shown.
    from: Day,
    /// Last day shown.
    to: Day,
    /// Owed before the first day.
    opening: String,
    /// Documents and payments by day.
    lines: Vec<StatementLine>,
    /// How many older lines are not shown: ask for a shorter period.
    left_out: Option<i64>,
    /// Owed at the end of the last day.
    closing: String,
    /// Where to pay.
    pay_to: Option<PayTo>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn where_to_pay_comes_from_the_settings() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; contact ada company=acme role=billing can-order=yes; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345", "iban": "DE89370400440532013000"};
               invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 1, "unit_price": "100"}], "note": "pay to GB82WEST12345698765432"} as one;
               invoicing_invoice_issue {"invoice": "@one", "issue_date": "2026-02-01"};
               invoicing_payment_record {"company": "@acme", "amount": "19", "method": "cash"}"#,
        );
        let ada = fixture.client_caller("ada");
        let account =
            fixture.call_as(&ada, "invoicing_my_statement_get", r#"{"from": "2026-02-02"}"#).unwrap().json();
        assert_eq!(account["pay_to"]["iban"], "DE89370400440532013000");
        assert_eq!(
            (&account["opening"], &account["closing"], &account["overdue"]),
            (&"119.00".into(), &"100.00".into(), &"100.00".into())
        );
    }
}
