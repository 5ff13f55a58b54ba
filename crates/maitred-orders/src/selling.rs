//! Sales by period, product, customer, rep or country: sums of lines, with growth and margin. Pure but for names.

use std::collections::{BTreeMap, HashMap};

use maitred_core::prelude::*;
use maitred_kernel::round::mul_div_rha;
use maitred_kernel::{BasisPoints, Currency, Period, Price, Quantity, Stamp, Zone, line_net, ratio_bp};
use maitred_party::store::{companies, members};

use crate::snapshot::Buyer;
use crate::store::sales::{Sale, Wanted};

/// By what sales are summed up.
#[derive(ToolArgs, Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// By month.
    Period,
    /// By SKU.
    Product,
    /// By company.
    Customer,
    /// By who of us sells.
    Rep,
    /// By country of the buyer.
    Country,
}

/// What sales of one group and currency come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// What to call the group.
    pub label: String,
    /// How many thousandths of units.
    pub quantity: i64,
    /// Without tax, minor units.
    pub net: i64,
    /// What it cost us; unset when some of it is not known.
    pub cost: Option<i64>,
    /// Whether anything was summed up.
    pub lines: i64,
}

impl Sum {
    /// Margin in minor units and as a share of the net, where the cost of all of it is known.
    pub fn margin(&self) -> Option<(i64, Option<BasisPoints>)> {
        let margin = self.net.checked_sub(self.cost?)?;
        Some((margin, ratio_bp(margin, self.net)))
    }
}

/// How much more than before, as a share of before; nothing when there was nothing.
pub fn growth(now: i64, before: i64) -> Option<BasisPoints> {
    ratio_bp(now.checked_sub(before)?, before)
}

/// The part of a line's net that a sale is.
fn net_of(sale: &Sale<'_>) -> ToolResult<i64> {
    if sale.quantity == sale.wanted || sale.wanted.thousandths() == 0 {
        return Ok(sale.net);
    }
    mul_div_rha(sale.net, sale.quantity.thousandths(), sale.wanted.thousandths()).map_err(ToolError::internal)
}

/// Sums per group and currency. A group's key is stable: month, SKU, id or country.
pub struct Summing<'a> {
    /// By what.
    pub by: GroupBy,
    /// The zone of months.
    pub zone: &'a Zone,
    /// The currency of costs.
    pub base: Currency,
}

impl Summing<'_> {
    /// What this looks at.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            at: self.by == GroupBy::Period,
            who: matches!(self.by, GroupBy::Customer | GroupBy::Rep),
            buyer: self.by == GroupBy::Country,
            what: self.by == GroupBy::Product,
        }
    }

    /// Sums sales up, whatever their order. `label` names a company or a member.
    pub fn sums(
        &self,
        sales: impl FnOnce(&mut dyn FnMut(Sale<'_>) -> ToolResult<()>) -> ToolResult<()>,
        mut label: impl FnMut(GroupBy, &str) -> ToolResult<String>,
    ) -> ToolResult<BTreeMap<(String, String), Sum>> {
        let mut keys = Keys { by: self.by, zone: self.zone, last: None };
        // Few currencies, many groups, each a place in the list.
        let mut places: Vec<(Currency, HashMap<String, usize>)> = Vec::new();
        let mut sums: Vec<((String, Currency), Sum)> = Vec::new();
        sales(&mut |sale| {
            let known = match places.iter_mut().find(|(currency, _)| *currency == sale.currency) {
                Some((_, known)) => known,
                None => &mut places.push_mut((sale.currency, HashMap::new())).1,
            };
            let key = keys.of(&sale)?;
            let place = match known.get(key) {
                Some(place) => *place,
                None => {
                    let label = sale.description.clone().into_owned();
                    known.insert(key.to_owned(), sums.len());
                    let sum = Sum { label, cost: Some(0), ..Sum::default() };
                    sums.push(((key.to_owned(), sale.currency), sum));
                    sums.len() - 1
                }
            };
            let sum = &mut sums[place].1;
            // Of several descriptions always the same one, in whichever order they come.
            if *sale.description < *sum.label {
                sale.description.as_ref().clone_into(&mut sum.label);
            }
            let overflow = || invalid("from", "spans more than can be summed up");
            sum.lines += 1;
            sum.quantity = sum.quantity.checked_add(sale.quantity.thousandths()).ok_or_else(overflow)?;
            sum.net = sum.net.checked_add(net_of(&sale)?).ok_or_else(overflow)?;
            sum.cost = sum.cost.zip(self.cost_of(&sale)).and_then(|(sum, cost)| sum.checked_add(cost));
            Ok(())
        })?;
        let named = sums.into_iter().map(|((key, currency), mut sum)| {
            match self.by {
                GroupBy::Customer | GroupBy::Rep => sum.label = label(self.by, &key)?,
                GroupBy::Product if key.is_empty() => "without a product".clone_into(&mut sum.label),
                GroupBy::Product => {}
                GroupBy::Period | GroupBy::Country => sum.label.clone_from(&key),
            }
            Ok(((key, currency.code().to_owned()), sum))
        });
        named.collect()
    }

    fn cost_of(&self, sale: &Sale<'_>) -> Option<i64> {
        if sale.currency != self.base {
            return None;
        }
        let unit = Price::from_micros(sale.unit_cost?);
        line_net(sale.quantity, unit, BasisPoints::default(), sale.currency).ok()
    }
}

/// Finds the key of a sale's group. Lines of a document come one behind the other, so what took some thought for the
/// last one mostly holds for the next.
struct Keys<'a> {
    by: GroupBy,
    zone: &'a Zone,
    last: Option<Last>,
}

enum Last {
    Month(Stamp, String),
    /// A buyer as documents keep it, and its country.
    Country(String, String),
}

impl Keys<'_> {
    fn of<'s>(&'s mut self, sale: &'s Sale<'_>) -> ToolResult<&'s str> {
        let fresh = match (self.by, &self.last) {
            (GroupBy::Product, _) => return Ok(sale.sku.as_deref().unwrap_or_default()),
            (GroupBy::Customer, _) => return Ok(&sale.company),
            (GroupBy::Rep, _) => return Ok(sale.owner.as_deref().unwrap_or_default()),
            (GroupBy::Period, Some(Last::Month(at, _))) if sale.at == Some(*at) => None,
            (GroupBy::Period, _) => match sale.at {
                Some(at) => Some(Last::Month(at, Period::month_of(at.day(self.zone)).to_string())),
                None => return Ok(""),
            },
            (GroupBy::Country, Some(Last::Country(buyer, _))) if sale.buyer == *buyer => None,
            (GroupBy::Country, _) => {
                let country = Buyer::parse(&sale.buyer)?.country;
                Some(Last::Country(sale.buyer.clone().into_owned(), country))
            }
        };
        if fresh.is_some() {
            self.last = fresh;
        }
        Ok(match &self.last {
            Some(Last::Month(_, key) | Last::Country(_, key)) => key,
            None => "",
        })
    }
}

/// The name of a company or member.
pub fn named(db: &Reader<'_>, by: GroupBy, id: &str) -> ToolResult<String> {
    let name = match by {
        GroupBy::Customer => companies::find(db, id)?.map(|company| company.name),
        _ => members::get(db, id)?.map(|member| member.name),
    };
    Ok(name.unwrap_or_else(|| "nobody".to_owned()))
}

/// A quantity of thousandths.
pub fn quantity(thousandths: i64) -> Quantity {
    Quantity::from_thousandths(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sale(sku: &'static str, units: i64, of: i64, net: i64, cost: Option<i64>) -> Sale<'static> {
        Sale {
            at: Some(Stamp::parse("2026-03-02T10:00:00.000Z").unwrap()),
            company: "c".into(),
            owner: None,
            buyer: r#"{"name":"Acme","country":"FR"}"#.into(),
            sku: Some(sku.into()),
            description: sku.to_lowercase().into(),
            currency: Currency::EUR,
            wanted: Quantity::whole(of).unwrap(),
            quantity: Quantity::whole(units).unwrap(),
            net,
            unit_cost: cost,
        }
    }

    #[test]
    fn parts_of_lines_and_costs_that_are_known() {
        let sales = [
            sale("A", 1, 3, 1000, Some(1_000_000)),
            sale("A", 2, 2, 500, Some(1_000_000)),
            sale("B", 1, 1, 100, None),
        ];
        let zone = Zone::UTC;
        let by = |by| Summing { by, zone: &zone, base: Currency::EUR };
        let all = |each: &mut dyn FnMut(Sale<'_>) -> ToolResult<()>| sales.iter().cloned().try_for_each(each);
        let sums = by(GroupBy::Product).sums(all, |_, _| Ok(String::new())).unwrap();
        let found: Vec<_> = sums.values().map(|sum| (sum.label.as_str(), sum.net, sum.cost)).collect();
        assert_eq!(found, [("a", 833, Some(300)), ("b", 100, None)]);
        let months = by(GroupBy::Period).sums(all, |_, _| Ok(String::new())).unwrap();
        assert_eq!(months.keys().next().unwrap().0, "2026-03");
        let countries = by(GroupBy::Country).sums(all, |_, _| Ok(String::new())).unwrap();
        assert_eq!(countries.values().next().unwrap().label, "FR");
        assert_eq!(growth(150, 100), Some(BasisPoints::from_bp(5000)));
        assert_eq!(growth(150, 0), None);
    }
}
