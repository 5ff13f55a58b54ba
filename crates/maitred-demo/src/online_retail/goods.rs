//! What the file knows of products: which codes are one, what they are called, what they cost on which day, and how
//! much must have lain there before the first row. Pure.

use std::collections::{BTreeMap, HashMap};

use maitred_kernel::{Day, Price, fold};

use super::report::Class;
use super::tally::{Document, Tally};

/// Codes that stand for something other than goods.
const SERVICES: &[&str] = &["POST", "DOT", "M", "C2", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK"];

/// A product.
#[derive(Clone, Debug)]
pub struct Good {
    /// The code as it is mostly written.
    pub sku: String,
    /// The code whatever its case.
    pub key: String,
    /// The description that most of its rows have.
    pub name: String,
    /// Postage, a fee, a discount: nothing that lies in a warehouse.
    pub service: bool,
    /// Different descriptions on its rows.
    pub descriptions: usize,
    /// From which day on the list says which price; one that comes back to an earlier price is a new entry.
    pub prices: Vec<(Day, Price)>,
    /// Thousandths that must be there before the first of the new documents, so that whatever leaves is there.
    pub opening: i64,
}

/// Every product of a file.
#[derive(Debug)]
pub struct Goods {
    /// The products, by their first row.
    pub list: Vec<Good>,
    /// For each code of the file, the place of its product.
    pub of_code: Vec<usize>,
}

impl Goods {
    /// Finds them. Documents that are `known` have moved their stock already.
    pub fn of(tally: &Tally, known: impl Fn(&Document) -> bool) -> Self {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut of_code = Vec::new();
        let mut list: Vec<Good> = Vec::new();
        for code in tally.codes().all() {
            let key = fold(code.trim());
            let place = *places.entry(key.clone()).or_insert_with(|| {
                let upper = code.to_uppercase();
                list.push(Good {
                    sku: code.to_owned(),
                    key,
                    name: String::new(),
                    service: SERVICES.contains(&upper.as_str()) || upper.starts_with("GIFT_"),
                    descriptions: 0,
                    prices: Vec::new(),
                    opening: 0,
                });
                list.len() - 1
            });
            of_code.push(place);
        }
        let mut goods = Self { list, of_code };
        goods.name(tally);
        goods.price(tally);
        goods.open(tally, known);
        goods
    }

    /// The product of a code.
    pub fn get(&self, code: u32) -> (usize, &Good) {
        let place = self.of_code[code as usize];
        (place, &self.list[place])
    }

    fn name(&mut self, tally: &Tally) {
        let mut codes: Vec<BTreeMap<u32, u32>> = vec![BTreeMap::new(); self.list.len()];
        let mut texts = codes.clone();
        let mut sold = codes.clone();
        for document in tally.documents() {
            for line in &document.lines {
                let place = self.of_code[line.code as usize];
                *codes[place].entry(line.code).or_default() += 1;
                if !tally.texts().get(line.text).is_empty() {
                    *texts[place].entry(line.text).or_default() += 1;
                    // What adjustments say of a product is a remark, not its name.
                    if document.class() == Class::Sale && line.price.micros() > 0 {
                        *sold[place].entry(line.text).or_default() += 1;
                    }
                }
            }
        }
        let most = |counts: &BTreeMap<u32, u32>| {
            counts
                .iter()
                .max_by_key(|(place, count)| (**count, std::cmp::Reverse(**place)))
                .map(|(place, _)| *place)
        };
        for (place, good) in self.list.iter_mut().enumerate() {
            if let Some(code) = most(&codes[place]) {
                tally.codes().get(code).clone_into(&mut good.sku);
            }
            let text = most(&sold[place]).or_else(|| most(&texts[place]));
            good.name = text.map_or_else(|| good.sku.clone(), |text| tally.texts().get(text).to_owned());
            good.descriptions = texts[place].len();
        }
    }

    /// The first price above nothing of each day, where it is another than before.
    fn price(&mut self, tally: &Tally) {
        for document in tally.documents().iter().filter(|document| document.class() == Class::Sale) {
            let Ok(day) = Day::from_date(document.at.date()) else { continue };
            for line in document.lines.iter().filter(|line| line.price.micros() > 0) {
                let good = &mut self.list[self.of_code[line.code as usize]];
                if good.service {
                    continue;
                }
                match good.prices.last() {
                    Some((last, price)) if *last >= day || *price == line.price => {}
                    _ => good.prices.push((day, line.price)),
                }
            }
        }
    }

    fn open(&mut self, tally: &Tally, known: impl Fn(&Document) -> bool) {
        let mut levels = vec![(0_i64, 0_i64); self.list.len()];
        for document in tally.documents().iter().filter(|document| !known(document)) {
            for line in &document.lines {
                let place = self.of_code[line.code as usize];
                let (level, lowest) = &mut levels[place];
                *level += moved(document.class(), line.quantity.thousandths());
                *lowest = (*lowest).min(*level);
            }
        }
        for (good, (_, lowest)) in self.list.iter_mut().zip(levels) {
            good.opening = if good.service { 0 } else { -lowest };
        }
    }
}

/// What a row does to stock: what is sold leaves, what is credited comes back, an adjustment is what it says.
pub fn moved(class: Class, quantity: i64) -> i64 {
    match class {
        Class::Sale | Class::CreditNote => -quantity,
        Class::StockAdjustment => quantity,
        Class::BadDebtAdjustment => 0,
    }
}
