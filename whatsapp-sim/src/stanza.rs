//! Reading and building binary stanzas. Everything read comes from a client and is hostile: missing or malformed parts
//! are `None`, never a panic.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, NodeContent, NodeValue, Server};

/// The server itself as a sender or an addressee.
pub(crate) fn server() -> Jid {
    Jid::new("", Server::Pn)
}

/// An attribute as text.
pub(crate) fn attr(node: &Node, key: &str) -> Option<String> {
    node.attrs.get(key).map(|value| value.as_str().into_owned())
}

/// An attribute as a JID.
pub(crate) fn jid(node: &Node, key: &str) -> Option<Jid> {
    node.attrs.get(key).and_then(NodeValue::to_jid)
}

/// The children, none for a leaf.
pub(crate) fn children(node: &Node) -> &[Node] {
    node.children().unwrap_or_default()
}

/// The bytes a node holds; text counts as its UTF-8.
pub(crate) fn bytes(node: &Node) -> Option<&[u8]> {
    match node.content.as_ref()? {
        NodeContent::Bytes(bytes) => Some(bytes),
        NodeContent::String(text) => Some(text.as_bytes()),
        NodeContent::Nodes(_) => None,
    }
}

/// The bytes of a child, when there are exactly `N`.
pub(crate) fn child_array<const N: usize>(node: &Node, tag: &str) -> Option<[u8; N]> {
    bytes(node.get_optional_child(tag)?)?.try_into().ok()
}

/// About how many bytes a node takes, with everything in it.
pub(crate) fn weight(node: &Node) -> usize {
    let attrs: usize = node.attrs.iter().map(|(key, value)| key.len() + value.as_str().len()).sum();
    let content = match &node.content {
        None => 0,
        Some(NodeContent::Bytes(bytes)) => bytes.len(),
        Some(NodeContent::String(text)) => text.len(),
        Some(NodeContent::Nodes(nodes)) => nodes.iter().map(weight).sum(),
    };
    size_of::<Node>() + attrs + content
}

/// A big-endian number of at most four bytes in a child.
pub(crate) fn child_number(node: &Node, tag: &str) -> Option<u32> {
    let bytes = bytes(node.get_optional_child(tag)?)?;
    if bytes.is_empty() || bytes.len() > 4 {
        return None;
    }
    Some(bytes.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte)))
}

/// The result of a request, with what it asked for.
pub(crate) fn result(request: &Node, content: impl IntoIterator<Item = Node>) -> Node {
    let mut builder = NodeBuilder::new("iq").attr("from", server()).attr("type", "result");
    if let Some(id) = attr(request, "id") {
        builder = builder.attr("id", id);
    }
    let content: Vec<Node> = content.into_iter().collect();
    if content.is_empty() { builder.build() } else { builder.children(content).build() }
}

/// The refusal of a request.
pub(crate) fn refusal(request: &Node, code: u16, text: &'static str) -> Node {
    let mut builder = NodeBuilder::new("iq").attr("from", server()).attr("type", "error");
    if let Some(id) = attr(request, "id") {
        builder = builder.attr("id", id);
    }
    builder.children([error(code, text)]).build()
}

/// An `<error>` node.
pub(crate) fn error(code: u16, text: &'static str) -> Node {
    NodeBuilder::new("error").attr("code", code).attr("text", text).build()
}

/// A leaf with bytes.
pub(crate) fn leaf(tag: &'static str, bytes: impl Into<Vec<u8>>) -> Node {
    NodeBuilder::new(tag).bytes(bytes).build()
}

/// The stanza in a form that every client can read. The binary form takes any short text with an `@` for a JID, and
/// readers refuse one of an unknown server: such a text becomes bytes, or, in an attribute, gets another `@`.
pub(crate) fn readable(mut node: Node) -> Node {
    let keys: Vec<_> = node.attrs.iter().filter(|(_, value)| misread(value)).map(|(key, _)| key.clone()).collect();
    for key in keys {
        if let Some(text) = node.attrs.get(&key).map(|value| value.as_str().replace('@', "\u{ff20}")) {
            node.attrs.insert(key, text);
        }
    }
    node.content = match node.content.take() {
        Some(NodeContent::String(text)) if text.contains('@') => Some(NodeContent::Bytes(text.as_bytes().to_vec())),
        Some(NodeContent::Nodes(nodes)) => Some(NodeContent::Nodes(nodes.into_iter().map(readable).collect())),
        content => content,
    };
    node
}

fn misread(value: &NodeValue) -> bool {
    let NodeValue::String(text) = value else { return false };
    text.split_once('@').is_some_and(|(_, server)| Server::try_from(server).is_err())
}

#[cfg(test)]
mod tests {
    use wacore_binary::OwnedNodeRef;
    use wacore_binary::marshal::marshal;

    use super::*;

    #[test]
    fn texts_with_an_at_sign_can_be_read() {
        let content = NodeBuilder::new("email").string_content("bob@bakery.example").build();
        let node = NodeBuilder::new("message")
            .attr("notify", "me@home")
            .attr("from", Jid::pn("6281200000001"))
            .attr("to", "6281200000001@s.whatsapp.net")
            .children([content]);
        let bytes = marshal(&readable(node.build())).unwrap();
        let read = OwnedNodeRef::new(bytes[1..].to_vec()).unwrap().to_owned_node();
        assert_eq!(attr(&read, "notify").as_deref(), Some("me\u{ff20}home"));
        assert_eq!(attr(&read, "to"), attr(&read, "from"));
        assert_eq!(read.get_optional_child("email").and_then(super::bytes), Some("bob@bakery.example".as_bytes()));
    }
}
