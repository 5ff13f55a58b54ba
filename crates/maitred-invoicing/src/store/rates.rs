//! Exchange rates, as documents keep them.

use maitred_core::prelude::*;
use maitred_kernel::money::Rate;
use maitred_kernel::{Currency, Day, Money, round};
use maitred_party::org;
use maitred_store::Sql;

/// The newest rate up to a day: the organisation's currency per one of `currency`, as stated, or turned around.
///
/// # Errors
/// `not_found` when no rate is known.
pub fn to_base(db: &Reader<'_>, currency: Currency, day: Day) -> ToolResult<Rate> {
    let base = org::settings_of(db)?.currency;
    if currency == base {
        return Ok(Rate::ONE);
    }
    let rate = |from: Currency, to: Currency| -> ToolResult<Option<(Day, Rate)>> {
        let mut sql = Sql::new("SELECT day, rate FROM fx_rate WHERE from_currency = ");
        sql.bind(from).and("to_currency =", to).and("day <=", day).push(" ORDER BY day DESC LIMIT 1");
        Ok(db.one_of(&sql)?)
    };
    match (rate(currency, base)?, rate(base, currency)?) {
        (Some((direct, rate)), inverse) if inverse.is_none_or(|(other, _)| direct >= other) => Ok(rate),
        (_, Some((_, inverse))) => {
            const ONE: i128 = 100_000_000;
            let turned = round::div_rha(ONE * ONE, i128::from(inverse.e8())).and_then(round::narrow);
            turned.map(Rate::from_e8).map_err(ToolError::internal)
        }
        _ => Err(refused(
            Code::NotFound,
            format!("there is no exchange rate from {currency} to {base} up to {day}"),
        )
        .field("currency")
        .hint(format!("invoice in {base}, or add the rate to the settings"))),
    }
}

/// An amount in another currency, by way of the organisation's.
///
/// # Errors
/// `not_found` when a rate is missing.
pub fn convert(db: &Reader<'_>, amount: Money, into: Currency, day: Day) -> ToolResult<Money> {
    let base = org::settings_of(db)?.currency;
    let in_base = to_base(db, amount.currency, day)?.to_base(amount, base).map_err(ToolError::internal)?;
    if into == base {
        return Ok(in_base);
    }
    let rate = to_base(db, into, day)?;
    let scale = i128::from(into.minor_per_major()) * 100_000_000;
    let divisor = i128::from(rate.e8()) * i128::from(base.minor_per_major());
    let minor = round::div_rha(i128::from(in_base.minor) * scale, divisor).and_then(round::narrow);
    minor.map(|minor| Money::new(minor, into)).map_err(ToolError::internal)
}
