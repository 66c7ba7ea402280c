//! Everything dies, again and again, while messages flow: each of them reaches every reader at least once, in the order of its chat, what
//! comes twice says so, and none is missing from the history.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::ensure;
use e2e::parts::{Part, Parts};
use e2e::receiver::{Receiver, Request};
use e2e::sockets::Event;
use e2e::wait::{Seen, wait_for};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

/// People who write, and what each writes.
const PEOPLE: usize = 4;
const LINES: usize = 500;

/// Deaths, spread over the messages by chance.
const DEATHS: usize = 16;

/// How long the last message may take to the last reader: leases run out, pauses end.
const ARRIVES_WITHIN: Duration = Duration::from_mins(2);

/// What may die.
#[derive(Clone, Copy, Debug)]
enum Victim {
    Part(Part),
    Receiver(usize),
}

const VICTIMS: [Victim; 6] = [
    Victim::Part(Part::Host),
    Victim::Part(Part::Edge),
    Victim::Part(Part::Redis),
    Victim::Receiver(0),
    Victim::Receiver(1),
    Victim::Receiver(2),
];

fn line(person: usize, number: usize) -> String {
    format!("{person}: line {number}")
}

/// The lines of each chat in the order of their first coming.
fn first_comings<'a>(texts: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, Vec<String>> {
    let mut seen = HashSet::new();
    let mut chats: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (chat, text) in texts {
        if seen.insert(text.to_owned()) {
            chats.entry(chat.to_owned()).or_default().push(text.to_owned());
        }
    }
    chats
}

#[tokio::test]
async fn nothing_is_lost_whatever_dies() -> anyhow::Result<()> {
    let mut parts = Parts::start().await?;
    let shop = parts.linked("shop", "Shop").await?;
    let mut people = Vec::new();
    for person in 0..PEOPLE {
        people.push(parts.phones.create(&format!("Person {person}")).await?.number);
    }
    let mut receivers = [Receiver::start().await?, Receiver::start().await?, Receiver::start().await?];
    for receiver in &receivers {
        let webhook = json!({ "url": receiver.url("/"), "events": ["message"] });
        let added = parts.api.post("/api/whatsapp/sessions/shop/webhooks", &webhook).await?;
        assert_eq!(added.status, 200, "{added:?}");
    }
    let sockets = [parts.follower("shop").await?, parts.follower("shop").await?];

    let said = Arc::new(AtomicUsize::new(0));
    let writing: Vec<_> = people
        .iter()
        .enumerate()
        .map(|(person, from)| {
            let (phones, from, to, said) = (parts.phones.clone(), from.clone(), shop.number.clone(), Arc::clone(&said));
            tokio::spawn(async move {
                for number in 0..LINES {
                    phones.send(&from, &to, &line(person, number)).await?;
                    said.fetch_add(1, Ordering::Relaxed);
                }
                anyhow::Ok(())
            })
        })
        .collect();

    let mut chance = StdRng::seed_from_u64(5);
    let mut deaths: Vec<(usize, Victim)> =
        (0..DEATHS).map(|number| (chance.random_range(0..PEOPLE * LINES), VICTIMS[number % VICTIMS.len()])).collect();
    deaths.sort_by_key(|(when, _)| *when);
    let far = async |said: &AtomicUsize, when: usize| {
        let look = async || Ok(Seen::when(said.load(Ordering::Relaxed), |said| *said >= when));
        wait_for("messages", ARRIVES_WITHIN, look).await
    };
    for (when, victim) in deaths {
        far(&said, when).await?;
        // It is away for a part of what is said.
        let back = (when + chance.random_range(10..80)).min(PEOPLE * LINES);
        match victim {
            Victim::Part(part) => {
                parts.kill(part)?;
                far(&said, back).await?;
                parts.run(part).await?;
            }
            Victim::Receiver(which) => {
                receivers[which].go_away().await;
                far(&said, back).await?;
                receivers[which].come_back().await?;
            }
        }
    }
    for task in writing {
        task.await??;
    }
    parts.wait_until_ready().await?;
    parts.api.wait_until_connected("shop").await?;

    let all = PEOPLE * LINES;
    let mut repeated = 0;
    for (which, receiver) in receivers.iter().enumerate() {
        let complete = |requests: &[Request]| {
            let texts: HashSet<&str> = requests.iter().map(Request::text).collect();
            (texts.len() == all).then(|| requests.to_vec())
        };
        let came = receiver.wait_within(&format!("all of webhook {which}"), ARRIVES_WITHIN, complete).await?;
        let mut ids: HashMap<String, String> = HashMap::new();
        for request in &came {
            let delivery = request.header("x-chatery-delivery").to_owned();
            let before = ids.insert(request.text().to_owned(), delivery.clone());
            repeated += usize::from(before.is_some());
            ensure!(before.is_none_or(|before| before == delivery), "the same message under two ids");
        }
        let chat = |request: &Request| request.body["data"]["chatId"].as_str().unwrap_or_default().to_owned();
        let chats: Vec<(String, String)> = came.iter().map(|one| (chat(one), one.text().to_owned())).collect();
        in_order(&first_comings(chats.iter().map(|(chat, text)| (chat.as_str(), text.as_str()))));
    }
    for socket in &sockets {
        let look = async || {
            let count = socket.look(|seen| seen.iter().filter_map(text_of).collect::<HashSet<_>>().len());
            Ok(Seen::when(count, |count| *count == all))
        };
        wait_for("all of a socket", ARRIVES_WITHIN, look).await?;
        socket.look(|seen| {
            let messages = seen.iter().filter(|event| event.name == "message");
            let chat = |event: &'_ Event| event.payload["message"]["chatId"].as_str().unwrap_or_default().to_owned();
            let chats: Vec<(String, String)> = messages.map(|event| (chat(event), event.text().to_owned())).collect();
            in_order(&first_comings(chats.iter().map(|(chat, text)| (chat.as_str(), text.as_str()))));
        });
    }
    for (person, number) in people.iter().enumerate() {
        let mut texts = parts.api.texts("shop", number).await?;
        texts.reverse();
        let said: Vec<String> = (0..LINES).map(|number| line(person, number)).collect();
        assert_eq!(texts, said, "the history of {person}");
    }
    // Each death repeats at most what was not written yet.
    assert!(repeated <= DEATHS * 3 * 17, "{repeated} deliveries came twice");
    Ok(())
}

fn text_of(event: &Event) -> Option<&str> {
    (event.name == "message").then(|| event.text())
}

fn in_order(chats: &BTreeMap<String, Vec<String>>) {
    assert_eq!(chats.len(), PEOPLE);
    for texts in chats.values() {
        let person: usize = texts[0].split(':').next().and_then(|person| person.parse().ok()).expect("a person");
        let said: Vec<String> = (0..LINES).map(|number| line(person, number)).collect();
        assert_eq!(texts, &said);
    }
}
