//! What catalog gives to those who sell: products and prices, stock and reservations.

use std::collections::{BTreeMap, HashMap, HashSet};

use maitred_core::prelude::*;
use maitred_kernel::{Day, Price, Quantity};
use maitred_party::commerce::{
    Availability, ComingBack, Disposition, Held, Leaving, Place, PriceFor, PriceFound, PriceResolver,
    ProductKind, Sellable, StockLedger, Wanted,
};
use maitred_party::org::today;
use maitred_party::store::calendars;

use crate::model::{Location, LocationId, LocationKind, MoveKind, ProductId, ProductStatus, VariantId};
use crate::pricing::{Ask, waterfall};
use crate::stock_rules::Need;
use crate::store::moves::{Posting, post};
use crate::store::products::{self, Item};
use crate::store::{levels, locations, prices, purchases, reservations, suppliers};

/// Products and prices.
pub struct PriceBook;

/// Stock.
pub struct Stock;

/// A variant as documents need to know it.
pub fn sellable(item: &Item, replacement: Option<String>) -> Sellable {
    let product = &item.product;
    let in_use = item.variant.status == crate::model::VariantStatus::Active;
    Sellable {
        variant: item.variant.id.0.clone(),
        product: product.id.0.clone(),
        sku: item.variant.sku.clone(),
        name: item.name(),
        kind: product.kind,
        unit: product.unit.clone(),
        tax_class: product.tax_class,
        tracked: product.tracked,
        allow_backorder: product.allow_backorder && product.status == ProductStatus::Active,
        min_qty: product.min_qty,
        multiple: product.multiple,
        lead_time_days: product.lead_time_days,
        for_sale: in_use && product.for_sale(),
        discontinued: product.status == ProductStatus::Discontinued,
        client_visible: product.client_visible,
        replacement,
    }
}

/// SKU of what to take instead of a product: of its first variant in use.
pub fn replacement_sku(db: &Reader<'_>, replacement: Option<&ProductId>) -> ToolResult<Option<String>> {
    let Some(product) = replacement else { return Ok(None) };
    let variants = products::variants(db, product)?;
    let live = variants.into_iter().find(|one| one.status == crate::model::VariantStatus::Active);
    Ok(live.map(|variant| variant.sku))
}

impl PriceResolver for PriceBook {
    fn find(&self, db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Sellable> {
        let item = products::resolve(db, text, field)?;
        Ok(sellable(&item, replacement_sku(db, item.product.replacement_id.as_ref())?))
    }

    fn sellables(&self, db: &Reader<'_>, variants: &[&str]) -> ToolResult<Vec<Option<Sellable>>> {
        let items = products::items(db, variants)?;
        variants
            .iter()
            .map(|id| match items.get(*id) {
                Some(item) => {
                    Ok(Some(sellable(item, replacement_sku(db, item.product.replacement_id.as_ref())?)))
                }
                None => Ok(None),
            })
            .collect()
    }

    fn prices(
        &self,
        db: &Reader<'_>,
        who: PriceFor<'_>,
        wanted: &[Wanted<'_>],
    ) -> ToolResult<Vec<Option<PriceFound>>> {
        let terms = prices::terms_of(db, who.company)?;
        let variants: HashSet<&str> = wanted.iter().map(|one| one.variant).collect();
        let variants: Vec<&str> = variants.into_iter().collect();
        let candidates = prices::candidates(db, &terms, who.day, &variants)?;
        wanted
            .iter()
            .map(|one| {
                let list = candidates.get(one.variant).map_or(&[][..], Vec::as_slice);
                let ask = Ask {
                    quantity: one.quantity,
                    day: who.day,
                    currency: who.currency,
                    discount: terms.discount,
                };
                let priced = waterfall(&ask, list).map_err(ToolError::internal)?;
                let list_price = priced.list_price;
                Ok(priced.chosen.map(|chosen| PriceFound {
                    unit_price: chosen.unit_price,
                    source: chosen.source,
                    includes_tax: chosen.includes_tax,
                    list_price,
                }))
            })
            .collect()
    }

    /// A bundle costs what its parts cost, where all of them are known.
    fn average_costs(&self, db: &Reader<'_>, variants: &[&str]) -> ToolResult<Vec<Option<Price>>> {
        let needs = products::needs(db, variants)?;
        let parts: HashSet<&str> = needs.values().flatten().map(|need| need.part.as_str()).collect();
        let parts: Vec<&str> = parts.into_iter().collect();
        let costs = levels::costs(db, &parts)?;
        let cost_of = |needs: &[Need]| -> Option<Price> {
            let mut sum = None;
            for need in needs {
                let cost = costs.get(&need.part)?.average;
                let part =
                    maitred_kernel::round::mul_div_rha(cost.micros(), need.per.thousandths(), 1000).ok()?;
                sum = Some(sum.unwrap_or(0_i64).checked_add(part)?);
            }
            sum.map(Price::from_micros)
        };
        Ok(variants.iter().map(|id| needs.get(*id).and_then(|needs| cost_of(needs))).collect())
    }
}

/// A location as other modules know it.
pub fn place_of(location: &Location) -> Place {
    Place { id: location.id.0.clone(), name: location.name.clone() }
}

/// Where is sold from: one place, or all in their order.
fn places(db: &Reader<'_>, place: Option<&str>) -> ToolResult<Vec<Location>> {
    match place {
        Some(place) => Ok(vec![locations::resolve(db, Some(place), "location")?]),
        None => locations::sellable(db),
    }
}

fn distinct<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut ids: Vec<&str> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// When what is missing can be there: by what is on its way, else after the lead time.
struct Supply {
    incoming: HashMap<String, Vec<purchases::Incoming>>,
    lead: HashMap<String, i64>,
    missing: BTreeMap<String, i64>,
    today: Day,
}

impl Supply {
    fn of(db: &Reader<'_>, parts: &[&str], place: Option<&LocationId>) -> ToolResult<Self> {
        let mut lead: HashMap<String, i64> = HashMap::new();
        let items = products::items(db, parts)?;
        for (id, item) in &items {
            if item.product.status != ProductStatus::Discontinued && item.product.lead_time_days > 0 {
                lead.insert(id.clone(), item.product.lead_time_days);
            }
        }
        let mut seen = HashSet::new();
        for offer in suppliers::of_variants(db, parts)? {
            let bought = items
                .get(offer.variant_id.as_ref())
                .is_some_and(|item| item.product.status != ProductStatus::Discontinued);
            // The first of a variant is the preferred one; its own time counts, whatever the product says in general.
            if bought && seen.insert(offer.variant_id.0.clone()) {
                lead.insert(offer.variant_id.0, offer.lead_time_days);
            }
        }
        Ok(Self {
            incoming: purchases::incoming(db, parts, place)?,
            lead,
            missing: BTreeMap::new(),
            today: today(db)?,
        })
    }

    /// The day on which this much more of a part can be there; those who asked before are served first.
    fn day(&mut self, db: &Reader<'_>, part: &str, missing: i64) -> ToolResult<Option<Day>> {
        let all = self.missing.entry(part.to_owned()).or_default();
        *all += missing;
        let mut left = *all;
        for (day, quantity) in self.incoming.get(part).map_or(&[][..], Vec::as_slice) {
            let Some(day) = day else { continue };
            left -= quantity.thousandths();
            if left <= 0 {
                return Ok(Some((*day).max(self.today)));
            }
        }
        let Some(days) = self.lead.get(part) else { return Ok(None) };
        let calendar = calendars::working_time(db, None)?;
        calendar.add_working_days(self.today, *days).map(Some).map_err(ToolError::internal)
    }
}

/// How much of each variant can be sold now, in thousandths: of a bundle as many as its parts make, each looked at alone.
/// What is not stocked is left out.
pub fn free<'a>(db: &Reader<'_>, variants: &[&'a str]) -> ToolResult<HashMap<&'a str, i64>> {
    let places = locations::sellable(db)?;
    let names: Vec<&str> = places.iter().map(|location| location.id.as_ref()).collect();
    let needs = products::needs(db, variants)?;
    let parts = distinct(needs.values().flatten().map(|need| need.part.as_str()));
    let pool = levels::pool(db, &parts)?;
    let mut free = HashMap::new();
    for id in variants {
        let Some(needs) = needs.get(*id).filter(|needs| !needs.is_empty()) else { continue };
        free.insert(*id, pool.most(needs, &names).thousandths());
    }
    Ok(free)
}

impl StockLedger for Stock {
    fn availability(
        &self,
        db: &Reader<'_>,
        wanted: &[Wanted<'_>],
        place: Option<&str>,
    ) -> ToolResult<Vec<Availability>> {
        let places = places(db, place)?;
        let names: Vec<&str> = places.iter().map(|location| location.id.as_ref()).collect();
        let needs = products::needs(db, &distinct(wanted.iter().map(|one| one.variant)))?;
        let parts = distinct(needs.values().flatten().map(|need| need.part.as_str()));
        let mut pool = levels::pool(db, &parts)?;
        let only = place.and(places.first()).map(|location| &location.id);
        let mut supply = Supply::of(db, &parts, only)?;
        wanted
            .iter()
            .map(|one| {
                let Some(needs) = needs.get(one.variant).filter(|needs| !needs.is_empty()) else {
                    return Ok(Availability {
                        available: one.quantity,
                        from: Vec::new(),
                        shortfall: Quantity::default(),
                        earliest: Some(supply.today),
                    });
                };
                let taken = pool.allot(needs, one.quantity, &names).map_err(ToolError::internal)?;
                let available: i64 = taken.iter().map(|(_, quantity)| quantity.thousandths()).sum();
                let shortfall = Quantity::from_thousandths(one.quantity.thousandths() - available);
                let mut earliest = Some(supply.today);
                if shortfall.thousandths() > 0 {
                    for need in needs {
                        let missing = need.of(shortfall).map_err(ToolError::internal)?;
                        let day = supply.day(db, &need.part, missing.thousandths())?;
                        earliest = earliest.zip(day).map(|(one, other)| one.max(other));
                    }
                }
                Ok(Availability {
                    available: Quantity::from_thousandths(available),
                    from: taken.into_iter().map(|(at, quantity)| (place_of(&places[at]), quantity)).collect(),
                    shortfall,
                    earliest,
                })
            })
            .collect()
    }

    /// Holds the wanted beside what the line holds already; answers what this call held.
    fn reserve(&self, db: &Writer<'_>, line: &str, wanted: Wanted<'_>) -> ToolResult<Vec<Held>> {
        let mut needs = products::needs(db, &[wanted.variant])?;
        let needs = needs.remove(wanted.variant).unwrap_or_default();
        if needs.is_empty() {
            return Ok(Vec::new());
        }
        let places = locations::sellable(db)?;
        let names: Vec<&str> = places.iter().map(|location| location.id.as_ref()).collect();
        let parts: Vec<&str> = needs.iter().map(|need| need.part.as_str()).collect();
        let mut pool = levels::pool(db, &parts)?;
        let taken = pool.allot(&needs, wanted.quantity, &names).map_err(ToolError::internal)?;
        let sold = VariantId(wanted.variant.to_owned());
        taken
            .into_iter()
            .map(|(at, quantity)| {
                reservations::hold(db, line, &sold, &needs, &places[at].id, quantity)?;
                Ok(Held { place: place_of(&places[at]), quantity })
            })
            .collect()
    }

    fn release(&self, db: &Writer<'_>, line: &str, most: Option<Quantity>) -> ToolResult<Quantity> {
        let order: Vec<LocationId> = locations::all(db)?.into_iter().map(|location| location.id).collect();
        reservations::release(db, line, most, &order)
    }

    fn held(&self, db: &Reader<'_>, lines: &[&str]) -> ToolResult<Vec<Vec<Held>>> {
        let all = locations::all(db)?;
        let held = reservations::active(db, lines)?;
        Ok(lines
            .iter()
            .map(|line| {
                let own: Vec<_> = held.iter().filter(|one| one.ref_id == *line).cloned().collect();
                let places = reservations::by_place(&own);
                all.iter()
                    .filter_map(|location| {
                        let quantity = *places.get(&location.id)?;
                        Some(Held { place: place_of(location), quantity })
                    })
                    .collect()
            })
            .collect())
    }

    fn ship(&self, db: &Writer<'_>, leaving: &Leaving<'_>) -> ToolResult<Vec<String>> {
        let mut needs = products::needs(db, &[leaving.variant])?;
        let needs = needs.remove(leaving.variant).unwrap_or_default();
        if needs.is_empty() {
            return Ok(Vec::new());
        }
        let place = LocationId(leaving.place.to_owned());
        let held = reservations::consume(db, leaving.line, &place, leaving.quantity)?;
        needs
            .iter()
            .map(|need| {
                let part = VariantId(need.part.clone());
                let quantity = need.of(leaving.quantity).map_err(ToolError::internal)?;
                let moved = post(
                    db,
                    Posting {
                        from: Some(&place),
                        held: held.get(&need.part).copied().unwrap_or_default(),
                        document: Some(("shipment", leaving.shipment)),
                        ..Posting::now(db, MoveKind::Shipment, &part, quantity)
                    },
                )?;
                Ok(moved.id)
            })
            .collect()
    }

    fn take_back(&self, db: &Writer<'_>, coming: &ComingBack<'_>) -> ToolResult<Vec<String>> {
        let mut needs = products::needs(db, &[coming.variant])?;
        let place = match coming.disposition {
            Disposition::Quarantine => locations::of_kind(db, LocationKind::Quarantine)?.id,
            Disposition::Restock | Disposition::Scrap => LocationId(coming.place.to_owned()),
        };
        let mut moved = Vec::new();
        for need in needs.remove(coming.variant).unwrap_or_default() {
            let part = VariantId(need.part.clone());
            let quantity = need.of(coming.quantity).map_err(ToolError::internal)?;
            let document = Some(("return", coming.document));
            let back =
                Posting { to: Some(&place), document, ..Posting::now(db, MoveKind::Return, &part, quantity) };
            moved.push(post(db, back)?.id);
            if coming.disposition == Disposition::Scrap {
                let out = Posting {
                    from: Some(&place),
                    document,
                    ..Posting::now(db, MoveKind::Scrap, &part, quantity)
                };
                moved.push(post(db, out)?.id);
            }
        }
        Ok(moved)
    }

    fn place(&self, db: &Reader<'_>, text: Option<&str>, field: &str) -> ToolResult<Place> {
        Ok(place_of(&locations::resolve(db, text, field)?))
    }
}

/// True for what is stocked by its own name: goods of which stock is kept.
pub fn is_stocked(item: &Item) -> bool {
    item.product.kind == ProductKind::Goods && item.product.tracked
}
