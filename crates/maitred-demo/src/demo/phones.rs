//! Telephone numbers that reach nobody.
//!
//! France, Germany and Great Britain keep blocks for films and books (ARCEP decision 2018-0881; Bundesnetzagentur,
//! "Rufnummern für Medien"; Ofcom, "Telephone numbers for use in TV and radio drama"). Elsewhere the numbers begin,
//! behind a real area, with a digit that the national plan gives to nobody.

/// Blocks as calling code and first digits, with the number of digits that follow.
struct Blocks {
    country: &'static str,
    code: &'static str,
    fixed: &'static [&'static str],
    mobile: &'static [&'static str],
    /// Digits behind a fixed and a mobile block.
    behind: (u32, u32),
}

static BLOCKS: &[Blocks] = &[
    Blocks {
        country: "FR",
        code: "33",
        fixed: &["19900", "26191", "35301", "46571", "53649"],
        mobile: &["63998"],
        behind: (4, 4),
    },
    Blocks {
        country: "DE",
        code: "49",
        fixed: &["3023125", "4066969", "6990009", "2214710", "8999998"],
        mobile: &["17139200", "176040690"],
        behind: (3, 2),
    },
    Blocks {
        country: "GB",
        code: "44",
        fixed: &["2079460", "1614960", "1314960", "1174960", "1214960"],
        mobile: &["7700900"],
        behind: (3, 3),
    },
    Blocks { country: "IT", code: "39", fixed: &["020", "060", "0110"], mobile: &[], behind: (6, 0) },
    Blocks { country: "ES", code: "34", fixed: &["991", "992", "993"], mobile: &[], behind: (6, 0) },
    Blocks { country: "NL", code: "31", fixed: &["200", "100", "300"], mobile: &[], behind: (6, 0) },
    Blocks { country: "BE", code: "32", fixed: &["20", "30", "40"], mobile: &[], behind: (6, 0) },
    Blocks { country: "CH", code: "41", fixed: &["440", "220", "310"], mobile: &[], behind: (6, 0) },
];

/// Gives out numbers, each once.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    given: Vec<(&'static str, u64, u64)>,
}

impl Exchange {
    /// The next fixed line of a country; nothing when it has none left.
    pub fn fixed(&mut self, country: &str) -> Option<String> {
        let blocks = BLOCKS.iter().find(|blocks| blocks.country == country)?;
        let used = self.used(blocks.country);
        used.1 += 1;
        number(blocks.code, blocks.fixed, blocks.behind.0, used.1)
    }

    /// The next mobile number of a country; nothing when the country has no block for them, or none left.
    pub fn mobile(&mut self, country: &str) -> Option<String> {
        let blocks = BLOCKS.iter().find(|blocks| blocks.country == country)?;
        let used = self.used(blocks.country);
        used.2 += 1;
        number(blocks.code, blocks.mobile, blocks.behind.1, used.2)
    }

    fn used(&mut self, country: &'static str) -> &mut (&'static str, u64, u64) {
        let at = self.given.iter().position(|entry| entry.0 == country).unwrap_or_else(|| {
            self.given.push((country, 0, 0));
            self.given.len() - 1
        });
        &mut self.given[at]
    }
}

fn number(code: &str, blocks: &[&str], digits: u32, place: u64) -> Option<String> {
    let count = u64::try_from(blocks.len()).ok()?;
    let block = blocks.get(usize::try_from(place.checked_rem(count)?).ok()?)?;
    let size = 10_u64.pow(digits);
    let within = place / count;
    if within >= size {
        return None;
    }
    // 37 shares no factor with a power of ten, so this walks through the whole block before it repeats.
    let rest = within * 37 % size;
    Some(format!("+{code}{block}{rest:0width$}", width = usize::try_from(digits).ok()?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use maitred_kernel::phone;

    use super::*;

    #[test]
    fn numbers_are_well_formed_and_given_once() {
        let mut exchange = Exchange::default();
        let mut seen = BTreeSet::new();
        for blocks in BLOCKS {
            for _ in 0..400 {
                let fixed = exchange.fixed(blocks.country).unwrap();
                assert_eq!(phone::e164(&fixed, None).as_deref(), Ok(fixed.as_str()));
                assert!(seen.insert(fixed));
                if let Some(mobile) = exchange.mobile(blocks.country) {
                    assert_eq!(phone::e164(&mobile, None).as_deref(), Ok(mobile.as_str()));
                    assert!(seen.insert(mobile));
                }
            }
        }
        assert!((0..1_000).any(|_| exchange.mobile("DE").is_none()), "a block that is used up says so");
    }
}
