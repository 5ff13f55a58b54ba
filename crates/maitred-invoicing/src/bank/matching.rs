//! Which invoices a receipt pays: the match score F-INV-7 as a pure function of the receipt and the open invoices.
//!
//! No IO and no chance: the same receipt and the same invoices give the same suggestions in the same order. Code
//! scores; what is booked is decided by an explicit call, and by itself only where [`Ranked::is_sure`] holds.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use maitred_kernel::{Day, fold, name_key, name_similarity_bp};

/// Points for every document number of the set standing in the text.
const NUMBERS_IN_TEXT: i64 = 55;
/// Points for our own creditor reference or end-to-end id.
const OUR_REFERENCE: i64 = 70;
const AMOUNT_EXACT: i64 = 25;
const AMOUNT_LESS_DISCOUNT: i64 = 20;
const AMOUNT_WITHIN_TOLERANCE: i64 = 10;
const ACCOUNT_KNOWN: i64 = 15;
const NAME_SAME: i64 = 8;
const NAME_LIKE: i64 = 4;
const DATE_FITS: i64 = 2;

/// Longest oldest-first prefix of a company's open invoices that is tried.
const MOST_OF_PREFIX: usize = 12;
/// Most invoices of a subset, and of how many of the oldest it is taken.
const MOST_OF_SUBSET: usize = 5;
const SUBSETS_OF: usize = 20;
/// Most subsets of one sum that are looked at; two are already enough to be unsure.
const MOST_SUBSETS: usize = 24;
/// Likeness from which a name counts as recognised, in basis points.
const LIKE_BP: i64 = 8_500;
const SAME_BP: i64 = 9_200;
/// Days after the due date within which a payment is nothing unusual.
const DAYS_AFTER_DUE: i64 = 30;
/// Words in a row that together may be one document number: `INV`, `2026`, `00042`.
const WORDS_OF_NUMBER: usize = 4;

/// Score from which a suggestion may be applied without being named.
pub const SURE_SCORE: i64 = 90;
/// Lead over the next suggestion from which it may.
pub const SURE_LEAD: i64 = 15;

/// An invoice with a balance, as matching needs to know it.
#[derive(Debug, Clone)]
pub struct OpenInvoice {
    /// Id.
    pub id: String,
    /// Number.
    pub number: String,
    /// Id of the company that owes it.
    pub company: String,
    /// What is still open, minor units; above zero.
    pub balance: i64,
    /// Agreed cash discount, minor units.
    pub discount: i64,
    /// Last day on which the discount is allowed.
    pub discount_until: Option<Day>,
    /// Issue date.
    pub issued_on: Day,
    /// Due date.
    pub due_on: Day,
}

impl OpenInvoice {
    /// The cash discount allowed on a day.
    pub fn discount_on(&self, day: Option<Day>) -> i64 {
        let in_window = day.zip(self.discount_until).is_some_and(|(day, until)| day <= until);
        if in_window { self.discount } else { 0 }
    }
}

/// Money that came in.
#[derive(Debug, Clone, Default)]
pub struct Receipt {
    /// Minor units, above zero, in the currency of the invoices.
    pub amount: i64,
    /// Booking day.
    pub booked_on: Option<Day>,
    /// Remittance text.
    pub text: String,
    /// Creditor reference and end-to-end id.
    pub references: Vec<String>,
    /// Name of who paid.
    pub name: Option<String>,
    /// Company that this account is known to belong to.
    pub account_of: Option<String>,
}

/// How the amount is explained by the invoices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Explained {
    /// To the minor unit.
    Exact,
    /// Less the cash discount that is allowed that day.
    Discount,
    /// Short of the balance by no more than the tolerance.
    Short,
    /// More or less than the balance.
    No,
}

/// Invoices that a receipt may pay, all of one company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Places in the list of open invoices, oldest due first.
    pub invoices: Vec<usize>,
    /// 0 to 100.
    pub score: i64,
    /// Why, in words.
    pub reasons: Vec<&'static str>,
    /// How the amount is explained.
    pub explained: Explained,
}

/// The best suggestion for a receipt and how clear it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// The best.
    pub best: Suggestion,
    /// The next best.
    pub runner_up: Option<Suggestion>,
}

impl Ranked {
    /// Points between the best and the next.
    pub fn lead(&self) -> i64 {
        self.best.score - self.runner_up.as_ref().map_or(0, |next| next.score)
    }

    /// Whether the best may be applied without being named: clear, and every cent explained.
    pub fn is_sure(&self, min_score: i64, min_lead: i64) -> bool {
        self.best.score >= min_score && self.lead() >= min_lead && self.best.explained != Explained::No
    }
}

/// Open invoices made ready for many receipts.
#[derive(Debug)]
pub struct Book {
    invoices: Vec<OpenInvoice>,
    /// Places by company, each oldest due first.
    companies: BTreeMap<String, Vec<usize>>,
    by_number: BTreeMap<String, Vec<usize>>,
    /// Names that a company goes by.
    names: BTreeMap<String, Vec<Name>>,
    tolerance: i64,
}

impl Book {
    /// A book of open invoices; `names` are what each company is called, `tolerance` the small difference that is let
    /// pass, minor units.
    pub fn new(invoices: Vec<OpenInvoice>, names: BTreeMap<String, Vec<String>>, tolerance: i64) -> Self {
        let mut companies: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut by_number: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, invoice) in invoices.iter().enumerate() {
            companies.entry(invoice.company.clone()).or_default().push(place);
            by_number.entry(squeezed(&invoice.number)).or_default().push(place);
        }
        let key = |place: &usize| invoices.get(*place).map(|one| (one.due_on, one.number.clone()));
        for places in companies.values_mut() {
            places.sort_by_cached_key(key);
        }
        let names = names
            .into_iter()
            .map(|(company, names)| (company, names.into_iter().map(Name::of).collect()))
            .collect();
        Self { invoices, companies, by_number, names, tolerance: tolerance.max(0) }
    }

    /// The open invoices, by place.
    pub fn invoices(&self) -> &[OpenInvoice] {
        &self.invoices
    }

    fn invoice(&self, place: usize) -> Option<&OpenInvoice> {
        self.invoices.get(place)
    }

    /// The place of an invoice by its id.
    pub fn place_of(&self, id: &str) -> Option<usize> {
        self.invoices.iter().position(|invoice| invoice.id == id)
    }

    /// Takes what was paid off the balance of an invoice; one without a balance is suggested no more.
    pub fn pay(&mut self, place: usize, amount: i64) {
        if let Some(invoice) = self.invoices.get_mut(place) {
            invoice.balance = invoice.balance.saturating_sub(amount);
            invoice.discount = 0;
        }
    }

    fn is_open(&self, place: usize) -> bool {
        self.invoice(place).is_some_and(|invoice| invoice.balance > 0)
    }

    /// The suggestions for a receipt with at least `min_score`, best first; at most `most`.
    pub fn suggest(&self, receipt: &Receipt, min_score: i64, most: usize) -> Vec<Suggestion> {
        if receipt.amount <= 0 {
            return Vec::new();
        }
        let seen = Seen::of(self, receipt);
        let mut found: Vec<Suggestion> = self
            .candidates(receipt, &seen)
            .into_iter()
            .map(|set| self.score(receipt, &seen, set))
            .filter(|suggestion| suggestion.score >= min_score.max(1))
            .collect();
        found.sort_by_cached_key(|suggestion| {
            let oldest = suggestion.invoices.iter().filter_map(|&place| self.invoice(place));
            let keys: Vec<(Day, String)> = oldest.map(|one| (one.due_on, one.number.clone())).collect();
            (-suggestion.score, suggestion.invoices.len(), keys)
        });
        found.truncate(most);
        found
    }

    /// The best suggestion and its runner-up, whatever the runner-up's score.
    pub fn rank(&self, receipt: &Receipt, min_score: i64) -> Option<Ranked> {
        let mut found = self.suggest(receipt, 1, 2).into_iter();
        let best = found.next().filter(|best| best.score >= min_score)?;
        Some(Ranked { best, runner_up: found.next() })
    }

    /// The points of invoices that somebody names, as if they had been suggested.
    pub fn score_of(&self, receipt: &Receipt, invoices: Vec<usize>) -> Suggestion {
        self.score(receipt, &Seen::of(self, receipt), invoices)
    }

    /// The sets that are looked at. A single invoice that neither is named, nor fits the amount, nor is of a
    /// recognised company would score the two points of its date at most, and is left out.
    fn candidates(&self, receipt: &Receipt, seen: &Seen) -> BTreeSet<Vec<usize>> {
        let mut sets: BTreeSet<Vec<usize>> = BTreeSet::new();
        let named = seen.in_text.union(&seen.in_reference).filter(|&&place| self.is_open(place));
        let mut named_by_company: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for &place in named {
            if let Some(invoice) = self.invoice(place) {
                named_by_company.entry(&invoice.company).or_default().push(place);
                sets.insert(vec![place]);
            }
        }
        for places in named_by_company.values() {
            sets.insert(self.in_order(places));
        }
        for (company, places) in &self.companies {
            let places: Vec<usize> = places.iter().copied().filter(|&place| self.is_open(place)).collect();
            let recognised =
                seen.recognised.contains(company) || named_by_company.contains_key(company.as_str());
            for &place in &places {
                if recognised
                    || self.invoice(place).is_some_and(|one| {
                        self.fits(receipt.amount, one.balance, one.discount_on(receipt.booked_on))
                    })
                {
                    sets.insert(vec![place]);
                }
            }
            let mut sum = 0_i64;
            let mut discount = 0_i64;
            for length in 1..=places.len().min(MOST_OF_PREFIX) {
                let prefix = places.get(..length).unwrap_or_default();
                if let Some(last) = prefix.last().and_then(|&place| self.invoice(place)) {
                    (sum, discount) = (
                        sum.saturating_add(last.balance),
                        discount.saturating_add(last.discount_on(receipt.booked_on)),
                    );
                }
                if recognised || self.fits(receipt.amount, sum, discount) {
                    sets.insert(prefix.to_vec());
                }
            }
            if recognised {
                self.subsets(&places, receipt.amount, &mut sets);
            }
        }
        sets
    }

    fn in_order(&self, places: &[usize]) -> Vec<usize> {
        let mut places = places.to_vec();
        places.sort_by_cached_key(|&place| self.invoice(place).map(|one| (one.due_on, one.number.clone())));
        places
    }

    fn fits(&self, amount: i64, balance: i64, discount: i64) -> bool {
        let off = i128::from(balance) - i128::from(amount);
        off.abs() <= i128::from(self.tolerance) || (discount > 0 && off == i128::from(discount))
    }

    /// Subsets of up to five of the twenty oldest with exactly this sum.
    fn subsets(&self, places: &[usize], amount: i64, sets: &mut BTreeSet<Vec<usize>>) {
        let oldest: Vec<(usize, i64)> = places
            .iter()
            .take(SUBSETS_OF)
            .filter_map(|&place| self.invoice(place).map(|one| (place, one.balance)))
            .collect();
        let mut left = MOST_SUBSETS;
        let mut chosen = Vec::with_capacity(MOST_OF_SUBSET);
        extend_subset(&oldest, amount, &mut chosen, &mut left, sets);
    }

    fn score(&self, receipt: &Receipt, seen: &Seen, set: Vec<usize>) -> Suggestion {
        let chosen: Vec<&OpenInvoice> = set.iter().filter_map(|&place| self.invoice(place)).collect();
        let mut reasons = Vec::new();
        let mut score = 0;
        let mut add = |points: i64, reason: &'static str| {
            score += points;
            reasons.push(reason);
        };
        let any = !set.is_empty();
        if any && set.iter().all(|place| seen.in_reference.contains(place)) {
            add(OUR_REFERENCE, "our reference");
        } else if any
            && set.iter().all(|place| seen.in_text.contains(place) || seen.in_reference.contains(place))
        {
            add(NUMBERS_IN_TEXT, "numbers in the text");
        }
        let balance: i128 = chosen.iter().map(|one| i128::from(one.balance)).sum();
        let discount: i128 = chosen.iter().map(|one| i128::from(one.discount_on(receipt.booked_on))).sum();
        let off = balance - i128::from(receipt.amount);
        let explained = if off == 0 {
            add(AMOUNT_EXACT, "exact amount");
            Explained::Exact
        } else if discount > 0 && off == discount {
            add(AMOUNT_LESS_DISCOUNT, "amount less cash discount");
            Explained::Discount
        } else if off.abs() <= i128::from(self.tolerance) {
            add(AMOUNT_WITHIN_TOLERANCE, "amount within tolerance");
            if off > 0 { Explained::Short } else { Explained::No }
        } else {
            Explained::No
        };
        let company = chosen.first().map(|one| one.company.as_str());
        if company.is_some() && receipt.account_of.as_deref() == company {
            add(ACCOUNT_KNOWN, "known account");
        }
        match company.and_then(|company| seen.likeness.get(company)).copied().unwrap_or_default() {
            SAME_BP.. => add(NAME_SAME, "same name"),
            LIKE_BP.. => add(NAME_LIKE, "similar name"),
            _ => {}
        }
        let in_time = |one: &&OpenInvoice| {
            receipt
                .booked_on
                .is_some_and(|day| day >= one.issued_on && one.due_on.days_until(day) <= DAYS_AFTER_DUE)
        };
        if any && chosen.iter().all(in_time) {
            add(DATE_FITS, "date fits");
        }
        Suggestion { invoices: set, score: score.min(100), reasons, explained }
    }
}

/// What becomes of one invoice when a receipt is matched to it, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Paid by the receipt.
    pub paid: i64,
    /// Forgiven: agreed cash discount, or a difference within the tolerance.
    pub forgiven: i64,
}

/// How a receipt is spread over the invoices it pays, in their order, given the balance of each and the cash discount
/// allowed that day.
///
/// Never more than a balance, in all never more than the receipt (invariant 15). What is left stays as the customer's
/// credit. What is missing is forgiven only where it is the whole discount or within the tolerance; else the last
/// invoices stay open.
pub fn settle(amount: i64, invoices: &[(i64, i64)], tolerance: i64) -> Vec<Part> {
    let mut rest = amount.max(0);
    let capped = |&(balance, discount): &(i64, i64)| discount.clamp(0, balance.max(0));
    let whole: i128 = invoices.iter().map(|&(balance, _)| i128::from(balance.max(0))).sum();
    let discount: i128 = invoices.iter().map(|invoice| i128::from(capped(invoice))).sum();
    let missing = whole - i128::from(rest);
    let is_discount = missing > 0 && missing == discount;
    let is_small = missing > 0 && missing <= i128::from(tolerance);
    invoices
        .iter()
        .map(|invoice| {
            let balance = invoice.0.max(0);
            let due = if is_discount { balance - capped(invoice) } else { balance };
            let paid = due.min(rest);
            rest -= paid;
            let forgiven = if is_discount || is_small { balance - paid } else { 0 };
            Part { paid, forgiven }
        })
        .collect()
}

/// Adds members in order; sums only grow, so a sum that is past the amount ends the branch.
fn extend_subset(
    rest: &[(usize, i64)],
    missing: i64,
    chosen: &mut Vec<usize>,
    left: &mut usize,
    sets: &mut BTreeSet<Vec<usize>>,
) {
    if missing == 0 {
        sets.insert(chosen.clone());
        *left -= 1;
        return;
    }
    if chosen.len() == MOST_OF_SUBSET {
        return;
    }
    for (index, &(place, balance)) in rest.iter().enumerate() {
        if *left == 0 {
            return;
        }
        if balance > 0 && balance <= missing {
            chosen.push(place);
            extend_subset(rest.get(index + 1..).unwrap_or_default(), missing - balance, chosen, left, sets);
            chosen.pop();
        }
    }
}

/// A name with what bounds its likeness to another, so that thousands of companies need no full comparison per line.
#[derive(Debug)]
struct Name {
    text: String,
    /// As names are compared: without legal form, words sorted.
    key: Vec<char>,
    /// How often each letter occurs, in order of letters.
    letters: Vec<(char, usize)>,
}

impl Name {
    fn of(text: String) -> Self {
        let folded = name_key(&text);
        let mut words: Vec<&str> = folded.split(' ').collect();
        words.sort_unstable();
        let key: Vec<char> = words.join(" ").chars().collect();
        let mut counts: BTreeMap<char, usize> = BTreeMap::new();
        for letter in &key {
            *counts.entry(*letter).or_default() += 1;
        }
        Self { text, key, letters: counts.into_iter().collect() }
    }

    /// False when the Jaro-Winkler likeness cannot reach [`LIKE_BP`]: with `c` letters in common and lengths `a` and
    /// `b`, Jaro is at most `(c/a + c/b + 1) / 3`, and `p` letters of common beginning add `p` tenths of what is missing.
    fn may_be_like(&self, other: &Self) -> bool {
        let (a, b) = (self.key.len(), other.key.len());
        let begun = self.key.iter().zip(&other.key).take_while(|(one, two)| one == two).count();
        if begun >= 7 {
            return true;
        }
        let (mut left, mut right) = (self.letters.iter().peekable(), other.letters.iter().peekable());
        let mut common = 0;
        while let (Some(one), Some(two)) = (left.peek(), right.peek()) {
            match one.0.cmp(&two.0) {
                Ordering::Less => drop(left.next()),
                Ordering::Greater => drop(right.next()),
                Ordering::Equal => {
                    common += one.1.min(two.1);
                    left.next();
                    right.next();
                }
            }
        }
        // `J (10 - p) + p >= 8.5` with the most that J can be, multiplied out.
        2 * common * (a + b) * (10 - begun) >= (31 - 4 * begun) * a * b
    }
}

/// What the receipt itself says, found out once.
struct Seen {
    in_text: BTreeSet<usize>,
    in_reference: BTreeSet<usize>,
    /// Likeness of the name to each company's, basis points; only what counts.
    likeness: BTreeMap<String, i64>,
    recognised: BTreeSet<String>,
}

impl Seen {
    fn of(book: &Book, receipt: &Receipt) -> Self {
        let places = |words: BTreeSet<String>| -> BTreeSet<usize> {
            words.iter().filter_map(|word| book.by_number.get(word)).flatten().copied().collect()
        };
        let in_text = places(number_words(&receipt.text));
        let in_reference = places(receipt.references.iter().flat_map(|text| reference_words(text)).collect());
        let mut likeness = BTreeMap::new();
        if let Some(name) = receipt.name.clone().map(Name::of) {
            for company in book.companies.keys() {
                let names = book.names.get(company).map(Vec::as_slice).unwrap_or_default();
                let near = names.iter().filter(|known| name.may_be_like(known));
                let best =
                    near.map(|known| name_similarity_bp(&name.text, &known.text)).max().unwrap_or_default();
                if best >= LIKE_BP {
                    likeness.insert(company.clone(), best);
                }
            }
        }
        let recognised = likeness.keys().cloned().chain(receipt.account_of.clone()).collect();
        Self { in_text, in_reference, likeness, recognised }
    }
}

/// Letters and digits only, folded: `INV-2026-00042` is `inv202600042`.
pub fn squeezed(text: &str) -> String {
    fold(text).chars().filter(|letter| letter.is_alphanumeric()).collect()
}

/// Everything in a text that could be a document number: words, and up to four words in a row run together.
fn number_words(text: &str) -> BTreeSet<String> {
    let folded = fold(text);
    let words: Vec<&str> =
        folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut all = BTreeSet::new();
    for first in 0..words.len() {
        let mut run = String::new();
        for word in words.iter().skip(first).take(WORDS_OF_NUMBER) {
            run.push_str(word);
            if run.len() <= 40 {
                all.insert(run.clone());
            }
        }
    }
    all
}

/// What a reference could be: the number itself, or the number behind `RF` and its check digits.
fn reference_words(text: &str) -> Vec<String> {
    let whole = squeezed(text);
    let mut words = Vec::new();
    if maitred_bank::is_creditor_reference(&whole.to_uppercase()) {
        words.extend(whole.get(4..).map(str::to_owned));
    }
    words.push(whole);
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn open(number: &str, company: &str, balance: i64, due: &str) -> OpenInvoice {
        OpenInvoice {
            id: number.to_owned(),
            number: number.to_owned(),
            company: company.to_owned(),
            balance,
            discount: 0,
            discount_until: None,
            issued_on: day("2026-02-01"),
            due_on: day(due),
        }
    }

    fn book(invoices: Vec<OpenInvoice>) -> Book {
        let names = [("acme", "Acme Lanterns GmbH"), ("bolt", "Bolt & Sons"), ("acmex", "Acme Lantern")];
        let names = names.into_iter().map(|(id, name)| (id.to_owned(), vec![name.to_owned()])).collect();
        Book::new(invoices, names, 50)
    }

    fn receipt(amount: i64, text: &str) -> Receipt {
        Receipt { amount, booked_on: Some(day("2026-03-02")), text: text.to_owned(), ..Receipt::default() }
    }

    fn three() -> Book {
        book(vec![
            open("INV-2026-00001", "acme", 10_000, "2026-02-15"),
            open("INV-2026-00002", "acme", 20_000, "2026-03-15"),
            open("INV-2026-00003", "bolt", 20_000, "2026-03-15"),
        ])
    }

    #[test]
    fn a_number_an_amount_and_a_name_are_sure() {
        let mut receipt = receipt(20_000, "thank you, Inv 2026/00002.");
        receipt.name = Some("ACME LANTERNS".to_owned());
        let ranked = three().rank(&receipt, 1).unwrap();
        assert_eq!(ranked.best.invoices, [1]);
        assert_eq!(ranked.best.score, 55 + 25 + 8 + 2);
        assert_eq!(ranked.best.reasons, ["numbers in the text", "exact amount", "same name", "date fits"]);
        // Bolt owes the same amount.
        assert_eq!(ranked.runner_up.as_ref().map(|next| next.score), Some(27));
        assert!(ranked.is_sure(SURE_SCORE, SURE_LEAD));
    }

    #[test]
    fn two_invoices_of_one_amount_are_not_sure() {
        let ranked = three().rank(&receipt(20_000, "payment"), 1).unwrap();
        assert_eq!((ranked.best.score, ranked.lead()), (27, 0));
        assert!(!ranked.is_sure(1, SURE_LEAD));
    }

    #[test]
    fn several_numbers_are_one_payment() {
        let ranked = three().rank(&receipt(30_000, "INV-2026-00001 INV202600002"), 1).unwrap();
        assert_eq!(ranked.best.invoices, [0, 1]);
        assert_eq!(ranked.best.explained, Explained::Exact);
        let over = three().rank(&receipt(31_000, "INV-2026-00001 INV202600002"), 1).unwrap();
        assert_eq!((over.best.score, over.best.explained), (57, Explained::No));
    }

    #[test]
    fn our_own_reference_counts_more_than_text() {
        let mut receipt = receipt(10_000, "");
        receipt.references = vec!["INV-2026-00001".to_owned()];
        receipt.account_of = Some("acme".to_owned());
        let ranked = three().rank(&receipt, 1).unwrap();
        assert_eq!((ranked.best.invoices.as_slice(), ranked.best.score), (&[0][..], 100));
        // 3 of 100 000 numbers have these check digits; this one does.
        receipt.references = vec!["RF18539007547034".to_owned()];
        let book = book(vec![open("5390-0754-7034", "bolt", 1, "2026-03-01")]);
        assert_eq!(book.rank(&receipt, 1).unwrap().best.reasons, ["our reference", "date fits"]);
    }

    #[test]
    fn a_recognised_company_pays_any_few_of_its_invoices() {
        let invoices = (1..=8).map(|n| open(&format!("N{n}"), "acme", 1 << (n + 6), "2026-03-10")).collect();
        let mut receipt = receipt((1 << 8) + (1 << 11) + (1 << 14), "");
        receipt.account_of = Some("acme".to_owned());
        let ranked = book(invoices).rank(&receipt, 1).unwrap();
        assert_eq!(ranked.best.invoices, [1, 4, 7]);
        assert_eq!(ranked.best.score, 25 + 15 + 2);
    }

    #[test]
    fn discount_and_tolerance_explain_less() {
        let mut invoice = open("N1", "acme", 10_000, "2026-03-10");
        (invoice.discount, invoice.discount_until) = (200, Some(day("2026-03-02")));
        let mut late = invoice.clone();
        late.discount_until = Some(day("2026-03-01"));
        let found = book(vec![late]).rank(&receipt(9_800, "N1"), 1).unwrap().best;
        assert_eq!((found.score, found.explained), (57, Explained::No));
        let book = book(vec![invoice]);
        let explained = |amount: i64| {
            let found = book.rank(&receipt(amount, "N1"), 1).unwrap().best;
            (found.score, found.explained)
        };
        assert_eq!(explained(9_800), (77, Explained::Discount));
        assert_eq!(explained(9_950), (67, Explained::Short));
        assert_eq!(explained(10_050), (67, Explained::No));
        assert_eq!(explained(9_949), (57, Explained::No));
        assert_eq!(explained(10_000), (82, Explained::Exact));
    }

    #[test]
    fn similar_names_count_half() {
        let book = book(vec![open("N1", "acmex", 5, "2026-03-10"), open("N2", "bolt", 5, "2026-03-10")]);
        let mut receipt = receipt(5, "");
        receipt.name = Some("Acne Lanters".to_owned());
        let found = book.suggest(&receipt, 1, 5);
        assert!(found[0].reasons.iter().any(|reason| reason.ends_with("name")), "{found:?}");
        assert!(found[0].score > found[1].score);
    }

    #[test]
    fn a_discount_is_forgiven_whole_or_not_at_all() {
        let parts = |amount: i64| -> Vec<(i64, i64)> {
            settle(amount, &[(100, 2), (50, 1)], 5).iter().map(|part| (part.paid, part.forgiven)).collect()
        };
        assert_eq!(parts(147), [(98, 2), (49, 1)]);
        assert_eq!(parts(146), [(100, 0), (46, 4)]);
        assert_eq!(parts(144), [(100, 0), (44, 0)]);
        assert_eq!(parts(150), [(100, 0), (50, 0)]);
        assert_eq!(parts(200), [(100, 0), (50, 0)]);
    }

    #[test]
    fn what_is_paid_is_suggested_no_more() {
        let mut book = three();
        book.pay(1, 20_000);
        let found = book.suggest(&receipt(20_000, "INV-2026-00002"), 1, 9);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].invoices, [2]);
        assert_eq!(book.place_of("INV-2026-00003"), Some(2));
    }

    proptest! {
        /// Invariant 15: what is paid never exceeds the receipt nor any balance, leaves nothing that would fit, and
        /// nothing is forgiven beyond discount and tolerance.
        #[test]
        fn what_is_paid_fits_receipt_and_balances(
            amount in 0_i64..1_000,
            invoices in prop::collection::vec((0_i64..400, 0_i64..30), 0..8),
            tolerance in 0_i64..20,
        ) {
            let parts = settle(amount, &invoices, tolerance);
            let paid: i64 = parts.iter().map(|part| part.paid).sum();
            let forgiven: i64 = parts.iter().map(|part| part.forgiven).sum();
            let whole: i64 = invoices.iter().map(|(balance, _)| balance).sum();
            let discount: i64 = invoices.iter().map(|(balance, discount)| discount.min(balance)).sum();
            prop_assert!(paid <= amount);
            for (part, (balance, _)) in parts.iter().zip(&invoices) {
                prop_assert!(part.paid >= 0 && part.forgiven >= 0 && part.paid + part.forgiven <= *balance);
            }
            prop_assert_eq!(paid, amount.min(whole));
            prop_assert!(forgiven == 0 || paid + forgiven == whole);
            prop_assert!(forgiven <= tolerance || forgiven == discount);
        }

        /// The bound lets every pair through that is like enough.
        #[test]
        fn no_like_name_is_passed_over(
            words in prop::collection::vec("[a-d]{1,6}", 1..4),
            change in prop::collection::vec((any::<prop::sample::Index>(), "[a-d]?"), 0..4),
        ) {
            let one = words.join(" ");
            let mut two: Vec<String> = one.chars().map(String::from).collect();
            for (at, letter) in change {
                let at = at.index(two.len());
                two[at] = letter;
            }
            let two = two.concat();
            if name_similarity_bp(&one, &two) >= LIKE_BP {
                prop_assert!(Name::of(one.clone()).may_be_like(&Name::of(two.clone())), "{} {}", one, two);
            }
        }

        #[test]
        fn suggestions_are_repeatable_of_one_company_and_in_order(
            invoices in prop::collection::vec((1_i64..400, 0_usize..3, 1_i8..28), 1..25),
            amount in 1_i64..1_000,
            account in 0_usize..4,
            named in prop::collection::vec(0_usize..25, 0..4),
        ) {
            let companies = ["acme", "bolt", "acmex"];
            let open: Vec<OpenInvoice> = invoices
                .iter()
                .enumerate()
                .map(|(at, (balance, company, due))| {
                    open(&format!("N{at}"), companies[*company], *balance, &format!("2026-03-{due:02}"))
                })
                .collect();
            let mut receipt = receipt(amount, &named.iter().map(|at| format!("N{at} ")).collect::<String>());
            receipt.account_of = companies.get(account).map(|id| (*id).to_owned());
            let book = book(open);
            let found = book.suggest(&receipt, 1, 100);
            prop_assert_eq!(&found, &book.suggest(&receipt, 1, 100));
            for pair in found.windows(2) {
                prop_assert!(pair[0].score >= pair[1].score);
            }
            for one in &found {
                prop_assert!((1..=100).contains(&one.score));
                let owners: BTreeSet<&str> =
                    one.invoices.iter().map(|&place| book.invoices()[place].company.as_str()).collect();
                prop_assert_eq!(owners.len(), 1);
                let unique: BTreeSet<usize> = one.invoices.iter().copied().collect();
                prop_assert_eq!(unique.len(), one.invoices.len());
                if one.explained == Explained::Exact {
                    let sum: i64 = one.invoices.iter().map(|&place| book.invoices()[place].balance).sum();
                    prop_assert_eq!(sum, amount);
                }
            }
        }
    }
}
