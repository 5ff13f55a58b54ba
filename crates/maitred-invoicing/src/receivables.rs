//! What customers owe as of a day: ages (F-INV-2) and sums, from open items.

use maitred_core::prelude::*;
use maitred_kernel::round::{div_rha, ratio_bp};
use maitred_kernel::{BasisPoints, Currency, Day, Quantity, format_minor};

use crate::store::ledger::{OpenItem, OpenKind};

/// Open amounts by age, in minor units of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aging {
    /// Not due.
    pub current: i64,
    /// 1 to 30 days late.
    pub days_30: i64,
    /// 31 to 60.
    pub days_60: i64,
    /// 61 to 90.
    pub days_90: i64,
    /// More.
    pub older: i64,
    /// Payments and credit notes that were not applied; negative.
    pub unapplied: i64,
}

impl Aging {
    /// Puts an open item where it belongs.
    pub fn add(&mut self, item: &OpenItem, as_of: Day, from_issue: bool) {
        if item.kind != OpenKind::Invoice {
            self.unapplied -= item.open;
            return;
        }
        let since = if from_issue { item.day } else { item.due };
        let bucket = match since.days_until(as_of) {
            ..=0 => &mut self.current,
            1..=30 => &mut self.days_30,
            31..=60 => &mut self.days_60,
            61..=90 => &mut self.days_90,
            _ => &mut self.older,
        };
        *bucket += item.open;
    }

    /// What is owed on invoices.
    pub fn open(&self) -> i64 {
        self.current + self.days_30 + self.days_60 + self.days_90 + self.older
    }

    /// What of that is late.
    pub fn overdue(&self) -> i64 {
        self.open() - self.current
    }

    /// What is owed in the end: buckets and unapplied credit.
    pub fn total(&self) -> i64 {
        self.open() + self.unapplied
    }

    /// The sum of two.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            current: self.current + other.current,
            days_30: self.days_30 + other.days_30,
            days_60: self.days_60 + other.days_60,
            days_90: self.days_90 + other.days_90,
            older: self.older + other.older,
            unapplied: self.unapplied + other.unapplied,
        }
    }

    /// As shown.
    pub fn view(&self, currency: Currency) -> AgingView {
        let text = |minor: i64| format_minor(minor, currency);
        AgingView {
            currency,
            current: text(self.current),
            days_1_30: text(self.days_30),
            days_31_60: text(self.days_60),
            days_61_90: text(self.days_90),
            over_90: text(self.older),
            unapplied: text(self.unapplied),
            total: text(self.total()),
        }
    }
}

/// Open amounts by age.
#[derive(ToolOutput)]
pub struct AgingView {
    /// Currency.
    pub currency: Currency,
    /// Not due.
    pub current: String,
    /// 1 to 30 days late.
    pub days_1_30: String,
    /// 31 to 60 days late.
    pub days_31_60: String,
    /// 61 to 90 days late.
    pub days_61_90: String,
    /// More than 90 days late.
    pub over_90: String,
    /// Payments and credit notes not applied, negative.
    pub unapplied: String,
    /// Sum of all.
    pub total: String,
}

/// Days sales outstanding (F-INV-3): what is owed, in days of sales; none where nothing was sold.
pub fn dso(owed: i64, sales: i64, days: i64) -> Option<i64> {
    if sales <= 0 {
        return None;
    }
    maitred_kernel::round::mul_div_rha(owed, days, sales).ok()
}

/// Count-back DSO (F-INV-3): the days in which as much was sold as is owed, back from the newest month. Months are days
/// and sales, newest first; nothing when all of them together are less than what is owed.
pub fn countback(owed: i64, months: impl IntoIterator<Item = (i64, i64)>) -> Option<i64> {
    let (mut rest, mut days) = (owed, 0);
    for (length, sold) in months {
        if rest <= 0 {
            break;
        }
        if sold >= rest {
            return Some(days + maitred_kernel::round::mul_div_rha(length, rest, sold).ok()?);
        }
        rest -= sold;
        days += length;
    }
    (rest <= 0).then_some(days)
}

/// Average days late (F-INV-3) of paid invoices, gross and days from due to paid each, weighted by the gross; none when
/// nothing was paid.
pub fn average_days_late(paid: impl IntoIterator<Item = (i64, i64)>) -> Option<Quantity> {
    let (mut late, mut gross) = (0_i128, 0_i128);
    for (amount, days) in paid {
        late += i128::from(amount) * i128::from(days.max(0));
        gross += i128::from(amount);
    }
    let hundredths = (gross > 0).then(|| div_rha(late * 100, gross).ok())??;
    Some(Quantity::from_thousandths(i64::try_from(hundredths).ok()?.checked_mul(10)?))
}

/// Collection effectiveness (F-INV-3): of what could be collected in the window, the share that was.
pub fn effectiveness(owed_before: i64, sold: i64, owed: i64, current: i64) -> Option<BasisPoints> {
    let all = owed_before.checked_add(sold)?;
    let due = all.checked_sub(current)?;
    if due > 0 { ratio_bp(all.checked_sub(owed)?, due) } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(kind: OpenKind, due: &str, open: i64) -> OpenItem {
        OpenItem {
            company_id: "c".to_owned(),
            company: "C".to_owned(),
            number: "N".to_owned(),
            kind,
            day: Day::parse("2026-01-01").unwrap(),
            due: Day::parse(due).unwrap(),
            currency: Currency::EUR,
            open,
            owner: None,
            country: "DE".to_owned(),
        }
    }

    #[test]
    fn ages_have_their_edges() {
        let as_of = Day::parse("2026-06-30").unwrap();
        let bucket = |days: i64| {
            let mut aging = Aging::default();
            let due = as_of.plus_days(-days).unwrap();
            aging.add(&OpenItem { due, ..item(OpenKind::Invoice, "2026-01-01", 1) }, as_of, false);
            [aging.current, aging.days_30, aging.days_60, aging.days_90, aging.older]
                .iter()
                .position(|amount| *amount == 1)
        };
        let found: Vec<_> =
            [-5, 0, 1, 30, 31, 60, 61, 90, 91].iter().map(|days| bucket(*days).unwrap()).collect();
        assert_eq!(found, [0, 0, 1, 1, 2, 2, 3, 3, 4]);
        assert_eq!((dso(9_000, 9_000, 90), dso(1, 0, 90), dso(1_000, 3_000, 90)), (Some(90), None, Some(30)));
    }

    #[test]
    fn collection_is_told_in_days_and_shares() {
        // April to date 400, March 1,000, February 800: 1,500 owed are April, March and an eighth of February.
        let months = [(12, 400), (31, 1_000), (28, 800)];
        assert_eq!(countback(1_500, months), Some(12 + 31 + 4));
        assert_eq!((countback(0, months), countback(400, months)), (Some(0), Some(12)));
        assert_eq!(countback(2_201, months), None, "more than was sold");
        // A month of more credit than sales makes the rest larger.
        assert_eq!(countback(100, [(5, -50), (31, 300)]), Some(5 + 16));
        // 100.00 ten days late and 300.00 in time; early is not late.
        let paid = [(10_000, 10), (30_000, -4)];
        assert_eq!(average_days_late(paid).map(Quantity::thousandths), Some(2_500));
        assert_eq!(average_days_late([]), None);
        // 500 owed, 1,000 sold, 300 owed of which 200 are not due: 1,200 of 1,300.
        assert_eq!(effectiveness(500, 1_000, 300, 200), Some(BasisPoints::from_bp(9_231)));
        assert_eq!(effectiveness(0, 200, 200, 200), None, "nothing was due");
    }

    proptest! {
        #[test]
        fn buckets_and_credit_are_the_ledger(amounts in prop::collection::vec((0..3_usize, 0..400_i64, 1..1_000_000_i64), 0..30)) {
            let as_of = Day::parse("2026-06-30").unwrap();
            let (mut aging, mut ledger) = (Aging::default(), 0);
            for (kind, days, open) in amounts {
                let kind = [OpenKind::Invoice, OpenKind::CreditNote, OpenKind::Payment][kind];
                let due = as_of.plus_days(200 - days).unwrap();
                aging.add(&OpenItem { due, ..item(kind, "2026-01-01", open) }, as_of, false);
                ledger += if kind == OpenKind::Invoice { open } else { -open };
            }
            prop_assert_eq!(aging.total(), ledger);
            prop_assert_eq!(aging.overdue() + aging.current, aging.open());
        }
    }
}
