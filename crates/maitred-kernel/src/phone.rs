//! Telephone numbers in E.164: `+` and digits, one spelling for one line.
//!
//! This knows the numbering plans well enough to read what people write and to catch a missing or surplus digit.
//! It does not know which ranges are assigned.

use crate::fault::ContactFault;

/// One country's numbering plan.
struct Plan {
    country: &'static str,
    code: &'static str,
    /// What is dialled in front of a number inside the country; empty where nothing is.
    trunk: &'static str,
    /// Fewest and most digits of a national number, without the trunk prefix.
    digits: (usize, usize),
}

/// Brings a number as written into E.164: `0033 1 23 45 67 89`, `+33 (0)1 23...`, and with a default country
/// (ISO alpha-2) also `01 23 45 67 89`, are `+33123456789`.
///
/// # Errors
/// [`ContactFault::NotAPhone`] for letters, extensions and other text; [`ContactFault::PhoneCountryMissing`] for a
/// national number without a default country; [`ContactFault::PhoneLength`] when the digits do not fit the
/// country's plan; [`ContactFault::UnknownCountry`] for a default country whose plan is not known.
pub fn e164(raw: &str, default_country: Option<&str>) -> Result<String, ContactFault> {
    let shown = || raw.trim().chars().take(40).collect::<String>();
    let not_a_phone = || ContactFault::NotAPhone { text: shown() };

    let text = raw.trim();
    let text = text.strip_prefix("tel:").unwrap_or(text).replace("(0)", "");
    let mut digits = String::with_capacity(text.len());
    let mut international = false;
    for letter in text.chars() {
        match letter {
            '0'..='9' => digits.push(letter),
            '+' if digits.is_empty() && !international => international = true,
            // Address books copy invisible direction marks along.
            '-'
            | '.'
            | '/'
            | '('
            | ')'
            | '\u{2010}'..='\u{2015}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}' => {}
            space if space.is_whitespace() => {}
            _ => return Err(not_a_phone()),
        }
    }
    let home = default_country
        .map(|country| {
            plan_of(country)
                .ok_or_else(|| ContactFault::UnknownCountry { text: country.chars().take(40).collect() })
        })
        .transpose()?;
    if !international {
        let prefixes: &[&str] = match home.map(|plan| plan.code) {
            Some("1") => &["011", "00"],
            Some("61") => &["0011", "00"],
            _ => &["00"],
        };
        if let Some(rest) = prefixes.iter().find_map(|prefix| digits.strip_prefix(prefix)) {
            digits = rest.to_owned();
            international = true;
        }
    }
    if digits.len() < 3 {
        return Err(not_a_phone());
    }
    let length = |digits: usize| ContactFault::PhoneLength { text: shown(), digits };
    if international {
        return from_international(&digits).map_err(|fault| fault.map_or_else(not_a_phone, length));
    }
    let home = home.ok_or_else(|| ContactFault::PhoneCountryMissing { text: shown() })?;
    let national = home.national(&digits);
    if !home.fits(national) {
        return Err(length(national.len()));
    }
    Ok(format!("+{}{national}", home.code))
}

/// The country calling code of a country (ISO alpha-2), without `+`.
pub fn calling_code(country: &str) -> Option<&'static str> {
    plan_of(country).map(|plan| plan.code)
}

/// Reads digits that begin with a country calling code; the fault is a wrong length, or none for no number at all.
fn from_international(digits: &str) -> Result<String, Option<usize>> {
    if digits.starts_with('0') {
        return Err(None);
    }
    // No calling code is the beginning of another, so every match is of the one code.
    let mut plans = PLANS.iter().filter(|plan| digits.starts_with(plan.code)).peekable();
    let Some(first) = plans.peek() else {
        // A plan that is not in the table: only the limits of E.164 itself hold.
        return if (8..=15).contains(&digits.len()) {
            Ok(format!("+{digits}"))
        } else {
            Err(Some(digits.len()))
        };
    };
    let code = first.code;
    let after_code = digits.get(code.len()..).unwrap_or_default();
    let mut found = after_code.len();
    for plan in plans {
        let national = if plan.trunk == "0" { plan.national(after_code) } else { after_code };
        if plan.fits(national) {
            return Ok(format!("+{code}{national}"));
        }
        found = national.len();
    }
    Err(Some(found))
}

impl Plan {
    /// The number without the trunk prefix.
    fn national<'a>(&self, digits: &'a str) -> &'a str {
        match digits.strip_prefix(self.trunk) {
            // A one-digit prefix other than 0 may as well be the first digit of a number of full length.
            Some(rest) if self.trunk.starts_with('0') || rest.len() >= self.digits.0 => rest,
            _ => digits,
        }
    }

    fn fits(&self, national: &str) -> bool {
        // Behind a trunk prefix of 0 no national number begins with another.
        let doubled = self.trunk == "0" && national.starts_with('0');
        !doubled
            && (self.digits.0..=self.digits.1).contains(&national.len())
            && national.len() + self.code.len() <= 15
    }
}

fn plan_of(country: &str) -> Option<&'static Plan> {
    PLANS.iter().find(|plan| plan.country.eq_ignore_ascii_case(country))
}

const fn plan(
    country: &'static str,
    code: &'static str,
    trunk: &'static str,
    least: usize,
    most: usize,
) -> Plan {
    Plan { country, code, trunk, digits: (least, most) }
}

// Calling codes: ITU-T E.164. Prefixes and lengths: the national numbering plans, on the generous side.
static PLANS: &[Plan] = &[
    plan("AT", "43", "0", 4, 13),
    plan("BE", "32", "0", 8, 9),
    plan("BG", "359", "0", 6, 9),
    plan("HR", "385", "0", 7, 9),
    plan("CY", "357", "", 8, 8),
    plan("CZ", "420", "", 9, 9),
    plan("DK", "45", "", 8, 8),
    plan("EE", "372", "", 7, 8),
    plan("FI", "358", "0", 5, 12),
    plan("FR", "33", "0", 9, 9),
    plan("DE", "49", "0", 4, 13),
    plan("GR", "30", "", 10, 10),
    plan("HU", "36", "06", 8, 9),
    plan("IE", "353", "0", 7, 10),
    plan("IT", "39", "", 6, 12),
    plan("LV", "371", "", 8, 8),
    plan("LT", "370", "0", 8, 8),
    plan("LU", "352", "", 4, 11),
    plan("MT", "356", "", 8, 8),
    plan("NL", "31", "0", 9, 11),
    plan("PL", "48", "", 9, 9),
    plan("PT", "351", "", 9, 9),
    plan("RO", "40", "0", 9, 9),
    plan("SK", "421", "0", 9, 9),
    plan("SI", "386", "0", 8, 8),
    plan("ES", "34", "", 9, 9),
    plan("SE", "46", "0", 7, 10),
    plan("IS", "354", "", 7, 9),
    plan("LI", "423", "0", 7, 9),
    plan("NO", "47", "", 8, 8),
    plan("GB", "44", "0", 9, 10),
    plan("CH", "41", "0", 9, 9),
    plan("AD", "376", "", 6, 9),
    plan("MC", "377", "0", 8, 9),
    plan("SM", "378", "", 6, 10),
    plan("VA", "39", "", 6, 12),
    plan("GI", "350", "", 8, 8),
    plan("FO", "298", "", 6, 6),
    plan("GL", "299", "", 6, 6),
    plan("GG", "44", "0", 9, 10),
    plan("JE", "44", "0", 9, 10),
    plan("IM", "44", "0", 9, 10),
    plan("AX", "358", "0", 5, 12),
    plan("AL", "355", "0", 6, 9),
    plan("BA", "387", "0", 8, 9),
    plan("ME", "382", "0", 8, 9),
    plan("MK", "389", "0", 8, 8),
    plan("RS", "381", "0", 6, 12),
    plan("MD", "373", "0", 8, 8),
    plan("UA", "380", "0", 9, 9),
    plan("BY", "375", "80", 9, 9),
    plan("RU", "7", "8", 10, 10),
    plan("KZ", "7", "8", 10, 10),
    plan("TR", "90", "0", 10, 10),
    plan("GE", "995", "0", 9, 9),
    plan("AM", "374", "0", 8, 8),
    plan("AZ", "994", "0", 9, 9),
    plan("US", "1", "1", 10, 10),
    plan("CA", "1", "1", 10, 10),
    plan("PR", "1", "1", 10, 10),
    plan("DO", "1", "1", 10, 10),
    plan("JM", "1", "1", 10, 10),
    plan("BS", "1", "1", 10, 10),
    plan("BB", "1", "1", 10, 10),
    plan("TT", "1", "1", 10, 10),
    plan("BM", "1", "1", 10, 10),
    plan("MX", "52", "", 10, 10),
    plan("GT", "502", "", 8, 8),
    plan("SV", "503", "", 8, 8),
    plan("HN", "504", "", 8, 8),
    plan("NI", "505", "", 8, 8),
    plan("CR", "506", "", 8, 8),
    plan("PA", "507", "", 7, 8),
    plan("CU", "53", "0", 6, 10),
    plan("BR", "55", "0", 10, 11),
    plan("AR", "54", "0", 10, 11),
    plan("CL", "56", "", 9, 9),
    plan("CO", "57", "0", 8, 10),
    plan("PE", "51", "0", 8, 9),
    plan("EC", "593", "0", 8, 9),
    plan("BO", "591", "0", 8, 8),
    plan("PY", "595", "0", 7, 9),
    plan("UY", "598", "0", 8, 8),
    plan("VE", "58", "0", 10, 10),
    plan("AU", "61", "0", 9, 9),
    plan("NZ", "64", "0", 8, 10),
    plan("FJ", "679", "", 7, 7),
    plan("NC", "687", "", 6, 6),
    plan("PF", "689", "", 8, 8),
    plan("JP", "81", "0", 9, 10),
    plan("KR", "82", "0", 8, 10),
    plan("CN", "86", "0", 8, 11),
    plan("HK", "852", "", 8, 8),
    plan("MO", "853", "", 8, 8),
    plan("TW", "886", "0", 8, 9),
    plan("SG", "65", "", 8, 8),
    plan("MY", "60", "0", 8, 10),
    plan("TH", "66", "0", 8, 9),
    plan("ID", "62", "0", 7, 12),
    plan("PH", "63", "0", 8, 10),
    plan("VN", "84", "0", 9, 10),
    plan("KH", "855", "0", 8, 9),
    plan("LA", "856", "0", 8, 10),
    plan("MM", "95", "0", 6, 10),
    plan("BD", "880", "0", 6, 10),
    plan("IN", "91", "0", 10, 10),
    plan("PK", "92", "0", 9, 10),
    plan("LK", "94", "0", 9, 9),
    plan("NP", "977", "0", 8, 10),
    plan("KG", "996", "0", 9, 9),
    plan("UZ", "998", "", 9, 9),
    plan("IL", "972", "0", 8, 9),
    plan("PS", "970", "0", 8, 9),
    plan("JO", "962", "0", 8, 9),
    plan("LB", "961", "0", 7, 8),
    plan("IQ", "964", "0", 8, 10),
    plan("IR", "98", "0", 10, 10),
    plan("SA", "966", "0", 9, 9),
    plan("AE", "971", "0", 8, 9),
    plan("QA", "974", "", 7, 8),
    plan("KW", "965", "", 8, 8),
    plan("BH", "973", "", 8, 8),
    plan("OM", "968", "", 8, 8),
    plan("EG", "20", "0", 8, 10),
    plan("MA", "212", "0", 9, 9),
    plan("DZ", "213", "0", 8, 9),
    plan("TN", "216", "", 8, 8),
    plan("LY", "218", "0", 8, 9),
    plan("ZA", "27", "0", 9, 9),
    plan("NG", "234", "0", 8, 10),
    plan("GH", "233", "0", 9, 9),
    plan("KE", "254", "0", 7, 9),
    plan("TZ", "255", "0", 9, 9),
    plan("UG", "256", "0", 9, 9),
    plan("ET", "251", "0", 9, 9),
    plan("SN", "221", "", 9, 9),
    plan("CI", "225", "", 10, 10),
    plan("CM", "237", "", 9, 9),
    plan("MU", "230", "", 7, 8),
    plan("RE", "262", "0", 9, 9),
    plan("GP", "590", "0", 9, 9),
    plan("MQ", "596", "0", 9, 9),
    plan("GF", "594", "0", 9, 9),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_line_has_one_spelling() {
        for (raw, country, expected) in [
            ("+33 1 23 45 67 89", None, "+33123456789"),
            ("0033 (0)1.23.45.67.89", None, "+33123456789"),
            ("01 23 45 67 89", Some("FR"), "+33123456789"),
            ("+33 01 23 45 67 89", None, "+33123456789"),
            ("tel:+44-20-7946-0018", None, "+442079460018"),
            ("+44 (0)20 7946 0018", None, "+442079460018"),
            ("020 7946 0018", Some("gb"), "+442079460018"),
            ("(212) 555-0123", Some("US"), "+12125550123"),
            ("1 212 555 0123", Some("CA"), "+12125550123"),
            ("011 49 30 1234567", Some("US"), "+49301234567"),
            ("0011 49 30 1234567", Some("AU"), "+49301234567"),
            ("06 1234 5678", Some("IT"), "+390612345678"),
            ("+39 06 1234 5678", None, "+390612345678"),
            ("06 1 234 5678", Some("HU"), "+3612345678"),
            ("8 912 345 67 89", Some("RU"), "+79123456789"),
            ("812 345 67 89", Some("RU"), "+78123456789"),
            ("91 123 45 67", Some("ES"), "+34911234567"),
            ("0664 1234567", Some("AT"), "+436641234567"),
            ("\u{202a}+43 664 1234567\u{202c}", None, "+436641234567"),
            ("+1 242 555 0123", None, "+12425550123"),
        ] {
            let found = e164(raw, country);
            assert_eq!(found.as_deref(), Ok(expected), "{raw} {country:?}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let fault = |raw, country| e164(raw, country).unwrap_err();
        for raw in [
            "",
            "+",
            "12",
            "call me",
            "+33 1 23 45 67 89 ext 4",
            "++33123456789",
            "1+2125550123",
            "+0123456789",
        ] {
            assert!(matches!(fault(raw, Some("FR")), ContactFault::NotAPhone { .. }), "{raw}");
        }
        assert!(matches!(fault("01 23 45 67 89", None), ContactFault::PhoneCountryMissing { .. }));
        assert!(matches!(fault("01 23 45 67 89", Some("XX")), ContactFault::UnknownCountry { .. }));
        for (raw, country) in
            [("+33 1 23 45 67 8", None), ("+33 1 23 45 67 89 0", None), ("212 555 012", Some("US"))]
        {
            assert!(matches!(fault(raw, country), ContactFault::PhoneLength { .. }), "{raw}");
        }
    }

    #[test]
    fn the_plans_are_consistent() {
        for (index, plan) in PLANS.iter().enumerate() {
            assert!(crate::country::valid(plan.country), "{}", plan.country);
            assert!(
                PLANS[..index].iter().all(|other| other.country != plan.country),
                "{} twice",
                plan.country
            );
            assert!(
                plan.digits.0 <= plan.digits.1 && plan.digits.1 + plan.code.len() <= 15,
                "{}",
                plan.country
            );
            for other in PLANS {
                assert!(
                    plan.code == other.code || !plan.code.starts_with(other.code),
                    "{} {}",
                    plan.code,
                    other.code
                );
            }
        }
        for country in
            crate::country::all().map(|entry| entry.0).filter(|country| crate::country::in_eu(country))
        {
            assert!(calling_code(country).is_some(), "{country}");
        }
    }

    proptest! {
        #[test]
        fn what_comes_out_goes_in_unchanged(
            raw in "(\\+|00)?[0-9 ().-]{4,20}", country in proptest::sample::select(vec![None, Some("DE"), Some("US"), Some("IT"), Some("RU")])
        ) {
            if let Ok(number) = e164(&raw, country) {
                prop_assert!(number.len() <= 16 && number.starts_with('+'));
                prop_assert_eq!(e164(&number, None), Ok(number.clone()));
                prop_assert_eq!(e164(&number.replacen('+', "00", 1), country), Ok(number));
            }
        }
    }
}
