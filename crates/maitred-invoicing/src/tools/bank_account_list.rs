//! `invoicing_bank_account_list`: our accounts and whether their statements follow one another.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, format_minor};

use crate::bank::import::{Span, breaks};
use crate::bank::model::{BankAccount, BankStatement};
use crate::store::bank;

/// The tool.
pub struct BankAccountList;

impl Tool for BankAccountList {
    const NAME: &str = "invoicing_bank_account_list";
    const TITLE: &str = "List bank accounts";
    const ABOUT: &str =
        "Bank accounts: last statement, book balance, unmatched lines, breaks in the statement chain.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example { given: crate::tools::bank_import::IMPORTED, args: "{}" };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let accounts = match args.account {
            Some(text) => vec![bank::resolve(cx, &text, "account")?],
            None => bank::accounts(cx)?,
        };
        let accounts = accounts.iter().map(|account| view(cx, account)).collect::<ToolResult<_>>()?;
        Ok(Output { accounts })
    }
}

/// Breaks that are shown; all are counted.
const SHOWN: usize = 10;

fn view(db: &Reader<'_>, account: &BankAccount) -> ToolResult<AccountView> {
    let statements = bank::statements(db, &account.id)?;
    let spans: Vec<Span> = statements.iter().filter_map(span).collect();
    let found = breaks(&spans);
    let (unmatched, sum) = bank::totals(db, &account.id)?;
    let money = |minor: i64| format_minor(minor, account.currency);
    let last = statements.last();
    let closing = statements.iter().rev().find_map(|statement| statement.closing_minor);
    Ok(AccountView {
        id: account.id.0.clone(),
        name: account.name.clone(),
        iban: account.iban.clone(),
        bic: account.bic.clone(),
        currency: account.currency,
        statements: statements.len() as i64,
        last_statement: last.map(|statement| StatementName {
            number: statement.statement_no.clone(),
            from: statement.from_on,
            to: statement.to_on,
        }),
        // Without any balance from the bank, what its lines come to.
        balance: money(closing.unwrap_or(sum)),
        balance_stated: closing.is_some(),
        unmatched,
        break_count: found.len() as i64,
        breaks: found
            .into_iter()
            .take(SHOWN)
            .map(|gap| BreakView { on: gap.on, expected: money(gap.expected), found: money(gap.found) })
            .collect(),
    })
}

fn span(statement: &BankStatement) -> Option<Span> {
    Some(Span {
        from: statement.from_on?,
        to: statement.to_on?,
        opening: statement.opening_minor?,
        closing: statement.closing_minor?,
    })
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id, IBAN or name.
    #[arg(max = 200)]
    account: Option<String>,
}

/// The last statement of an account.
#[derive(ToolOutput)]
pub struct StatementName {
    /// The bank's number.
    number: Option<String>,
    /// First day.
    from: Option<Day>,
    /// Last day.
    to: Option<Day>,
}

/// A statement that does not begin where the one before ended.
#[derive(ToolOutput)]
pub struct BreakView {
    /// First day of the statement.
    on: Day,
    /// Closing balance of the one before.
    expected: String,
    /// Its opening balance.
    found: String,
}

/// An account.
#[derive(ToolOutput)]
pub struct AccountView {
    /// Id.
    id: String,
    /// Name.
    name: String,
    /// IBAN or number.
    iban: String,
    /// BIC.
    bic: Option<String>,
    /// Currency.
    currency: Currency,
    /// Statements imported.
    statements: i64,
    /// The last one.
    last_statement: Option<StatementName>,
    /// Book balance.
    balance: String,
    /// Whether the bank stated it; else it is the sum of the lines.
    balance_stated: bool,
    /// Lines nobody has matched or classified.
    unmatched: i64,
    /// Breaks in the chain of statements.
    break_count: i64,
    /// The first of them.
    breaks: Vec<BreakView>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Accounts by name.
    accounts: Vec<AccountView>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    use crate::bank::testing::import;
    use crate::tools::bank_import::IMPORTED;

    #[test]
    fn a_missing_statement_is_a_break() {
        let fixture = Fixture::new(&[&crate::DOMAIN], IMPORTED);
        let third =
            ":20:C\n:25:GB82WEST12345698765432\n:28C:3/1\n:60F:C260304EUR50,\n:62F:C260305EUR50,\n-\n";
        import(&fixture, third);
        let shown = fixture.call("invoicing_bank_account_list", r#"{"account": "main"}"#).json();
        let account = &shown["accounts"][0];
        assert_eq!(account["breaks"][0]["expected"], "412.00");
        assert_eq!(account["breaks"][0]["found"], "50.00");
        assert_eq!(account["balance"], "50.00");
        assert_eq!(account["unmatched"], 3);
        let second = ":20:B\n:25:GB82WEST12345698765432\n:28C:2/1\n:60F:C260302EUR412,\n\
                      :61:260303D362,NTRFNONREF\n:62F:C260304EUR50,\n-\n";
        import(&fixture, second);
        let shown = fixture.call("invoicing_bank_account_list", "{}").json();
        assert_eq!(shown["accounts"][0]["break_count"], 0, "{shown}");
    }
}
