//! Rules of stock without a database: who gets what from where, and the moving average.

use std::collections::HashMap;

use maitred_kernel::{ArithmeticFault, Price, Quantity, round};

/// What one unit of something sold takes out of stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Id of the variant that is stocked.
    pub part: String,
    /// How much of it per unit sold.
    pub per: Quantity,
}

impl Need {
    /// How much of the part a quantity of what is sold takes.
    ///
    /// # Errors
    /// [`ArithmeticFault`] when it does not fit.
    pub fn of(&self, sold: Quantity) -> Result<Quantity, ArithmeticFault> {
        round::mul_div_rha(sold.thousandths(), self.per.thousandths(), 1000).map(Quantity::from_thousandths)
    }
}

/// What is there for the taking, by variant and location.
#[derive(Clone, Debug, Default)]
pub struct Pool(HashMap<(String, String), i64>);

impl Pool {
    /// Puts stock in.
    pub fn put(&mut self, part: &str, place: &str, quantity: Quantity) {
        *self.0.entry((part.to_owned(), place.to_owned())).or_default() += quantity.thousandths();
    }

    fn left(&self, part: &str, place: &str) -> i64 {
        self.0.get(&(part.to_owned(), place.to_owned())).copied().unwrap_or(0)
    }

    /// How much of something sold can be had at one place: of a bundle as many whole ones as all its parts make.
    fn at(&self, needs: &[Need], place: &str) -> i64 {
        let bundled = needs.iter().any(|need| need.per != Quantity::ONE) || needs.len() > 1;
        let units = needs
            .iter()
            .map(|need| {
                let left = i128::from(self.left(&need.part, place).max(0));
                let units = left * 1000 / i128::from(need.per.thousandths().max(1));
                i64::try_from(units).unwrap_or(i64::MAX)
            })
            .min()
            .unwrap_or(0);
        if bundled { units / 1000 * 1000 } else { units }
    }

    /// The most of something sold that these places can give, if nobody else takes anything.
    pub fn most(&self, needs: &[Need], places: &[&str]) -> Quantity {
        let sum = places.iter().fold(0_i64, |sum, place| sum.saturating_add(self.at(needs, place)));
        Quantity::from_thousandths(sum)
    }

    /// Takes up to `wanted` of something sold out of the places in their order; answers what came from where.
    ///
    /// # Errors
    /// [`ArithmeticFault`] when an amount does not fit.
    pub fn allot(
        &mut self,
        needs: &[Need],
        wanted: Quantity,
        places: &[&str],
    ) -> Result<Vec<(usize, Quantity)>, ArithmeticFault> {
        let mut missing = wanted.thousandths();
        let mut taken = Vec::new();
        for (index, place) in places.iter().enumerate() {
            let take = self.at(needs, place).min(missing);
            if take <= 0 {
                continue;
            }
            let take = Quantity::from_thousandths(take);
            for need in needs {
                let key = (need.part.clone(), (*place).to_owned());
                *self.0.entry(key).or_default() -= need.of(take)?.thousandths();
            }
            missing -= take.thousandths();
            taken.push((index, take));
        }
        Ok(taken)
    }
}

/// The average cost after something came in (F-STK-3): `RHA((on_hand × avg + q × cost) / (on_hand + q))`, the cost alone
/// where there was nothing on hand or nothing was known of what it had cost.
///
/// # Errors
/// [`ArithmeticFault`] when it does not fit.
pub fn moving_average(
    on_hand: Quantity,
    average: Option<Price>,
    quantity: Quantity,
    cost: Price,
) -> Result<Price, ArithmeticFault> {
    let Some(average) = average.filter(|_| on_hand.thousandths() > 0) else {
        return Ok(cost);
    };
    let value = i128::from(on_hand.thousandths()) * i128::from(average.micros())
        + i128::from(quantity.thousandths()) * i128::from(cost.micros());
    let all = i128::from(on_hand.thousandths()) + i128::from(quantity.thousandths());
    round::narrow(round::div_rha(value, all)?).map(Price::from_micros)
}

/// A quantity brought up to the least that is sold and to a multiple of the pack.
pub fn rounded_up(quantity: Quantity, least: Quantity, multiple: Quantity) -> Quantity {
    let pack = multiple.thousandths().max(1);
    let wanted = quantity.thousandths().max(least.thousandths());
    let over = wanted.rem_euclid(pack);
    Quantity::from_thousandths(if over == 0 { wanted } else { wanted.saturating_add(pack - over) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(units: i64) -> Quantity {
        Quantity::whole(units).unwrap()
    }

    fn plain(part: &str) -> Vec<Need> {
        vec![Need { part: part.to_owned(), per: Quantity::ONE }]
    }

    #[test]
    fn two_lines_do_not_both_see_the_same_stock() {
        let mut pool = Pool::default();
        pool.put("chair", "near", whole(3));
        pool.put("chair", "far", whole(4));
        let places = ["near", "far"];
        assert_eq!(pool.allot(&plain("chair"), whole(5), &places), Ok(vec![(0, whole(3)), (1, whole(2))]));
        assert_eq!(pool.allot(&plain("chair"), whole(5), &places), Ok(vec![(1, whole(2))]));
        assert_eq!(pool.allot(&plain("chair"), whole(5), &places), Ok(vec![]));
    }

    #[test]
    fn a_bundle_is_made_whole_at_one_place() {
        let needs = vec![
            Need { part: "leg".to_owned(), per: whole(4) },
            Need { part: "top".to_owned(), per: Quantity::ONE },
        ];
        let mut pool = Pool::default();
        pool.put("leg", "here", whole(11));
        pool.put("top", "here", whole(9));
        pool.put("leg", "there", whole(100));
        assert_eq!(pool.allot(&needs, whole(5), &["here", "there"]), Ok(vec![(0, whole(2))]));
    }

    #[test]
    fn averages_move() {
        let price = |text| Price::parse(text).unwrap();
        assert_eq!(moving_average(whole(10), Some(price("2")), whole(30), price("4")), Ok(price("3.5")));
        assert_eq!(moving_average(whole(0), Some(price("2")), whole(3), price("4")), Ok(price("4")));
        assert_eq!(moving_average(whole(5), None, whole(3), price("4")), Ok(price("4")));
        assert_eq!(moving_average(whole(2), Some(price("1")), whole(1), price("1.000001")), Ok(price("1")));
    }

    #[test]
    fn packs_are_rounded_up() {
        assert_eq!(rounded_up(whole(7), whole(1), whole(6)), whole(12));
        assert_eq!(rounded_up(whole(2), whole(10), whole(6)), whole(12));
        assert_eq!(rounded_up(whole(12), whole(10), whole(6)), whole(12));
    }

    proptest! {
        #[test]
        fn nothing_is_given_twice(
            stock in prop::collection::vec(0..50_000_i64, 1..4),
            asked in prop::collection::vec(1..60_000_i64, 1..6),
        ) {
            let places: Vec<String> = (0..stock.len()).map(|index| format!("p{index}")).collect();
            let names: Vec<&str> = places.iter().map(String::as_str).collect();
            let mut pool = Pool::default();
            for (place, there) in places.iter().zip(&stock) {
                pool.put("a", place, Quantity::from_thousandths(*there));
            }
            let mut given = vec![0; stock.len()];
            let mut short = false;
            for wanted in &asked {
                let mut got = 0;
                for (place, quantity) in pool.allot(&plain("a"), Quantity::from_thousandths(*wanted), &names).unwrap() {
                    given[place] += quantity.thousandths();
                    got += quantity.thousandths();
                }
                prop_assert!(got <= *wanted);
                // Who gets less than asked leaves nothing behind, so nobody after gets anything.
                prop_assert!(!short || got == 0);
                short |= got < *wanted;
            }
            prop_assert!(given.iter().zip(&stock).all(|(given, there)| given <= there));
            if short {
                prop_assert_eq!(given, stock);
            }
        }

        #[test]
        fn an_average_lies_between(
            on_hand in 1..1_000_000_i64,
            average in 0..1_000_000_000_i64,
            quantity in 1..1_000_000_i64,
            cost in 0..1_000_000_000_i64,
        ) {
            let after = moving_average(
                Quantity::from_thousandths(on_hand),
                Some(Price::from_micros(average)),
                Quantity::from_thousandths(quantity),
                Price::from_micros(cost),
            )
            .unwrap()
            .micros();
            prop_assert!(after >= average.min(cost) && after <= average.max(cost));
        }
    }
}
