//! The totals of a document: quotes, orders and invoices alike add up here and nowhere else (formula F-INV-1).
//!
//! Every function is pure. Amounts are minor units of the document's currency; a credit has negative quantities and
//! mirrors the document it corrects to the cent.

use crate::currency::Currency;
use crate::fault::ArithmeticFault;
use crate::money::{BasisPoints, Price, Quantity};
use crate::round::{largest_remainder, line_net_per, narrow, share_of, tax_within};

/// Lines that are taxed alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaxGroup<'a> {
    /// Category in the words of EN 16931 (UNCL5305): `S`, `Z`, `AE`, ..
    pub category: &'a str,
    /// Rate of tax.
    pub rate: BasisPoints,
}

/// A line of a document.
#[derive(Clone, Copy, Debug)]
pub struct TotalsLine<'a> {
    /// How much; negative in a correction.
    pub quantity: Quantity,
    /// Price of `base_qty` units, with tax where the document's prices include it.
    pub unit_price: Price,
    /// The quantity that the price is for; [`Quantity::ONE`] unless said otherwise.
    pub base_qty: Quantity,
    /// Discount on the line.
    pub discount: BasisPoints,
    /// How it is taxed.
    pub tax: TaxGroup<'a>,
}

/// How much an allowance or charge comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdjustmentAmount {
    /// Minor units, with tax where the document's prices include it.
    Minor(i64),
    /// A share of what the lines add up to.
    Share(BasisPoints),
}

/// An allowance or charge on the whole document.
#[derive(Clone, Copy, Debug)]
pub struct Adjustment<'a> {
    /// True for a charge, which adds; an allowance takes away.
    pub charge: bool,
    /// How much.
    pub amount: AdjustmentAmount,
    /// The group it belongs to; without one it is split over the groups of the lines in proportion to their sums.
    pub group: Option<TaxGroup<'a>>,
}

/// Where tax is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TaxRounding {
    /// Once per category and rate.
    #[default]
    PerGroup,
    /// On every line, as some jurisdictions want it.
    PerLine,
}

/// What holds for the whole document.
#[derive(Clone, Copy, Debug)]
pub struct TotalsTerms {
    /// Currency of all amounts.
    pub currency: Currency,
    /// Whether unit prices and adjustments include tax.
    pub includes_tax: bool,
    /// Where tax is rounded.
    pub rounding: TaxRounding,
    /// What was paid before.
    pub prepaid: i64,
    /// What is added to round the amount to be paid.
    pub rounding_amount: i64,
}

impl TotalsTerms {
    /// Prices without tax, tax rounded once per group, nothing prepaid.
    pub fn plain(currency: Currency) -> Self {
        Self {
            currency,
            includes_tax: false,
            rounding: TaxRounding::PerGroup,
            prepaid: 0,
            rounding_amount: 0,
        }
    }
}

/// What a group of a document comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupTotal<'a> {
    /// The group.
    pub group: TaxGroup<'a>,
    /// What is taxed: lines, less allowances, with charges.
    pub taxable: i64,
    /// The tax on it.
    pub tax: i64,
}

/// What a document comes to. `net = Σ taxable = Σ line nets + charges − allowances`, `tax = Σ group tax`,
/// `gross = net + tax`, `payable = gross − prepaid + rounding`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals<'a> {
    /// Without tax, line by line, in the order given.
    pub line_nets: Vec<i64>,
    /// Without tax, adjustment by adjustment, in the order given; never signed by its kind.
    pub adjustments: Vec<i64>,
    /// By category, then rate.
    pub groups: Vec<GroupTotal<'a>>,
    /// All allowances without tax.
    pub allowances: i64,
    /// All charges without tax.
    pub charges: i64,
    /// Without tax.
    pub net: i64,
    /// Tax.
    pub tax: i64,
    /// With tax.
    pub gross: i64,
    /// Still to be paid.
    pub payable: i64,
}

/// One amount that belongs to a group: a line's, or an adjustment's share of it.
#[derive(Clone, Copy)]
enum Origin {
    Line(usize),
    Adjustment(usize),
}

struct Part {
    origin: Origin,
    group: usize,
    /// As stated, an allowance negative: with tax where prices include it.
    stated: i64,
}

fn sum(values: impl Iterator<Item = i64>) -> Result<i64, ArithmeticFault> {
    narrow(values.map(i128::from).sum())
}

/// The totals of a document (F-INV-1).
///
/// # Errors
/// [`ArithmeticFault::Overflow`]; [`ArithmeticFault::DividedByZero`] for a base quantity of zero;
/// [`ArithmeticFault::NothingToSplitOver`] for an adjustment without a group on a document without lines.
pub fn totals<'a>(
    lines: &[TotalsLine<'a>],
    adjustments: &[Adjustment<'a>],
    terms: &TotalsTerms,
) -> Result<Totals<'a>, ArithmeticFault> {
    let mut groups: Vec<TaxGroup<'a>> = lines.iter().map(|line| line.tax).collect();
    groups.extend(adjustments.iter().filter_map(|adjustment| adjustment.group));
    groups.sort_unstable();
    groups.dedup();
    let parts = parts_of(lines, adjustments, terms, &groups)?;
    let mut line_nets = vec![0; lines.len()];
    let mut nets = vec![0_i128; adjustments.len()];
    let mut group_totals = Vec::with_capacity(groups.len());
    for (index, group) in groups.iter().enumerate() {
        let own: Vec<&Part> = parts.iter().filter(|part| part.group == index).collect();
        let stated: Vec<i64> = own.iter().map(|part| part.stated).collect();
        let (part_nets, tax) = taxed(&stated, group.rate, terms)?;
        for (part, net) in own.iter().zip(&part_nets) {
            match part.origin {
                Origin::Line(at) => line_nets[at] = *net,
                Origin::Adjustment(at) => nets[at] += i128::from(*net),
            }
        }
        group_totals.push(GroupTotal { group: *group, taxable: sum(part_nets.into_iter())?, tax });
    }
    let signs = adjustments.iter().map(|adjustment| if adjustment.charge { 1_i128 } else { -1 });
    let nets = nets.into_iter().zip(signs).map(|(net, sign)| narrow(net * sign));
    let nets: Vec<i64> = nets.collect::<Result<_, _>>()?;
    let of_kind = |charge: bool| {
        let chosen = adjustments.iter().zip(&nets).filter(move |(one, _)| one.charge == charge);
        sum(chosen.map(|(_, net)| *net))
    };
    let net = sum(group_totals.iter().map(|group| group.taxable))?;
    let tax = sum(group_totals.iter().map(|group| group.tax))?;
    let gross = sum([net, tax].into_iter())?;
    let payable = narrow(i128::from(gross) - i128::from(terms.prepaid) + i128::from(terms.rounding_amount))?;
    Ok(Totals {
        line_nets,
        allowances: of_kind(false)?,
        charges: of_kind(true)?,
        adjustments: nets,
        groups: group_totals,
        net,
        tax,
        gross,
        payable,
    })
}

fn parts_of<'a>(
    lines: &[TotalsLine<'a>],
    adjustments: &[Adjustment<'a>],
    terms: &TotalsTerms,
    groups: &[TaxGroup<'a>],
) -> Result<Vec<Part>, ArithmeticFault> {
    let at = |group: &TaxGroup<'a>| groups.binary_search(group).unwrap_or(0);
    let mut parts = Vec::with_capacity(lines.len() + adjustments.len());
    let mut sums = vec![0_i128; groups.len()];
    let mut used = vec![false; groups.len()];
    for (index, line) in lines.iter().enumerate() {
        let stated =
            line_net_per(line.quantity, line.unit_price, line.base_qty, line.discount, terms.currency)?;
        let group = at(&line.tax);
        sums[group] += i128::from(stated);
        used[group] = true;
        parts.push(Part { origin: Origin::Line(index), group, stated });
    }
    let all = narrow(sums.iter().sum())?;
    let over: Vec<usize> = (0..groups.len()).filter(|group| used[*group]).collect();
    let weights: Vec<i64> = over.iter().map(|group| narrow(sums[*group])).collect::<Result<_, _>>()?;
    for (index, adjustment) in adjustments.iter().enumerate() {
        let amount = match adjustment.amount {
            AdjustmentAmount::Minor(minor) => minor,
            AdjustmentAmount::Share(share) => share_of(all, share)?,
        };
        let signed = if adjustment.charge { amount } else { narrow(-i128::from(amount))? };
        let origin = Origin::Adjustment(index);
        match &adjustment.group {
            Some(group) => parts.push(Part { origin, group: at(group), stated: signed }),
            None => {
                let split = largest_remainder(signed, &weights)?;
                parts.extend(over.iter().zip(split).map(|(group, stated)| Part {
                    origin,
                    group: *group,
                    stated,
                }));
            }
        }
    }
    Ok(parts)
}

/// The nets of the parts of one group, and its tax.
fn taxed(stated: &[i64], rate: BasisPoints, terms: &TotalsTerms) -> Result<(Vec<i64>, i64), ArithmeticFault> {
    match (terms.includes_tax, terms.rounding) {
        (false, TaxRounding::PerGroup) => {
            let tax = share_of(sum(stated.iter().copied())?, rate)?;
            Ok((stated.to_vec(), tax))
        }
        (false, TaxRounding::PerLine) => {
            let taxes: Vec<i64> =
                stated.iter().map(|part| share_of(*part, rate)).collect::<Result<_, _>>()?;
            Ok((stated.to_vec(), sum(taxes.into_iter())?))
        }
        (true, TaxRounding::PerLine) => within(stated, rate),
        (true, TaxRounding::PerGroup) => {
            let gross = sum(stated.iter().copied())?;
            let tax = tax_within(gross, rate)?;
            if gross == 0 {
                // Parts that cancel out have no proportion to be split by: each gives up its own tax, and what rounding
                // leaves over is borne by the largest.
                let (mut nets, rest) = within(stated, rate)?;
                let largest = (0..nets.len()).max_by_key(|part| stated[*part].unsigned_abs());
                if let Some(largest) = largest {
                    nets[largest] = narrow(i128::from(nets[largest]) + i128::from(rest))?;
                }
                return Ok((nets, tax));
            }
            let taxable = narrow(i128::from(gross) - i128::from(tax))?;
            Ok((largest_remainder(taxable, stated)?, tax))
        }
    }
}

fn within(stated: &[i64], rate: BasisPoints) -> Result<(Vec<i64>, i64), ArithmeticFault> {
    let mut nets = Vec::with_capacity(stated.len());
    let mut all = 0_i128;
    for part in stated {
        let tax = tax_within(*part, rate)?;
        all += i128::from(tax);
        nets.push(narrow(i128::from(*part) - i128::from(tax))?);
    }
    Ok((nets, narrow(all)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const S20: TaxGroup<'_> = TaxGroup { category: "S", rate: BasisPoints::from_bp(2000) };
    const S10: TaxGroup<'_> = TaxGroup { category: "S", rate: BasisPoints::from_bp(1000) };
    const EXEMPT: TaxGroup<'_> = TaxGroup { category: "E", rate: BasisPoints::from_bp(0) };

    fn line(quantity: &str, price: &str, tax: TaxGroup<'static>) -> TotalsLine<'static> {
        TotalsLine {
            quantity: Quantity::parse(quantity).unwrap(),
            unit_price: Price::parse(price).unwrap(),
            base_qty: Quantity::ONE,
            discount: BasisPoints::default(),
            tax,
        }
    }

    fn plain() -> TotalsTerms {
        TotalsTerms::plain(Currency::EUR)
    }

    #[test]
    fn tax_is_rounded_once_per_group() {
        let lines = [line("1", "0.33", S20), line("1", "0.33", S20), line("1", "0.33", S20)];
        let whole = totals(&lines, &[], &plain()).unwrap();
        assert_eq!((whole.net, whole.tax, whole.gross), (99, 20, 119));
        let each = totals(&lines, &[], &TotalsTerms { rounding: TaxRounding::PerLine, ..plain() }).unwrap();
        assert_eq!((each.net, each.tax, each.gross), (99, 21, 120));
    }

    #[test]
    fn prices_may_include_the_tax() {
        let lines = [line("1", "9.99", S20), line("1", "9.99", S20), line("2", "5.00", S10)];
        let whole = totals(&lines, &[], &TotalsTerms { includes_tax: true, ..plain() }).unwrap();
        assert_eq!(whole.gross, 2998, "the gross is what was stated");
        assert_eq!(whole.line_nets, [833, 832, 909], "9.99 is 8.325 and 0.915 tax in each of two");
        assert_eq!((whole.groups[0].tax, whole.groups[1].tax), (91, 333));
    }

    #[test]
    fn adjustments_are_split_in_proportion_or_named() {
        let lines = [line("1", "100", S20), line("1", "50", S10)];
        let allowance = Adjustment {
            charge: false,
            amount: AdjustmentAmount::Share(BasisPoints::from_bp(1000)),
            group: None,
        };
        let freight = Adjustment { charge: true, amount: AdjustmentAmount::Minor(700), group: Some(EXEMPT) };
        let whole = totals(&lines, &[allowance, freight], &plain()).unwrap();
        assert_eq!(
            (whole.allowances, whole.charges, whole.adjustments.as_slice()),
            (1500, 700, &[1500, 700][..])
        );
        let groups: Vec<_> = whole.groups.iter().map(|one| (one.group, one.taxable, one.tax)).collect();
        assert_eq!(groups, [(EXEMPT, 700, 0), (S10, 4500, 450), (S20, 9000, 1800)]);
        assert_eq!((whole.net, whole.gross), (14_200, 16_450));
        let paid =
            totals(&lines, &[], &TotalsTerms { prepaid: 5000, rounding_amount: -2, ..plain() }).unwrap();
        assert_eq!((paid.gross, paid.payable), (17_500, 12_498));
        let nowhere = Adjustment { group: None, ..freight };
        assert_eq!(totals(&[], &[nowhere], &plain()), Err(ArithmeticFault::NothingToSplitOver));
        assert_eq!(totals(&[], &[], &plain()).unwrap().gross, 0);
    }

    #[test]
    fn an_allowance_of_everything_leaves_nothing() {
        let lines = [line("1", "1.99", S20), line("3", "2.49", S20)];
        let all = Adjustment { charge: false, amount: AdjustmentAmount::Minor(946), group: None };
        let whole = totals(&lines, &[all], &TotalsTerms { includes_tax: true, ..plain() }).unwrap();
        assert_eq!((whole.net, whole.tax, whole.gross), (0, 0, 0));
        assert_eq!(whole.line_nets.iter().sum::<i64>(), whole.allowances);
    }

    fn any_group() -> impl Strategy<Value = TaxGroup<'static>> {
        prop_oneof![Just(S20), Just(S10), Just(EXEMPT)]
    }

    fn any_line() -> impl Strategy<Value = TotalsLine<'static>> {
        (-50_000..500_000_i64, 0..900_000_000_i64, 1..5_000_i64, 0..=10_000_i64, any_group()).prop_map(
            |(quantity, price, base, discount, tax)| TotalsLine {
                quantity: Quantity::from_thousandths(quantity),
                unit_price: Price::from_micros(price),
                base_qty: Quantity::from_thousandths(base),
                discount: BasisPoints::from_bp(discount),
                tax,
            },
        )
    }

    fn any_adjustment() -> impl Strategy<Value = Adjustment<'static>> {
        let amount = prop_oneof![
            (0..100_000_i64).prop_map(AdjustmentAmount::Minor),
            (0..=10_000_i64).prop_map(|bp| AdjustmentAmount::Share(BasisPoints::from_bp(bp))),
        ];
        (any::<bool>(), amount, prop::option::of(any_group()))
            .prop_map(|(charge, amount, group)| Adjustment { charge, amount, group })
    }

    fn any_terms() -> impl Strategy<Value = TotalsTerms> {
        let currency = prop_oneof![Just(Currency::EUR), Just(Currency::JPY), Just(Currency::KWD)];
        (currency, any::<bool>(), any::<bool>(), 0..9_999_i64, -9..9_i64).prop_map(
            |(currency, includes_tax, per_line, prepaid, rounding_amount)| TotalsTerms {
                currency,
                includes_tax,
                rounding: if per_line { TaxRounding::PerLine } else { TaxRounding::PerGroup },
                prepaid,
                rounding_amount,
            },
        )
    }

    proptest! {
        /// Invariant 1: a document adds up, whatever is on it.
        #[test]
        fn documents_add_up(
            lines in prop::collection::vec(any_line(), 1..9),
            adjustments in prop::collection::vec(any_adjustment(), 0..4),
            terms in any_terms(),
        ) {
            let whole = totals(&lines, &adjustments, &terms).unwrap();
            prop_assert_eq!(
                whole.line_nets.iter().sum::<i64>() + whole.charges - whole.allowances,
                whole.net
            );
            prop_assert_eq!(whole.groups.iter().map(|group| group.taxable).sum::<i64>(), whole.net);
            prop_assert_eq!(whole.groups.iter().map(|group| group.tax).sum::<i64>(), whole.tax);
            prop_assert_eq!(whole.net + whole.tax, whole.gross);
            prop_assert_eq!(whole.gross - terms.prepaid + terms.rounding_amount, whole.payable);
        }

        /// Prices with tax: what the customer was told is what is charged, and (invariant 17) no line's net is a minor
        /// unit or more from its exact share.
        #[test]
        fn included_tax_changes_no_price(lines in prop::collection::vec(any_line(), 1..9)) {
            let lines: Vec<TotalsLine<'_>> = lines.into_iter().map(|line| TotalsLine {
                quantity: Quantity::from_thousandths(line.quantity.thousandths().abs()), ..line
            }).collect();
            let terms = TotalsTerms { includes_tax: true, ..plain() };
            let whole = totals(&lines, &[], &terms).unwrap();
            let stated: Vec<i64> = lines.iter().map(|line| line_net_per(
                line.quantity, line.unit_price, line.base_qty, line.discount, terms.currency).unwrap()).collect();
            prop_assert_eq!(whole.gross, stated.iter().sum::<i64>());
            for (index, line) in lines.iter().enumerate() {
                let group = whole.groups.iter().find(|group| group.group == line.tax).unwrap();
                let all = i128::from(group.taxable + group.tax);
                let exact = i128::from(stated[index]) * i128::from(group.taxable);
                let off = (i128::from(whole.line_nets[index]) * all - exact).abs();
                prop_assert!(all == 0 || off < all, "{off} of {all}");
            }
        }

        /// Invariant 17: the shares of an allowance sum to it, and none is a minor unit or more from its exact share.
        #[test]
        fn allowances_are_split_to_the_last_unit(
            lines in prop::collection::vec(any_line(), 1..9),
            amount in 0..1_000_000_i64,
        ) {
            let lines: Vec<TotalsLine<'_>> = lines.into_iter().map(|line| TotalsLine {
                quantity: Quantity::from_thousandths(line.quantity.thousandths().abs()), ..line
            }).collect();
            let bare = totals(&lines, &[], &plain()).unwrap();
            let allowance = Adjustment { charge: false, amount: AdjustmentAmount::Minor(amount), group: None };
            let whole = totals(&lines, &[allowance], &plain()).unwrap();
            prop_assert_eq!(whole.allowances, amount);
            for (before, after) in bare.groups.iter().zip(&whole.groups) {
                let share = i128::from(before.taxable - after.taxable) * i128::from(bare.net);
                let exact = i128::from(amount) * i128::from(before.taxable);
                prop_assert!(bare.net == 0 || (share - exact).abs() < i128::from(bare.net));
            }
        }

        /// A credit of everything mirrors the document; the order of lines changes nothing but the order of nets.
        #[test]
        fn credits_mirror_and_order_does_not_matter(lines in prop::collection::vec(any_line(), 1..9)) {
            let whole = totals(&lines, &[], &plain()).unwrap();
            let mirrored: Vec<TotalsLine<'_>> = lines.iter().map(|line| TotalsLine {
                quantity: Quantity::from_thousandths(-line.quantity.thousandths()), ..*line
            }).collect();
            let credit = totals(&mirrored, &[], &plain()).unwrap();
            prop_assert_eq!((credit.net, credit.tax, credit.gross), (-whole.net, -whole.tax, -whole.gross));
            let reversed: Vec<TotalsLine<'_>> = lines.iter().rev().copied().collect();
            let again = totals(&reversed, &[], &plain()).unwrap();
            prop_assert_eq!(again.groups, whole.groups);
        }
    }
}
