//! Sales by period, product, customer, rep or country: sums of lines, with growth and margin. Pure but for names.

use std::collections::{BTreeMap, HashMap};

use maitred_core::prelude::*;
use maitred_kernel::round::mul_div_rha;
use maitred_kernel::{BasisPoints, Currency, Period, Price, Quantity, Zone, line_net, ratio_bp};
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
fn net_of(sale: &Sale) -> ToolResult<i64> {
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
        sales: impl FnOnce(&mut dyn FnMut(Sale) -> ToolResult<()>) -> ToolResult<()>,
        mut label: impl FnMut(GroupBy, &str) -> ToolResult<String>,
    ) -> ToolResult<BTreeMap<(String, String), Sum>> {
        let mut sums: HashMap<(String, Currency), Sum> = HashMap::new();
        sales(&mut |sale| {
            let sum = sums.entry((self.key(&sale)?, sale.currency)).or_insert_with(|| Sum {
                // Of several descriptions always the same one, in whichever order they come.
                label: sale.description.clone(),
                cost: Some(0),
                ..Sum::default()
            });
            if sale.description < sum.label {
                sum.label.clone_from(&sale.description);
            }
            let overflow = || invalid("from", "spans more than can be summed up");
            sum.lines += 1;
            sum.quantity = sum.quantity.checked_add(sale.quantity.thousandths()).ok_or_else(overflow)?;
            sum.net = sum.net.checked_add(net_of(&sale)?).ok_or_else(overflow)?;
            sum.cost = sum.cost.zip(self.cost_of(&sale)).and_then(|(sum, cost)| sum.checked_add(cost));
            Ok(())
        })?;
        sums.into_iter()
            .map(|((key, currency), mut sum)| {
                match self.by {
                    GroupBy::Customer | GroupBy::Rep => sum.label = label(self.by, &key)?,
                    GroupBy::Product if key.is_empty() => "without a product".clone_into(&mut sum.label),
                    GroupBy::Product => {}
                    GroupBy::Period | GroupBy::Country => sum.label.clone_from(&key),
                }
                Ok(((key, currency.code().to_owned()), sum))
            })
            .collect()
    }

    fn key(&self, sale: &Sale) -> ToolResult<String> {
        Ok(match self.by {
            GroupBy::Period => {
                sale.at.map_or_else(String::new, |at| Period::month_of(at.day(self.zone)).to_string())
            }
            GroupBy::Product => sale.sku.clone().unwrap_or_default(),
            GroupBy::Customer => sale.company.clone(),
            GroupBy::Rep => sale.owner.clone().unwrap_or_default(),
            GroupBy::Country => Buyer::parse(&sale.buyer)?.country,
        })
    }

    fn cost_of(&self, sale: &Sale) -> Option<i64> {
        if sale.currency != self.base {
            return None;
        }
        let unit = Price::from_micros(sale.unit_cost?);
        line_net(sale.quantity, unit, BasisPoints::default(), sale.currency).ok()
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
    use maitred_kernel::Stamp;

    use super::*;

    fn sale(sku: &str, units: i64, of: i64, net: i64, cost: Option<i64>) -> Sale {
        Sale {
            at: Some(Stamp::parse("2026-03-02T10:00:00.000Z").unwrap()),
            company: "c".to_owned(),
            owner: None,
            buyer: r#"{"name":"Acme","country":"FR"}"#.to_owned(),
            sku: Some(sku.to_owned()),
            description: sku.to_lowercase(),
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
        let all = |each: &mut dyn FnMut(Sale) -> ToolResult<()>| sales.iter().cloned().try_for_each(each);
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
