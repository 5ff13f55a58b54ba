//! Amounts, prices, quantities, percentages and exchange rates: whole numbers at a fixed scale, read from and
//! written as decimal text. Never a float, never a silent rounding.
//!
//! Rounding a computed figure is [`crate::round`]'s business.

use std::fmt;

use crate::currency::Currency;
use crate::fault::{ArithmeticFault, MoneyFault};
use crate::round::{div_rha, narrow};

/// Digits a [`Price`] keeps after the point.
pub const PRICE_DIGITS: u8 = 6;
/// Digits a [`Quantity`] keeps after the point.
pub const QUANTITY_DIGITS: u8 = 3;
/// Digits a percentage keeps after the point: one basis point is 0.01 %.
pub const PERCENT_DIGITS: u8 = 2;
/// Digits a [`Rate`] keeps after the point.
pub const RATE_DIGITS: u8 = 8;

/// Reads an amount in major units into minor units: `312`, `312.5`, `-0.99`, `1e2`.
///
/// The text may be that of a JSON number. More digits after the point than the currency has are refused even
/// when they are zeros, since `1.000` is how half of Europe writes a thousand; a lone `.0`, which many
/// languages print behind every whole number, is read as nothing.
///
/// # Errors
/// [`MoneyFault::NotANumber`], [`MoneyFault::TooPrecise`], [`MoneyFault::TooLarge`].
pub fn parse_minor(text: &str, currency: Currency) -> Result<i64, MoneyFault> {
    parse_scaled(text, currency.exponent())
}

/// Writes minor units as an amount in major units, with all digits of the currency: `312.00`, JPY `312`.
pub fn format_minor(minor: i64, currency: Currency) -> String {
    format_scaled(minor, currency.exponent(), currency.exponent())
}

/// An amount of money in minor units of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// Minor units: cents for EUR, yen for JPY.
    pub minor: i64,
    /// The currency, which also fixes the scale.
    pub currency: Currency,
}

impl Money {
    /// An amount of `minor` units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in a currency.
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Reads an amount in major units, as [`parse_minor`] does.
    ///
    /// # Errors
    /// Those of [`parse_minor`].
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyFault> {
        Ok(Self { minor: parse_minor(text, currency)?, currency })
    }

    /// The amount alone, without the code: `312.00`.
    pub fn amount(self) -> String {
        format_minor(self.minor, self.currency)
    }

    /// Sum of two amounts of one currency.
    ///
    /// # Errors
    /// [`MoneyFault::CurrencyMismatch`], [`MoneyFault::TooLarge`].
    pub fn plus(self, other: Self) -> Result<Self, MoneyFault> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyFault::TooLarge)?;
        Ok(Self { minor, currency: self.currency })
    }

    /// Difference of two amounts of one currency.
    ///
    /// # Errors
    /// [`MoneyFault::CurrencyMismatch`], [`MoneyFault::TooLarge`].
    pub fn minus(self, other: Self) -> Result<Self, MoneyFault> {
        self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyFault::TooLarge)?;
        Ok(Self { minor, currency: self.currency })
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyFault> {
        if self.currency == other.currency {
            return Ok(());
        }
        Err(MoneyFault::CurrencyMismatch {
            left: self.currency.code().to_owned(),
            right: other.currency.code().to_owned(),
        })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", format_minor(self.minor, self.currency), self.currency)
    }
}

macro_rules! scaled {
    ($(#[$about:meta])* $name:ident, $digits:expr, $from:ident, $get:ident, $unit:literal) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(i64);

        impl $name {
            #[doc = concat!("From stored ", $unit, ".")]
            pub const fn $from(value: i64) -> Self {
                Self(value)
            }

            #[doc = concat!("As stored: ", $unit, ".")]
            pub const fn $get(self) -> i64 {
                self.0
            }

            /// Reads decimal text, exactly.
            ///
            /// # Errors
            /// [`MoneyFault::NotANumber`], [`MoneyFault::TooPrecise`], [`MoneyFault::TooLarge`].
            pub fn parse(text: &str) -> Result<Self, MoneyFault> {
                parse_scaled(text, $digits).map(Self)
            }
        }
    };
}

scaled!(
    /// A unit price or unit cost in millionths of the major unit; its currency stands on the document.
    Price, PRICE_DIGITS, from_micros, micros, "millionths of the major unit"
);
scaled!(
    /// A quantity in thousandths of its unit of measure.
    Quantity, QUANTITY_DIGITS, from_thousandths, thousandths, "thousandths of the unit of measure"
);
scaled!(
    /// A share in basis points, read and written as a percentage: 2000 is `20`.
    BasisPoints, PERCENT_DIGITS, from_bp, bp, "basis points"
);
scaled!(
    /// An exchange rate times 10⁸: base currency per one unit of the other.
    Rate, RATE_DIGITS, from_e8, e8, "rate times 10⁸"
);

impl Price {
    /// Writes at least the digits of the currency, more only where they are not zero: `1.50`, `0.001`.
    pub fn format(self, currency: Currency) -> String {
        format_scaled(self.0, PRICE_DIGITS, currency.exponent())
    }
}

impl Quantity {
    /// One whole unit.
    pub const ONE: Self = Self(1000);

    /// A number of whole units.
    ///
    /// # Errors
    /// [`MoneyFault::TooLarge`].
    pub fn whole(units: i64) -> Result<Self, MoneyFault> {
        units.checked_mul(1000).map(Self).ok_or(MoneyFault::TooLarge)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_scaled(self.0, QUANTITY_DIGITS, 0))
    }
}

impl fmt::Display for BasisPoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_scaled(self.0, PERCENT_DIGITS, 0))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_scaled(self.0, RATE_DIGITS, 0))
    }
}

impl Rate {
    /// The rate of a currency to itself.
    pub const ONE: Self = Self(100_000_000);

    /// Converts an amount into the base currency, rounded half away from zero once.
    ///
    /// # Errors
    /// [`ArithmeticFault::Overflow`].
    pub fn to_base(self, amount: Money, base: Currency) -> Result<Money, ArithmeticFault> {
        let overflow = ArithmeticFault::Overflow;
        let scaled = i128::from(amount.minor)
            .checked_mul(i128::from(self.0))
            .and_then(|product| product.checked_mul(i128::from(base.minor_per_major())))
            .ok_or(overflow)?;
        let divisor = 100_000_000 * i128::from(amount.currency.minor_per_major());
        Ok(Money { minor: narrow(div_rha(scaled, divisor)?)?, currency: base })
    }
}

/// Reads decimal text into units of 10⁻ˢᶜᵃˡᵉ. See [`parse_minor`] for what is accepted.
fn parse_scaled(text: &str, scale: u8) -> Result<i64, MoneyFault> {
    let not_a_number = || MoneyFault::NotANumber { text: text.chars().take(40).collect() };
    let too_precise = || MoneyFault::TooPrecise { text: text.chars().take(40).collect(), digits: scale };

    let (negative, unsigned) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return Err(not_a_number()),
        None => (mantissa, ""),
    };
    let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits_only(whole) || !digits_only(fraction) {
        return Err(not_a_number());
    }
    let shift = match exponent {
        None if fraction.len() > usize::from(scale) && fraction != "0" => return Err(too_precise()),
        None => 0,
        Some(exponent) => read_exponent(exponent).ok_or_else(not_a_number)?,
    };

    let places = i64::try_from(fraction.len()).map_err(|_| MoneyFault::TooLarge)?;
    let mut shift = shift.saturating_add(i64::from(scale)).saturating_sub(places);
    let mut digits: Vec<u8> =
        whole.bytes().chain(fraction.bytes()).skip_while(|&byte| byte == b'0').collect();
    while shift < 0 && digits.last() == Some(&b'0') {
        digits.pop();
        shift += 1;
    }
    if digits.is_empty() {
        return Ok(0);
    }
    if shift < 0 {
        return Err(too_precise());
    }
    // The magnitude of `i64::MIN` has 19 digits.
    if i64::try_from(digits.len()).map_or(true, |length| length.saturating_add(shift) > 19) {
        return Err(MoneyFault::TooLarge);
    }
    let power = u32::try_from(shift).map_err(|_| MoneyFault::TooLarge)?;
    let magnitude =
        digits.iter().fold(0_i128, |value, byte| value * 10 + i128::from(byte - b'0')) * 10_i128.pow(power);
    i64::try_from(if negative { -magnitude } else { magnitude }).map_err(|_| MoneyFault::TooLarge)
}

fn read_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // Far beyond any scale the exact size of the exponent no longer matters.
    let size = digits
        .iter()
        .fold(0_i64, |value, byte| value.saturating_mul(10).saturating_add(i64::from(byte - b'0')));
    Some(if negative { -size } else { size })
}

/// Writes units of 10⁻ˢᶜᵃˡᵉ with at least `least` digits after the point and no zeros behind those.
fn format_scaled(value: i64, scale: u8, least: u8) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let divisor = 10_u64.pow(u32::from(scale));
    let magnitude = value.unsigned_abs();
    let (whole, mut fraction) = (magnitude / divisor, magnitude % divisor);
    let mut places = usize::from(scale);
    let least = usize::from(least);
    while places > least && fraction % 10 == 0 {
        fraction /= 10;
        places -= 1;
    }
    if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction:0places$}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clf() -> Currency {
        Currency::parse("CLF").unwrap()
    }

    #[test]
    fn reads_decimal_text_exactly() {
        for (text, currency, minor) in [
            ("312.00", Currency::EUR, 31200),
            ("312", Currency::EUR, 31200),
            ("312.0", Currency::EUR, 31200),
            ("312.5", Currency::EUR, 31250),
            ("1e2", Currency::EUR, 10000),
            ("1.5E+1", Currency::EUR, 1500),
            ("1200e-2", Currency::EUR, 1200),
            ("1e-2", Currency::EUR, 1),
            ("-0.99", Currency::EUR, -99),
            ("+7", Currency::EUR, 700),
            ("-0", Currency::EUR, 0),
            ("0e999999999999999999999", Currency::EUR, 0),
            ("312", Currency::JPY, 312),
            ("312.0", Currency::JPY, 312),
            ("1.234", Currency::KWD, 1234),
            ("0.0001", clf(), 1),
            ("92233720368547758.07", Currency::EUR, i64::MAX),
            ("-92233720368547758.08", Currency::EUR, i64::MIN),
            ("00000000000000000000000000001", Currency::JPY, 1),
        ] {
            assert_eq!(parse_minor(text, currency), Ok(minor), "{text} {currency}");
        }
    }

    #[test]
    fn refuses_more_digits_than_it_keeps() {
        for (text, currency) in [
            ("0.001", Currency::EUR),
            ("1.000", Currency::EUR),
            ("1e-3", Currency::EUR),
            ("312.5", Currency::JPY),
            ("312.00", Currency::JPY),
            ("1.2345", Currency::KWD),
            ("1e-999999999999999999999", Currency::EUR),
        ] {
            let fault = MoneyFault::TooPrecise { text: text.to_owned(), digits: currency.exponent() };
            assert_eq!(parse_minor(text, currency), Err(fault), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in [
            "", "-", ".", ".5", "5.", "1,5", "1 000", " 1", "1 ", "1.2.3", "--1", "NaN", "inf", "0x10", "1e",
            "e1", "1e1.5", "１", "€1", "1_000",
        ] {
            let fault = parse_minor(text, Currency::EUR).unwrap_err();
            assert!(matches!(fault, MoneyFault::NotANumber { .. }), "{text}: {fault}");
        }
    }

    #[test]
    fn refuses_what_does_not_fit() {
        for text in ["92233720368547758.08", "1e30", "1e99999999999999999999", "99999999999999999999999999"] {
            assert_eq!(parse_minor(text, Currency::EUR), Err(MoneyFault::TooLarge), "{text}");
        }
    }

    #[test]
    fn writes_the_digits_of_the_currency() {
        assert_eq!(format_minor(31200, Currency::EUR), "312.00");
        assert_eq!(format_minor(-5, Currency::EUR), "-0.05");
        assert_eq!(format_minor(312, Currency::JPY), "312");
        assert_eq!(format_minor(1234, Currency::KWD), "1.234");
        assert_eq!(format_minor(i64::MIN, Currency::EUR), "-92233720368547758.08");
        assert_eq!(Money::new(31200, Currency::EUR).to_string(), "312.00 EUR");
    }

    #[test]
    fn prices_show_more_digits_only_when_needed() {
        assert_eq!(Price::parse("1.5").unwrap().format(Currency::EUR), "1.50");
        assert_eq!(Price::parse("0.001").unwrap().format(Currency::EUR), "0.001");
        assert_eq!(Price::parse("0.000001").unwrap().micros(), 1);
        assert_eq!(Price::parse("12").unwrap().format(Currency::JPY), "12");
        assert_eq!(Price::parse("12.5").unwrap().format(Currency::JPY), "12.5");
        assert!(Price::parse("0.0000001").is_err());
    }

    #[test]
    fn quantities_percentages_and_rates_are_short() {
        assert_eq!(Quantity::parse("2.000").unwrap().to_string(), "2");
        assert_eq!(Quantity::parse("0.5").unwrap().thousandths(), 500);
        assert_eq!(Quantity::from_thousandths(-500).to_string(), "-0.5");
        assert_eq!(BasisPoints::parse("20").unwrap().bp(), 2000);
        assert_eq!(BasisPoints::parse("7.5").unwrap().to_string(), "7.5");
        assert_eq!(Rate::parse("1.08765432").unwrap().e8(), 108_765_432);
        assert_eq!(Rate::ONE.to_string(), "1");
    }

    #[test]
    fn currencies_do_not_mix() {
        let euro = Money::new(100, Currency::EUR);
        assert!(matches!(euro.plus(Money::new(1, Currency::USD)), Err(MoneyFault::CurrencyMismatch { .. })));
        assert_eq!(euro.minus(Money::new(250, Currency::EUR)), Ok(Money::new(-150, Currency::EUR)));
        assert_eq!(Money::new(i64::MAX, Currency::EUR).plus(euro), Err(MoneyFault::TooLarge));
    }

    #[test]
    fn rates_convert_between_exponents() {
        let rate = Rate::parse("0.0061").unwrap();
        assert_eq!(
            rate.to_base(Money::new(1000, Currency::JPY), Currency::EUR),
            Ok(Money::new(610, Currency::EUR))
        );
        let rate = Rate::parse("163.934").unwrap();
        let yen = rate.to_base(Money::new(1, Currency::EUR), Currency::JPY);
        assert_eq!(yen, Ok(Money::new(2, Currency::JPY)), "1.63934 rounds to 2");
    }

    fn currencies() -> impl Strategy<Value = Currency> {
        proptest::sample::select(vec![Currency::JPY, Currency::EUR, Currency::KWD, clf()])
    }

    proptest! {
        // Invariant 16.
        #[test]
        fn printing_then_reading_is_identity(minor: i64, currency in currencies()) {
            prop_assert_eq!(parse_minor(&format_minor(minor, currency), currency), Ok(minor));
        }

        #[test]
        fn reading_then_printing_then_reading_is_identity(
            text in "[+-]?[0-9]{1,16}(\\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?", currency in currencies()
        ) {
            if let Ok(minor) = parse_minor(&text, currency) {
                let printed = format_minor(minor, currency);
                prop_assert_eq!(parse_minor(&printed, currency), Ok(minor));
                prop_assert_eq!(format_minor(parse_minor(&printed, currency).unwrap(), currency), printed);
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,24}", currency in currencies()) {
            let _ = parse_minor(&text, currency);
        }

        #[test]
        fn an_exponent_is_a_moved_point(digits in 0_i64..1_000_000_000, power in 0_u32..6) {
            let plain = parse_minor(&format!("{}", digits * 10_i64.pow(power)), Currency::EUR);
            prop_assert_eq!(parse_minor(&format!("{digits}e{power}"), Currency::EUR), plain);
        }

        #[test]
        fn scaled_numbers_survive_printing(value: i64, currency in currencies()) {
            let price = Price::from_micros(value);
            prop_assert_eq!(Price::parse(&price.format(currency)), Ok(price));
            let quantity = Quantity::from_thousandths(value);
            prop_assert_eq!(Quantity::parse(&quantity.to_string()), Ok(quantity));
            let share = BasisPoints::from_bp(value);
            prop_assert_eq!(BasisPoints::parse(&share.to_string()), Ok(share));
            let rate = Rate::from_e8(value);
            prop_assert_eq!(Rate::parse(&rate.to_string()), Ok(rate));
        }
    }
}
