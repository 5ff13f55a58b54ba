//! Rules about deals: which status follows which, what a step between stages needs, what counts how. Pure.

use maitred_core::words;
use maitred_kernel::{ArithmeticFault, BasisPoints, Currency, Day, Price, Quantity, line_net};

use crate::model::{DealStatus, Stage, StageKind};

/// What can happen to a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A change of its data, or a step to another open stage.
    Change,
    /// Won.
    Win,
    /// Lost.
    Lose,
    /// Back to life.
    Reopen,
}

/// The status after an event, or nothing where the status does not allow it: open, won or lost, and back.
pub fn after(status: DealStatus, event: Event) -> Option<DealStatus> {
    match (status, event) {
        (DealStatus::Open, Event::Change) => Some(DealStatus::Open),
        (DealStatus::Open, Event::Win) => Some(DealStatus::Won),
        (DealStatus::Open, Event::Lose) => Some(DealStatus::Lost),
        (DealStatus::Won | DealStatus::Lost, Event::Reopen) => Some(DealStatus::Open),
        _ => None,
    }
}

words! {
    /// A field of a deal that a stage may require before a deal enters it.
    pub enum Required {
        /// An amount above zero.
        Amount = "amount",
        /// The day of the decision.
        CloseDate = "close_date",
        /// A contact.
        Contact = "contact",
        /// At least one line.
        Lines = "lines",
        /// What is to be done next.
        NextStep = "next_step",
        /// A stakeholder who decides.
        DecisionMaker = "decision_maker",
    }
}

/// What is filled in on a deal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// An amount above zero.
    pub amount: bool,
    /// The day of the decision.
    pub close_date: bool,
    /// A contact.
    pub contact: bool,
    /// At least one line.
    pub lines: bool,
    /// What is to be done next.
    pub next_step: bool,
    /// A stakeholder who decides.
    pub decision_maker: bool,
}

impl Filled {
    fn has(self, field: Required) -> bool {
        match field {
            Required::Amount => self.amount,
            Required::CloseDate => self.close_date,
            Required::Contact => self.contact,
            Required::Lines => self.lines,
            Required::NextStep => self.next_step,
            Required::DecisionMaker => self.decision_maker,
        }
    }
}

/// The fields a stage requires, as stored: words with spaces between.
pub fn required_of(stage: &Stage) -> Vec<Required> {
    stage.required_fields.split_whitespace().filter_map(Required::parse).collect()
}

/// The fields a stage requires that are not filled in.
pub fn missing(stage: &Stage, filled: Filled) -> Vec<Required> {
    required_of(stage).into_iter().filter(|field| !filled.has(*field)).collect()
}

/// How far a step between two open stages goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leap {
    /// Nowhere.
    Nowhere,
    /// To the next stage.
    Next,
    /// Over this many stages.
    Over(usize),
    /// Back.
    Back,
}

impl Leap {
    /// True when somebody has to say why.
    pub fn needs_reason(self) -> bool {
        matches!(self, Self::Over(_) | Self::Back)
    }
}

/// How far it is from one stage to another of the same pipeline. Retired stages are not counted.
pub fn leap(stages: &[Stage], from: &Stage, to: &Stage) -> Leap {
    if from.id == to.id {
        return Leap::Nowhere;
    }
    if to.position < from.position {
        return Leap::Back;
    }
    let between = stages
        .iter()
        .filter(|stage| stage.kind == StageKind::Open && stage.retired_at.is_none())
        .filter(|stage| stage.position > from.position && stage.position < to.position)
        .count();
    if between == 0 { Leap::Next } else { Leap::Over(between) }
}

/// The chance of winning in basis points: certain when closed, else pinned, else that of the stage.
pub fn chance_bp(status: DealStatus, pinned: Option<i64>, stage_bp: i64) -> i64 {
    match status {
        DealStatus::Won => 10_000,
        DealStatus::Lost => 0,
        DealStatus::Open => pinned.unwrap_or(stage_bp),
    }
}

/// True when a close date was moved: setting the first one is no move.
pub fn is_push(before: Option<Day>, after: Option<Day>) -> bool {
    before.is_some() && before != after
}

/// A line, as far as its amount goes.
#[derive(Clone, Copy, Debug)]
pub struct LineFacts {
    /// How much.
    pub quantity: Quantity,
    /// Price of one.
    pub unit_price: Price,
    /// Discount.
    pub discount: BasisPoints,
}

/// The amount of a deal with lines: the sum of their nets (F-INV-1), minor units.
///
/// # Errors
/// When the sum cannot be kept.
pub fn amount_of(lines: &[LineFacts], currency: Currency) -> Result<i64, ArithmeticFault> {
    lines.iter().try_fold(0_i64, |sum, line| {
        let net = line_net(line.quantity, line.unit_price, line.discount, currency)?;
        sum.checked_add(net).ok_or(ArithmeticFault::Overflow)
    })
}

#[cfg(test)]
mod tests {
    use maitred_kernel::Stamp;
    use proptest::prelude::*;

    use super::*;
    use crate::model::{PipelineId, StageId};

    fn stage(position: i64, retired: bool, required: &str) -> Stage {
        Stage {
            id: StageId(format!("s{position}")),
            version: 1,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            pipeline_id: PipelineId("p".to_owned()),
            key_word: format!("s{position}"),
            name: format!("S{position}"),
            position,
            kind: StageKind::Open,
            probability_bp: 1_000,
            rot_days: 14,
            required_fields: required.to_owned(),
            retired_at: retired.then_some(Stamp::EPOCH),
        }
    }

    #[test]
    fn the_table_is_the_catalogues() {
        use DealStatus::{Lost, Open, Won};
        let events = [Event::Change, Event::Win, Event::Lose, Event::Reopen];
        let table = [
            (Open, [Some(Open), Some(Won), Some(Lost), None]),
            (Won, [None, None, None, Some(Open)]),
            (Lost, [None, None, None, Some(Open)]),
        ];
        for (status, results) in table {
            for (event, result) in events.into_iter().zip(results) {
                assert_eq!(after(status, event), result, "{status} {event:?}");
            }
        }
    }

    #[test]
    fn leaps_do_not_count_retired_stages() {
        let stages = [stage(1, false, ""), stage(2, true, ""), stage(3, false, ""), stage(4, false, "")];
        assert_eq!(leap(&stages, &stages[0], &stages[2]), Leap::Next);
        assert_eq!(leap(&stages, &stages[0], &stages[3]), Leap::Over(1));
        assert_eq!(leap(&stages, &stages[3], &stages[0]), Leap::Back);
        assert_eq!(leap(&stages, &stages[1], &stages[1]), Leap::Nowhere);
    }

    #[test]
    fn names_every_missing_field() {
        let proposal = stage(1, false, "amount close_date");
        assert_eq!(missing(&proposal, Filled::default()), [Required::Amount, Required::CloseDate]);
        let filled = Filled { amount: true, close_date: true, ..Filled::default() };
        assert!(missing(&proposal, filled).is_empty());
    }

    #[test]
    fn the_first_close_date_is_no_push() {
        let (march, april) = (Day::parse("2026-03-31").ok(), Day::parse("2026-04-30").ok());
        assert!(!is_push(None, march));
        assert!(!is_push(march, march));
        assert!(is_push(march, april));
    }

    proptest! {
        #[test]
        fn the_amount_is_the_sum_of_its_lines(
            lines in prop::collection::vec((0_i64..100_000, 0_i64..1_000_000_000, 0_i64..=10_000), 0..8)
        ) {
            let facts: Vec<LineFacts> = lines
                .iter()
                .map(|(quantity, price, discount)| LineFacts {
                    quantity: Quantity::from_thousandths(*quantity),
                    unit_price: Price::from_micros(*price),
                    discount: BasisPoints::from_bp(*discount),
                })
                .collect();
            let whole = amount_of(&facts, Currency::EUR).expect("small sums");
            let parts: i64 = facts
                .iter()
                .map(|line| amount_of(std::slice::from_ref(line), Currency::EUR).expect("small sums"))
                .sum();
            prop_assert_eq!(whole, parts);
            prop_assert!(whole >= 0);
        }
    }
}
