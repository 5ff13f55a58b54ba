//! Reports over issued documents: VAT, revenue, expected receipts. Sums are in the organisation's currency at the rate
//! that each document keeps.

use maitred_core::prelude::*;
use maitred_kernel::money::Rate;
use maitred_kernel::round::{div_rha, narrow};
use maitred_kernel::{Currency, Day, Money};

use crate::issue_rules::BuyerSnapshot;
use crate::model::DocumentKind;

/// An amount of a document in the organisation's currency.
///
/// # Errors
/// When it is more than can be counted.
pub fn in_base(minor: i64, currency: Currency, rate: Rate, base: Currency) -> ToolResult<i64> {
    if currency == base {
        return Ok(minor);
    }
    Ok(rate.to_base(Money::new(minor, currency), base).map_err(ToolError::internal)?.minor)
}

/// A credit note takes away.
pub fn signed(kind: DocumentKind, minor: i64) -> i64 {
    match kind {
        DocumentKind::Invoice => minor,
        DocumentKind::CreditNote => -minor,
    }
}

/// The country of the buyer as the document shows it.
pub fn buyer_country(buyer: Option<&str>) -> String {
    buyer
        .and_then(|json| serde_json::from_str::<BuyerSnapshot>(json).ok())
        .map_or_else(|| "ZZ".to_owned(), |buyer| buyer.country)
}

/// Refuses spans of days that are none, or longer than five years.
///
/// # Errors
/// `invalid` at `to`.
pub fn span(from: Day, to: Day) -> ToolResult<()> {
    if to < from {
        return Err(invalid("to", "must not be before `from`"));
    }
    if from.days_until(to) > 1_830 {
        return Err(invalid("to", "must be within five years of `from`"));
    }
    Ok(())
}

/// How late somebody pays: mean and standard deviation in days, weighted by amounts (F-INV-8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delay {
    /// Mean, negative when early.
    pub mean: i64,
    /// Standard deviation.
    pub deviation: i64,
    /// Over how many invoices.
    pub invoices: usize,
}

/// The delay of payments: days after the due date, and the amount each weighs.
pub fn delay(paid: &[(i64, i64)]) -> Delay {
    let weights: i128 = paid.iter().map(|(_, amount)| i128::from((*amount).max(0))).sum();
    if weights == 0 {
        return Delay::default();
    }
    let sum: i128 = paid.iter().map(|(days, amount)| i128::from(*days) * i128::from((*amount).max(0))).sum();
    let mean = div_rha(sum, weights).and_then(narrow).unwrap_or(0);
    let squares: i128 = paid
        .iter()
        .map(|(days, amount)| {
            let off = i128::from(*days) - i128::from(mean);
            off * off * i128::from((*amount).max(0))
        })
        .sum();
    let variance = div_rha(squares, weights).unwrap_or(0);
    Delay { mean, deviation: root(variance), invoices: paid.len() }
}

/// The whole number nearest below the square root.
fn root(square: i128) -> i64 {
    narrow(square.max(0).isqrt()).unwrap_or(i64::MAX)
}

/// Days that a payment is expected after its due date: a customer's own where there are enough of them.
pub fn expected(own: Delay, everybody: Delay, pessimistic: bool) -> i64 {
    const ENOUGH: usize = 3;
    let used = if own.invoices >= ENOUGH { own } else { everybody };
    let extra = if pessimistic { used.deviation } else { 0 };
    (used.mean + extra).clamp(-10, 90)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn delays_weigh_amounts_and_need_three_invoices() {
        let own = delay(&[(10, 100), (20, 300)]);
        assert_eq!((own.mean, own.deviation, own.invoices), (18, 4, 2), "17.5 and 4.33");
        let all = delay(&[(0, 1), (0, 1), (30, 1)]);
        assert_eq!((all.mean, all.deviation), (10, 14));
        assert_eq!(expected(own, all, false), 10, "two are too few");
        assert_eq!(expected(all, own, true), 24);
        assert_eq!(delay(&[]), Delay::default());
        assert_eq!(expected(delay(&[(400, 1); 3]), all, false), 90);
        assert_eq!(expected(delay(&[(-40, 1); 3]), all, true), -10);
    }

    proptest! {
        /// The mean lies between the extremes, and the deviation is no larger than their distance.
        #[test]
        fn a_mean_is_between(paid in prop::collection::vec((-30_i64..200, 1_i64..1_000_000), 1..20)) {
            let found = delay(&paid);
            let least = paid.iter().map(|(days, _)| *days).min().unwrap();
            let most = paid.iter().map(|(days, _)| *days).max().unwrap();
            prop_assert!((least..=most).contains(&found.mean));
            prop_assert!((0..=most - least).contains(&found.deviation));
        }
    }
}
