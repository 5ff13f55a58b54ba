//! Pages of text as PDF 1.7: fonts that are embedded as far as they are used, lines, page breaks. The same calls give
//! the same bytes; there is no clock and no chance in it.

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use maitred_core::prelude::*;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId};
use unicode_normalization::UnicodeNormalization as _;

use crate::document::is_shown;

/// Width of A4 in points.
pub const WIDTH: f32 = 595.28;
/// Height of A4 in points.
pub const HEIGHT: f32 = 841.89;

/// Shown for a character that the fonts do not have.
const REPLACEMENT: char = '\u{fffd}';

const REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSansCondensed.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSansCondensed-Bold.ttf");
const IDENTITY: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// Which of both fonts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// For text.
    Regular,
    /// For what matters.
    Bold,
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Font.
    pub weight: Weight,
    /// Size in points.
    pub size: f32,
    /// 0 is black, 1 white.
    pub grey: f32,
}

/// Text as it is read.
pub const TEXT: Style = Style { weight: Weight::Regular, size: 9.0, grey: 0.1 };
/// Text beside it.
pub const SMALL: Style = Style { weight: Weight::Regular, size: 7.5, grey: 0.4 };
/// What matters.
pub const STRONG: Style = Style { weight: Weight::Bold, size: 9.0, grey: 0.05 };

struct Font {
    data: &'static [u8],
    face: Face<'static>,
    name: &'static str,
    used: GlyphRemapper,
    /// By its number in the subset: its width in thousandths of the size, and what it stands for.
    glyphs: BTreeMap<u16, (f32, char)>,
}

impl Font {
    fn new(data: &'static [u8], name: &'static str) -> ToolResult<Self> {
        let face = Face::parse(data, 0).map_err(ToolError::internal)?;
        Ok(Self { data, face, name, used: GlyphRemapper::new(), glyphs: BTreeMap::new() })
    }

    fn scale(&self) -> f32 {
        1000.0 / f32::from(self.face.units_per_em())
    }

    fn advance(&self, glyph: GlyphId) -> f32 {
        f32::from(self.face.glyph_hor_advance(glyph).unwrap_or(0)) * self.scale()
    }

    fn glyph(&self, letter: char) -> Option<GlyphId> {
        self.face.glyph_index(letter).filter(|glyph| glyph.0 != 0)
    }
}

/// The pages.
pub struct Canvas {
    regular: Font,
    bold: Font,
    pages: Vec<Content>,
    lacking: Vec<char>,
}

impl Canvas {
    /// With one empty page.
    ///
    /// # Errors
    /// When the fonts that are built in cannot be read.
    pub fn new() -> ToolResult<Self> {
        Ok(Self {
            regular: Font::new(REGULAR, "DejaVuSansCondensed")?,
            bold: Font::new(BOLD, "DejaVuSansCondensed-Bold")?,
            pages: vec![Content::new()],
            lacking: Vec::new(),
        })
    }

    fn font(&mut self, weight: Weight) -> &mut Font {
        match weight {
            Weight::Regular => &mut self.regular,
            Weight::Bold => &mut self.bold,
        }
    }

    /// How many pages there are.
    pub fn pages(&self) -> usize {
        self.pages.len()
    }

    /// Starts another page.
    pub fn turn(&mut self) {
        self.pages.push(Content::new());
    }

    /// Characters that were replaced because the fonts lack them.
    pub fn lacking(&self) -> &[char] {
        &self.lacking
    }

    /// Width of a text in points.
    pub fn width(&mut self, text: &str, style: Style) -> f32 {
        let font = self.font(style.weight);
        let letters = text.nfc().filter(|letter| is_shown(*letter));
        let sum: f32 = letters
            .filter_map(|letter| font.glyph(letter).or_else(|| font.glyph(REPLACEMENT)))
            .map(|glyph| font.advance(glyph))
            .sum();
        sum * style.size / 1000.0
    }

    fn encoded(&mut self, text: &str, weight: Weight) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(text.len() * 2);
        let mut lacking = Vec::new();
        let font = self.font(weight);
        for letter in text.nfc().filter(|letter| is_shown(*letter)) {
            let letter = if letter.is_whitespace() { ' ' } else { letter };
            let (glyph, stands) = match font.glyph(letter) {
                Some(glyph) => (Some(glyph), letter),
                None => {
                    lacking.push(letter);
                    (font.glyph(REPLACEMENT), REPLACEMENT)
                }
            };
            let Some(glyph) = glyph else { continue };
            let width = font.advance(glyph);
            let number = font.used.remap(glyph.0);
            font.glyphs.entry(number).or_insert((width, stands));
            bytes.extend(number.to_be_bytes());
        }
        for letter in lacking {
            if !self.lacking.contains(&letter) {
                self.lacking.push(letter);
            }
        }
        bytes
    }

    /// Writes one line of text on a page; `y` is its base line, counted from the foot of the page.
    pub fn text_on(&mut self, page: usize, x: f32, y: f32, text: &str, style: Style) {
        self.matrix(page, [1.0, 0.0, 0.0, 1.0, x, y], text, style);
    }

    /// Writes one line of text on the last page.
    pub fn text(&mut self, x: f32, y: f32, text: &str, style: Style) {
        self.text_on(self.pages.len() - 1, x, y, text, style);
    }

    /// The same, ending at `x`.
    pub fn text_right(&mut self, x: f32, y: f32, text: &str, style: Style) {
        let width = self.width(text, style);
        self.text(x - width, y, text, style);
    }

    /// Writes text across a page, rising from the lower left.
    pub fn across(&mut self, page: usize, text: &str, style: Style) {
        let turned = std::f32::consts::FRAC_1_SQRT_2;
        let half = self.width(text, style) / 2.0 * turned;
        let (x, y) = (WIDTH / 2.0 - half, HEIGHT / 2.0 - half);
        self.matrix(page, [turned, turned, -turned, turned, x, y], text, style);
    }

    fn matrix(&mut self, page: usize, matrix: [f32; 6], text: &str, style: Style) {
        let bytes = self.encoded(text, style.weight);
        let Some(content) = self.pages.get_mut(page) else { return };
        let name: &[u8] = if style.weight == Weight::Bold { b"B" } else { b"R" };
        content.begin_text();
        content.set_fill_gray(style.grey);
        content.set_font(Name(name), style.size);
        content.set_text_matrix(matrix);
        content.show(Str(&bytes));
        content.end_text();
    }

    /// Draws a horizontal line on the last page.
    pub fn rule(&mut self, from: f32, to: f32, y: f32, thickness: f32) {
        if let Some(content) = self.pages.last_mut() {
            content.set_stroke_gray(0.5);
            content.set_line_width(thickness);
            content.move_to(from, y);
            content.line_to(to, y);
            content.stroke();
        }
    }

    /// Breaks a text into lines that fit a width: at line breaks, between words, and inside a word that fits nowhere.
    pub fn wrapped(&mut self, text: &str, width: f32, style: Style) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            let mut line = String::new();
            for word in paragraph.split_whitespace() {
                let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if self.width(&longer, style) <= width {
                    line = longer;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                for letter in word.chars() {
                    line.push(letter);
                    if self.width(&line, style) > width && line.chars().count() > 1 {
                        line.pop();
                        lines.push(std::mem::replace(&mut line, letter.to_string()));
                    }
                }
            }
            lines.push(line);
        }
        lines
    }

    /// The file.
    ///
    /// # Errors
    /// When a font cannot be cut down to what is used of it.
    pub fn finish(self, title: &str, author: &str) -> ToolResult<Vec<u8>> {
        let mut next = Refs(0);
        let (catalog, tree, info) = (next.next(), next.next(), next.next());
        let fonts = [next.font(), next.font()];
        let pages: Vec<(Ref, Ref)> = self.pages.iter().map(|_| (next.next(), next.next())).collect();
        let mut pdf = Pdf::new();
        let mut root = pdf.catalog(catalog);
        root.pages(tree).lang(TextStr("en"));
        root.viewer_preferences().display_doc_title(true);
        root.finish();
        pdf.document_info(info).title(TextStr(title)).author(TextStr(author)).producer(TextStr("maitred"));
        pdf.pages(tree).kids(pages.iter().map(|(page, _)| *page)).count(pages.len() as i32);
        for ((page, stream), content) in pages.iter().zip(self.pages) {
            let mut made = pdf.page(*page);
            made.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(tree).contents(*stream);
            made.resources().fonts().pair(Name(b"R"), fonts[0].whole).pair(Name(b"B"), fonts[1].whole);
            made.finish();
            let bytes = deflated(&content.finish())?;
            pdf.stream(*stream, &bytes).filter(Filter::FlateDecode);
        }
        embed(&mut pdf, &self.regular, &fonts[0], "MAITRA")?;
        embed(&mut pdf, &self.bold, &fonts[1], "MAITRB")?;
        Ok(pdf.finish())
    }
}

struct Refs(i32);

impl Refs {
    fn next(&mut self) -> Ref {
        self.0 += 1;
        Ref::new(self.0)
    }

    fn font(&mut self) -> FontRefs {
        FontRefs {
            whole: self.next(),
            cid: self.next(),
            about: self.next(),
            file: self.next(),
            map: self.next(),
        }
    }
}

struct FontRefs {
    whole: Ref,
    cid: Ref,
    about: Ref,
    file: Ref,
    map: Ref,
}

fn deflated(bytes: &[u8]) -> ToolResult<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes).map_err(ToolError::internal)?;
    encoder.finish().map_err(ToolError::internal)
}

/// Embeds what is used of a font, as ISO 32000-1, 9.7 has it for glyphs by number; `tag` marks a subset (9.6.4).
fn embed(pdf: &mut Pdf, font: &Font, refs: &FontRefs, tag: &str) -> ToolResult<()> {
    let name = format!("{tag}+{}", font.name);
    let name = Name(name.as_bytes());
    pdf.type0_font(refs.whole)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(refs.cid)
        .to_unicode(refs.map);
    let mut cid = pdf.cid_font(refs.cid);
    cid.subtype(CidFontType::Type2).base_font(name).system_info(IDENTITY).font_descriptor(refs.about);
    cid.default_width(0.0).cid_to_gid_map_predefined(Name(b"Identity"));
    let mut widths = cid.widths();
    for (number, (width, _)) in &font.glyphs {
        widths.consecutive(*number, [*width]);
    }
    widths.finish();
    cid.finish();
    let (face, scale) = (&font.face, font.scale());
    let bounds = face.global_bounding_box();
    let scaled = |units: i16| f32::from(units) * scale;
    pdf.font_descriptor(refs.about)
        .name(name)
        .flags(FontFlags::NON_SYMBOLIC)
        .bbox(Rect::new(
            scaled(bounds.x_min),
            scaled(bounds.y_min),
            scaled(bounds.x_max),
            scaled(bounds.y_max),
        ))
        .italic_angle(0.0)
        .ascent(scaled(face.ascender()))
        .descent(scaled(face.descender()))
        .cap_height(scaled(face.capital_height().unwrap_or_else(|| face.ascender())))
        .stem_v(if tag.ends_with('B') { 140.0 } else { 80.0 })
        .font_file2(refs.file);
    let mut map = UnicodeCmap::new(Name(b"Custom"), IDENTITY);
    for (number, (_, letter)) in &font.glyphs {
        map.pair(*number, *letter);
    }
    let map = deflated(&map.finish())?;
    pdf.cmap(refs.map, &map).filter(Filter::FlateDecode);
    let cut = subsetter::subset(font.data, 0, &font.used)
        .map_err(|fault| ToolError::internal(std::io::Error::other(format!("{fault:?}"))))?;
    let bytes = deflated(&cut)?;
    let mut file = pdf.stream(refs.file, &bytes);
    file.filter(Filter::FlateDecode);
    file.pair(Name(b"Length1"), cut.len() as i32);
    Ok(())
}
