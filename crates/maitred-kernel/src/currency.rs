//! Currencies: the active codes of ISO 4217 and how many digits each keeps after the point.
//!
//! Metals, test codes and bond units (`XAU`, `XTS`, ...) have no minor unit and are not money here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::fault::MoneyFault;

/// An active ISO 4217 currency with its exponent (digits of the minor unit).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: [u8; 3],
    // A function of `code`, kept beside it to save the look-up; only `parse` and the constants build one.
    exponent: u8,
}

impl Currency {
    /// Euro.
    pub const EUR: Self = Self { code: *b"EUR", exponent: 2 };
    /// US dollar.
    pub const USD: Self = Self { code: *b"USD", exponent: 2 };
    /// Pound sterling.
    pub const GBP: Self = Self { code: *b"GBP", exponent: 2 };
    /// Swiss franc.
    pub const CHF: Self = Self { code: *b"CHF", exponent: 2 };
    /// Yen.
    pub const JPY: Self = Self { code: *b"JPY", exponent: 0 };
    /// Kuwaiti dinar.
    pub const KWD: Self = Self { code: *b"KWD", exponent: 3 };

    /// Reads a three-letter code in either case.
    ///
    /// # Errors
    /// [`MoneyFault::UnknownCurrency`] when it is not an active code.
    pub fn parse(text: &str) -> Result<Self, MoneyFault> {
        let unknown = || MoneyFault::UnknownCurrency { text: text.to_owned() };
        let mut code: [u8; 3] = text.as_bytes().try_into().map_err(|_| unknown())?;
        code.make_ascii_uppercase();
        let index = TABLE.binary_search_by(|entry| entry.0.cmp(&code)).map_err(|_| unknown())?;
        TABLE.get(index).map(|&(code, exponent)| Self { code: *code, exponent }).ok_or_else(unknown)
    }

    /// The code, upper case.
    pub fn code(&self) -> &str {
        // Every code of the table is ASCII.
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// Digits of the minor unit: 2 for EUR, 0 for JPY, 3 for KWD.
    pub fn exponent(self) -> u8 {
        self.exponent
    }

    /// Minor units in one major unit: 100 for EUR.
    pub fn minor_per_major(self) -> i64 {
        10_i64.pow(u32::from(self.exponent))
    }

    /// Every active currency, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|&(code, exponent)| Self { code: *code, exponent })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyFault;

    fn from_str(text: &str) -> Result<Self, MoneyFault> {
        Self::parse(text)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

// ISO 4217 list one, sorted by code for the binary search. `BGN` stays: open documents still carry it.
static TABLE: &[(&[u8; 3], u8)] = &[
    (b"AED", 2),
    (b"AFN", 2),
    (b"ALL", 2),
    (b"AMD", 2),
    (b"AOA", 2),
    (b"ARS", 2),
    (b"AUD", 2),
    (b"AWG", 2),
    (b"AZN", 2),
    (b"BAM", 2),
    (b"BBD", 2),
    (b"BDT", 2),
    (b"BGN", 2),
    (b"BHD", 3),
    (b"BIF", 0),
    (b"BMD", 2),
    (b"BND", 2),
    (b"BOB", 2),
    (b"BOV", 2),
    (b"BRL", 2),
    (b"BSD", 2),
    (b"BTN", 2),
    (b"BWP", 2),
    (b"BYN", 2),
    (b"BZD", 2),
    (b"CAD", 2),
    (b"CDF", 2),
    (b"CHE", 2),
    (b"CHF", 2),
    (b"CHW", 2),
    (b"CLF", 4),
    (b"CLP", 0),
    (b"CNY", 2),
    (b"COP", 2),
    (b"COU", 2),
    (b"CRC", 2),
    (b"CUP", 2),
    (b"CVE", 2),
    (b"CZK", 2),
    (b"DJF", 0),
    (b"DKK", 2),
    (b"DOP", 2),
    (b"DZD", 2),
    (b"EGP", 2),
    (b"ERN", 2),
    (b"ETB", 2),
    (b"EUR", 2),
    (b"FJD", 2),
    (b"FKP", 2),
    (b"GBP", 2),
    (b"GEL", 2),
    (b"GHS", 2),
    (b"GIP", 2),
    (b"GMD", 2),
    (b"GNF", 0),
    (b"GTQ", 2),
    (b"GYD", 2),
    (b"HKD", 2),
    (b"HNL", 2),
    (b"HTG", 2),
    (b"HUF", 2),
    (b"IDR", 2),
    (b"ILS", 2),
    (b"INR", 2),
    (b"IQD", 3),
    (b"IRR", 2),
    (b"ISK", 0),
    (b"JMD", 2),
    (b"JOD", 3),
    (b"JPY", 0),
    (b"KES", 2),
    (b"KGS", 2),
    (b"KHR", 2),
    (b"KMF", 0),
    (b"KPW", 2),
    (b"KRW", 0),
    (b"KWD", 3),
    (b"KYD", 2),
    (b"KZT", 2),
    (b"LAK", 2),
    (b"LBP", 2),
    (b"LKR", 2),
    (b"LRD", 2),
    (b"LSL", 2),
    (b"LYD", 3),
    (b"MAD", 2),
    (b"MDL", 2),
    (b"MGA", 2),
    (b"MKD", 2),
    (b"MMK", 2),
    (b"MNT", 2),
    (b"MOP", 2),
    (b"MRU", 2),
    (b"MUR", 2),
    (b"MVR", 2),
    (b"MWK", 2),
    (b"MXN", 2),
    (b"MXV", 2),
    (b"MYR", 2),
    (b"MZN", 2),
    (b"NAD", 2),
    (b"NGN", 2),
    (b"NIO", 2),
    (b"NOK", 2),
    (b"NPR", 2),
    (b"NZD", 2),
    (b"OMR", 3),
    (b"PAB", 2),
    (b"PEN", 2),
    (b"PGK", 2),
    (b"PHP", 2),
    (b"PKR", 2),
    (b"PLN", 2),
    (b"PYG", 0),
    (b"QAR", 2),
    (b"RON", 2),
    (b"RSD", 2),
    (b"RUB", 2),
    (b"RWF", 0),
    (b"SAR", 2),
    (b"SBD", 2),
    (b"SCR", 2),
    (b"SDG", 2),
    (b"SEK", 2),
    (b"SGD", 2),
    (b"SHP", 2),
    (b"SLE", 2),
    (b"SOS", 2),
    (b"SRD", 2),
    (b"SSP", 2),
    (b"STN", 2),
    (b"SVC", 2),
    (b"SYP", 2),
    (b"SZL", 2),
    (b"THB", 2),
    (b"TJS", 2),
    (b"TMT", 2),
    (b"TND", 3),
    (b"TOP", 2),
    (b"TRY", 2),
    (b"TTD", 2),
    (b"TWD", 2),
    (b"TZS", 2),
    (b"UAH", 2),
    (b"UGX", 0),
    (b"USD", 2),
    (b"USN", 2),
    (b"UYI", 0),
    (b"UYU", 2),
    (b"UYW", 4),
    (b"UZS", 2),
    (b"VED", 2),
    (b"VES", 2),
    (b"VND", 0),
    (b"VUV", 0),
    (b"WST", 2),
    (b"XAF", 0),
    (b"XCD", 2),
    (b"XCG", 2),
    (b"XOF", 0),
    (b"XPF", 0),
    (b"YER", 2),
    (b"ZAR", 2),
    (b"ZMW", 2),
    (b"ZWG", 2),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_without_repeats() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(TABLE.len() > 150);
    }

    #[test]
    fn exponents_are_those_of_the_standard() {
        for (code, exponent) in
            [("EUR", 2), ("jpy", 0), ("KWD", 3), ("CLF", 4), ("ISK", 0), ("TND", 3), ("HUF", 2)]
        {
            assert_eq!(Currency::parse(code).unwrap().exponent(), exponent, "{code}");
        }
    }

    #[test]
    fn constants_agree_with_the_table() {
        for constant in
            [Currency::EUR, Currency::USD, Currency::GBP, Currency::CHF, Currency::JPY, Currency::KWD]
        {
            assert_eq!(Currency::parse(constant.code()), Ok(constant));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "EU", "EURO", "XAU", "€", "XXX", "ＥUR"] {
            assert!(Currency::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn travels_as_its_code() {
        let json = serde_json::to_string(&Currency::EUR).unwrap();
        assert_eq!(json, r#""EUR""#);
        assert_eq!(serde_json::from_str::<Currency>(&json).unwrap(), Currency::EUR);
        assert!(serde_json::from_str::<Currency>(r#""XTS""#).is_err());
    }
}
