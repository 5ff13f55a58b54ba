//! What the merchant sells: wines of the estates there are, fine food, glasses, services, tasting boxes.

use serde_json::{Value, json};

use super::atlas::WINES;
use super::dice::Dice;
use super::people::{Cast, Trade, slug};

/// Colour, region and grapes of an appellation, by its name in [`WINES`].
const STYLES: &[(&str, &str, &str, &str)] = &[
    ("Chablis", "White", "Bourgogne", "Chardonnay"),
    ("Chablis 1er Cru", "White", "Bourgogne", "Chardonnay"),
    ("Meursault", "White", "Bourgogne", "Chardonnay"),
    ("Gevrey-Chambertin", "Red", "Bourgogne", "Pinot noir"),
    ("Bourgogne Aligoté", "White", "Bourgogne", "Aligoté"),
    ("Saint-Émilion Grand Cru", "Red", "Bordeaux", "Merlot, Cabernet franc"),
    ("Pauillac", "Red", "Bordeaux", "Cabernet sauvignon, Merlot"),
    ("Sancerre", "White", "Loire", "Sauvignon blanc"),
    ("Muscadet Sèvre et Maine", "White", "Loire", "Melon de Bourgogne"),
    ("Côtes du Rhône", "Red", "Rhône", "Grenache, Syrah"),
    ("Châteauneuf-du-Pape", "Red", "Rhône", "Grenache, Mourvèdre"),
    ("Bandol rosé", "Rosé", "Provence", "Mourvèdre, Cinsault"),
    ("Crémant de Bourgogne brut", "Sparkling", "Bourgogne", "Pinot noir, Chardonnay"),
    ("Champagne brut", "Sparkling", "Champagne", "Pinot noir, Meunier, Chardonnay"),
    ("Champagne blanc de blancs", "Sparkling", "Champagne", "Chardonnay"),
    ("Riesling trocken", "White", "Mosel", "Riesling"),
    ("Riesling Kabinett", "White", "Mosel", "Riesling"),
    ("Spätburgunder", "Red", "Baden", "Spätburgunder"),
    ("Barolo", "Red", "Piemonte", "Nebbiolo"),
    ("Chianti Classico", "Red", "Toscana", "Sangiovese"),
    ("Soave Classico", "White", "Veneto", "Garganega"),
    ("Rioja Reserva", "Red", "Rioja", "Tempranillo"),
    ("Albariño", "White", "Rías Baixas", "Albariño"),
    ("Cava brut nature", "Sparkling", "Penedès", "Xarel·lo, Macabeo"),
];

/// Goods that are no wine: name, category, tax class, SKU, cents, supplied by an estate.
const WARES: &[(&str, &str, &str, &str, i64, bool)] = &[
    ("Olive oil, first pressing 50 cl", "Fine food/Oil and vinegar", "reduced", "OIL-50", 1_450, true),
    ("Old wine vinegar 25 cl", "Fine food/Oil and vinegar", "reduced", "VIN-25", 890, true),
    ("Lavender honey 250 g", "Fine food/Sweet", "reduced", "HON-250", 780, true),
    ("Grain mustard 200 g", "Fine food/Savoury", "reduced", "MUS-200", 460, true),
    ("Red wine glass 65 cl, box of 6", "Glasses", "standard", "GLA-RED6", 5_400, false),
    ("White wine glass 40 cl, box of 6", "Glasses", "standard", "GLA-WHI6", 4_800, false),
    ("Champagne flute, box of 6", "Glasses", "standard", "GLA-FLU6", 5_100, false),
    ("Decanter 1.5 l", "Glasses", "standard", "DEC-15", 6_900, false),
    ("Waiter's corkscrew", "Cellar tools", "standard", "COR-1", 1_800, false),
    ("Ice bucket, steel", "Cellar tools", "standard", "ICE-1", 4_200, false),
    ("Wooden gift case for 6", "Packaging", "standard", "BOX-6", 1_250, false),
    ("Gift carton for 3", "Packaging", "standard", "BOX-3", 420, false),
];

/// Services: name, SKU, unit, cents.
const SERVICES: &[(&str, &str, &str, i64)] = &[
    ("Guided tasting, per person", "SRV-TASTING", "C62", 3_800),
    ("Delivery in Paris", "SRV-DELIVERY", "C62", 2_400),
    ("Delivery by pallet", "SRV-PALLET", "C62", 8_900),
    ("Cellar storage, pallet and month", "SRV-STORAGE", "MON", 1_900),
    ("Wine list consulting, day", "SRV-LIST", "DAY", 68_000),
];

/// Tasting boxes: name, SKU, the colour or region all its bottles have.
const BOXES: &[(&str, &str, &str)] = &[
    ("Tasting box Bourgogne", "TBX-BOURGOGNE", "Bourgogne"),
    ("Tasting box Rhône and Provence", "TBX-SUD", "Rhône"),
    ("Tasting box bubbles", "TBX-BUBBLES", "Sparkling"),
    ("Tasting box Riesling", "TBX-RIESLING", "Mosel"),
];

/// What an item is, as far as ordering it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// 75 cl.
    Bottle,
    /// 1.5 l.
    Magnum,
    /// Six bottles in wood.
    Case,
    /// Goods that are no wine.
    Ware,
    /// A service.
    Service,
    /// A tasting box.
    Box,
}

/// Something with a SKU.
#[derive(Clone, Debug)]
pub struct Item {
    /// SKU.
    pub sku: String,
    /// What it is.
    pub form: Form,
    /// What it costs us, cents.
    pub cost: i64,
    /// Cellar door price without tax, cents.
    pub price: i64,
    /// Who supplies it, as a place in the cast.
    pub estate: Option<usize>,
    /// In stock at the opening.
    pub opening: i64,
}

/// A product as `catalog_product_create` takes it, and what its variants are.
pub struct Article {
    /// Arguments of the tool.
    pub arguments: Value,
    /// Further facts, as `changes` of `catalog_product_update`.
    pub changes: Value,
    /// Its variants.
    pub items: Vec<Item>,
    /// Appellation and region or colour, for boxes.
    pub traits: [&'static str; 3],
}

/// Everything that is sold, the tasting boxes last.
pub fn invent(dice: &mut Dice, cast: &Cast, year: i64) -> Vec<Article> {
    let estates: Vec<usize> =
        (0..cast.firms.len()).filter(|place| cast.firms[*place].trade == Trade::Estate).collect();
    let mut articles = Vec::new();
    for (number, estate) in (1..).zip(estates.iter().copied()) {
        let wines = cellar(dice, cast, estate);
        // Who makes few wines keeps several years of them.
        let years = if wines.len() < 3 { 3 } else { 1 };
        for wine in wines.into_iter().take(6) {
            for back in 0..years {
                articles.push(bottled(dice, cast, estate, number, wine, year - back));
            }
        }
    }
    let maker = estates.first().copied();
    for (name, category, class, sku, price, own) in WARES {
        articles.push(ware(dice, name, category, class, sku, *price, maker.filter(|_| *own)));
    }
    for (name, sku, unit, price) in SERVICES {
        articles.push(service(name, sku, unit, *price));
    }
    for (name, sku, style) in BOXES {
        let made = tasting(dice, &articles, name, sku, style);
        articles.extend(made);
    }
    articles
}

/// The wines an estate can make: those of its country, and in France those that houses of its kind make.
fn cellar(dice: &mut Dice, cast: &Cast, estate: usize) -> Vec<usize> {
    let company = &cast.firms[estate].company;
    let country: Vec<usize> = (0..WINES.len()).filter(|wine| WINES[*wine].1 == company.country).collect();
    let kind: Vec<usize> = country
        .iter()
        .copied()
        .filter(|wine| company.country != "FR" || company.name.starts_with(WINES[*wine].2))
        .collect();
    let mut wines = if kind.is_empty() { country } else { kind };
    dice.shuffle(&mut wines);
    wines
}

fn bottled(dice: &mut Dice, cast: &Cast, estate: usize, number: i64, wine: usize, year: i64) -> Article {
    let (appellation, _, _, low, high) = WINES[wine];
    let (_, colour, region, grape) =
        STYLES.iter().copied().find(|style| style.0 == appellation).unwrap_or((appellation, "Red", "", ""));
    let house = cast.firms[estate].company.name.as_str();
    let age = match colour {
        "Red" => 4,
        "Sparkling" => 3,
        _ => 2,
    };
    let vintage = year - age;
    let initials: String =
        slug(appellation).chars().filter(char::is_ascii_alphabetic).take(3).collect::<String>();
    let stem = format!("{}{number:02}{}-{:02}", initials.to_uppercase(), letter(wine), vintage % 100);
    // Prices end in ten cents.
    let price = dice.between(low, high) / 10 * 10;
    let cost = price * dice.between(54, 66) / 100;
    let mut items = vec![Item {
        sku: format!("{stem}-75"),
        form: Form::Bottle,
        cost,
        price,
        estate: Some(estate),
        opening: dice.between(30, 90) * 6,
    }];
    if dice.chance(40) {
        items.push(Item {
            sku: format!("{stem}-C6"),
            form: Form::Case,
            cost: cost * 6 + 380,
            price: (price * 6 * 97 / 100 + 900) / 10 * 10,
            estate: Some(estate),
            opening: dice.between(12, 36),
        });
    }
    if dice.chance(25) {
        items.push(Item {
            sku: format!("{stem}-MG"),
            form: Form::Magnum,
            cost: cost * 2 + 260,
            price: (price * 2 + 490) / 10 * 10,
            estate: Some(estate),
            opening: dice.between(12, 40),
        });
    }
    let variants: Vec<Value> = items
        .iter()
        .map(|item| {
            let format = match item.form {
                Form::Case => "case of 6",
                Form::Magnum => "magnum 1.5 l",
                _ => "bottle 75 cl",
            };
            json!({"sku": item.sku, "options": {"format": format}, "barcode": barcode(dice)})
        })
        .collect();
    Article {
        arguments: json!({
            "name": format!("{appellation} {vintage}, {house}"),
            "kind": "goods",
            "brand": house,
            "tax_class": "standard",
            "category_path": format!("Wine/{colour}/{region}"),
            "attributes": {"vintage": vintage.to_string(), "colour": colour, "region": region, "grape": grape,
                "country": cast.firms[estate].company.country},
            "variants": variants,
        }),
        changes: json!({"allow_backorder": true, "lead_time_days": dice.between(7, 20)}),
        items,
        traits: [appellation, region, colour],
    }
}

fn letter(place: usize) -> char {
    char::from(b'A' + u8::try_from(place % 26).unwrap_or(0))
}

/// A barcode for use inside a house: those that begin with 2 are given to nobody.
fn barcode(dice: &mut Dice) -> String {
    let body = format!("29{:010}", dice.between(0, 9_999_999_999));
    let sum: u32 = body
        .bytes()
        .enumerate()
        .map(|(place, byte)| u32::from(byte - b'0') * if place % 2 == 0 { 1 } else { 3 })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

fn ware(
    dice: &mut Dice,
    name: &str,
    category: &str,
    class: &str,
    sku: &str,
    price: i64,
    estate: Option<usize>,
) -> Article {
    let item = Item {
        sku: sku.to_owned(),
        form: Form::Ware,
        cost: price * dice.between(50, 62) / 100,
        price,
        estate,
        opening: dice.between(80, 200),
    };
    Article {
        arguments: json!({"name": name, "kind": "goods", "tax_class": class, "category_path": category,
            "variants": [{"sku": sku, "barcode": barcode(dice)}]}),
        changes: json!({"lead_time_days": dice.between(5, 15)}),
        items: vec![item],
        traits: ["", "", ""],
    }
}

fn service(name: &str, sku: &str, unit: &str, price: i64) -> Article {
    Article {
        arguments: json!({"name": name, "kind": "service", "unit": unit, "tax_class": "standard",
            "category_path": "Services", "variants": [{"sku": sku}]}),
        changes: json!({}),
        items: vec![Item {
            sku: sku.to_owned(),
            form: Form::Service,
            cost: 0,
            price,
            estate: None,
            opening: 0,
        }],
        traits: ["", "", ""],
    }
}

/// A box of six bottles that have something in common; nothing when there are too few of them.
fn tasting(dice: &mut Dice, articles: &[Article], name: &str, sku: &str, style: &str) -> Option<Article> {
    let mut bottles: Vec<&Item> = articles
        .iter()
        .filter(|article| article.traits.contains(&style))
        .filter_map(|article| article.items.first())
        .collect();
    dice.shuffle(&mut bottles);
    bottles.truncate(3);
    if bottles.len() < 3 {
        return None;
    }
    let parts: Vec<Value> = bottles.iter().map(|item| json!({"product": item.sku, "qty": "2"})).collect();
    let sum = |of: fn(&Item) -> i64| bottles.iter().map(|item| 2 * of(item)).sum::<i64>();
    let item = Item {
        sku: sku.to_owned(),
        form: Form::Box,
        cost: sum(|item| item.cost),
        price: sum(|item| item.price) * 95 / 1_000 * 10,
        estate: None,
        opening: 0,
    };
    Some(Article {
        arguments: json!({"name": name, "kind": "bundle", "tax_class": "standard",
            "category_path": "Tasting boxes", "variants": [{"sku": sku, "parts": parts}]}),
        changes: json!({}),
        items: vec![item],
        traits: ["", "", ""],
    })
}
