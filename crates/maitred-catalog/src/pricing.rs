//! The price waterfall, as a pure function: the same candidates, quantity and day make the same price, and every
//! candidate that lost is named with the reason.
//!
//! The first that holds wins: a price of the company, its assigned list, the base list less the company's discount.
//! Then a promotion may lower the price, never raise it, and never make one where there is none. Within a step the list
//! of higher priority comes first, then the highest minimum quantity reached, then the latest start, then the id.

use std::cmp::Reverse;

use maitred_core::words;
use maitred_kernel::{ArithmeticFault, BasisPoints, Currency, Day, Price, Quantity, round};

words! {
    /// The step of the waterfall a price belongs to.
    pub enum Step {
        /// A price of this company.
        Company = "customer",
        /// The list assigned to this company.
        Assigned = "assigned",
        /// A list for everybody.
        Base = "base",
        /// A list for everybody for a time.
        Promotion = "promotion",
    }
}

/// A price that could hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Id of the price point.
    pub point: String,
    /// Its step.
    pub step: Step,
    /// Code of the list; empty for a price of the company.
    pub list: String,
    /// Priority of the list.
    pub priority: i64,
    /// Currency of the price.
    pub currency: Currency,
    /// Whether tax is within.
    pub includes_tax: bool,
    /// From this quantity on.
    pub min_qty: Quantity,
    /// Price per unit.
    pub unit_price: Price,
    /// First day of the price itself.
    pub valid_from: Day,
    /// First day, of the price or its list.
    pub from: Day,
    /// Last day, of the price or its list.
    pub to: Option<Day>,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// How much is bought.
    pub quantity: Quantity,
    /// The day the price must hold on.
    pub day: Day,
    /// Currency it must be in.
    pub currency: Currency,
    /// The company's discount off base prices.
    pub discount: BasisPoints,
}

/// The price that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Place of the candidate.
    pub index: usize,
    /// Price per unit, discount within.
    pub unit_price: Price,
    /// Where it comes from, in a few words.
    pub source: String,
    /// Whether tax is within.
    pub includes_tax: bool,
}

/// A candidate that lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Place of the candidate.
    pub index: usize,
    /// Why.
    pub why: String,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Priced {
    /// The price; none when no step has one, never zero by default.
    pub chosen: Option<Chosen>,
    /// The base list's price before the discount.
    pub list_price: Option<Price>,
    /// Everyone else, in the order of the steps.
    pub lost: Vec<Lost>,
}

/// A price less a discount, rounded half away from zero to a millionth.
///
/// # Errors
/// [`ArithmeticFault`] when it does not fit.
pub fn less(price: Price, discount: BasisPoints) -> Result<Price, ArithmeticFault> {
    round::mul_div_rha(price.micros(), 10_000 - discount.bp(), 10_000).map(Price::from_micros)
}

/// Why a candidate cannot hold, whatever the others are.
fn unfit(candidate: &Candidate, ask: &Ask) -> Option<String> {
    if candidate.currency != ask.currency {
        return Some(format!("is in {}", candidate.currency));
    }
    if candidate.from > ask.day {
        return Some(format!("holds from {}", candidate.from));
    }
    if let Some(to) = candidate.to.filter(|to| *to < ask.day) {
        return Some(format!("held until {to}"));
    }
    (candidate.min_qty > ask.quantity).then(|| format!("needs {}", candidate.min_qty))
}

/// The best of a step comes first.
fn rank(candidate: &Candidate) -> impl Ord {
    (
        Reverse(candidate.priority),
        Reverse(candidate.min_qty),
        Reverse(candidate.valid_from),
        candidate.point.clone(),
    )
}

fn source(candidate: &Candidate, discount: BasisPoints) -> String {
    match candidate.step {
        Step::Company => "customer price".to_owned(),
        Step::Assigned => format!("list {}", candidate.list),
        Step::Base if discount.bp() != 0 => format!("base list {} less {discount} %", candidate.list),
        Step::Base => format!("base list {}", candidate.list),
        Step::Promotion => format!("promotion {}", candidate.list),
    }
}

/// Runs the waterfall.
///
/// # Errors
/// [`ArithmeticFault`] when a discounted price does not fit.
pub fn waterfall(ask: &Ask, candidates: &[Candidate]) -> Result<Priced, ArithmeticFault> {
    let mut priced = Priced::default();
    let mut fit: Vec<usize> = Vec::with_capacity(candidates.len());
    let mut lost: Vec<(usize, String)> = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        match unfit(candidate, ask) {
            Some(why) => lost.push((index, why)),
            None => fit.push(index),
        }
    }
    fit.sort_by_cached_key(|index| (candidates[*index].step, rank(&candidates[*index])));
    let of = |step: Step| fit.iter().copied().filter(move |index| candidates[*index].step == step);
    for step in [Step::Company, Step::Assigned, Step::Base] {
        let Some(first) = of(step).next() else { continue };
        let candidate = &candidates[first];
        if step == Step::Base {
            priced.list_price = Some(candidate.unit_price);
        }
        if let Some(chosen) = &priced.chosen {
            lost.extend(of(step).map(|index| (index, format!("{} goes first", chosen.source))));
            continue;
        }
        let discount = if step == Step::Base { ask.discount } else { BasisPoints::default() };
        let chosen = Chosen {
            index: first,
            unit_price: less(candidate.unit_price, discount)?,
            source: source(candidate, discount),
            includes_tax: candidate.includes_tax,
        };
        lost.extend(of(step).skip(1).map(|index| (index, beaten(candidate, &candidates[index]))));
        priced.chosen = Some(chosen);
    }
    promote(candidates, of(Step::Promotion), &mut priced, &mut lost);
    lost.sort_by_cached_key(|(index, _)| (candidates[*index].step, rank(&candidates[*index])));
    priced.lost = lost.into_iter().map(|(index, why)| Lost { index, why }).collect();
    Ok(priced)
}

fn beaten(winner: &Candidate, loser: &Candidate) -> String {
    if winner.priority != loser.priority {
        return "its list has a lower priority".to_owned();
    }
    if winner.min_qty != loser.min_qty {
        return format!("the price from {} on is closer", winner.min_qty);
    }
    "a newer price of the same kind holds".to_owned()
}

/// Lets the lowest promotion lower the price.
fn promote(
    candidates: &[Candidate],
    promotions: impl Iterator<Item = usize>,
    priced: &mut Priced,
    lost: &mut Vec<(usize, String)>,
) {
    let mut promotions: Vec<usize> = promotions.collect();
    let Some(regular) = priced.chosen.clone() else {
        lost.extend(promotions.into_iter().map(|index| (index, "there is no price to lower".to_owned())));
        return;
    };
    // A price with tax within cannot be told lower than one without.
    promotions.retain(|index| {
        let same = candidates[*index].includes_tax == regular.includes_tax;
        if !same {
            lost.push((*index, "counts tax otherwise than the price".to_owned()));
        }
        same
    });
    promotions.sort_by_cached_key(|index| (candidates[*index].unit_price, rank(&candidates[*index])));
    let lowest =
        promotions.first().copied().filter(|index| candidates[*index].unit_price < regular.unit_price);
    for index in promotions {
        if Some(index) == lowest {
            let candidate = &candidates[index];
            lost.push((regular.index, format!("promotion {} is lower", candidate.list)));
            priced.chosen = Some(Chosen {
                index,
                unit_price: candidate.unit_price,
                source: source(candidate, BasisPoints::default()),
                includes_tax: candidate.includes_tax,
            });
        } else {
            lost.push((index, "is not lower".to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn candidate(step: Step, price: &str, min: i64) -> Candidate {
        Candidate {
            point: format!("{step}-{price}-{min}"),
            step,
            list: if step == Step::Company { String::new() } else { step.as_str().to_uppercase() },
            priority: 0,
            currency: Currency::EUR,
            includes_tax: false,
            min_qty: Quantity::whole(min).unwrap(),
            unit_price: Price::parse(price).unwrap(),
            valid_from: day("2026-01-01"),
            from: day("2026-01-01"),
            to: None,
        }
    }

    fn ask(quantity: i64, discount: i64) -> Ask {
        Ask {
            quantity: Quantity::whole(quantity).unwrap(),
            day: day("2026-03-02"),
            currency: Currency::EUR,
            discount: BasisPoints::from_bp(discount),
        }
    }

    fn said(ask: &Ask, candidates: &[Candidate]) -> String {
        let priced = waterfall(ask, candidates).unwrap();
        priced.chosen.map_or("none".to_owned(), |chosen| {
            format!("{} by {}", chosen.unit_price.format(Currency::EUR), chosen.source)
        })
    }

    #[test]
    fn steps_come_in_order() {
        let base = candidate(Step::Base, "10", 0);
        let assigned = candidate(Step::Assigned, "12", 0);
        let own = candidate(Step::Company, "14", 0);
        let all = [base.clone(), assigned.clone(), own];
        assert_eq!(said(&ask(1, 500), &all), "14.00 by customer price");
        assert_eq!(said(&ask(1, 500), &all[..2]), "12.00 by list ASSIGNED");
        assert_eq!(said(&ask(1, 500), &all[..1]), "9.50 by base list BASE less 5 %");
        assert_eq!(said(&ask(1, 0), &all[..1]), "10.00 by base list BASE");
        assert_eq!(said(&ask(1, 0), &[]), "none");
        let priced = waterfall(&ask(1, 500), &[base, assigned]).unwrap();
        assert_eq!(priced.list_price, Some(Price::parse("10").unwrap()));
        assert_eq!(priced.lost, [Lost { index: 0, why: "list ASSIGNED goes first".to_owned() }]);
    }

    #[test]
    fn quantity_steps_hold_from_their_minimum_on() {
        let steps =
            [candidate(Step::Base, "10", 0), candidate(Step::Base, "9", 10), candidate(Step::Base, "8", 100)];
        assert_eq!(said(&ask(9, 0), &steps), "10.00 by base list BASE");
        assert_eq!(said(&ask(10, 0), &steps), "9.00 by base list BASE");
        assert_eq!(said(&ask(1000, 0), &steps), "8.00 by base list BASE");
        let lost = waterfall(&ask(10, 0), &steps).unwrap().lost;
        let why: Vec<&str> = lost.iter().map(|lost| lost.why.as_str()).collect();
        assert_eq!(why, ["needs 100", "the price from 10 on is closer"]);
    }

    #[test]
    fn a_promotion_only_lowers() {
        let base = candidate(Step::Base, "10", 0);
        let promotion = candidate(Step::Promotion, "9", 0);
        assert_eq!(said(&ask(1, 0), &[base.clone(), promotion.clone()]), "9.00 by promotion PROMOTION");
        assert_eq!(said(&ask(1, 2000), &[base, promotion.clone()]), "8.00 by base list BASE less 20 %");
        assert_eq!(said(&ask(1, 0), std::slice::from_ref(&promotion)), "none");
        let gross = Candidate { includes_tax: true, ..candidate(Step::Base, "10", 0) };
        assert_eq!(said(&ask(1, 0), &[gross, promotion]), "10.00 by base list BASE");
    }

    #[test]
    fn other_days_and_currencies_do_not_count() {
        let later = Candidate { from: day("2026-03-03"), ..candidate(Step::Base, "1", 0) };
        let over = Candidate { to: Some(day("2026-03-01")), ..candidate(Step::Base, "2", 0) };
        let last = Candidate { to: Some(day("2026-03-02")), ..candidate(Step::Base, "3", 0) };
        let dollars = Candidate { currency: Currency::USD, ..candidate(Step::Company, "4", 0) };
        assert_eq!(said(&ask(1, 0), &[later, over, last, dollars]), "3.00 by base list BASE");
    }

    fn any_candidate() -> impl Strategy<Value = Candidate> {
        let step = prop::sample::select(Step::ALL);
        (step, 0..3_i64, 1..20_i64, 0..12_i64, 0..5_i64, any::<bool>(), 0..8_u32).prop_map(
            |(step, priority, price, min, from, usd, id)| {
                let from = day("2026-02-28").plus_days(from).unwrap();
                Candidate {
                    point: format!("p{id}"),
                    step,
                    list: "L".to_owned(),
                    priority,
                    currency: if usd { Currency::USD } else { Currency::EUR },
                    includes_tax: false,
                    min_qty: Quantity::whole(min).unwrap(),
                    unit_price: Price::from_micros(price * 1_000_000),
                    valid_from: from,
                    from,
                    to: None,
                }
            },
        )
    }

    proptest! {
        /// Invariant 23: a function of its inputs, whatever the order of the candidates.
        #[test]
        fn the_order_of_candidates_does_not_matter(
            list in prop::collection::vec(any_candidate(), 0..8),
            quantity in 0..15_i64,
            discount in 0..5000_i64,
            turn in 0..8_usize,
        ) {
            // Points are told apart by their ids, as rows are.
            let list: Vec<Candidate> = list
                .into_iter()
                .enumerate()
                .map(|(at, candidate)| Candidate { point: format!("p{at}"), ..candidate })
                .collect();
            let ask = ask(quantity, discount);
            let said = |list: &[Candidate]| {
                let priced = waterfall(&ask, list).unwrap();
                let chosen = priced.chosen.map(|chosen| (list[chosen.index].point.clone(), chosen.unit_price, chosen.source));
                (chosen, priced.list_price, priced.lost.len())
            };
            let mut turned = list.clone();
            turned.rotate_left(turn.min(list.len()));
            prop_assert_eq!(said(&list), said(&turned));
        }

        /// Invariant 23: every candidate that lost is named, and taking a loser away changes nothing.
        #[test]
        fn a_worse_candidate_changes_nothing(
            list in prop::collection::vec(any_candidate(), 1..8),
            quantity in 0..15_i64,
            discount in 0..5000_i64,
            gone in 0..8_usize,
        ) {
            let ask = ask(quantity, discount);
            let priced = waterfall(&ask, &list).unwrap();
            let named = priced.lost.len() + usize::from(priced.chosen.is_some());
            prop_assert_eq!(named, list.len());
            if let Some(chosen) = &priced.chosen
                && !priced.lost.is_empty()
                // Under a promotion the regular price is what makes it hold at all, so it is no mere loser.
                && list[chosen.index].step != Step::Promotion
            {
                let loser = priced.lost[gone % priced.lost.len()].index;
                let mut rest = list.clone();
                rest.remove(loser);
                let again = waterfall(&ask, &rest).unwrap().chosen.unwrap();
                prop_assert_eq!(again.unit_price, chosen.unit_price);
                prop_assert_eq!(again.source, chosen.source.clone());
            }
        }

        /// A promotion never raises a price.
        #[test]
        fn a_promotion_never_raises(
            list in prop::collection::vec(any_candidate(), 0..8),
            quantity in 0..15_i64,
        ) {
            let ask = ask(quantity, 0);
            let regular: Vec<Candidate> =
                list.iter().filter(|candidate| candidate.step != Step::Promotion).cloned().collect();
            let with = waterfall(&ask, &list).unwrap().chosen.map(|chosen| chosen.unit_price);
            let without = waterfall(&ask, &regular).unwrap().chosen.map(|chosen| chosen.unit_price);
            prop_assert_eq!(with.is_some(), without.is_some());
            prop_assert!(with <= without);
        }
    }
}
