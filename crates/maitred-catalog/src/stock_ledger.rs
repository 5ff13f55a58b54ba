//! Walking through the ledger of stock: what was there, what it was worth and what left, by variant. No database.

use std::collections::HashMap;

use maitred_kernel::{BasisPoints, Currency, Price, Quantity, Stamp, round};

use crate::model::MoveKind;
use crate::stock_rules::moving_average;

/// A move as reports see it.
#[derive(Clone, Debug)]
pub struct Step {
    /// When, as stored: such texts are in the order of their moments, and half a million of them need not be parsed.
    pub at: String,
    /// Variant.
    pub variant: String,
    /// Location it left.
    pub from: Option<String>,
    /// Location it came to.
    pub to: Option<String>,
    /// How much.
    pub quantity: i64,
    /// Why.
    pub kind: MoveKind,
    /// Cost per unit.
    pub unit_cost: Option<Price>,
}

/// What is known of a variant at a point of the ledger.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// How much there is, in thousandths, by location.
    pub by_place: HashMap<String, i64>,
    /// How much there is everywhere, in thousandths.
    pub on_hand: i64,
    /// What it costs on average, where that is known.
    pub average: Option<Price>,
    /// Cost of what was shipped less what came back since the start of the window, in minor units.
    pub shipped_cost: i64,
    /// When it first came.
    pub first_in: Option<String>,
    /// When it last left the house.
    pub last_out: Option<String>,
    /// Sum of its value at the ends of months, in minor units.
    pub month_ends: i64,
}

impl Standing {
    /// More, or less, lies at a location.
    pub fn lies(&mut self, place: &str, change: i64) {
        match self.by_place.get_mut(place) {
            Some(there) => *there += change,
            None => drop(self.by_place.insert(place.to_owned(), change)),
        }
    }

    /// What a quantity of it is worth, in minor units; nothing where no cost is known.
    pub fn worth(&self, quantity: i64, currency: Currency) -> i64 {
        self.average.map_or(0, |average| worth(quantity, average, currency))
    }
}

/// A quantity at a cost, in minor units; an amount too large to count is the largest there is.
pub fn worth(quantity: i64, cost: Price, currency: Currency) -> i64 {
    let quantity = Quantity::from_thousandths(quantity);
    round::line_net(quantity, cost, BasisPoints::default(), currency).unwrap_or(i64::MAX)
}

/// Walks through a ledger.
pub struct Walk {
    currency: Currency,
    /// Since when what is shipped counts.
    since: String,
    /// The ends of months still to come, latest last.
    ends: std::collections::VecDeque<String>,
    place: Option<String>,
    /// What is known of each variant.
    pub variants: HashMap<String, Standing>,
}

impl Walk {
    /// Starts before the first move. `ends` are the moments, oldest first, at which values are added up; `place` is the
    /// location whose quantities count there and for what left.
    pub fn new(currency: Currency, since: Stamp, ends: Vec<Stamp>, place: Option<String>) -> Self {
        let ends = ends.into_iter().map(Stamp::text).collect();
        Self { currency, since: since.text(), ends, place, variants: HashMap::new() }
    }

    /// Takes the next move. Moves come in the order in which they were posted, as averages were worked out when they
    /// were; one posted late counts at the end of the month in which it was posted.
    pub fn step(&mut self, step: &Step) {
        while self.ends.front().is_some_and(|end| *end <= step.at) {
            self.ends.pop_front();
            self.month_end();
        }
        let place = self.place.as_deref();
        let here =
            |id: &Option<String>| id.as_deref().is_some_and(|id| place.is_none_or(|place| place == id));
        if !self.variants.contains_key(&step.variant) {
            self.variants.insert(step.variant.clone(), Standing::default());
        }
        let Some(standing) = self.variants.get_mut(&step.variant) else { return };
        if step.from.is_none()
            && let Some(paid) = step.unit_cost
        {
            let there = Quantity::from_thousandths(standing.on_hand);
            let came = Quantity::from_thousandths(step.quantity);
            standing.average = moving_average(there, standing.average, came, paid).ok().or(standing.average);
        }
        if let Some(from) = &step.from {
            standing.lies(from, -step.quantity);
        }
        if let Some(to) = &step.to {
            standing.lies(to, step.quantity);
        }
        standing.on_hand += if step.to.is_some() { step.quantity } else { 0 };
        standing.on_hand -= if step.from.is_some() { step.quantity } else { 0 };
        if here(&step.to) && standing.first_in.as_ref().is_none_or(|first| *first > step.at) {
            standing.first_in = Some(step.at.clone());
        }
        let left = step.to.is_none() && here(&step.from);
        if left && standing.last_out.as_ref().is_none_or(|last| *last < step.at) {
            standing.last_out = Some(step.at.clone());
        }
        if step.at >= self.since
            && let Some(cost) = step.unit_cost
        {
            let amount = worth(step.quantity, cost, self.currency);
            match step.kind {
                MoveKind::Shipment if here(&step.from) => standing.shipped_cost += amount,
                MoveKind::Return if here(&step.to) => standing.shipped_cost -= amount,
                _ => {}
            }
        }
    }

    /// Adds the value of every variant at the end of a month up.
    fn month_end(&mut self) {
        for standing in self.variants.values_mut() {
            let quantity = match &self.place {
                Some(place) => standing.by_place.get(place).copied().unwrap_or(0),
                None => standing.on_hand,
            };
            standing.month_ends += standing.worth(quantity, self.currency);
        }
    }

    /// Goes on to the end: the ends of months behind the last move.
    pub fn finish(&mut self) {
        while self.ends.pop_front().is_some() {
            self.month_end();
        }
    }
}

/// The class of each of these sales, which are sorted from the largest down: A up to 80 % of all, B up to 95 %, then C
/// (F-STK-3). The one that crosses a border still belongs to what it crosses out of.
pub fn abc(sales: &[i64]) -> Vec<&'static str> {
    let all: i128 = sales.iter().map(|sold| i128::from((*sold).max(0))).sum();
    let mut before = 0_i128;
    sales
        .iter()
        .map(|sold| {
            let class = if *sold <= 0 || all == 0 {
                "C"
            } else if before * 100 < all * 80 {
                "A"
            } else if before * 100 < all * 95 {
                "B"
            } else {
                "C"
            };
            before += i128::from((*sold).max(0));
            class
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u32) -> Stamp {
        Stamp::parse(&format!("2026-03-{day:02}T10:00:00.000Z")).unwrap()
    }

    fn step(day: u32, from: Option<&str>, to: Option<&str>, units: i64, kind: MoveKind, cost: &str) -> Step {
        Step {
            at: at(day).text(),
            variant: "v".to_owned(),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            quantity: units * 1000,
            kind,
            unit_cost: Some(Price::parse(cost).unwrap()),
        }
    }

    #[test]
    fn averages_are_rebuilt_and_months_added_up() {
        let mut walk = Walk::new(Currency::EUR, at(1), vec![at(5), at(20)], None);
        walk.step(&step(2, None, Some("w"), 10, MoveKind::Receipt, "2"));
        walk.step(&step(6, None, Some("w"), 30, MoveKind::Receipt, "4"));
        walk.step(&step(7, Some("w"), Some("q"), 5, MoveKind::Transfer, "3.5"));
        walk.step(&step(8, Some("w"), None, 8, MoveKind::Shipment, "3.5"));
        walk.step(&step(9, None, Some("w"), 1, MoveKind::Return, "3.5"));
        walk.finish();
        let found = &walk.variants["v"];
        assert_eq!(found.average, Some(Price::parse("3.5").unwrap()));
        assert_eq!((found.on_hand, found.by_place["w"], found.by_place["q"]), (33_000, 28_000, 5_000));
        assert_eq!((found.shipped_cost, found.last_out.clone()), (2_450, Some(at(8).text())));
        assert_eq!(found.month_ends, 2_000 + 11_550);
    }

    #[test]
    fn classes_end_where_their_share_does() {
        assert_eq!(abc(&[70, 15, 10, 4, 1, 0]), ["A", "A", "B", "C", "C", "C"]);
        assert_eq!(abc(&[0, 0]), ["C", "C"]);
    }
}
