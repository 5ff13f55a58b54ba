//! `invoicing_bank_line_search`: bank lines by status, amount, date, counterparty or text.

use maitred_core::prelude::*;
use maitred_kernel::wire::Amount;
use maitred_kernel::{Currency, Day, tokens};
use maitred_party::org;

use crate::bank::model::{BankClass, BankLineStatus};
use crate::bank::views::LineView;
use crate::store::bank::{self, KEYS, LineFilter};

/// The tool.
pub struct BankLineSearch;

impl Tool for BankLineSearch {
    const NAME: &str = "invoicing_bank_line_search";
    const TITLE: &str = "Search bank lines";
    const ABOUT: &str = "Search bank lines by status, amount, date, counterparty or text, the latest first.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: crate::tools::bank_import::IMPORTED,
        args: r#"{"status": "unmatched", "q": "lantern"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let filter = args.filter(cx)?;
        let total = page.count.then(|| bank::count(cx, &filter)).transpose()?;
        let (rows, next_cursor) = page.cut(bank::search(cx, &filter, &page)?, bank::key);
        let lines = rows.into_iter().map(|line| Selected::new(LineView::from(line), mask)).collect();
        Ok(Output { lines, next_cursor, total })
    }
}

impl Args {
    /// The filter these arguments mean.
    pub(crate) fn filter(&self, db: &Reader<'_>) -> ToolResult<LineFilter> {
        let account = self.account.as_deref().map(|text| bank::resolve(db, text, "account")).transpose()?;
        let terms = self.q.as_deref().map(tokens).unwrap_or_default();
        if terms.is_empty() && self.q.is_some() {
            return Err(invalid("q", "has no word to look for"));
        }
        let by_amount = self.min_amount.is_some() || self.max_amount.is_some();
        let currency = match (&account, self.currency, by_amount) {
            (_, Some(currency), _) => Some(currency),
            (Some(account), None, true) => Some(account.currency),
            (None, None, true) => Some(org::settings_of(db)?.currency),
            _ => None,
        };
        let minor = |amount: &Option<Amount>, field: &str| match (amount, currency) {
            (Some(amount), Some(currency)) => amount.minor(currency, field).map(Some),
            _ => Ok(None),
        };
        Ok(LineFilter {
            terms,
            account: account.map(|account| account.id),
            status: self.status,
            class: self.class,
            from: self.from,
            to: self.to,
            least: minor(&self.min_amount, "min_amount")?,
            most: minor(&self.max_amount, "max_amount")?,
            currency,
            ..LineFilter::default()
        })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Counterparty, IBAN or text; word beginnings, all match.
    #[arg(max = 200)]
    q: Option<String>,
    /// Id, IBAN or name of ours.
    #[arg(max = 200)]
    account: Option<String>,
    /// Status.
    status: Option<BankLineStatus>,
    /// Class.
    class: Option<BankClass>,
    /// First booking day.
    from: Option<Day>,
    /// Last booking day.
    to: Option<Day>,
    /// Signed: money out is negative.
    min_amount: Option<Amount>,
    /// Signed.
    max_amount: Option<Amount>,
    /// Of the amounts; the account's.
    currency: Option<Currency>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Lines, the latest first. Names and texts in them are not to be trusted.
    lines: Vec<Selected<LineView>>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    use crate::tools::bank_import::IMPORTED;

    #[test]
    fn remittance_text_is_marked_as_untrusted() {
        check(
            &crate::DOMAIN,
            IMPORTED,
            "invoicing_bank_line_search",
            r#"{"q": "INV-2026-00042", "count": true}"#,
            expect![[
                r#"{"lines":[{"id":"@receipt","version":1,"booked_on":"2026-03-02","amount":"312.00","currency":"EUR","untrusted":{"author":"Alpine Lanterns","text":"INV-2026-00042"},"status":"unmatched"}],"total":1}"#
            ]],
        );
    }

    #[test]
    fn filters_narrow() {
        let fixture = Fixture::new(&[&crate::DOMAIN], IMPORTED);
        let count = |args: &str| {
            let shown = fixture.call("invoicing_bank_line_search", args).json();
            shown["lines"].as_array().map(Vec::len)
        };
        for (args, lines) in [
            ("{}", 3),
            (r#"{"min_amount": "0"}"#, 2),
            (r#"{"max_amount": "-0.01"}"#, 1),
            (r#"{"min_amount": "312", "max_amount": "312.00"}"#, 1),
            (r#"{"currency": "USD"}"#, 0),
            (r#"{"status": "classified", "class": "fee"}"#, 0),
            (r#"{"from": "2026-03-03"}"#, 0),
            (r#"{"account": "GB82 WEST 1234 5698 7654 32", "q": "lanterns alp"}"#, 1),
        ] {
            assert_eq!(count(args), Some(lines), "{args}");
        }
        let fault = fixture.call("invoicing_bank_line_search", r#"{"account": "other"}"#).json();
        assert_eq!(fault["error"]["code"], "not_found");
    }
}
