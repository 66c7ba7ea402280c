//! A stanza as XML for people. Pure. Everything in it may come from a stranger: each part is bounded, and characters that
//! would disturb a terminal or turn the text around are written as their numbers.

use std::fmt::Write as _;

use wacore_binary::{Node, NodeContent};

/// Longest XML of one stanza. Device lists and prekeys of many devices are longer; their beginning tells enough.
const MAX_XML: usize = 16 * 1024;
/// Longest attribute that is shown. Ids, addresses and names are far shorter.
const MAX_VALUE: usize = 256;
/// Deeper than any stanza of the protocol.
const MAX_DEPTH: usize = 32;

/// The stanza, and whether it had to be cut.
pub(super) fn xml(stanza: &Node) -> (String, bool) {
    let mut out = String::new();
    let whole = element(&mut out, stanza, 0);
    (out, !whole)
}

/// An attribute's value as it may be shown.
pub(super) fn value(text: &str) -> String {
    let mut out = String::new();
    escape(&mut out, text, false);
    out
}

/// Writes one element on lines of its own; false when there is no room for all of it.
fn element(out: &mut String, node: &Node, depth: usize) -> bool {
    if depth > MAX_DEPTH || out.len() > MAX_XML {
        return false;
    }
    let margin = "  ".repeat(depth);
    out.push_str(&margin);
    out.push('<');
    escape(out, &node.tag, true);
    for (key, value) in node.attrs.iter() {
        if out.len() > MAX_XML {
            return false;
        }
        out.push(' ');
        escape(out, key, true);
        out.push_str("=\"");
        escape(out, &value.as_str(), true);
        out.push('"');
    }
    let length = match &node.content {
        None => {
            out.push_str("/>");
            return true;
        }
        Some(NodeContent::Nodes(children)) => {
            out.push_str(if children.is_empty() { "/>" } else { ">\n" });
            for child in children {
                if !element(out, child, depth + 1) {
                    return false;
                }
                out.push('\n');
            }
            if !children.is_empty() {
                out.push_str(&margin);
                close(out, node);
            }
            return true;
        }
        Some(NodeContent::Bytes(bytes)) => bytes.len(),
        Some(NodeContent::String(text)) => text.len(),
    };
    // Writing to a text does not fail.
    let _ = write!(out, "><!-- {length} bytes -->");
    close(out, node);
    true
}

fn close(out: &mut String, node: &Node) {
    out.push_str("</");
    escape(out, &node.tag, true);
    out.push('>');
}

/// Writes a text so that it stays what it is; `markup` also escapes what has a meaning in XML.
fn escape(out: &mut String, text: &str, markup: bool) {
    if text.len() > MAX_VALUE {
        let _ = write!(out, "… {} bytes …", text.len());
        return;
    }
    for character in text.chars() {
        match character {
            '&' if markup => out.push_str("&amp;"),
            '<' if markup => out.push_str("&lt;"),
            '"' if markup => out.push_str("&quot;"),
            _ if character.is_control() || turns_text(character) => {
                let _ = write!(out, "&#x{:X};", u32::from(character));
            }
            _ => out.push(character),
        }
    }
}

/// Whether a character changes the direction of the text around it.
fn turns_text(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
