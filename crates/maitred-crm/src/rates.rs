//! Exchange rates of one day, and amounts brought into the organisation's currency. Reading them is the store's.

use std::collections::{BTreeMap, BTreeSet};

use maitred_kernel::money::Rate;
use maitred_kernel::{ArithmeticFault, Currency, Day, Money, round};

/// A rate between a currency and the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The day it is of.
    pub day: Day,
    /// Base per one unit when direct, units per one base when not.
    pub rate: Rate,
    /// Which of the two.
    pub direct: bool,
}

impl Quote {
    /// An amount in the base currency, rounded half away from zero once.
    ///
    /// # Errors
    /// [`ArithmeticFault`] when it does not fit, or the rate is 0.
    pub fn to_base(&self, minor: i64, currency: Currency, base: Currency) -> Result<i64, ArithmeticFault> {
        if self.direct {
            return Ok(self.rate.to_base(Money::new(minor, currency), base)?.minor);
        }
        let above = i128::from(minor)
            .checked_mul(100_000_000 * i128::from(base.minor_per_major()))
            .ok_or(ArithmeticFault::Overflow)?;
        let below = i128::from(self.rate.e8()) * i128::from(currency.minor_per_major());
        round::narrow(round::div_rha(above, below)?)
    }
}

/// The rates that hold on one day.
#[derive(Clone, Debug)]
pub struct Rates {
    base: Currency,
    day: Day,
    known: BTreeMap<String, Option<Quote>>,
    missing: BTreeSet<String>,
}

impl Rates {
    /// Rates into `base` on `day`, none known yet.
    pub fn new(base: Currency, day: Day) -> Self {
        Self { base, day, known: BTreeMap::new(), missing: BTreeSet::new() }
    }

    /// The currency everything is brought into.
    pub fn base(&self) -> Currency {
        self.base
    }

    /// The day the rates are of, or the newest before it.
    pub fn day(&self) -> Day {
        self.day
    }

    /// True when nobody has looked for this currency yet.
    pub fn wants(&self, currency: Currency) -> bool {
        currency != self.base && !self.known.contains_key(currency.code())
    }

    /// Keeps what was found for a currency.
    pub fn learn(&mut self, currency: Currency, quote: Option<Quote>) {
        self.known.insert(currency.code().to_owned(), quote);
    }

    /// An amount in the base currency; nothing, and the currency is noted as missing, when there is no rate.
    ///
    /// # Errors
    /// [`ArithmeticFault`] when it does not fit.
    pub fn to_base(&mut self, minor: i64, currency: Currency) -> Result<Option<i64>, ArithmeticFault> {
        if currency == self.base {
            return Ok(Some(minor));
        }
        match self.known.get(currency.code()).copied().flatten() {
            Some(quote) => quote.to_base(minor, currency, self.base).map(Some),
            None => {
                self.missing.insert(currency.code().to_owned());
                Ok(None)
            }
        }
    }

    /// The currencies without a rate, in words; nothing when every amount could be converted.
    pub fn missing(&self) -> Option<Vec<String>> {
        let words = |code: &String| {
            format!(
                "no rate from {code} to {} on or before {}: its amounts are not in the sums",
                self.base, self.day
            )
        };
        (!self.missing.is_empty()).then(|| self.missing.iter().map(words).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(e8: i64, direct: bool) -> Quote {
        Quote { day: Day::parse("2026-03-01").unwrap(), rate: Rate::from_e8(e8), direct }
    }

    #[test]
    fn converts_both_ways_across_exponents() {
        let yen = Currency::parse("JPY").unwrap();
        // 0.0062 euros per yen: 1,000 yen are 6.20.
        assert_eq!(quote(620_000, true).to_base(1_000, yen, Currency::EUR), Ok(620));
        // 160 yen per euro: 1,000 yen are 6.25.
        assert_eq!(quote(16_000_000_000, false).to_base(1_000, yen, Currency::EUR), Ok(625));
        assert_eq!(quote(0, false).to_base(1, yen, Currency::EUR), Err(ArithmeticFault::DividedByZero));
    }

    #[test]
    fn a_missing_rate_is_named_and_never_guessed() {
        let mut rates = Rates::new(Currency::EUR, Day::parse("2026-03-02").unwrap());
        let yen = Currency::parse("JPY").unwrap();
        assert_eq!(rates.to_base(5, Currency::EUR), Ok(Some(5)));
        assert_eq!(rates.missing(), None);
        rates.learn(yen, None);
        assert_eq!(rates.to_base(5, yen), Ok(None));
        assert_eq!(
            rates.missing().unwrap(),
            ["no rate from JPY to EUR on or before 2026-03-02: its amounts are not in the sums"]
        );
    }
}
