//! Raising and lowering prices by a percentage, with a rounding rule: without a database.

use maitred_core::words;
use maitred_kernel::{ArithmeticFault, BasisPoints, Price, round};

words! {
    /// To what a new price is rounded.
    pub enum Rounding {
        /// A millionth.
        None = "none",
        /// A multiple of 0.05.
        FiveCents = "0.05",
        /// A multiple of 0.10.
        TenCents = "0.10",
        /// The nearest price that ends in .90.
        Ninety = ".90",
        /// The nearest price that ends in .99.
        NinetyNine = ".99",
    }
}

const MAJOR: i64 = 1_000_000;

/// A price changed by a percentage and rounded half away from zero; one above zero stays above zero.
///
/// # Errors
/// [`ArithmeticFault`] when it does not fit.
pub fn changed(price: Price, percent: BasisPoints, rounding: Rounding) -> Result<Price, ArithmeticFault> {
    let exact = round::mul_div_rha(price.micros(), 10_000 + percent.bp(), 10_000)?;
    let micros = match rounding {
        Rounding::None => exact,
        Rounding::FiveCents => stepped(exact, MAJOR / 20)?,
        Rounding::TenCents => stepped(exact, MAJOR / 10)?,
        Rounding::Ninety => ending(exact, MAJOR * 9 / 10)?,
        Rounding::NinetyNine => ending(exact, MAJOR * 99 / 100)?,
    };
    Ok(Price::from_micros(micros))
}

fn stepped(exact: i64, step: i64) -> Result<i64, ArithmeticFault> {
    let rounded = round::narrow(round::div_rha(i128::from(exact), i128::from(step))? * i128::from(step))?;
    Ok(if exact > 0 { rounded.max(step) } else { rounded })
}

/// The nearest price with this ending; of two as near, the higher.
fn ending(exact: i64, end: i64) -> Result<i64, ArithmeticFault> {
    if exact == 0 {
        return Ok(0);
    }
    let lower = (exact - end).div_euclid(MAJOR) * MAJOR + end;
    let upper = lower.checked_add(MAJOR).ok_or(ArithmeticFault::Overflow)?;
    let nearest = if exact - lower < upper - exact { lower } else { upper };
    Ok(nearest.max(end))
}

#[cfg(test)]
mod tests {
    use maitred_kernel::Currency;
    use proptest::prelude::*;

    use super::*;

    fn said(price: &str, percent: i64, rounding: Rounding) -> String {
        let price = Price::parse(price).unwrap();
        changed(price, BasisPoints::from_bp(percent), rounding).unwrap().format(Currency::EUR)
    }

    #[test]
    fn rounds_as_told() {
        assert_eq!(said("9.99", 350, Rounding::None), "10.33965");
        assert_eq!(said("9.99", 350, Rounding::FiveCents), "10.35");
        assert_eq!(said("9.99", 350, Rounding::TenCents), "10.30");
        assert_eq!(said("9.99", 350, Rounding::Ninety), "9.90");
        assert_eq!(said("9.99", 450, Rounding::Ninety), "10.90");
        assert_eq!(said("100", 500, Rounding::NinetyNine), "104.99");
        assert_eq!(said("0.02", -5000, Rounding::FiveCents), "0.05");
        assert_eq!(said("0.20", 0, Rounding::NinetyNine), "0.99");
    }

    proptest! {
        /// Nothing is rounded further than half a step.
        #[test]
        fn rounding_stays_near(price in 1_000_000..1_000_000_000_i64, percent in -2000..5000_i64) {
            let exact = changed(Price::from_micros(price), BasisPoints::from_bp(percent), Rounding::None).unwrap().micros();
            for (rounding, most) in [(Rounding::FiveCents, 25_000), (Rounding::TenCents, 50_000), (Rounding::Ninety, 500_000), (Rounding::NinetyNine, 500_000)] {
                let rounded = changed(Price::from_micros(price), BasisPoints::from_bp(percent), rounding).unwrap().micros();
                prop_assert!((rounded - exact).abs() <= most, "{} to {}", exact, rounded);
            }
        }
    }
}
