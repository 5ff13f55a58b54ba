//! Rules about leads: which status follows which, who gets the next one, what a first score is. Pure.

use maitred_party::MemberId;

use crate::model::{LeadSource, LeadStatus};

/// The statuses that may follow one: new, working, qualified, converted; before that disqualified, which may go back
/// to working. Converted is final.
pub fn next_of(from: LeadStatus) -> &'static [LeadStatus] {
    match from {
        LeadStatus::New => &[LeadStatus::Working, LeadStatus::Disqualified],
        LeadStatus::Working => &[LeadStatus::Qualified, LeadStatus::Disqualified],
        LeadStatus::Qualified => &[LeadStatus::Converted, LeadStatus::Disqualified],
        LeadStatus::Disqualified => &[LeadStatus::Working],
        LeadStatus::Converted => &[],
    }
}

/// True when `to` may follow `from`.
pub fn may_follow(from: LeadStatus, to: LeadStatus) -> bool {
    next_of(from).contains(&to)
}

/// True while somebody may still work on a lead of this status.
pub fn is_open(status: LeadStatus) -> bool {
    OPEN.contains(&status)
}

/// The statuses of leads that somebody may still work on.
pub const OPEN: &[LeadStatus] = &[LeadStatus::New, LeadStatus::Working, LeadStatus::Qualified];

/// Who gets a lead: the candidate with the fewest open ones. Between equals whoever has it keeps it, then the smaller
/// id goes first, so that leads given out one after the other go round.
pub fn pick_owner(candidates: &[(MemberId, i64)], current: Option<&MemberId>) -> Option<MemberId> {
    candidates
        .iter()
        .min_by_key(|(member, open)| (*open, current != Some(member), member.clone()))
        .map(|(member, _)| member.clone())
}

/// What is known of a lead when it comes in.
#[derive(Clone, Copy, Debug, Default)]
pub struct FirstFacts {
    /// An address to write to.
    pub email: bool,
    /// A number to call.
    pub phone: bool,
    /// A company by name.
    pub company: bool,
    /// What it might be worth.
    pub value: bool,
}

/// The score of a lead nobody has looked at: 20 points for each way to reach them, the company, a stated value, and for
/// coming by recommendation.
pub fn first_score(facts: FirstFacts, source: LeadSource) -> i64 {
    let signs = [facts.email, facts.phone, facts.company, facts.value, source == LeadSource::Referral];
    20 * signs.into_iter().map(i64::from).sum::<i64>()
}

/// A person's name in two: everything before the last word, and the last word.
pub fn split_name(name: &str) -> (Option<String>, String) {
    let mut words: Vec<&str> = name.split_whitespace().collect();
    let family = words.pop().unwrap_or(name).to_owned();
    ((!words.is_empty()).then(|| words.join(" ")), family)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_table_is_the_catalogues() {
        use LeadStatus::{Converted, Disqualified, New, Qualified, Working};
        let legal = [
            (New, Working),
            (Working, Qualified),
            (Qualified, Converted),
            (New, Disqualified),
            (Working, Disqualified),
            (Qualified, Disqualified),
            (Disqualified, Working),
        ];
        for from in LeadStatus::ALL {
            for to in LeadStatus::ALL {
                assert_eq!(may_follow(*from, *to), legal.contains(&(*from, *to)), "{from} to {to}");
            }
        }
    }

    #[test]
    fn names_are_split_before_the_last_word() {
        assert_eq!(split_name("Ada King Lovelace"), (Some("Ada King".to_owned()), "Lovelace".to_owned()));
        assert_eq!(split_name(" Cher "), (None, "Cher".to_owned()));
    }

    proptest! {
        #[test]
        fn leads_go_round(count in 1_usize..6, leads in 0_usize..40) {
            let mut open: Vec<(MemberId, i64)> = (0..count).map(|n| (MemberId(format!("m{n}")), 0)).collect();
            for _ in 0..leads {
                let picked = pick_owner(&open, None).expect("somebody");
                open.iter_mut().filter(|(member, _)| *member == picked).for_each(|(_, open)| *open += 1);
            }
            let counts: Vec<i64> = open.iter().map(|(_, open)| *open).collect();
            let (least, most) = (counts.iter().min().expect("one"), counts.iter().max().expect("one"));
            prop_assert!(most - least <= 1);
        }
    }
}
