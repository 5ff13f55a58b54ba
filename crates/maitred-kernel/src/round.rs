//! Rounding and the small sums every document and report needs, in 128-bit whole numbers.
//!
//! There is one rounding: half away from zero, once, at the end of a formula. Ratios come out in basis points.

use crate::currency::Currency;
use crate::fault::ArithmeticFault;
use crate::log_table::THRESHOLDS;
use crate::money::{BasisPoints, Price, Quantity};

/// Divides, rounding half away from zero ("RHA" in the formulas).
///
/// # Errors
/// [`ArithmeticFault::DividedByZero`], and [`ArithmeticFault::Overflow`] for the one quotient that does not fit.
pub fn div_rha(dividend: i128, divisor: i128) -> Result<i128, ArithmeticFault> {
    if divisor == 0 {
        return Err(ArithmeticFault::DividedByZero);
    }
    let quotient = dividend.checked_div(divisor).ok_or(ArithmeticFault::Overflow)?;
    let rest = dividend.checked_rem(divisor).ok_or(ArithmeticFault::Overflow)?.unsigned_abs();
    // `rest >= |divisor| - rest` is `2 * rest >= |divisor|` without the overflow.
    if rest == 0 || rest < divisor.unsigned_abs() - rest {
        return Ok(quotient);
    }
    let step = if (dividend < 0) == (divisor < 0) { 1 } else { -1 };
    quotient.checked_add(step).ok_or(ArithmeticFault::Overflow)
}

/// Brings a result back to the 64 bits that are stored.
///
/// # Errors
/// [`ArithmeticFault::Overflow`].
pub fn narrow(value: i128) -> Result<i64, ArithmeticFault> {
    i64::try_from(value).map_err(|_| ArithmeticFault::Overflow)
}

/// `value × part / whole`, rounded half away from zero, for proration and shares.
///
/// # Errors
/// [`ArithmeticFault::DividedByZero`], [`ArithmeticFault::Overflow`].
pub fn mul_div_rha(value: i64, part: i64, whole: i64) -> Result<i64, ArithmeticFault> {
    narrow(div_rha(i128::from(value) * i128::from(part), i128::from(whole))?)
}

/// A share of an amount: `RHA(amount × share / 10000)`; the tax on a net sum, a weighted deal.
///
/// # Errors
/// [`ArithmeticFault::Overflow`].
pub fn share_of(amount: i64, share: BasisPoints) -> Result<i64, ArithmeticFault> {
    mul_div_rha(amount, share.bp(), 10_000)
}

/// The tax contained in a sum that includes it: `RHA(gross × rate / (10000 + rate))` (F-INV-1).
///
/// # Errors
/// [`ArithmeticFault::DividedByZero`] at a rate of −100 %, [`ArithmeticFault::Overflow`].
pub fn tax_within(gross: i64, rate: BasisPoints) -> Result<i64, ArithmeticFault> {
    let whole = rate.bp().checked_add(10_000).ok_or(ArithmeticFault::Overflow)?;
    mul_div_rha(gross, rate.bp(), whole)
}

/// Splits an amount in proportion to weights so that the parts sum to it (invariant 17).
///
/// Every part is within one unit of its exact share. Left-over units go to the largest remainders, on a tie to
/// the earlier part. Splitting −x gives the negated parts of splitting x, so a credit mirrors its invoice.
/// Weights may be of either sign; when they sum to zero, the amount is split evenly.
///
/// # Errors
/// [`ArithmeticFault::NothingToSplitOver`] without weights for an amount other than zero;
/// [`ArithmeticFault::Overflow`] when weights of both signs blow a part up beyond 64 bits.
pub fn largest_remainder(total: i64, weights: &[i64]) -> Result<Vec<i64>, ArithmeticFault> {
    if weights.is_empty() {
        return if total == 0 { Ok(Vec::new()) } else { Err(ArithmeticFault::NothingToSplitOver) };
    }
    let signed_sum: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
    let count = i128::try_from(weights.len()).map_err(|_| ArithmeticFault::Overflow)?;
    let sum = if signed_sum == 0 { count } else { signed_sum.abs() };
    let weight_of = |weight: i64| if signed_sum == 0 { 1 } else { i128::from(weight) * signed_sum.signum() };

    let magnitude = i128::from(total).abs();
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut rest = magnitude;
    for (index, &weight) in weights.iter().enumerate() {
        let product = magnitude * weight_of(weight);
        let floor = product.div_euclid(sum);
        rest -= floor;
        parts.push(floor);
        remainders.push((product.rem_euclid(sum), index));
    }
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    // The floors leave fewer units over than there are parts.
    for &(_, index) in remainders.iter().take(usize::try_from(rest).unwrap_or(0)) {
        if let Some(part) = parts.get_mut(index) {
            *part += 1;
        }
    }
    parts.into_iter().map(|part| narrow(if total < 0 { -part } else { part })).collect()
}

/// Net of a document line in minor units (F-INV-1):
/// `RHA(quantity × unit_price × (10000 − discount_bp) / 10^(13 − e))`.
///
/// # Errors
/// [`ArithmeticFault::Overflow`].
pub fn line_net(
    quantity: Quantity,
    unit_price: Price,
    discount: BasisPoints,
    currency: Currency,
) -> Result<i64, ArithmeticFault> {
    line_net_per(quantity, unit_price, Quantity::ONE, discount, currency)
}

/// [`line_net`] where the price is for `base_quantity` units (price per 100).
///
/// # Errors
/// [`ArithmeticFault::DividedByZero`] for a base quantity of zero, [`ArithmeticFault::Overflow`].
pub fn line_net_per(
    quantity: Quantity,
    unit_price: Price,
    base_quantity: Quantity,
    discount: BasisPoints,
    currency: Currency,
) -> Result<i64, ArithmeticFault> {
    let kept = 10_000 - i128::from(discount.bp());
    let product = (i128::from(quantity.thousandths()) * i128::from(unit_price.micros()))
        .checked_mul(kept)
        .ok_or(ArithmeticFault::Overflow)?;
    // 10^13 scales quantity, price and share away; the base quantity brings thousandths of its own.
    let divisor = 10_i128.pow(10 - u32::from(currency.exponent())) * i128::from(base_quantity.thousandths());
    narrow(div_rha(product, divisor)?)
}

/// `part / whole` in basis points, rounded half away from zero; nothing when `whole` is zero or it overflows.
pub fn ratio_bp(part: i64, whole: i64) -> Option<BasisPoints> {
    mul_div_rha(10_000, part, whole).ok().map(BasisPoints::from_bp)
}

/// The middle value, or the mean of the two middle values rounded half away from zero; nothing of nothing.
pub fn median(values: &[i64]) -> Option<i64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let upper = i128::from(*sorted.get(sorted.len() / 2)?);
    if sorted.len() % 2 == 1 {
        return i64::try_from(upper).ok();
    }
    let lower = i128::from(*sorted.get(sorted.len() / 2 - 1)?);
    narrow(div_rha(lower + upper, 2).ok()?).ok()
}

/// Percentile by nearest rank: the least value that at least `percent` per cent of the values do not exceed.
pub fn percentile(values: &[i64], percent: u8) -> Option<i64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (usize::from(percent.min(100)) * sorted.len()).div_ceil(100);
    sorted.get(rank.max(1) - 1).copied()
}

/// Thousandths of the decimal logarithm, rounded down: `floor(1000 × log10(n))`, exactly. Zero gives 0.
pub fn log10_milli(n: u64) -> u32 {
    let Some(whole) = n.checked_ilog10() else { return 0 };
    let scaled = u128::from(n) * 10_u128.pow(19 - whole);
    // The first threshold is 10^19, which every scaled number reaches.
    let steps = THRESHOLDS.partition_point(|&threshold| threshold <= scaled).saturating_sub(1);
    whole * 1000 + u32::try_from(steps).unwrap_or(0)
}

/// The weight of a value in the ranking of next actions (F-CRM-4), in thousandths:
/// `1000 × (1 + log10(1 + value / 1000))` with the value in major units; a value below zero weighs as zero.
pub fn value_weight_milli(minor: i64, currency: Currency) -> i64 {
    let thousand = 1000 * currency.minor_per_major().unsigned_abs();
    // log10(1 + v/1000) = log10(thousand + minor) − log10(thousand), and the latter is a whole number.
    let logarithm = log10_milli(thousand + u64::try_from(minor).unwrap_or(0));
    1000 + i64::from(logarithm) - i64::from(log10_milli(thousand))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_go_away_from_zero() {
        for (dividend, divisor, expected) in [
            (5, 2, 3),
            (-5, 2, -3),
            (5, -2, -3),
            (-5, -2, 3),
            (4, 3, 1),
            (-5, 3, -2),
            (1, 2, 1),
            (-1, 2, -1),
            (0, 7, 0),
            (i128::MAX, i128::MAX, 1),
            (i128::MIN, 1, i128::MIN),
            (i128::MIN, i128::MIN, 1),
            (i128::MAX, i128::MIN, -1),
        ] {
            assert_eq!(div_rha(dividend, divisor), Ok(expected), "{dividend}/{divisor}");
        }
        assert_eq!(div_rha(1, 0), Err(ArithmeticFault::DividedByZero));
        assert_eq!(div_rha(i128::MIN, -1), Err(ArithmeticFault::Overflow));
    }

    #[test]
    fn line_nets_of_known_lines() {
        let net = |quantity: &str, price: &str, discount: &str, currency| {
            line_net(
                Quantity::parse(quantity).unwrap(),
                Price::parse(price).unwrap(),
                BasisPoints::parse(discount).unwrap(),
                currency,
            )
        };
        assert_eq!(net("2", "156.00", "0", Currency::EUR), Ok(31200));
        assert_eq!(net("3", "0.335", "0", Currency::EUR), Ok(101), "1.005 rounds up");
        assert_eq!(net("-3", "0.335", "0", Currency::EUR), Ok(-101), "a credit mirrors it");
        assert_eq!(net("10", "19.99", "7.5", Currency::EUR), Ok(18491));
        assert_eq!(net("0.5", "3", "0", Currency::JPY), Ok(2));
        assert_eq!(net("1", "1.2345", "0", Currency::KWD), Ok(1235));
        let huge = Quantity::from_thousandths(i64::MAX);
        assert_eq!(
            line_net(huge, Price::from_micros(i64::MAX), BasisPoints::from_bp(-50_000), Currency::EUR),
            Err(ArithmeticFault::Overflow)
        );
        let per_hundred = line_net_per(
            Quantity::parse("250").unwrap(),
            Price::parse("4.99").unwrap(),
            Quantity::parse("100").unwrap(),
            BasisPoints::default(),
            Currency::EUR,
        );
        assert_eq!(per_hundred, Ok(1248), "12.475 rounds up");
    }

    #[test]
    fn tax_on_top_and_tax_within() {
        let rate = BasisPoints::parse("20").unwrap();
        assert_eq!(share_of(31200, rate), Ok(6240));
        assert_eq!(tax_within(37440, rate), Ok(6240));
        assert_eq!(tax_within(100, BasisPoints::from_bp(-10_000)), Err(ArithmeticFault::DividedByZero));
    }

    #[test]
    fn left_over_units_go_to_the_largest_remainder() {
        assert_eq!(largest_remainder(100, &[1, 1, 1]), Ok(vec![34, 33, 33]));
        assert_eq!(largest_remainder(-100, &[1, 1, 1]), Ok(vec![-34, -33, -33]));
        assert_eq!(largest_remainder(10, &[0, 0]), Ok(vec![5, 5]));
        assert_eq!(largest_remainder(10, &[5, -5]), Ok(vec![5, 5]));
        assert_eq!(largest_remainder(10, &[3, 0, 7]), Ok(vec![3, 0, 7]));
        assert_eq!(largest_remainder(10, &[-3, -7]), Ok(vec![3, 7]));
        assert_eq!(largest_remainder(0, &[]), Ok(vec![]));
        assert_eq!(largest_remainder(1, &[]), Err(ArithmeticFault::NothingToSplitOver));
        assert_eq!(largest_remainder(i64::MAX, &[i64::MAX, 1 - i64::MAX]), Err(ArithmeticFault::Overflow));
        assert_eq!(largest_remainder(i64::MIN, &[1]), Ok(vec![i64::MIN]));
    }

    #[test]
    fn medians_ratios_and_percentiles() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3]), Some(3));
        assert_eq!(median(&[9, 1, 5]), Some(5));
        assert_eq!(median(&[1, 2]), Some(2));
        assert_eq!(median(&[-1, -2]), Some(-2));
        assert_eq!(median(&[i64::MAX, i64::MAX]), Some(i64::MAX));
        assert_eq!(ratio_bp(1, 3), Some(BasisPoints::from_bp(3333)));
        assert_eq!(ratio_bp(2, 3), Some(BasisPoints::from_bp(6667)));
        assert_eq!(ratio_bp(1, 0), None);
        assert_eq!(percentile(&[15, 20, 35, 40, 50], 30), Some(20));
        assert_eq!(percentile(&[15, 20, 35, 40, 50], 0), Some(15));
        assert_eq!(percentile(&[15, 20, 35, 40, 50], 100), Some(50));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn logarithms_of_known_numbers() {
        for (n, milli) in [
            (0, 0),
            (1, 0),
            (2, 301),
            (3, 477),
            (7, 845),
            (9, 954),
            (10, 1000),
            (99, 1995),
            (100, 2000),
            (999, 2999),
            (1000, 3000),
            (31_622, 4499),
            (31_623, 4500),
            (9_999_999, 6999),
            (10_000_000_000_000_000_000, 19_000),
            (9_999_999_999_999_999_999, 18_999),
            (u64::MAX, 19_265),
        ] {
            assert_eq!(log10_milli(n), milli, "{n}");
        }
    }

    #[test]
    fn action_weight_of_a_value() {
        assert_eq!(value_weight_milli(0, Currency::EUR), 1000);
        assert_eq!(value_weight_milli(-5, Currency::EUR), 1000);
        assert_eq!(value_weight_milli(100_000, Currency::EUR), 1301, "1000.00 doubles the argument");
        assert_eq!(value_weight_milli(900_000, Currency::EUR), 2000);
        assert_eq!(value_weight_milli(9000, Currency::JPY), 2000);
        assert_eq!(value_weight_milli(9_000_000, Currency::KWD), 2000);
        assert!(value_weight_milli(i64::MAX, Currency::EUR) > 10_000);
    }

    // Little-endian numbers in base 10^9, enough to raise a threshold to its thousandth power.
    fn product(a: &[u64], b: &[u64]) -> Vec<u64> {
        let mut out = vec![0_u64; a.len() + b.len()];
        for (i, x) in a.iter().enumerate() {
            let mut carry = 0;
            for (j, y) in b.iter().enumerate() {
                let value = out[i + j] + x * y + carry;
                out[i + j] = value % 1_000_000_000;
                carry = value / 1_000_000_000;
            }
            out[i + b.len()] += carry;
        }
        while out.last() == Some(&0) {
            out.pop();
        }
        out
    }

    fn digits_of_thousandth_power(n: u128) -> usize {
        let mut base = vec![];
        let mut rest = n;
        while rest > 0 {
            base.push((rest % 1_000_000_000) as u64);
            rest /= 1_000_000_000;
        }
        let (mut power, mut square, mut exponent) = (vec![1], base, 1000);
        while exponent > 0 {
            if exponent % 2 == 1 {
                power = product(&power, &square);
            }
            square = product(&square, &square);
            exponent /= 2;
        }
        (power.len() - 1) * 9 + power.last().unwrap().to_string().len()
    }

    #[test]
    fn thresholds_step_where_the_logarithm_does() {
        // t >= 10^(19 + m/1000) if and only if t^1000 has more than 19000 + m digits.
        for m in [0, 1, 2, 37, 250, 301, 302, 499, 500, 699, 954, 955, 998, 999] {
            assert!(digits_of_thousandth_power(THRESHOLDS[m]) > 19_000 + m, "{m}");
            assert!(digits_of_thousandth_power(THRESHOLDS[m] - 1) <= 19_000 + m, "{m}");
        }
        assert!(THRESHOLDS.windows(2).all(|pair| pair[0] < pair[1]));
    }

    proptest! {
        #[test]
        fn rounding_is_within_half_and_symmetric(dividend: i64, divisor in 1_i64..) {
            let (dividend, divisor) = (i128::from(dividend), i128::from(divisor));
            let rounded = div_rha(dividend, divisor).unwrap();
            prop_assert!((rounded * divisor - dividend).abs() * 2 <= divisor);
            prop_assert_eq!(div_rha(-dividend, divisor), Ok(-rounded));
        }

        // Invariant 17.
        #[test]
        fn parts_sum_to_the_amount(total: i64, weights in proptest::collection::vec(0_i64.., 1..12)) {
            let parts = largest_remainder(total, &weights).unwrap();
            prop_assert_eq!(parts.iter().map(|&part| i128::from(part)).sum::<i128>(), i128::from(total));
            let sum: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
            if sum != 0 {
                for (&part, &weight) in parts.iter().zip(&weights) {
                    let distance = i128::from(part) * sum - i128::from(total) * i128::from(weight);
                    prop_assert!(distance.abs() < sum);
                }
            }
        }

        #[test]
        fn parts_of_signed_weights_sum_too(
            total in -1_000_000_i64..1_000_000, weights in proptest::collection::vec(-1000_i64..1000, 1..9)
        ) {
            let parts = largest_remainder(total, &weights).unwrap();
            prop_assert_eq!(parts.iter().sum::<i64>(), total);
            let mirrored: Vec<i64> = largest_remainder(-total, &weights).unwrap().iter().map(|part| -part).collect();
            prop_assert_eq!(parts, mirrored);
        }

        #[test]
        fn a_discount_and_its_rest_differ_by_rounding_only(
            quantity in -1_000_000_i64..1_000_000, price in 0_i64..1_000_000_000, discount in 0_i64..=10_000
        ) {
            let net = |bp| {
                line_net(
                    Quantity::from_thousandths(quantity), Price::from_micros(price), BasisPoints::from_bp(bp),
                    Currency::EUR,
                ).unwrap()
            };
            prop_assert!((net(discount) + net(10_000 - discount) - net(0)).abs() <= 1);
            prop_assert_eq!(net(10_000), 0);
        }

        #[test]
        fn logarithms_do_not_decrease(a: u64, b: u64) {
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(log10_milli(low) <= log10_milli(high));
        }

        #[test]
        fn a_tenfold_is_one_more(n in 1_u64..u64::MAX / 10) {
            prop_assert_eq!(log10_milli(n * 10), log10_milli(n) + 1000);
        }
    }
}
