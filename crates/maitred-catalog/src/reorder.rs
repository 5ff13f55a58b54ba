//! When to buy again, and how much (F-STK-2), in whole numbers and without a database.

use maitred_kernel::{ArithmeticFault, Quantity, round};

use crate::demand::Demand;
use crate::stock_rules::rounded_up;

/// How sure to be not to run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Factor of the safety stock, in thousandths: 1.282, 1.645 or 2.054.
    z: i128,
}

impl Service {
    /// The factor of a service level in percent; nothing for other levels than 90, 95 and 98.
    pub fn of(percent: i64) -> Option<Self> {
        match percent {
            90 => Some(Self { z: 1_282 }),
            95 => Some(Self { z: 1_645 }),
            98 => Some(Self { z: 2_054 }),
            _ => None,
        }
    }
}

/// What is known of a product when it is asked whether to buy it.
#[derive(Clone, Debug)]
pub struct Situation {
    /// How it sells.
    pub demand: Demand,
    /// Days until it comes (L).
    pub lead_days: i64,
    /// Days that earlier deliveries took; fewer than three say nothing.
    pub lead_times: Vec<i64>,
    /// Days until somebody looks again (R).
    pub review_days: i64,
    /// What is there for the taking.
    pub available: Quantity,
    /// What is on its way.
    pub incoming: Quantity,
    /// The least the supplier sells.
    pub min_qty: Quantity,
    /// Their pack.
    pub multiple: Quantity,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// Safety stock.
    pub safety: Quantity,
    /// Below this it is time to buy.
    pub reorder_point: Quantity,
    /// How much to buy now, in packs; nothing above the reorder point.
    pub quantity: Quantity,
}

/// The variance of what deliveries took, in thousandths of days squared; nothing with fewer than three.
fn lead_variance(times: &[i64]) -> i128 {
    if times.len() < 3 {
        return 0;
    }
    let n = times.len() as i128;
    let sum: i128 = times.iter().map(|days| i128::from(*days)).sum();
    let squares: i128 = times.iter().map(|days| i128::from(*days) * i128::from(*days)).sum();
    ((squares * n - sum * sum) * 1000 / (n * n)).max(0)
}

/// Works out what to buy.
///
/// # Errors
/// [`ArithmeticFault`] when something does not fit.
pub fn suggest(now: &Situation, service: Service) -> Result<Suggestion, ArithmeticFault> {
    let per_day = i128::from(now.demand.per_day_milli());
    let lead = i128::from(now.lead_days);
    // Thousandths squared: L σ_d² and d̄² σ_L².
    let spread =
        lead * now.demand.variance() + per_day * per_day / 1_000_000 * lead_variance(&now.lead_times) / 1000;
    let root = u128::try_from(spread.max(0)).unwrap_or(0).saturating_mul(1_000_000).isqrt();
    let root = i128::try_from(root).map_err(|_| ArithmeticFault::Overflow)?;
    let safety = round::narrow(round::div_rha(service.z * root, 1_000_000)?)?;
    let over = |days: i128| round::div_rha(per_day * days, 1000).and_then(round::narrow);
    let reorder_point = over(lead)? + safety;
    let there = now.available.thousandths() + now.incoming.thousandths();
    let wanted = over(lead + i128::from(now.review_days))? + safety - there;
    let quantity = if now.demand.sold > 0 && there <= reorder_point && wanted > 0 {
        // What is not sold in parts is not bought in parts.
        let whole = (wanted + 999) / 1000 * 1000;
        rounded_up(Quantity::from_thousandths(whole), now.min_qty, now.multiple)
    } else {
        Quantity::default()
    };
    Ok(Suggestion {
        safety: Quantity::from_thousandths(safety),
        reorder_point: Quantity::from_thousandths(reorder_point),
        quantity,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(units: i64) -> Quantity {
        Quantity::whole(units).unwrap()
    }

    fn situation(available: i64) -> Situation {
        Situation {
            // Two a day on every one of 28 days: no spread.
            demand: Demand { sold: 56_000, days: 28, by_day: vec![2_000; 28] },
            lead_days: 10,
            lead_times: Vec::new(),
            review_days: 7,
            available: whole(available),
            incoming: Quantity::default(),
            min_qty: Quantity::ONE,
            multiple: Quantity::ONE,
        }
    }

    #[test]
    fn steady_sales_need_no_safety() {
        let service = Service::of(95).unwrap();
        let found = suggest(&situation(20), service).unwrap();
        assert_eq!((found.safety, found.reorder_point, found.quantity), (whole(0), whole(20), whole(14)));
        assert_eq!(suggest(&situation(21), service).unwrap().quantity, whole(0));
        let packs = Situation { min_qty: whole(20), multiple: whole(12), ..situation(20) };
        assert_eq!(suggest(&packs, service).unwrap().quantity, whole(24));
        let coming = Situation { incoming: whole(5), ..situation(20) };
        assert_eq!(suggest(&coming, service).unwrap().quantity, whole(0));
    }

    #[test]
    fn unsteady_sales_and_deliveries_do() {
        let service = Service::of(95).unwrap();
        // Eight on every fourth day: mean 2, variance 12; ten days of it: 120, root 10.954, times 1.645.
        let bumpy =
            Situation { demand: Demand { sold: 56_000, days: 28, by_day: vec![8_000; 7] }, ..situation(20) };
        let found = suggest(&bumpy, service).unwrap();
        assert_eq!(found.safety.to_string(), "18.02");
        // Deliveries of 8, 10 and 12 days: variance 2.667, times four: 10.667 more.
        let late = Situation { lead_times: vec![8, 10, 12], ..bumpy.clone() };
        assert_eq!(suggest(&late, service).unwrap().safety.to_string(), "18.804");
        let two = Situation { lead_times: vec![8, 12], ..bumpy };
        assert_eq!(suggest(&two, service).unwrap().safety, found.safety);
        assert!(Service::of(99).is_none());
    }

    #[test]
    fn what_does_not_sell_is_not_bought() {
        let still = Situation { demand: Demand { sold: 0, days: 14, by_day: vec![] }, ..situation(0) };
        assert_eq!(suggest(&still, Service::of(98).unwrap()).unwrap().quantity, whole(0));
    }
}
