//! Which sale a credit takes back. Pure.

use std::collections::HashMap;

use super::goods::Goods;
use super::report::Class;
use super::tally::Tally;

/// A line of a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoldLine {
    /// Place of the document.
    pub document: usize,
    /// Place of the line in it.
    pub line: usize,
}

/// What a credit note takes back.
#[derive(Clone, Debug, Default)]
pub struct Credit {
    /// For each of its lines the line of a sale, where one was found.
    pub lines: Vec<Option<SoldLine>>,
}

impl Credit {
    /// The one sale that all of it takes back.
    pub fn corrects(&self) -> Option<usize> {
        let first = self.lines.first().copied().flatten()?.document;
        self.lines.iter().all(|line| line.is_some_and(|line| line.document == first)).then_some(first)
    }
}

/// For each credit note, by the place of its document: each line goes with the newest earlier sale to the same customer
/// that has the product at that price and enough of it left.
pub fn credits(tally: &Tally, goods: &Goods) -> HashMap<usize, Credit> {
    // Customer, product and price to what was sold, oldest first, with what is left of it.
    let mut sold: HashMap<(u32, usize, i64), Vec<(SoldLine, i64)>> = HashMap::new();
    let mut found = HashMap::new();
    for (place, document) in tally.documents().iter().enumerate() {
        let Some(customer) = document.customer else {
            if document.class() == Class::CreditNote {
                found.insert(place, Credit { lines: vec![None; document.lines.len()] });
            }
            continue;
        };
        let key = |code: u32, price: i64| (customer, goods.get(code).0, price);
        match document.class() {
            Class::Sale => {
                for (at, line) in document.lines.iter().enumerate() {
                    let entry = sold.entry(key(line.code, line.price.micros())).or_default();
                    entry.push((SoldLine { document: place, line: at }, line.quantity.thousandths()));
                }
            }
            Class::CreditNote => {
                let mut credit = Credit::default();
                for line in &document.lines {
                    let wanted = -line.quantity.thousandths();
                    let sale = sold
                        .get_mut(&key(line.code, line.price.micros()))
                        .and_then(|sales| sales.iter_mut().rev().find(|(_, left)| *left >= wanted));
                    credit.lines.push(sale.map(|(sale, left)| {
                        *left -= wanted;
                        *sale
                    }));
                }
                found.insert(place, credit);
            }
            Class::StockAdjustment | Class::BadDebtAdjustment => {}
        }
    }
    found
}
