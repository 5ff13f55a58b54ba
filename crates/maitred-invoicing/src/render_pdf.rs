//! A document as PDF: A4, as a business would print it.

use maitred_core::prelude::*;

use crate::document::Document;
use crate::pdf::{Canvas, HEIGHT, SMALL, STRONG, Style, TEXT, WIDTH, Weight};
use crate::wording::{self, Shown};

const LEFT: f32 = 56.0;
const RIGHT: f32 = WIDTH - 56.0;
const TOP: f32 = HEIGHT - 56.0;
/// Nothing but the footer is below.
const BOTTOM: f32 = 84.0;
const LEADING: f32 = 12.5;
/// Where the address stands in the window of an envelope (DIN 5008).
const WINDOW: f32 = HEIGHT - 144.0;
/// Where columns of numbers end: quantity, price, VAT; the last ends at the margin.
const ENDS: [f32; 4] = [355.0, 432.0, 474.0, RIGHT];
const DESCRIPTION: f32 = LEFT + 24.0;
const DESCRIPTION_WIDTH: f32 = 205.0;
/// How many different missing characters a warning names.
const NAMED: usize = 10;

/// The file, and what somebody should know about it.
pub struct Rendered {
    /// The file.
    pub bytes: Vec<u8>,
    /// In words.
    pub warnings: Vec<String>,
}

/// The PDF.
///
/// # Errors
/// When the fonts that are built in cannot be used.
pub fn pdf(document: &Document) -> ToolResult<Rendered> {
    let mut sheet = Sheet { canvas: Canvas::new()?, y: TOP };
    sheet.head(document);
    sheet.lines(document);
    sheet.sums(document);
    sheet.rest(document);
    sheet.feet(document);
    let warnings = lacking(sheet.canvas.lacking());
    let author = &document.seller.seller.name;
    let bytes = sheet.canvas.finish(&format!("{} - {author}", wording::heading(document)), author)?;
    Ok(Rendered { bytes, warnings })
}

fn lacking(letters: &[char]) -> Vec<String> {
    if letters.is_empty() {
        return vec![];
    }
    let named: Vec<String> = letters
        .iter()
        .take(NAMED)
        .map(|letter| format!("`{letter}` (U+{:04X})", u32::from(*letter)))
        .collect();
    let more = if letters.len() > NAMED { " and others" } else { "" };
    vec![format!(
        "the PDF's font lacks {}{more}: they are shown as \u{fffd}; html has them",
        named.join(", ")
    )]
}

struct Sheet {
    canvas: Canvas,
    y: f32,
}

impl Sheet {
    /// Goes to the next page unless there is still so much room; answers whether it did.
    fn room(&mut self, height: f32) -> bool {
        if self.y - height >= BOTTOM {
            return false;
        }
        self.canvas.turn();
        self.y = TOP;
        true
    }

    fn down(&mut self, texts: &[String], x: f32, style: Style, width: f32) {
        for text in texts {
            for line in self.canvas.wrapped(text, width, style) {
                self.room(LEADING);
                self.canvas.text(x, self.y, &line, style);
                self.y -= style.size * 1.35;
            }
        }
    }

    fn head(&mut self, document: &Document) {
        let seller = wording::seller(document);
        let (name, rest) = seller.split_first().map_or(("", &[][..]), |(name, rest)| (name.as_str(), rest));
        let big = Style { size: 13.0, ..STRONG };
        for line in self.canvas.wrapped(name, RIGHT - LEFT, big).into_iter().take(2) {
            self.canvas.text(LEFT, self.y, &line, big);
            self.y -= 16.0;
        }
        let mut line = rest.join(" · ");
        let ways = [&document.seller.seller.phone, &document.seller.seller.email];
        for way in ways.into_iter().flatten() {
            line.push_str(" · ");
            line.push_str(way);
        }
        self.down(&[line], LEFT, SMALL, RIGHT - LEFT);
        self.y = self.y.min(WINDOW);
        let top = self.y;
        let buyer = wording::buyer(document);
        self.canvas.text(LEFT, self.y, "To", SMALL);
        self.y -= 14.0;
        self.down(&buyer, LEFT, Style { size: 10.0, ..TEXT }, 250.0);
        let left = self.y;
        self.y = top;
        for (name, value) in wording::facts(document) {
            self.canvas.text(330.0, self.y, name, SMALL);
            self.down(&[value], 410.0, TEXT, RIGHT - 410.0);
            self.y -= 1.5;
        }
        self.y = self.y.min(left) - 30.0;
        let title = Style { weight: Weight::Bold, size: 17.0, grey: 0.0 };
        self.down(&[wording::heading(document)], LEFT, title, RIGHT - LEFT);
        self.y -= 8.0;
    }

    fn columns(&mut self, titles: &[String; 6]) {
        let style = Style { size: 8.0, ..STRONG };
        self.canvas.text(LEFT, self.y, &titles[0], style);
        self.canvas.text(DESCRIPTION, self.y, &titles[1], style);
        for (title, end) in titles[2..].iter().zip(ENDS) {
            self.canvas.text_right(end, self.y, title, style);
        }
        self.canvas.rule(LEFT, RIGHT, self.y - 5.0, 1.0);
        self.y -= 18.0;
    }

    fn lines(&mut self, document: &Document) {
        let titles = wording::columns(document);
        self.columns(&titles);
        for line in &document.lines {
            self.line(&wording::line(document, line), &titles);
        }
    }

    fn line(&mut self, line: &Shown, titles: &[String; 6]) {
        let mut left: Vec<(String, Style)> = self
            .canvas
            .wrapped(&line.description, DESCRIPTION_WIDTH, TEXT)
            .into_iter()
            .map(|text| (text, TEXT))
            .collect();
        if let Some(sku) = &line.sku {
            let sku = self.canvas.wrapped(sku, DESCRIPTION_WIDTH, SMALL);
            left.extend(sku.into_iter().map(|text| (text, SMALL)));
        }
        // What is short stays together; what is long may go on over the page.
        let together = left.len().clamp(if line.discount.is_some() { 2 } else { 1 }, 6);
        if self.room(LEADING * together as f32) {
            self.columns(titles);
        }
        self.canvas.text(LEFT, self.y, &line.position, SMALL);
        let cells = [&line.quantity, &line.price, &line.tax, &line.net];
        for (cell, end) in cells.into_iter().zip(ENDS) {
            self.canvas.text_right(end, self.y, cell, TEXT);
        }
        if let Some(discount) = &line.discount {
            self.canvas.text_right(ENDS[1], self.y - LEADING, discount, SMALL);
        }
        let least = if line.discount.is_some() { 2 } else { 1 };
        for at in 0..left.len().max(least) {
            if self.room(LEADING) {
                self.columns(titles);
            }
            if let Some((text, style)) = left.get(at) {
                self.canvas.text(DESCRIPTION, self.y, text, *style);
            }
            self.y -= LEADING;
        }
        self.canvas.rule(LEFT, RIGHT, self.y + LEADING - 4.5, 0.3);
        self.y -= 4.0;
    }

    fn sums(&mut self, document: &Document) {
        let rows = wording::sums(document);
        self.y -= 4.0;
        self.room(LEADING * rows.len().min(40) as f32 + 20.0);
        for row in rows {
            self.room(LEADING + 6.0);
            let style = if row.heavy { Style { size: 10.0, ..STRONG } } else { TEXT };
            if row.heavy {
                self.y -= 4.0;
                self.canvas.rule(330.0, RIGHT, self.y + 11.0, 0.8);
            }
            self.canvas.text_right(ENDS[1], self.y, &row.name, style);
            self.canvas.text_right(RIGHT, self.y, &row.amount, style);
            self.y -= LEADING + if row.heavy { 3.0 } else { 0.0 };
        }
        self.y -= 8.0;
    }

    fn rest(&mut self, document: &Document) {
        let width = RIGHT - LEFT;
        self.down(&wording::reasons(document), LEFT, SMALL, width);
        self.y -= 8.0;
        if let Some(note) = &document.invoice.note {
            self.down(std::slice::from_ref(note), LEFT, TEXT, width);
            self.y -= 8.0;
        }
        let payment = wording::payment(document);
        self.room(LEADING * payment.len() as f32);
        self.down(&payment, LEFT, TEXT, width);
    }

    /// What stands on each page, once it is known how many there are.
    fn feet(&mut self, document: &Document) {
        let (pages, parts) = (self.canvas.pages(), wording::footer(document).join(" · "));
        let lines = self.canvas.wrapped(&parts, RIGHT - LEFT - 70.0, SMALL);
        for page in 0..pages {
            for (at, line) in lines.iter().take(3).enumerate() {
                self.canvas.text_on(page, LEFT, 56.0 - 10.0 * at as f32, line, SMALL);
            }
            let number = format!("Page {} of {pages}", page + 1);
            let width = self.canvas.width(&number, SMALL);
            self.canvas.text_on(page, RIGHT - width, 56.0, &number, SMALL);
            if document.invoice.number.is_none() {
                let mark = Style { weight: Weight::Bold, size: 120.0, grey: 0.88 };
                self.canvas.across(page, "DRAFT", mark);
            }
            if page > 0 {
                self.canvas.text_on(page, LEFT, HEIGHT - 36.0, &wording::heading(document), SMALL);
            }
        }
    }
}
