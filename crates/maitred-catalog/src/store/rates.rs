//! Exchange rates, to bring what a supplier charges into the organisation's currency.

use maitred_core::prelude::*;
use maitred_kernel::money::Rate;
use maitred_kernel::{Currency, Day, Price, round};
use maitred_store::Sql;

/// A cost in the organisation's currency at the newest rate up to a day.
///
/// # Errors
/// `not_found` when no rate is known.
pub fn cost_in(db: &Reader<'_>, cost: Price, from: Currency, to: Currency, day: Day) -> ToolResult<Price> {
    if from == to {
        return Ok(cost);
    }
    let rate = |from: Currency, to: Currency| -> ToolResult<Option<(Day, Rate)>> {
        let mut sql = Sql::new("SELECT day, rate FROM fx_rate WHERE from_currency = ");
        sql.bind(from).and("to_currency =", to).and("day <=", day).push(" ORDER BY day DESC LIMIT 1");
        Ok(db.one_of(&sql)?)
    };
    let micros = i128::from(cost.micros());
    const ONE: i128 = 100_000_000;
    let converted = match (rate(from, to)?, rate(to, from)?) {
        (Some((direct, rate)), inverse) if inverse.is_none_or(|(other, _)| direct >= other) => {
            round::div_rha(micros * i128::from(rate.e8()), ONE)
        }
        (_, Some((_, rate))) => round::div_rha(micros * ONE, i128::from(rate.e8())),
        _ => {
            return Err(refused(
                Code::NotFound,
                format!("there is no exchange rate from {from} to {to} up to {day}"),
            )
            .hint(format!("give the costs in {to}, or add the rate")));
        }
    };
    converted.and_then(round::narrow).map(Price::from_micros).map_err(ToolError::internal)
}
