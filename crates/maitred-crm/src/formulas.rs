//! The formulas F-CRM-1 to F-CRM-4 over figures already in one currency. No database, no clock, no float.
//!
//! Amounts are minor units of the reporting currency and never negative, probabilities basis points; sums run in 128
//! bits and are refused when the result does not fit. Converting currencies and choosing the rows belong to the reports.

use maitred_kernel::{ArithmeticFault, BasisPoints, Currency, round, value_weight_milli};

use crate::model::{DealStatus, Forecast};

/// A deal as the formulas see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Running, won or lost.
    pub status: DealStatus,
    /// Minor units of the reporting currency.
    pub amount: i64,
    /// Chance of winning in basis points: pinned, or the stage's.
    pub probability_bp: i64,
    /// What it counts as.
    pub forecast: Forecast,
}

impl Figure {
    /// `RHA(amount × p / 10000)` (F-CRM-1).
    ///
    /// # Errors
    /// [`ArithmeticFault::Overflow`].
    pub fn weighted(&self) -> Result<i64, ArithmeticFault> {
        round::share_of(self.amount, BasisPoints::from_bp(self.probability_bp))
    }
}

/// Sums of open deals (F-CRM-1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenSum {
    /// How many.
    pub count: i64,
    /// Their amounts.
    pub amount: i64,
    /// Their amounts by chance.
    pub weighted: i64,
}

impl OpenSum {
    /// Adds a deal, when it is open.
    ///
    /// # Errors
    /// [`ArithmeticFault::Overflow`].
    pub fn add(&mut self, figure: &Figure) -> Result<(), ArithmeticFault> {
        if figure.status == DealStatus::Open {
            self.count += 1;
            self.amount = sum(self.amount, figure.amount)?;
            self.weighted = sum(self.weighted, figure.weighted()?)?;
        }
        Ok(())
    }
}

/// A forecast of one period (F-CRM-2): won ≤ commit ≤ best case, and weighted between won and won + open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForecastSum {
    /// Closed as won in the period.
    pub won: i64,
    /// Won, and open deals promised.
    pub commit: i64,
    /// Committed, and open deals that come if all goes well.
    pub best_case: i64,
    /// Won, and open deals by chance, omitted ones left out.
    pub weighted: i64,
    /// All open deals.
    pub open: i64,
    /// How many are won.
    pub won_count: i64,
    /// How many are open.
    pub open_count: i64,
}

impl ForecastSum {
    /// Adds a deal that belongs to the period. Lost ones count nowhere.
    ///
    /// # Errors
    /// [`ArithmeticFault::Overflow`].
    pub fn add(&mut self, figure: &Figure) -> Result<(), ArithmeticFault> {
        let amount = figure.amount;
        match figure.status {
            DealStatus::Lost => {}
            DealStatus::Won => {
                self.won_count += 1;
                for figure in [&mut self.won, &mut self.commit, &mut self.best_case, &mut self.weighted] {
                    *figure = sum(*figure, amount)?;
                }
            }
            DealStatus::Open => {
                self.open_count += 1;
                self.open = sum(self.open, amount)?;
                if figure.forecast == Forecast::Commit {
                    self.commit = sum(self.commit, amount)?;
                }
                if matches!(figure.forecast, Forecast::Commit | Forecast::BestCase) {
                    self.best_case = sum(self.best_case, amount)?;
                }
                if figure.forecast != Forecast::Omitted {
                    self.weighted = sum(self.weighted, figure.weighted()?)?;
                }
            }
        }
        Ok(())
    }

    /// What is missing to the quota: `quota − weighted`; negative when the quota is passed.
    pub fn gap(&self, quota: i64) -> i64 {
        quota.saturating_sub(self.weighted)
    }

    /// `Σ open / max(quota − won, 0)` in hundredths; nothing when the divisor is 0.
    pub fn coverage(&self, quota: i64) -> Option<i64> {
        ratio(self.open, quota.saturating_sub(self.won).max(0))
    }
}

/// Closed deals (F-CRM-3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClosedSum {
    /// How many were won.
    pub won: i64,
    /// How many were lost.
    pub lost: i64,
    /// Amount won.
    pub won_amount: i64,
    /// Amount lost.
    pub lost_amount: i64,
    /// Days from making to closing, one for each.
    pub cycles: Vec<i64>,
}

/// Fewer closed deals than this say nothing about anybody.
pub const FEW: i64 = 5;

impl ClosedSum {
    /// Adds a closed deal with its amount where it could be converted, and the days it took.
    ///
    /// # Errors
    /// [`ArithmeticFault::Overflow`].
    pub fn add(&mut self, won: bool, amount: Option<i64>, days: i64) -> Result<(), ArithmeticFault> {
        let (count, total) =
            if won { (&mut self.won, &mut self.won_amount) } else { (&mut self.lost, &mut self.lost_amount) };
        *count += 1;
        *total = sum(*total, amount.unwrap_or(0))?;
        self.cycles.push(days);
        Ok(())
    }

    /// `won / (won + lost)` by count, in hundredths.
    pub fn win_rate(&self) -> Option<i64> {
        ratio(self.won, self.won + self.lost)
    }

    /// `won / (won + lost)` by amount, in hundredths.
    pub fn win_rate_by_amount(&self) -> Option<i64> {
        ratio(self.won_amount, self.won_amount.checked_add(self.lost_amount)?)
    }

    /// Median days from making to closing.
    pub fn cycle_days(&self) -> Option<i64> {
        round::median(&self.cycles)
    }

    /// True when there are too few to judge.
    pub fn too_few(&self) -> bool {
        self.won + self.lost < FEW
    }

    /// Velocity per day (F-CRM-1): `open count × win rate × average won amount / median cycle days`, which is
    /// `open × won amount / ((won + lost) × days)`; rounded once. Nothing without closings, or when they took no time.
    pub fn velocity(&self, open: i64) -> Option<i64> {
        let days = self.cycle_days().filter(|days| *days > 0)?;
        let above = i128::from(open).checked_mul(i128::from(self.won_amount))?;
        let below = i128::from(self.won + self.lost) * i128::from(days);
        round::narrow(round::div_rha(above, below).ok()?).ok()
    }
}

/// What asks for an action, with what makes it urgent (F-CRM-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// A to-do so many whole days past due.
    OverdueTodo {
        /// Days.
        days: i64,
    },
    /// An open deal without a to-do in the future.
    NoNextStep,
    /// A deal so many whole days over the rot days of its stage.
    StaleDeal {
        /// Days.
        days: i64,
    },
    /// A lead nobody has touched for so many whole hours.
    UntouchedLead {
        /// Hours.
        hours: i64,
    },
}

impl Urgency {
    /// Urgency in thousandths: hours count by halves.
    pub fn milli(self) -> i64 {
        match self {
            Self::OverdueTodo { days } => 60_000 + 1_000 * days.clamp(0, 30),
            Self::NoNextStep => 40_000,
            Self::StaleDeal { days } => 30_000 + 1_000 * days.clamp(0, 30),
            Self::UntouchedLead { hours } => 50_000 + 500 * hours.clamp(0, 80),
        }
    }

    /// Rank in millionths: `urgency × (1 + log10(1 + value / 1000))`, the value in major units of its currency.
    pub fn rank_micro(self, value: Option<(i64, Currency)>) -> i64 {
        let weight = value.map_or(1_000, |(minor, currency)| value_weight_milli(minor, currency));
        self.milli() * weight
    }
}

/// `part / whole` in hundredths, rounded half away from zero; nothing when `whole` is 0.
pub fn ratio(part: i64, whole: i64) -> Option<i64> {
    round::mul_div_rha(100, part, whole).ok()
}

/// Hundredths as a text with two decimals: `0.40`.
pub fn ratio_text(hundredths: i64) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let size = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

/// A sum that is refused rather than wrapped.
///
/// # Errors
/// [`ArithmeticFault::Overflow`].
pub fn sum(a: i64, b: i64) -> Result<i64, ArithmeticFault> {
    a.checked_add(b).ok_or(ArithmeticFault::Overflow)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn figure(status: DealStatus, amount: i64, probability_bp: i64, forecast: Forecast) -> Figure {
        Figure { status, amount, probability_bp, forecast }
    }

    #[test]
    fn a_worked_pipeline() {
        let mut sum = OpenSum::default();
        // 1000.00 at 25 %, 333.33 at 50 % (166.665, half away from zero), 10.00 already won.
        for figure in [
            figure(DealStatus::Open, 100_000, 2_500, Forecast::Pipeline),
            figure(DealStatus::Open, 33_333, 5_000, Forecast::Commit),
            figure(DealStatus::Won, 1_000, 10_000, Forecast::Commit),
        ] {
            sum.add(&figure).unwrap();
        }
        assert_eq!(sum, OpenSum { count: 2, amount: 133_333, weighted: 25_000 + 16_667 });
    }

    #[test]
    fn a_worked_forecast() {
        let mut sum = ForecastSum::default();
        for figure in [
            figure(DealStatus::Won, 50_000, 10_000, Forecast::Commit),
            figure(DealStatus::Open, 20_000, 8_000, Forecast::Commit),
            figure(DealStatus::Open, 30_000, 5_000, Forecast::BestCase),
            figure(DealStatus::Open, 40_000, 1_000, Forecast::Pipeline),
            figure(DealStatus::Open, 70_000, 9_000, Forecast::Omitted),
            figure(DealStatus::Lost, 90_000, 0, Forecast::Commit),
        ] {
            sum.add(&figure).unwrap();
        }
        assert_eq!((sum.won, sum.commit, sum.best_case), (50_000, 70_000, 100_000));
        assert_eq!(sum.weighted, 50_000 + 16_000 + 15_000 + 4_000);
        assert_eq!((sum.open, sum.open_count, sum.won_count), (160_000, 4, 1));
        assert_eq!(sum.gap(100_000), 15_000);
        // 1600.00 open for the 500.00 still to win.
        assert_eq!(sum.coverage(100_000), Some(320));
        assert_eq!(sum.coverage(50_000), None);
        assert_eq!(sum.coverage(10), None);
    }

    #[test]
    fn a_worked_performance() {
        let mut sum = ClosedSum::default();
        for (won, amount, days) in [(true, 60_000, 10), (true, 20_000, 20), (false, 40_000, 45)] {
            sum.add(won, Some(amount), days).unwrap();
        }
        assert_eq!(sum.win_rate(), Some(67));
        assert_eq!(sum.win_rate_by_amount(), Some(67));
        assert_eq!(sum.cycle_days(), Some(20));
        // 4 open x 2/3 x 400.00 / 20 days = 53.33 a day.
        assert_eq!(sum.velocity(4), Some(5_333));
        assert!(sum.too_few());
        assert_eq!(ClosedSum::default().win_rate(), None);
        assert_eq!(ClosedSum::default().velocity(3), None);
    }

    #[test]
    fn a_worked_ranking() {
        let eur = |major: i64| Some((major * 100, Currency::EUR));
        // Three days overdue about 9,000 euros: (60 + 3) x (1 + log10(10)) = 126.
        assert_eq!(Urgency::OverdueTodo { days: 3 }.rank_micro(eur(9_000)), 126_000_000);
        assert_eq!(Urgency::OverdueTodo { days: 90 }.rank_micro(None), 90_000_000);
        assert_eq!(Urgency::NoNextStep.rank_micro(eur(0)), 40_000_000);
        // log10(2) = 0.301.
        assert_eq!(Urgency::StaleDeal { days: 7 }.rank_micro(eur(1_000)), 37 * 1_301_000);
        // 3 hours are 1.5.
        assert_eq!(Urgency::UntouchedLead { hours: 3 }.rank_micro(None), 51_500_000);
        assert_eq!(Urgency::UntouchedLead { hours: 500 }.rank_micro(None), 90_000_000);
    }

    #[test]
    fn ratios_have_two_decimals() {
        assert_eq!(ratio_text(40), "0.40");
        assert_eq!(ratio_text(320), "3.20");
        assert_eq!(ratio_text(-5), "-0.05");
        assert_eq!(ratio(1, 0), None);
    }

    #[test]
    fn sums_that_do_not_fit_are_refused() {
        let huge = figure(DealStatus::Won, i64::MAX, 10_000, Forecast::Commit);
        let mut sum = ForecastSum::default();
        sum.add(&huge).unwrap();
        assert_eq!(sum.add(&huge), Err(ArithmeticFault::Overflow));
    }

    fn any_figure() -> impl Strategy<Value = Figure> {
        let status = prop::sample::select(DealStatus::ALL);
        let forecast = prop::sample::select(Forecast::ALL);
        (status, 0..10_000_000_000_i64, 0..=10_000_i64, forecast).prop_map(
            |(status, amount, probability_bp, forecast)| Figure { status, amount, probability_bp, forecast },
        )
    }

    fn forecast_of<'a>(figures: impl IntoIterator<Item = &'a Figure>) -> ForecastSum {
        let mut sum = ForecastSum::default();
        for figure in figures {
            sum.add(figure).unwrap();
        }
        sum
    }

    proptest! {
        /// Invariant 27.
        #[test]
        fn a_forecast_keeps_its_order(figures in prop::collection::vec(any_figure(), 0..40)) {
            let sum = forecast_of(&figures);
            prop_assert!(sum.won <= sum.commit && sum.commit <= sum.best_case);
            prop_assert!(sum.best_case <= sum.won + sum.open);
            prop_assert!(sum.won <= sum.weighted && sum.weighted <= sum.won + sum.open);
        }

        /// Invariant 27.
        #[test]
        fn owners_add_up_to_the_total(figures in prop::collection::vec((any_figure(), 0..4_usize), 0..40), quota in 0..1_000_000_i64) {
            let total = forecast_of(figures.iter().map(|(figure, _)| figure));
            let owners: Vec<ForecastSum> = (0..4)
                .map(|owner| forecast_of(figures.iter().filter(|(_, of)| *of == owner).map(|(figure, _)| figure)))
                .collect();
            let add = |of: fn(&ForecastSum) -> i64| owners.iter().map(of).sum::<i64>();
            prop_assert_eq!(add(|sum| sum.won), total.won);
            prop_assert_eq!(add(|sum| sum.commit), total.commit);
            prop_assert_eq!(add(|sum| sum.best_case), total.best_case);
            prop_assert_eq!(add(|sum| sum.weighted), total.weighted);
            prop_assert_eq!(add(|sum| sum.open), total.open);
            prop_assert_eq!(total.coverage(quota).is_none(), quota <= total.won);
        }

        #[test]
        fn a_pipeline_weighs_between_nothing_and_its_amount(figures in prop::collection::vec(any_figure(), 0..40)) {
            let mut sum = OpenSum::default();
            for figure in &figures {
                sum.add(figure).unwrap();
            }
            prop_assert!(0 <= sum.weighted && sum.weighted <= sum.amount);
        }

        #[test]
        fn win_rates_lie_between_nothing_and_all(closed in prop::collection::vec((any::<bool>(), 0..1_000_000_i64, 0..900_i64), 0..30)) {
            let mut sum = ClosedSum::default();
            for (won, amount, days) in &closed {
                sum.add(*won, Some(*amount), *days).unwrap();
            }
            prop_assert_eq!(sum.win_rate().is_some(), !closed.is_empty());
            for rate in [sum.win_rate(), sum.win_rate_by_amount()].into_iter().flatten() {
                prop_assert!((0..=100).contains(&rate));
            }
        }

        #[test]
        fn a_rank_grows_with_urgency_and_value(days in 0..100_i64, minor in 0..100_000_000_000_i64, more in 0..1_000_000_i64) {
            let at = |days, minor| Urgency::OverdueTodo { days }.rank_micro(Some((minor, Currency::EUR)));
            prop_assert!(at(days, minor) <= at(days + 1, minor));
            prop_assert!(at(days, minor) <= at(days, minor + more));
        }
    }
}
