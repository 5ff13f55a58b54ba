//! `orders_quote_search`: quotes by customer, status, value, owner or expiry.

use maitred_core::prelude::*;
use maitred_kernel::wire::Amount;
use maitred_kernel::{Currency, Day, tokens};
use maitred_party::org::{settings_of, today};
use maitred_party::store::{companies, members};

use crate::model::QuoteStatus;
use crate::store::quotes::{self, KEYS, QuoteFilter};
use crate::views::{QuoteView, quote};

/// The tool.
pub struct QuoteSearch;

impl Tool for QuoteSearch {
    const NAME: &str = "orders_quote_search";
    const TITLE: &str = "Search quotes";
    const ABOUT: &str = "Search quotes by customer, status, value, owner or expiry, newest first; superseded revisions only by status.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_quote_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 2}]} as q=quote.id;
                        orders_quote_create {"company": "@acme", "lines": [{"product": "TA-1", "qty": 2}]} as q2=quote.id"#
        ),
        args: r#"{"q": "acm", "status": "draft", "value_min": "10"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let filter = args.filter(cx)?;
        let total = page.count.then(|| quotes::count(cx, &filter)).transpose()?;
        let (rows, next_cursor) = page.cut(quotes::search(cx, &filter, &page)?, quotes::key);
        let quotes =
            rows.iter().map(|row| Ok(Selected::new(quote(cx, row)?, mask))).collect::<ToolResult<_>>()?;
        Ok(Output { quotes, next_cursor, total })
    }
}

impl Args {
    /// The filter these arguments mean.
    pub(crate) fn filter(&self, db: &Reader<'_>) -> ToolResult<QuoteFilter> {
        let company =
            self.company.as_deref().map(|text| companies::resolve(db, text, "company")).transpose()?;
        let owner = self.owner.as_deref().map(|text| members::resolve(db, text, "owner")).transpose()?;
        let valued = self.value_min.is_some() || self.value_max.is_some();
        let currency = match self.currency {
            None if valued => Some(settings_of(db)?.currency),
            given => given,
        };
        let minor = |amount: &Option<Amount>, field| match (amount, currency) {
            (Some(amount), Some(currency)) => amount.minor(currency, field).map(Some),
            _ => Ok(None),
        };
        Ok(QuoteFilter {
            terms: self.q.as_deref().map(tokens).unwrap_or_default(),
            company: company.map(|company| company.id),
            owner: owner.map(|member| member.id),
            status: self.status,
            today: Some(today(db)?),
            valid_until: self.expires_by,
            value_min: minor(&self.value_min, "value_min")?,
            value_max: minor(&self.value_max, "value_max")?,
            currency,
        })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Word beginnings: number, customer, product.
    #[arg(max = 200)]
    q: Option<String>,
    /// Company.
    #[arg(max = 200)]
    company: Option<String>,
    /// Member or me.
    #[arg(max = 200)]
    owner: Option<String>,
    /// Status.
    status: Option<QuoteStatus>,
    /// Valid until this day at most.
    expires_by: Option<Day>,
    /// With tax.
    value_min: Option<Amount>,
    /// With tax.
    value_max: Option<Amount>,
    /// Currency.
    currency: Option<Currency>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Quotes, newest first.
    quotes: Vec<Selected<QuoteView>>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn expiry_is_seen_not_stored() {
        let fixture = Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 2}], "valid_until": "2026-03-05"} as q=quote.id;
                     orders_quote_send {"quote": "@q"}"#
            ),
        );
        let found = |args: &str| fixture.call("orders_quote_search", args).json()["quotes"].clone();
        assert_eq!(found(r#"{"status": "sent"}"#)[0]["status"], "sent");
        assert_eq!(found(r#"{"status": "expired"}"#).as_array().unwrap().len(), 0);
        fixture.set_clock("2026-03-06T10:00:00Z");
        assert_eq!(found(r#"{"status": "expired"}"#)[0]["status"], "expired");
        assert_eq!(found(r#"{"status": "sent"}"#).as_array().unwrap().len(), 0);
        assert_eq!(found(r#"{"value_min": "20.01"}"#).as_array().unwrap().len(), 0);
    }
}
