//! VAT ids with the right check digits for companies that do not exist.

use maitred_kernel::vat;

use super::dice::Dice;

/// A VAT id that passes the checks of its country; nothing for countries that the demo has no companies in.
pub fn make(dice: &mut Dice, country: &str) -> Option<String> {
    // Every method lets at least one in a few hundred numbers pass, so this ends long before it gives up.
    (0..100_000).find_map(|_| {
        let text = draft(dice, country)?;
        vat::check(&text).ok().map(|id| id.as_str().to_owned())
    })
}

fn draft(dice: &mut Dice, country: &str) -> Option<String> {
    let mut digits = |count: usize| -> String {
        (0..count).map(|_| char::from(b'0' + u8::try_from(dice.between(0, 9)).unwrap_or(0))).collect()
    };
    Some(match country {
        "FR" => {
            let siren = digits(9);
            // The key of a French number follows from the rest: (12 + 3 × (SIREN mod 97)) mod 97.
            let number: u64 = siren.parse().ok()?;
            format!("FR{:02}{siren}", (12 + 3 * (number % 97)) % 97)
        }
        "DE" => format!("DE{}", digits(9)),
        "IT" => format!("IT{}", digits(11)),
        "ES" => format!("ESB{}", digits(8)),
        "GB" => format!("GB{}", digits(9)),
        "NL" => format!("NL{}B01", digits(9)),
        "BE" => format!("BE0{}", digits(9)),
        "CH" => format!("CHE{}", digits(9)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_of_the_demo_has_right_ones() {
        let mut dice = Dice::new(3);
        for country in ["FR", "DE", "IT", "ES", "GB", "NL", "BE", "CH"] {
            for _ in 0..5 {
                let made = make(&mut dice, country).unwrap();
                assert_eq!(vat::check(&made).unwrap().country(), country);
            }
        }
        assert_eq!(make(&mut dice, "US"), None);
    }
}
