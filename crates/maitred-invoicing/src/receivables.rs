//! What customers owe as of a day: ages (F-INV-2) and sums, from open items.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, format_minor};

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
