//! The ring and its readers' places; how stanzas are written.

use wacore_binary::builder::NodeBuilder;

use super::*;

fn tap(log: &Arc<StanzaLog>, number: u64) -> Tap {
    Tap { log: Arc::clone(log), connection: ConnectionId(1), who: Some((number, 2)) }
}

fn note(tap: &Tap, id: &str) {
    tap.passes(Direction::In, &NodeBuilder::new("iq").attr("id", id).build());
}

fn ids(page: &LogPage) -> Vec<&str> {
    page.entries.iter().filter_map(|entry| entry.id.as_deref()).collect()
}

#[test]
fn readers_go_on_where_they_were() {
    let log = Arc::new(StanzaLog::new(true));
    let (one, two) = (tap(&log, 1), tap(&log, 2));
    for id in ["a", "b", "c"] {
        note(&one, id);
    }
    note(&two, "d");
    let page = log.page(0, None, 2);
    assert_eq!((ids(&page), page.next, page.missed), (vec!["a", "b"], 2, 0));
    let page = log.page(page.next, None, 2);
    assert_eq!((ids(&page), page.next), (vec!["c", "d"], 4));
    assert_eq!(log.page(page.next, None, 2), LogPage { enabled: true, entries: vec![], next: 4, missed: 0 });
    let page = log.page(0, Some("2"), 2);
    assert_eq!((ids(&page), page.next), (vec!["d"], 4));
    assert_eq!(ids(&log.page(99, None, 9)), ["a", "b", "c", "d"], "a place of an earlier network");
}

#[test]
fn a_log_that_is_off_keeps_what_it_has_and_takes_nothing() {
    let log = Arc::new(StanzaLog::new(false));
    note(&tap(&log, 1), "a");
    log.set_enabled(true);
    note(&tap(&log, 1), "b");
    log.set_enabled(false);
    note(&tap(&log, 1), "c");
    let page = log.page(0, None, 9);
    assert_eq!((page.enabled, ids(&page)), (false, vec!["b"]));
}

#[test]
fn the_ring_is_bounded_in_number_and_in_bytes() {
    let log = Arc::new(StanzaLog::new(true));
    for id in 0..MAX_ENTRIES + 10 {
        note(&tap(&log, 1), &id.to_string());
    }
    let page = log.page(4, None, 1);
    assert_eq!((ids(&page), page.next, page.missed), (vec!["10"], 11, 6));
    let large = NodeBuilder::new("iq").children((0..2000).map(|_| NodeBuilder::new("user").build())).build();
    for _ in 0..1000 {
        tap(&log, 1).passes(Direction::Out, &large);
    }
    let ring = log.ring();
    assert!(ring.bytes <= MAX_BYTES && ring.entries.len() < 1000, "{} in {}", ring.bytes, ring.entries.len());
    assert!(ring.entries.iter().all(|entry| entry.cut));
}

#[test]
fn stanzas_are_written_for_people_and_without_secrets() {
    let secret = NodeBuilder::new("ref").bytes(*b"2@secret").build();
    let stanza = NodeBuilder::new("iq")
        .attr("type", "set")
        .attr("notify", "\u{202e}\"<b>\u{1b}[31m&")
        .attr("long", "x".repeat(300))
        .children([NodeBuilder::new("pair-device").children([secret]).build()])
        .build();
    let expected = "<iq type=\"set\" notify=\"&#x202E;&quot;&lt;b>&#x1B;[31m&amp;\" long=\"… 300 bytes …\">\n  <pair-device>\n    \
        <ref><!-- 8 bytes --></ref>\n  </pair-device>\n</iq>";
    assert_eq!(render::xml(&stanza), (expected.to_owned(), false));
    let deep = (0..100).fold(NodeBuilder::new("a").build(), |inner, _| NodeBuilder::new("a").children([inner]).build());
    assert!(render::xml(&deep).1);
}
