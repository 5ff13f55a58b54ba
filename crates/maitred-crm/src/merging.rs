//! Which of two records' values a merge keeps. Pure: the records are not known here, only their fields as text.

use maitred_core::prelude::*;

/// Whose value stands where both have one.
#[derive(ToolArgs, ToolOutput, Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldPolicy {
    /// The kept record's.
    Kept,
    /// The absorbed record's.
    Absorbed,
    /// That of the record changed last.
    Newest,
}

/// Whose value it is.
#[derive(ToolOutput, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The kept record's.
    Kept,
    /// The absorbed record's.
    Absorbed,
}

impl FieldPolicy {
    /// The side that wins where both records have a value.
    pub fn side(self, absorbed_is_newer: bool) -> Side {
        match self {
            Self::Kept => Side::Kept,
            Self::Absorbed => Side::Absorbed,
            Self::Newest if absorbed_is_newer => Side::Absorbed,
            Self::Newest => Side::Kept,
        }
    }
}

/// What a merge chose for one field in which the two records differ.
#[derive(ToolOutput, Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Field.
    pub field: &'static str,
    /// The value that stands.
    pub value: String,
    /// Whose it is.
    pub from: Side,
    /// The value that gives way.
    pub other: Option<String>,
}

/// Chooses field by field and remembers the choices.
pub struct Chooser {
    side: Side,
    /// Fields in which the records differ, in the order asked.
    pub choices: Vec<Choice>,
}

impl Chooser {
    /// A chooser for which `side` wins where both have a value; a value always wins against none.
    pub fn new(side: Side) -> Self {
        Self { side, choices: Vec::new() }
    }

    /// The value of one field.
    pub fn pick<T: Clone + PartialEq>(
        &mut self,
        field: &'static str,
        kept: &Option<T>,
        absorbed: &Option<T>,
        show: impl Fn(&T) -> String,
    ) -> Option<T> {
        let (value, from, other) = match (kept, absorbed) {
            (None, None) => return None,
            (Some(a), Some(b)) if a == b => return Some(a.clone()),
            (Some(a), None) => return Some(a.clone()),
            (None, Some(b)) => (b, Side::Absorbed, None),
            (Some(a), Some(b)) if self.side == Side::Kept => (a, Side::Kept, Some(b)),
            (Some(a), Some(b)) => (b, Side::Absorbed, Some(a)),
        };
        self.choices.push(Choice { field, value: show(value), from, other: other.map(&show) });
        Some(value.clone())
    }

    /// The value of a field that both records have.
    pub fn pick_text(&mut self, field: &'static str, kept: &str, absorbed: &str) -> String {
        let (kept, absorbed) = (Some(kept.to_owned()), Some(absorbed.to_owned()));
        self.pick(field, &kept, &absorbed, String::clone).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_newest_is_the_one_changed_last() {
        assert_eq!(FieldPolicy::Newest.side(true), Side::Absorbed);
        assert_eq!(FieldPolicy::Newest.side(false), Side::Kept);
        assert_eq!(FieldPolicy::Kept.side(true), Side::Kept);
    }

    proptest! {
        #[test]
        fn no_value_is_lost_to_none(kept in proptest::option::of("[ab]"), absorbed in proptest::option::of("[ab]"), side in proptest::bool::ANY) {
            let mut chooser = Chooser::new(if side { Side::Kept } else { Side::Absorbed });
            let picked = chooser.pick("name", &kept, &absorbed, String::clone);
            prop_assert_eq!(picked.is_some(), kept.is_some() || absorbed.is_some());
            prop_assert!(picked == kept || picked == absorbed);
            // Every value that gives way is shown.
            if let (Some(a), Some(b)) = (&kept, &absorbed) && a != b {
                prop_assert_eq!(chooser.choices.len(), 1);
                prop_assert!(chooser.choices[0].other.is_some());
            }
        }
    }
}
