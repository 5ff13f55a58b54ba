//! Where bank lines and invoices meet: what is open in a currency, who pays from which account.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day};
use maitred_store::{Record, Sql};

use crate::model::Invoice;

/// Issued invoices of a currency with a balance, by due date and number.
pub fn open_in(db: &Reader<'_>, currency: Currency) -> ToolResult<Vec<Invoice>> {
    let mut sql = Sql::new(Invoice::SELECT);
    sql.push(" WHERE kind = 'invoice' AND status IN ('issued', 'partially_paid') AND balance > 0")
        .and("currency =", currency)
        .push(" ORDER BY due_date, number");
    Ok(db.all_of(&sql)?)
}

/// The company whose payment last came from an account.
pub fn payer(db: &Reader<'_>, iban: &str) -> ToolResult<Option<String>> {
    let mut sql = Sql::new(
        "SELECT p.company_id FROM bank_line l JOIN payment p ON p.bank_line_id = l.id \
         WHERE p.status = 'posted' AND l.counterparty_iban = ",
    );
    sql.bind(iban).push(" ORDER BY p.received_on DESC, p.id DESC LIMIT 1");
    Ok(db.one_of::<(String,)>(&sql)?.map(|(company,)| company))
}

/// How many lines of a span of days nobody matched or classified.
pub fn unmatched(db: &Reader<'_>, from: Day, to: Day) -> ToolResult<i64> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM bank_line WHERE status = 'unmatched'");
    sql.and("booked_on >=", from).and("booked_on <=", to);
    Ok(db.count_of(&sql)?)
}
