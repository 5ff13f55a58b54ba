//! What can be wrong with a value: one small error type per concern, each variant one plain sentence.
//!
//! These say what is wrong with the text or the sum at hand. Which argument it was, and which call to make
//! next, is added by the tool that asked.

use std::error::Error;
use std::fmt;

/// Why a text is not an amount, a price, a quantity, a percentage or a rate, or two amounts do not combine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoneyFault {
    /// The text is not a plain decimal number.
    NotANumber {
        /// The text as given.
        text: String,
    },
    /// The text has more digits after the point than are kept; nothing is rounded silently.
    TooPrecise {
        /// The text as given.
        text: String,
        /// Digits after the point that are kept.
        digits: u8,
    },
    /// The value does not fit 64 bits at its scale.
    TooLarge,
    /// The text is not an active ISO 4217 code.
    UnknownCurrency {
        /// The text as given.
        text: String,
    },
    /// Two amounts of different currencies were to be added or compared.
    CurrencyMismatch {
        /// Code of the first amount.
        left: String,
        /// Code of the second amount.
        right: String,
    },
}

impl fmt::Display for MoneyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANumber { text } => {
                write!(f, "`{text}` is not a decimal number; write digits and a point, such as `312.00`")
            }
            Self::TooPrecise { text, digits: 0 } => write!(f, "`{text}` must be a whole number"),
            Self::TooPrecise { text, digits } => {
                write!(f, "`{text}` has more than {digits} digits after the point")
            }
            Self::TooLarge => f.write_str("the value is too large to be kept"),
            Self::UnknownCurrency { text } => write!(f, "`{text}` is not an active ISO 4217 currency code"),
            Self::CurrencyMismatch { left, right } => {
                write!(f, "amounts in `{left}` and `{right}` do not combine without an exchange rate")
            }
        }
    }
}

impl Error for MoneyFault {}

/// Why a sum has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArithmeticFault {
    /// A division by zero.
    DividedByZero,
    /// The result does not fit.
    Overflow,
    /// An amount was to be split over no parts at all.
    NothingToSplitOver,
}

impl fmt::Display for ArithmeticFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DividedByZero => "the divisor is zero",
            Self::Overflow => "the result is too large to be kept",
            Self::NothingToSplitOver => "an amount cannot be split over no parts",
        })
    }
}

impl Error for ArithmeticFault {}

/// Why a text is not a day, an instant, a period or a zone, or a calendar cannot answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeFault {
    /// Not a `YYYY-MM-DD` day of the calendar.
    NotADay {
        /// The text as given.
        text: String,
    },
    /// Not an RFC 3339 instant.
    NotAnInstant {
        /// The text as given.
        text: String,
    },
    /// Not a year, quarter or month.
    NotAPeriod {
        /// The text as given.
        text: String,
    },
    /// Not a name of the IANA time zone database.
    UnknownZone {
        /// The text as given.
        text: String,
    },
    /// Outside the years 1 to 9999.
    OutOfRange,
    /// Opening hours that overlap, are not in order, are empty or leave the day.
    BadOpeningHours {
        /// ISO weekday, Monday 1 to Sunday 7.
        weekday: u8,
    },
    /// The calendar has no working time within the span that was searched.
    NeverOpen,
}

impl fmt::Display for TimeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotADay { text } => write!(f, "`{text}` is not a day; write `YYYY-MM-DD`"),
            Self::NotAnInstant { text } => {
                write!(f, "`{text}` is not a point in time; write it like `2026-03-31T09:00:00Z`")
            }
            Self::NotAPeriod { text } => {
                write!(f, "`{text}` is not a period; write `2026`, `2026-Q1` or `2026-03`")
            }
            Self::UnknownZone { text } => write!(f, "`{text}` is not an IANA time zone name"),
            Self::OutOfRange => f.write_str("the date is outside the years 1 to 9999"),
            Self::BadOpeningHours { weekday } => {
                write!(f, "the hours of weekday {weekday} must be in order, apart, and within one day")
            }
            Self::NeverOpen => f.write_str("the calendar has no working time in reach"),
        }
    }
}

impl Error for TimeFault {}

/// Why a text is not an address people or machines can be reached or known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactFault {
    /// Not an email address.
    NotAnEmail {
        /// The text as given.
        text: String,
    },
    /// Not a domain name.
    NotADomain {
        /// The text as given.
        text: String,
    },
    /// Not a telephone number.
    NotAPhone {
        /// The text as given.
        text: String,
    },
    /// A national number without a country to read it in.
    PhoneCountryMissing {
        /// The text as given.
        text: String,
    },
    /// The digits are too few or too many for the country.
    PhoneLength {
        /// The text as given.
        text: String,
        /// Digits of the national number.
        digits: usize,
    },
    /// Not an ISO 3166-1 alpha-2 code.
    UnknownCountry {
        /// The text as given.
        text: String,
    },
}

impl fmt::Display for ContactFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnEmail { text } => write!(f, "`{text}` is not an email address"),
            Self::NotADomain { text } => write!(f, "`{text}` is not a domain name"),
            Self::NotAPhone { text } => write!(f, "`{text}` is not a telephone number"),
            Self::PhoneCountryMissing { text } => {
                write!(f, "`{text}` has no country code; write it like `+33 1 23 45 67 89`")
            }
            Self::PhoneLength { text, digits } => {
                write!(f, "`{text}` has {digits} national digits, which is not a number of its country")
            }
            Self::UnknownCountry { text } => write!(f, "`{text}` is not an ISO 3166-1 country code"),
        }
    }
}

impl Error for ContactFault {}

/// Why a text is not a VAT identification number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VatFault {
    /// The text does not begin with a country whose numbers are known here.
    UnknownCountry {
        /// The text as given.
        text: String,
    },
    /// The form is not the one the country gives out.
    WrongForm {
        /// The number without separators.
        text: String,
        /// What the country gives out, in words.
        expected: &'static str,
    },
    /// The form is right, the check digits are not: a typing error.
    WrongChecksum {
        /// The number without separators.
        text: String,
    },
}

impl fmt::Display for VatFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCountry { text } => {
                write!(f, "`{text}` does not begin with a country prefix such as `FR` or `CHE`")
            }
            Self::WrongForm { text, expected } => write!(f, "`{text}` is not of the form {expected}"),
            Self::WrongChecksum { text } => write!(f, "the check digits of `{text}` are wrong"),
        }
    }
}

impl Error for VatFault {}
