//! `invoicing_payment_search`: payments and refunds.

use maitred_core::prelude::*;
use maitred_kernel::wire::Amount;
use maitred_kernel::{Currency, Day, format_minor};
use maitred_party::org::settings_of;
use maitred_party::store::companies;

use crate::model::{Direction, Method, PaymentStatus};
use crate::store::payment_search::{self, FoundPayment, KEYS, PaymentFilter};

/// The tool.
pub struct PaymentSearch;

impl Tool for PaymentSearch {
    const NAME: &str = "invoicing_payment_search";
    const TITLE: &str = "Search payments";
    const ABOUT: &str =
        "Search payments by customer, date, amount, reference or unallocated rest, newest first.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company acme; invoicing_payment_record {"company": "@acme", "amount": "50", "method": "cheque", "reference": "INV 4711"} as pay"#,
        args: r#"{"company": "@acme", "q": "4711", "unallocated": true}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let filter = args.filter(cx)?;
        let total = page.count.then(|| payment_search::count(cx, &filter)).transpose()?;
        let (rows, next_cursor) = page.cut(payment_search::search(cx, &filter, &page)?, FoundPayment::key);
        let payments = rows.into_iter().map(|row| Selected::new(view(row), mask)).collect();
        Ok(Output { payments, next_cursor, total })
    }
}

/// A payment as lists show it.
pub(crate) fn view(row: FoundPayment) -> ListedPayment {
    let live = row.status == PaymentStatus::Posted;
    ListedPayment {
        unallocated: format_minor(if live { row.amount - row.allocated } else { 0 }, row.currency),
        amount: format_minor(row.amount, row.currency),
        id: row.id,
        version: row.version,
        number: row.number,
        company: row.company,
        company_id: row.company_id,
        direction: row.direction,
        method: row.method,
        received_on: row.received_on,
        currency: row.currency,
        reference: row.reference,
        status: row.status,
    }
}

impl Args {
    /// The filter these arguments mean.
    pub(crate) fn filter(&self, db: &Reader<'_>) -> ToolResult<PaymentFilter> {
        let company =
            self.company.as_deref().map(|text| companies::resolve(db, text, "company")).transpose()?;
        let base = settings_of(db)?.currency;
        let currency = self.currency.unwrap_or(base);
        let amount = self.amount.as_ref().map(|amount| amount.minor(currency, "amount")).transpose()?;
        Ok(PaymentFilter {
            text: self.q.clone(),
            company: company.map(|company| company.id),
            from: self.from,
            to: self.to,
            // An amount is one in a currency.
            currency: self.currency.or(amount.map(|_| base)),
            amount,
            direction: self.direction,
            status: self.status,
            unallocated: self.unallocated.unwrap_or(false),
        })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// In number or reference.
    #[arg(max = 200)]
    q: Option<String>,
    /// Customer.
    #[arg(max = 200)]
    company: Option<String>,
    /// Received.
    from: Option<Day>,
    /// Received.
    to: Option<Day>,
    /// Exactly.
    amount: Option<Amount>,
    /// Currency.
    currency: Option<Currency>,
    /// Direction.
    direction: Option<Direction>,
    /// Status.
    status: Option<PaymentStatus>,
    /// With a rest.
    unallocated: Option<bool>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// A payment as lists show it.
#[derive(ToolOutput)]
pub struct ListedPayment {
    /// Id.
    id: String,
    /// Version.
    version: i64,
    /// Number.
    number: String,
    /// Customer.
    #[output(summary)]
    company: String,
    /// Id of the customer.
    company_id: String,
    /// In, or out for a refund.
    #[output(summary)]
    direction: Direction,
    /// How.
    method: Method,
    /// Value day.
    #[output(summary)]
    received_on: Day,
    /// Currency.
    #[output(summary)]
    currency: Currency,
    /// How much.
    #[output(summary)]
    amount: String,
    /// What was not applied: the customer's credit.
    #[output(summary)]
    unallocated: String,
    /// What the customer wrote on it.
    #[output(summary)]
    reference: Option<String>,
    /// Whether it stands.
    #[output(summary)]
    status: PaymentStatus,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Newest first.
    payments: Vec<Selected<ListedPayment>>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn finds_by_amount_reference_and_rest() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; company oak;
               invoicing_payment_record {"company": "@acme", "amount": "50", "method": "cheque", "reference": "ACME 50%", "received_on": "2026-03-01"} as a;
               invoicing_payment_record {"company": "@oak", "amount": "70", "method": "cash", "received_on": "2026-02-01"} as b"#,
        );
        let found = |args: &str| {
            let answer = fixture.call("invoicing_payment_search", args).json();
            let rows = answer["payments"].as_array().cloned().unwrap_or_default();
            rows.iter().filter_map(|row| row["number"].as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        let (a, b) = ("PAY-2026-00001", "PAY-2026-00002");
        assert_eq!(found("{}"), [a, b], "newest first");
        assert_eq!(found(r#"{"amount": "70"}"#), [b]);
        assert_eq!(found(r#"{"q": "50%"}"#), [a]);
        assert_eq!(found(r#"{"q": "50_"}"#), [""; 0]);
        assert_eq!(found(r#"{"to": "2026-02-28"}"#), [b]);
        fixture.call_confirmed(
            "invoicing_payment_undo",
            r#"{"payment": "@b", "scope": "payment", "reason": "bounced"}"#,
        );
        assert_eq!(found(r#"{"unallocated": true}"#), [a]);
        assert_eq!(found(r#"{"status": "reversed"}"#), [b]);
    }

    #[test]
    fn pages_hold_every_payment_once() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; invoicing_payment_record {"company": "@acme", "amount": "1", "method": "cash"} as a; invoicing_payment_record {"company": "@acme", "amount": "2", "method": "cash"} as b; invoicing_payment_record {"company": "@acme", "amount": "3", "method": "cash"} as c"#,
        );
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let args = match cursor.as_str() {
                "" => r#"{"limit": 1}"#.to_owned(),
                cursor => format!(r#"{{"limit": 1, "cursor": "{cursor}"}}"#),
            };
            let page = fixture.call("invoicing_payment_search", &args).json();
            seen.push(page["payments"][0]["amount"].as_str().unwrap().to_owned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(seen, ["3.00", "2.00", "1.00"]);
    }
}
