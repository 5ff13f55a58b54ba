//! Prices for those who ask: shared by the tools that show prices.

use std::collections::HashMap;

use maitred_core::mode::{ModeSet, Module};
use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, Price, Quantity};
use maitred_party::CompanyId;
use maitred_party::org::{settings_of, today};

use crate::pricing::{Ask, Candidate, Priced, waterfall};
use crate::store::prices::{self, Terms};

/// A buyer, a day and a currency, with everything that could be their price.
pub struct Quoter {
    /// Currency asked for.
    pub currency: Currency,
    /// Day asked for.
    pub day: Day,
    terms: Terms,
    candidates: HashMap<String, Vec<Candidate>>,
}

impl Quoter {
    /// Looks up the candidates for these variants. Without a currency it is the buyer's, without a day it is today.
    pub fn new(
        db: &Reader<'_>,
        company: Option<&CompanyId>,
        day: Option<Day>,
        currency: Option<Currency>,
        variants: &[&str],
    ) -> ToolResult<Self> {
        let day = match day {
            Some(day) => day,
            None => today(db)?,
        };
        let currency = match (currency, company) {
            (Some(currency), _) => currency,
            (None, Some(company)) => prices::charged_in(db, company)?,
            (None, None) => settings_of(db)?.currency,
        };
        let terms = prices::terms_of(db, company)?;
        let candidates = prices::candidates(db, &terms, day, variants)?;
        Ok(Self { currency, day, terms, candidates })
    }

    /// Everything that could be the price of a variant.
    pub fn candidates(&self, variant: &str) -> &[Candidate] {
        self.candidates.get(variant).map_or(&[], Vec::as_slice)
    }

    /// The price of a variant for a quantity, and who lost.
    pub fn price(&self, variant: &str, quantity: Quantity) -> ToolResult<Priced> {
        let ask = Ask { quantity, day: self.day, currency: self.currency, discount: self.terms.discount };
        waterfall(&ask, self.candidates(variant)).map_err(ToolError::internal)
    }

    /// The quantities from which on the price of a variant is another, with that price; the first from `least` on.
    pub fn steps(&self, variant: &str, least: Quantity) -> ToolResult<Vec<(Quantity, Price)>> {
        let mut from: Vec<Quantity> = self
            .candidates(variant)
            .iter()
            .map(|candidate| candidate.min_qty)
            .filter(|quantity| *quantity > least)
            .collect();
        from.push(least);
        from.sort_unstable();
        from.dedup();
        let mut steps: Vec<(Quantity, Price)> = Vec::new();
        for quantity in from {
            if let Some(chosen) = self.price(variant, quantity)?.chosen
                && steps.last().is_none_or(|(_, price)| *price != chosen.unit_price)
            {
                steps.push((quantity, chosen.unit_price));
            }
        }
        Ok(steps)
    }
}

/// Whether the caller may see what things cost us.
pub fn sees_costs(db: &Reader<'_>) -> bool {
    db.caller().rights.reads(Module::Catalog).meets(ModeSet::of(&[Mode::Office]))
}
