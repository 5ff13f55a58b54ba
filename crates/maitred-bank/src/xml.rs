//! A small tree of elements with their lines in the file: of XML by way of quick-xml, of OFX' SGML by hand.
//!
//! No document types, no entities but the five of XML and character references, bounded depth, count and attributes.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};

use crate::fault::{Fault, FaultKind};

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 64;
/// Most elements that are read.
const MAX_NODES: usize = 600_000;
/// Most attributes of one element.
const MAX_ATTRIBUTES: usize = 32;

/// Where a node stands in its tree.
pub(crate) type At = usize;

/// One element.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// Local name; in SGML upper case.
    pub(crate) name: String,
    /// Name space it declares, if it does.
    pub(crate) space: String,
    /// The attribute `Ccy`, the only one that statements carry.
    pub(crate) currency: Option<String>,
    /// Text directly inside, trimmed.
    pub(crate) text: String,
    /// Line of its opening tag.
    pub(crate) line: u32,
    children: Vec<At>,
}

/// A document: nodes by number, the root is 0.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
}

static NOWHERE: Node = Node {
    name: String::new(),
    space: String::new(),
    currency: None,
    text: String::new(),
    line: 1,
    children: Vec::new(),
};

impl Tree {
    /// The node at a place.
    pub(crate) fn node(&self, at: At) -> &Node {
        self.nodes.get(at).unwrap_or(&NOWHERE)
    }

    /// Children with a name, in order.
    pub(crate) fn all<'t>(&'t self, at: At, name: &'t str) -> impl Iterator<Item = At> + 't {
        self.node(at).children.iter().copied().filter(move |&child| self.node(child).name == name)
    }

    /// The first node down a path of names such as `Acct/Id/IBAN`.
    pub(crate) fn find(&self, at: At, path: &str) -> Option<At> {
        path.split('/').try_fold(at, |at, name| self.all(at, name).next())
    }

    /// Text at the end of a path, unless it is empty.
    pub(crate) fn text(&self, at: At, path: &str) -> Option<&str> {
        self.find(at, path).map(|at| self.node(at).text.as_str()).filter(|text| !text.is_empty())
    }

    /// Every node with a name, in document order.
    pub(crate) fn named<'t>(&'t self, name: &'t str) -> impl Iterator<Item = At> + 't {
        (0..self.nodes.len()).filter(move |&at| self.node(at).name == name)
    }

    fn add(&mut self, parent: Option<At>, node: Node) -> Result<At, Fault> {
        if self.nodes.len() >= MAX_NODES {
            let text = format!("more than {MAX_NODES} elements");
            return Err(Fault::at(node.line, FaultKind::TooLarge, text));
        }
        let at = self.nodes.len();
        self.nodes.push(node);
        if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(parent)) {
            parent.children.push(at);
        }
        Ok(at)
    }

    fn trim(&mut self) {
        for node in &mut self.nodes {
            if node.text.starts_with(char::is_whitespace) || node.text.ends_with(char::is_whitespace) {
                node.text = node.text.trim().to_owned();
            }
        }
    }
}

/// Counts lines while it moves through a text, so that finding all lines costs one pass.
pub(crate) struct Lines<'t> {
    bytes: &'t [u8],
    at: usize,
    line: u32,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { bytes: text.as_bytes(), at: 0, line: 1 }
    }

    /// Line of a place at or after the last one asked for.
    pub(crate) fn of(&mut self, place: usize) -> u32 {
        let passed = self.bytes.get(self.at..place.max(self.at)).unwrap_or_default();
        let breaks = passed.iter().filter(|&&byte| byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        self.at += passed.len();
        self.line
    }
}

fn too_deep(line: u32) -> Fault {
    Fault::at(line, FaultKind::TooLarge, format!("elements nest deeper than {MAX_DEPTH}"))
}

/// Reads an XML document.
///
/// # Errors
/// Not well formed, a document type, an unknown entity, or beyond a bound.
pub(crate) fn parse(text: &str) -> Result<Tree, Fault> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut lines = Lines::new(text);
    let mut tree = Tree { nodes: Vec::new() };
    let mut open: Vec<At> = Vec::new();
    loop {
        let place = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let line = lines.of(place.min(text.len()));
        let event = reader.read_event().map_err(|fault| {
            Fault::malformed(line, format!("not well-formed XML: {}", first_sentence(&fault.to_string())))
        })?;
        match event {
            Event::Start(tag) => {
                if open.is_empty() && !tree.nodes.is_empty() {
                    return Err(Fault::malformed(line, "a second root element"));
                }
                if open.len() >= MAX_DEPTH {
                    return Err(too_deep(line));
                }
                let node = element(&tag, line)?;
                open.push(tree.add(open.last().copied(), node)?);
            }
            Event::End(_) => {
                open.pop();
            }
            Event::Text(piece) => {
                let piece = piece.xml_content().map_err(|_| Fault::malformed(line, "text is not UTF-8"))?;
                write_text(&mut tree, &open, &piece, line)?;
            }
            Event::CData(piece) => {
                let piece = piece.xml_content().map_err(|_| Fault::malformed(line, "text is not UTF-8"))?;
                write_text(&mut tree, &open, &piece, line)?;
            }
            Event::GeneralRef(reference) => {
                let unknown = || Fault::malformed(line, "only the five entities of XML are known");
                let letter = reference.resolve_char_ref().map_err(|_| unknown())?;
                let name = reference.decode().map_err(|_| unknown())?;
                match (letter, resolve_xml_entity(&name)) {
                    (Some(letter), _) => write_text(&mut tree, &open, letter.encode_utf8(&mut [0; 4]), line)?,
                    (None, Some(text)) => write_text(&mut tree, &open, text, line)?,
                    (None, None) => return Err(unknown()),
                }
            }
            Event::DocType(_) => return Err(Fault::malformed(line, "document types are not read")),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    match open.last() {
        Some(&at) => {
            let node = tree.node(at);
            Err(Fault::malformed(node.line, format!("`{}` is never closed: the file is cut off", node.name)))
        }
        None if tree.nodes.is_empty() => Err(Fault::malformed(1, "there is no element")),
        None => {
            tree.trim();
            Ok(tree)
        }
    }
}

fn write_text(tree: &mut Tree, open: &[At], piece: &str, line: u32) -> Result<(), Fault> {
    match open.last().and_then(|&at| tree.nodes.get_mut(at)) {
        Some(node) => node.text.push_str(piece),
        None if piece.trim().is_empty() => {}
        None => return Err(Fault::malformed(line, "text outside the root element")),
    }
    Ok(())
}

fn element(tag: &BytesStart<'_>, line: u32) -> Result<Node, Fault> {
    let name = std::str::from_utf8(tag.local_name().into_inner()).unwrap_or_default().to_owned();
    let mut node = Node { name: bounded(&name, line)?, line, ..Node::default() };
    let prefix = tag.name().prefix().map(|prefix| prefix.into_inner().to_vec()).unwrap_or_default();
    // The check for repeated attributes is quadratic; nothing here depends on it.
    for (count, attribute) in tag.attributes().with_checks(false).enumerate() {
        let broken = || Fault::malformed(line, "an attribute is not well formed");
        let attribute = attribute.map_err(|_| broken())?;
        if count >= MAX_ATTRIBUTES {
            return Err(Fault::at(
                line,
                FaultKind::TooLarge,
                format!("more than {MAX_ATTRIBUTES} attributes"),
            ));
        }
        let key = attribute.key.into_inner();
        let declares = if prefix.is_empty() {
            key == b"xmlns"
        } else {
            key.strip_prefix(b"xmlns:").is_some_and(|declared| declared == prefix.as_slice())
        };
        if declares || key == b"Ccy" {
            let value = attribute.unescape_value().map_err(|_| broken())?.into_owned();
            if declares { node.space = value } else { node.currency = Some(value) }
        }
    }
    Ok(node)
}

fn bounded(name: &str, line: u32) -> Result<String, Fault> {
    if name.len() > 64 {
        return Err(Fault::at(line, FaultKind::TooLarge, "an element's name is longer than 64 bytes"));
    }
    Ok(name.to_owned())
}

fn first_sentence(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(160).collect()
}

/// Reads OFX: SGML, where the tags of values need not be closed, and XML, where they are.
///
/// # Errors
/// A tag that is not closed, closes nothing, or is beyond a bound; a document type.
pub(crate) fn parse_sgml(text: &str) -> Result<Tree, Fault> {
    let mut scan = Sgml { tree: Tree { nodes: Vec::new() }, open: Vec::new(), value: None };
    let mut lines = Lines::new(text);
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('<')) {
        let start = at + found;
        scan.text(text.get(at..start).unwrap_or_default());
        let line = lines.of(start);
        let rest = text.get(start..).unwrap_or_default();
        let until = |end: &str| rest.find(end).map(|length| (length, start + length + end.len()));
        let cut_off = || Fault::malformed(line, "a tag is never closed: the file is cut off");
        if rest.starts_with("<![CDATA[") {
            let (length, next) = until("]]>").ok_or_else(cut_off)?;
            scan.raw(rest.get(9..length).unwrap_or_default());
            at = next;
        } else if rest.starts_with("<!--") {
            at = until("-->").ok_or_else(cut_off)?.1;
        } else if rest.starts_with("<?") {
            at = until("?>").ok_or_else(cut_off)?.1;
        } else if rest.starts_with("<!") {
            return Err(Fault::malformed(line, "document types are not read"));
        } else {
            let (length, next) = until(">").ok_or_else(cut_off)?;
            scan.tag(rest.get(1..length).unwrap_or_default(), line)?;
            at = next;
        }
    }
    scan.text(text.get(at..).unwrap_or_default());
    scan.finish()
}

struct Sgml {
    tree: Tree,
    /// Elements whose closing tag is still to come, or that turn out to be empty values.
    open: Vec<At>,
    /// The last element, while text may still follow that makes it a value.
    value: Option<At>,
}

impl Sgml {
    fn text(&mut self, piece: &str) {
        if !piece.contains('&') {
            return self.raw(piece);
        }
        let mut out = String::with_capacity(piece.len());
        let mut rest = piece;
        while let Some(at) = rest.find('&') {
            out.push_str(rest.get(..at).unwrap_or_default());
            rest = rest.get(at..).unwrap_or_default();
            // Raw ampersands are common in SGML files: what is no entity stands for itself.
            let head: String = rest.chars().take(12).collect();
            match head.find(';').and_then(|end| Some((end, entity(head.get(1..end)?)?))) {
                Some((end, letter)) => {
                    out.push(letter);
                    rest = rest.get(end + 1..).unwrap_or_default();
                }
                None => {
                    out.push('&');
                    rest = rest.get(1..).unwrap_or_default();
                }
            }
        }
        out.push_str(rest);
        self.raw(&out);
    }

    fn raw(&mut self, piece: &str) {
        if let Some(node) = self.value.and_then(|at| self.tree.nodes.get_mut(at)) {
            node.text.push_str(piece);
        }
    }

    fn tag(&mut self, raw: &str, line: u32) -> Result<(), Fault> {
        let raw = raw.trim();
        let (closing, raw) = raw.strip_prefix('/').map_or((false, raw), |raw| (true, raw));
        let alone = raw.ends_with('/');
        let name =
            raw.trim_end_matches('/').split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        if name.is_empty()
            || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-:".contains(&byte))
        {
            return Err(Fault::malformed(line, "a tag has no name"));
        }
        // A value ends where the next tag begins, whether that closes it or not.
        if let Some(value) = self.value.take()
            && !self.tree.node(value).text.trim().is_empty()
        {
            self.open.pop();
            if closing && self.tree.node(value).name == name {
                return Ok(());
            }
        }
        if closing {
            return self.close(&name, line);
        }
        if self.open.is_empty() && !self.tree.nodes.is_empty() {
            return Err(Fault::malformed(line, format!("`{name}` stands outside the first element")));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(line));
        }
        let node = Node { name: bounded(&name, line)?, line, ..Node::default() };
        let at = self.tree.add(self.open.last().copied(), node)?;
        if !alone {
            self.open.push(at);
            self.value = Some(at);
        }
        Ok(())
    }

    /// Closes the innermost element of a name. What was opened inside and never closed was an empty value: what
    /// seems to be inside of it are its sisters.
    fn close(&mut self, name: &str, line: u32) -> Result<(), Fault> {
        let Some(depth) = self.open.iter().rposition(|&at| self.tree.node(at).name == name) else {
            return Err(Fault::malformed(line, format!("`{name}` is closed but was never opened")));
        };
        while self.open.len() > depth + 1 {
            let (Some(inner), Some(&parent)) = (self.open.pop(), self.open.last()) else { break };
            let children = self.tree.nodes.get_mut(inner).map(|node| std::mem::take(&mut node.children));
            if let Some(parent) = self.tree.nodes.get_mut(parent) {
                parent.children.extend(children.unwrap_or_default());
            }
        }
        self.open.pop();
        Ok(())
    }

    fn finish(mut self) -> Result<Tree, Fault> {
        if let Some(&at) = self.open.first() {
            let node = self.tree.node(at);
            return Err(Fault::malformed(
                node.line,
                format!("`{}` is never closed: the file is cut off", node.name),
            ));
        }
        if self.tree.nodes.is_empty() {
            return Err(Fault::malformed(1, "there is no element"));
        }
        self.tree.trim();
        Ok(self.tree)
    }
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let code = name.strip_prefix('#')?;
            let code = match code.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => code.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_need_no_closing_tag() {
        let tree = parse_sgml("<OFX>\n<A><CODE>0<TEXT>x &amp; y & z</A><B><EMPTY>\n<NAME>n</NAME></B></OFX>")
            .unwrap();
        assert_eq!(tree.text(0, "A/CODE"), Some("0"));
        assert_eq!(tree.text(0, "A/TEXT"), Some("x & y & z"));
        assert_eq!(tree.text(0, "B/NAME"), Some("n"));
        assert_eq!(tree.find(0, "B").map(|at| tree.node(at).line), Some(2));
    }

    #[test]
    fn a_cut_file_is_refused_by_both() {
        assert_eq!(parse_sgml("<OFX>\n<A><B>1").unwrap_err().line, Some(1));
        assert_eq!(parse("<a>\n<b>1").unwrap_err().line, Some(2));
    }

    #[test]
    fn entities_and_document_types_are_refused() {
        let bomb = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>\n<a>&b;</a>";
        assert!(parse(bomb).unwrap_err().text.contains("document types"));
        assert!(parse_sgml(bomb).unwrap_err().text.contains("document types"));
        assert!(parse("<a>&b;</a>").unwrap_err().text.contains("entities"));
        assert_eq!(parse("<a>&#65;&lt;<![CDATA[&b;]]></a>").unwrap().node(0).text, "A<&b;");
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "<a>".repeat(100_000);
        assert_eq!(parse(&deep).unwrap_err().kind, FaultKind::TooLarge);
        assert_eq!(parse_sgml(&deep).unwrap_err().kind, FaultKind::TooLarge);
    }

    #[test]
    fn name_spaces_belong_to_their_prefix() {
        let tree = parse("<n:a xmlns='x' xmlns:n='y'><n:b Ccy='EUR'> 1 </n:b></n:a>").unwrap();
        assert_eq!(tree.node(0).space, "y");
        assert_eq!(tree.text(0, "b"), Some("1"));
        assert_eq!(tree.find(0, "b").and_then(|at| tree.node(at).currency.clone()).as_deref(), Some("EUR"));
    }
}
