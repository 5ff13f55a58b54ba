//! What setting a price does to the prices there are, so that exactly one holds on each day: a rule without a database.

use maitred_kernel::{Day, Price};

/// A price and the days on which it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First day.
    pub from: Day,
    /// Last day; for good when unset.
    pub to: Option<Day>,
    /// Price per unit.
    pub price: Price,
}

impl Span {
    /// Whether it holds on a day.
    pub fn holds(&self, day: Day) -> bool {
        self.from <= day && self.to.is_none_or(|to| to >= day)
    }
}

/// What becomes of one price there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The price at this place ends on a day.
    Close(usize, Day),
    /// The price at this place, which starts on the same day, becomes the new one.
    Replace(usize, Span),
    /// A new price.
    Open(Span),
}

/// Why a price cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It would change what held on a day that is over.
    Past,
    /// It would run into a price that is planned from this day on.
    Planned(Day),
}

/// Plans a new price among those there are (no two of which overlap), oldest first. No step when it holds already.
///
/// An older price ends the day before; where the new one ends and the older would have gone on, it goes on. Without an
/// end of its own, the new one ends before the next that is planned.
///
/// # Errors
/// [`Fault`].
pub fn plan(known: &[Span], new: Span, today: Day) -> Result<Vec<Step>, Fault> {
    let next = known.iter().filter(|span| span.from > new.from).map(|span| span.from).min();
    let mut new = new;
    if let Some(next) = next {
        match new.to {
            None => new.to = before(next),
            Some(to) if to >= next => return Err(Fault::Planned(next)),
            Some(_) => {}
        }
    }
    let Some(at) = known.iter().position(|span| span.holds(new.from)) else {
        return Ok(vec![Step::Open(new)]);
    };
    let old = known[at];
    let longer = match (old.to, new.to) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(old), Some(new)) => old > new,
    };
    if old.price == new.price && (longer || old.to == new.to) {
        return Ok(Vec::new());
    }
    if new.from < today {
        return Err(Fault::Past);
    }
    let mut steps = Vec::new();
    match before(new.from) {
        Some(end) if old.from < new.from => {
            steps.push(Step::Close(at, end));
            steps.push(Step::Open(new));
        }
        _ => steps.push(Step::Replace(at, new)),
    }
    if let (true, Some(from)) = (longer, new.to.and_then(|to| to.plus_days(1).ok())) {
        steps.push(Step::Open(Span { from, ..old }));
    }
    Ok(steps)
}

/// The day before; none before the first of all days.
fn before(day: Day) -> Option<Day> {
    day.plus_days(-1).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(offset: i64) -> Day {
        Day::parse("2026-03-02").unwrap().plus_days(offset).unwrap()
    }

    fn span(from: i64, to: Option<i64>, price: i64) -> Span {
        Span { from: day(from), to: to.map(day), price: Price::from_micros(price) }
    }

    fn apply(known: &[Span], steps: &[Step]) -> Vec<Span> {
        let mut spans = known.to_vec();
        for step in steps {
            match *step {
                Step::Close(at, to) => spans[at].to = Some(to),
                Step::Replace(at, new) => spans[at] = new,
                Step::Open(new) => spans.push(new),
            }
        }
        spans.sort_by_key(|span| span.from);
        spans
    }

    #[test]
    fn an_older_price_ends_the_day_before() {
        let known = [span(-10, None, 1)];
        let steps = plan(&known, span(0, None, 2), day(0)).unwrap();
        assert_eq!(apply(&known, &steps), [span(-10, Some(-1), 1), span(0, None, 2)]);
        assert_eq!(plan(&known, span(0, None, 1), day(0)), Ok(vec![]));
    }

    #[test]
    fn an_older_price_goes_on_afterwards() {
        let known = [span(-10, None, 1)];
        let steps = plan(&known, span(5, Some(9), 2), day(0)).unwrap();
        assert_eq!(apply(&known, &steps), [span(-10, Some(4), 1), span(5, Some(9), 2), span(10, None, 1)]);
    }

    #[test]
    fn the_past_and_the_plans_stay() {
        let known = [span(-10, Some(9), 1), span(10, None, 3)];
        assert_eq!(plan(&known, span(-5, None, 2), day(0)), Err(Fault::Past));
        assert_eq!(plan(&known, span(5, Some(12), 2), day(0)), Err(Fault::Planned(day(10))));
        let steps = plan(&known, span(5, None, 2), day(0)).unwrap();
        assert_eq!(apply(&known, &steps), [span(-10, Some(4), 1), span(5, Some(9), 2), span(10, None, 3)]);
    }

    proptest! {
        /// However prices are set one after the other, at most one holds on a day; the days that are over keep theirs,
        /// the new one holds on its days, and a day that had a price keeps having one.
        #[test]
        fn one_price_a_day(sets in prop::collection::vec((0..20_i64, prop::option::of(0..10_i64), 1..5_i64), 1..12)) {
            let mut known = vec![span(-20, Some(-11), 9), span(-10, None, 8)];
            for (from, length, price) in sets {
                let new = span(from, length.map(|length| from + length), price);
                let Ok(steps) = plan(&known, new, day(0)) else { continue };
                let after = apply(&known, &steps);
                for offset in -25..45 {
                    let holding = |spans: &[Span]| {
                        let all: Vec<Price> = spans.iter().filter(|span| span.holds(day(offset))).map(|span| span.price).collect();
                        all
                    };
                    let (was, is) = (holding(&known), holding(&after));
                    prop_assert!(is.len() <= 1);
                    prop_assert!(is.len() >= was.len());
                    if offset < from {
                        prop_assert_eq!(&was, &is);
                    }
                }
                prop_assert!(after.iter().any(|span| span.holds(day(from)) && span.price == new.price));
                known = after;
            }
        }
    }
}
