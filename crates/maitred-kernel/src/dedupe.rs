//! How likely two records are one company or one person: the score F-CRM-5, with the evidence in words.
//!
//! Pure arithmetic over what the records say. Which pairs to compare, and which were judged before, is the
//! caller's business.

use crate::domain::{fold as fold_domain, is_free_mail};
use crate::email;
use crate::text::{fold, name_similarity_bp, person_similarity_bp};

/// From this score on, creating a company is refused unless the caller insists (0.85).
pub const SUSPECT_BP: i64 = 8_500;

/// How alike family names must be to count beside an equal phone (0.9).
const FAMILY_NAME_BP: i64 = 9_000;

const CERTAIN_BP: i64 = 10_000;

/// What is known of a company; empty texts count as unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CompanyFacts<'a> {
    /// The name, with or without legal form.
    pub name: &'a str,
    /// VAT id in its one spelling.
    pub vat_id: Option<&'a str>,
    /// Domain, in any spelling.
    pub domain: Option<&'a str>,
    /// Phone in E.164.
    pub phone: Option<&'a str>,
    /// Postcode of the main address.
    pub postcode: Option<&'a str>,
    /// City of the main address.
    pub city: Option<&'a str>,
}

/// What is known of a person; empty texts count as unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContactFacts<'a> {
    /// Given name.
    pub given_name: Option<&'a str>,
    /// Family name.
    pub family_name: &'a str,
    /// Email, in any spelling.
    pub email: Option<&'a str>,
    /// Phone in E.164.
    pub phone: Option<&'a str>,
    /// Ids of the companies the person belongs to.
    pub companies: &'a [&'a str],
}

/// A score with the evidence for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    /// 0 to 10,000 basis points.
    pub score_bp: i64,
    /// What the two have in common, strongest first: `same VAT id`, `names 94 % alike`.
    pub reasons: Vec<String>,
}

impl Likeness {
    fn certain(reason: &str) -> Self {
        Self { score_bp: CERTAIN_BP, reasons: vec![reason.to_owned()] }
    }

    /// Whether it is enough to ask before creating another record.
    pub fn is_suspect(&self) -> bool {
        self.score_bp >= SUSPECT_BP
    }
}

/// Score of two companies (F-CRM-5): VAT id equal 1.00; own domain equal 0.90; else 0.60 × likeness of the names
/// (without legal form, words sorted) + 0.25 phone + 0.10 postcode + 0.05 city. Free-mail domains do not count.
pub fn company_likeness(a: &CompanyFacts<'_>, b: &CompanyFacts<'_>) -> Likeness {
    if shared(a.vat_id, b.vat_id, |text| fold(&compact(text))) {
        return Likeness::certain("same VAT id");
    }
    let own = |text: &str| fold_domain(text).ok().filter(|host| !is_free_mail(host)).unwrap_or_default();
    if shared(a.domain, b.domain, own) {
        return Likeness { score_bp: 9_000, reasons: vec!["same domain".to_owned()] };
    }
    let mut sum = Sum::default();
    sum.names(6_000, name_similarity_bp(a.name, b.name));
    sum.add_if(2_500, shared(a.phone, b.phone, compact), "same phone");
    sum.add_if(1_000, shared(a.postcode, b.postcode, |text| fold(&compact(text))), "same postcode");
    sum.add_if(500, shared(a.city, b.city, |text| fold(text.trim())), "same city");
    sum.finish()
}

/// Score of two people (F-CRM-5): email equal 1.00; phone equal 0.85, and 0.10 more if the family names are at
/// least 0.9 alike; else 0.55 × likeness of the names + 0.25 same company + 0.10 same email domain. Free-mail
/// domains do not count.
pub fn contact_likeness(a: &ContactFacts<'_>, b: &ContactFacts<'_>) -> Likeness {
    let address = |text: &str| email::fold(text).unwrap_or_default();
    if shared(a.email, b.email, address) {
        return Likeness::certain("same email");
    }
    let mut sum = Sum::default();
    if shared(a.phone, b.phone, compact) {
        sum.add_if(8_500, true, "same phone");
        let family = person_similarity_bp(a.family_name, b.family_name);
        sum.add_if(1_000, family >= FAMILY_NAME_BP, "same or similar family name");
        return sum.finish();
    }
    sum.names(5_500, person_similarity_bp(&full_name(a), &full_name(b)));
    let same_company = a.companies.iter().any(|id| !id.is_empty() && b.companies.contains(id));
    sum.add_if(2_500, same_company, "same company");
    let own_domain = |text: &str| {
        email::fold(text)
            .ok()
            .and_then(|folded| email::domain_of(&folded).map(str::to_owned))
            .filter(|host| !is_free_mail(host))
            .unwrap_or_default()
    };
    sum.add_if(1_000, shared(a.email, b.email, own_domain), "same email domain");
    sum.finish()
}

fn full_name(facts: &ContactFacts<'_>) -> String {
    [facts.given_name.unwrap_or_default(), facts.family_name].join(" ")
}

/// Whether both are known and one after bringing them into one spelling; an empty spelling is unknown.
fn shared(a: Option<&str>, b: Option<&str>, spelling: impl Fn(&str) -> String) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => {
            let a = spelling(a);
            !a.is_empty() && a == spelling(b)
        }
        _ => false,
    }
}

fn compact(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric() || *letter == '+').collect()
}

#[derive(Default)]
struct Sum {
    score_bp: i64,
    reasons: Vec<(i64, String)>,
}

impl Sum {
    fn add_if(&mut self, points: i64, holds: bool, reason: &str) {
        if holds {
            self.score_bp += points;
            self.reasons.push((points, reason.to_owned()));
        }
    }

    fn names(&mut self, weight: i64, similarity: i64) {
        // Both factors lie between 0 and 10,000: adding half the divisor is rounding half away from zero.
        let points = (weight * similarity + 5_000) / 10_000;
        self.score_bp += points;
        if similarity == CERTAIN_BP {
            self.reasons.push((points, "same name".to_owned()));
        } else if similarity >= 5_000 {
            self.reasons.push((points, format!("names {} % alike", similarity / 100)));
        }
    }

    fn finish(mut self) -> Likeness {
        self.reasons.sort_by_key(|reason| std::cmp::Reverse(reason.0));
        Likeness {
            score_bp: self.score_bp.min(CERTAIN_BP),
            reasons: self.reasons.into_iter().map(|(_, reason)| reason).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn company(name: &'static str) -> CompanyFacts<'static> {
        CompanyFacts { name, ..CompanyFacts::default() }
    }

    fn contact(given: &'static str, family: &'static str) -> ContactFacts<'static> {
        ContactFacts { given_name: Some(given), family_name: family, ..ContactFacts::default() }
    }

    #[test]
    fn companies_by_key_and_by_evidence() {
        let a = CompanyFacts { vat_id: Some("FR27842733677"), ..company("Acme") };
        let b = CompanyFacts { vat_id: Some("FR 27 842733677"), ..company("Other") };
        assert_eq!(company_likeness(&a, &b), Likeness::certain("same VAT id"));

        let a = CompanyFacts { domain: Some("www.acme.example"), ..company("Acme") };
        let b = CompanyFacts { domain: Some("acme.example"), ..company("Other") };
        assert_eq!(company_likeness(&a, &b).score_bp, 9_000);

        let free = |name| CompanyFacts { domain: Some("gmail.com"), ..company(name) };
        assert_eq!(company_likeness(&free("abc"), &free("xyz")).score_bp, 0);

        let place = |name| CompanyFacts {
            phone: Some("+33123456789"),
            postcode: Some("69 001"),
            city: Some("Lyon"),
            ..company(name)
        };
        let whole = company_likeness(&place("Maison Mercier SARL"), &place("MERCIER MAISON"));
        assert_eq!(whole.score_bp, 10_000);
        assert_eq!(whole.reasons, ["same name", "same phone", "same postcode", "same city"]);
        assert!(whole.is_suspect());

        // 0.60 × 0.9611 = 0.57666, and 0.05 for the city.
        let a = CompanyFacts { city: Some("Orléans"), ..company("Martha Ltd") };
        let b = CompanyFacts { city: Some("ORLEANS"), ..company("Marhta") };
        let likeness = company_likeness(&a, &b);
        assert_eq!(likeness.score_bp, 5_767 + 500);
        assert_eq!(likeness.reasons, ["names 96 % alike", "same city"]);
    }

    #[test]
    fn people_by_key_and_by_evidence() {
        let a = ContactFacts { email: Some("Ada@Example.com"), ..contact("Ada", "Lovelace") };
        let b = ContactFacts { email: Some("ada@example.com"), ..contact("A.", "Byron") };
        assert_eq!(contact_likeness(&a, &b), Likeness::certain("same email"));

        let phone = |given, family| ContactFacts { phone: Some("+441234567890"), ..contact(given, family) };
        assert_eq!(contact_likeness(&phone("Ada", "Lovelace"), &phone("Tom", "Xu")).score_bp, 8_500);
        let family = contact_likeness(&phone("Ada", "Lovelace"), &phone("A", "Lovelacé"));
        assert_eq!(family.score_bp, 9_500);
        assert_eq!(family.reasons, ["same phone", "same or similar family name"]);

        let at_work = |email| ContactFacts {
            email: Some(email),
            companies: &["c1", "c2"],
            ..contact("Ada", "Lovelace")
        };
        let likeness = contact_likeness(&at_work("ada@acme.example"), &at_work("lovelace@acme.example"));
        assert_eq!(likeness.score_bp, 5_500 + 2_500 + 1_000);
        assert_eq!(likeness.reasons, ["same name", "same company", "same email domain"]);
        let likeness = contact_likeness(&at_work("ada@gmail.com"), &at_work("lovelace@gmail.com"));
        assert_eq!(likeness.score_bp, 5_500 + 2_500, "free mail does not count");
    }

    #[test]
    fn the_unknown_is_no_evidence() {
        let nothing = CompanyFacts {
            vat_id: Some(""),
            domain: Some(" "),
            phone: Some("-"),
            postcode: Some(""),
            city: Some(" "),
            ..company("")
        };
        assert_eq!(company_likeness(&nothing, &nothing), Likeness { score_bp: 0, reasons: vec![] });
        let nobody =
            ContactFacts { email: Some("?"), phone: Some(""), companies: &[""], ..ContactFacts::default() };
        assert_eq!(contact_likeness(&nobody, &nobody).score_bp, 0);
    }

    fn texts() -> impl Strategy<Value = Option<&'static str>> {
        proptest::sample::select(vec![
            None,
            Some(""),
            Some("acme.example"),
            Some("b@acme.example"),
            Some("+331"),
            Some("ab"),
        ])
    }

    proptest! {
        #[test]
        fn scores_are_symmetric_shares(
            names in ("[a-c ]{0,8}", "[a-c ]{0,8}"),
            first in (texts(), texts(), texts(), texts(), texts()),
            second in (texts(), texts(), texts(), texts(), texts()),
        ) {
            let facts = |name, (vat_id, domain, phone, postcode, city)| {
                CompanyFacts { name, vat_id, domain, phone, postcode, city }
            };
            let (a, b) = (facts(&names.0, first), facts(&names.1, second));
            let likeness = company_likeness(&a, &b);
            prop_assert!((0..=10_000).contains(&likeness.score_bp));
            prop_assert!((likeness.score_bp - company_likeness(&b, &a).score_bp).abs() <= 1);

            let person = |name, (email, phone, _, _, _)| {
                ContactFacts { given_name: None, family_name: name, email, phone, companies: &[] }
            };
            let (a, b) = (person(&names.0, first), person(&names.1, second));
            let likeness = contact_likeness(&a, &b);
            prop_assert!((0..=10_000).contains(&likeness.score_bp));
            prop_assert!((likeness.score_bp - contact_likeness(&b, &a).score_bp).abs() <= 1);
        }
    }
}
