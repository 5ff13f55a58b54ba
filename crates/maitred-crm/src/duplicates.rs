//! Which records are worth comparing for likeness. Pure; the score itself is `maitred_kernel::dedupe` (F-CRM-5).
//!
//! Comparing everything with everything is quadratic. Records are put into buckets by what would make them alike (VAT
//! id, domain, phone, e-mail, beginnings of the words of the name), and only records that share a bucket are compared.
//! A bucket of a word that many names have is sorted by name, and each record is compared with its neighbours there.

use std::collections::{BTreeSet, HashMap};

use maitred_kernel::name_key;

/// Records in a bucket up to which all are compared with each other.
const WHOLE: usize = 48;
/// Neighbours compared in a larger bucket.
const NEIGHBOURS: usize = 16;
/// Letters of a word that make a bucket.
const PREFIX: usize = 4;

/// What a record is put into buckets by.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Its name.
    pub name: String,
    /// Exact keys: `vat:..`, `domain:..`, `phone:..`, `email:..`.
    pub exact: Vec<String>,
}

/// The beginnings of the words of a name by which it is found again, mistyped or not.
pub fn prefixes(name: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in name_key(name).split_whitespace() {
        let prefix: String = word.chars().take(PREFIX).collect();
        if !found.contains(&prefix) {
            found.push(prefix);
        }
    }
    found
}

/// The pairs to compare, as positions in `records`, each once with the smaller first.
pub fn pairs(records: &[Keys]) -> BTreeSet<(usize, usize)> {
    let mut buckets: HashMap<String, Vec<usize>> = HashMap::new();
    for (position, record) in records.iter().enumerate() {
        for key in &record.exact {
            buckets.entry(key.clone()).or_default().push(position);
        }
        for prefix in prefixes(&record.name) {
            buckets.entry(format!("name:{prefix}")).or_default().push(position);
        }
    }
    let sorted: Vec<String> = records
        .iter()
        .map(|record| {
            let key = name_key(&record.name);
            let mut words: Vec<&str> = key.split_whitespace().collect();
            words.sort_unstable();
            words.join(" ")
        })
        .collect();
    let mut pairs = BTreeSet::new();
    for mut bucket in buckets.into_values() {
        let reach = if bucket.len() <= WHOLE {
            bucket.len()
        } else {
            bucket.sort_by(|a, b| sorted.get(*a).cmp(&sorted.get(*b)).then(a.cmp(b)));
            NEIGHBOURS
        };
        for (rank, first) in bucket.iter().enumerate() {
            for second in bucket.iter().skip(rank + 1).take(reach) {
                if first != second {
                    pairs.insert((*first.min(second), *first.max(second)));
                }
            }
        }
    }
    pairs
}

/// A score in basis points as a share with two digits: `0.94`. Cut off, so that it never shows more than there is.
pub fn share(score_bp: i64) -> String {
    format!("{}.{:02}", score_bp / 10_000, score_bp % 10_000 / 100)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(name: &str) -> Keys {
        Keys { name: name.to_owned(), exact: Vec::new() }
    }

    #[test]
    fn compares_what_could_be_alike() {
        let mut other = named("Zenith");
        other.exact.push("phone:+33123456789".to_owned());
        let mut last = named("Quite Different");
        last.exact.push("phone:+33123456789".to_owned());
        let records = [named("Maison Mercier SARL"), named("Mercier, Maison"), named("Acme"), other, last];
        assert_eq!(pairs(&records).into_iter().collect::<Vec<_>>(), [(0, 1), (3, 4)]);
    }

    #[test]
    fn is_not_quadratic_on_a_common_word() {
        let records: Vec<Keys> = (0..4_000).map(|number| named(&format!("Hotel {number:04}"))).collect();
        assert!(pairs(&records).len() <= records.len() * (WHOLE + 2 * NEIGHBOURS));
    }

    #[test]
    fn shows_shares_without_rounding_up() {
        assert_eq!([share(10_000), share(9_999), share(8_500), share(5)], ["1.00", "0.99", "0.85", "0.00"]);
    }

    proptest! {
        #[test]
        fn equal_names_always_meet(names in proptest::collection::vec("[a-d]{1,3} [a-d]{1,3}", 2..40)) {
            let records: Vec<Keys> = names.iter().map(|name| named(name)).collect();
            let found = pairs(&records);
            for (first, a) in names.iter().enumerate() {
                for (second, b) in names.iter().enumerate().skip(first + 1) {
                    if a == b {
                        prop_assert!(found.contains(&(first, second)));
                    }
                }
            }
        }
    }
}
