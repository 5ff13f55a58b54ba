//! What a customer buys: items, how often, and what seems due again. Pure but for the rows it is given.

use std::collections::BTreeMap;

use maitred_kernel::{Day, Quantity, Zone, median};

use crate::store::order_search::Bought;

/// An item that a customer buys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Habit {
    /// The variant.
    pub variant: String,
    /// SKU, as last bought.
    pub sku: String,
    /// Name, as last bought.
    pub description: String,
    /// On how many days it was bought.
    pub times: i64,
    /// When last.
    pub last: Day,
    /// At what price then, in millionths.
    pub last_price: i64,
    /// In which currency.
    pub currency: String,
    /// How much is usual: the median of the days.
    pub typical: Quantity,
    /// Days from one purchase to the next: the median gap, from three purchases on.
    pub cadence_days: Option<i64>,
    /// When the next is expected.
    pub next: Option<Day>,
    /// Whether that day has come.
    pub due: bool,
}

/// The habits in purchases that are sorted by time: due ones first, then the latest.
pub fn habits(bought: &[Bought], zone: &Zone, today: Day) -> Vec<Habit> {
    let mut items: BTreeMap<&str, Vec<&Bought>> = BTreeMap::new();
    for one in bought {
        items.entry(&one.variant).or_default().push(one);
    }
    let mut habits: Vec<Habit> =
        items.into_values().filter_map(|purchases| habit(&purchases, zone, today)).collect();
    habits.sort_by(|a, b| {
        b.due.cmp(&a.due).then_with(|| b.last.cmp(&a.last)).then_with(|| a.variant.cmp(&b.variant))
    });
    habits
}

fn habit(purchases: &[&Bought], zone: &Zone, today: Day) -> Option<Habit> {
    let latest = purchases.last()?;
    // Two orders on one day are one purchase; a gap of no days says nothing.
    let mut days: BTreeMap<Day, i64> = BTreeMap::new();
    for one in purchases {
        *days.entry(one.at.day(zone)).or_default() += one.quantity.thousandths();
    }
    let dates: Vec<Day> = days.keys().copied().collect();
    let gaps: Vec<i64> = dates.windows(2).map(|pair| pair[0].days_until(pair[1])).collect();
    let quantities: Vec<i64> = days.values().copied().collect();
    let cadence_days = if dates.len() >= 3 { median(&gaps) } else { None };
    let last = *dates.last()?;
    let next = cadence_days.and_then(|days| last.plus_days(days).ok());
    Some(Habit {
        variant: latest.variant.clone(),
        sku: latest.sku.clone(),
        description: latest.description.clone(),
        times: dates.len() as i64,
        last,
        last_price: latest.unit_price,
        currency: latest.currency.clone(),
        typical: Quantity::from_thousandths(median(&quantities).unwrap_or(0)),
        cadence_days,
        next,
        due: next.is_some_and(|next| today >= next),
    })
}

#[cfg(test)]
mod tests {
    use maitred_kernel::Stamp;

    use super::*;

    fn bought(variant: &str, day: &str, units: i64) -> Bought {
        Bought {
            variant: variant.to_owned(),
            sku: variant.to_uppercase(),
            description: variant.to_owned(),
            at: Stamp::parse(&format!("{day}T10:00:00.000Z")).unwrap(),
            quantity: Quantity::whole(units).unwrap(),
            unit_price: 1,
            currency: "EUR".to_owned(),
        }
    }

    #[test]
    fn a_habit_needs_three_purchases() {
        let rows = [
            bought("b", "2026-01-01", 5),
            bought("a", "2026-01-01", 2),
            bought("a", "2026-01-11", 2),
            bought("a", "2026-01-11", 1),
            bought("a", "2026-01-31", 9),
            bought("b", "2026-02-20", 5),
        ];
        let today = Day::parse("2026-02-15").unwrap();
        let found = habits(&rows, &Zone::UTC, today);
        assert_eq!((found[0].sku.as_str(), found[0].times, found[0].cadence_days), ("A", 3, Some(15)));
        assert_eq!(found[0].next, Some(today), "the median of 10 and 20 days after the last");
        assert!(found[0].due);
        assert_eq!(found[0].typical, Quantity::whole(3).unwrap());
        assert_eq!((found[1].times, found[1].cadence_days, found[1].due), (2, None, false));
    }
}
