//! What the network tells about people: who is registered, what they show, which of them are businesses, and that they
//! have taken another name.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use serde_json::{Value, json};
use whatsapp_rust::request::InfoQuery;
use whatsapp_rust::wacore::iq::business::{BusinessHourMode, DayOfWeek};
use whatsapp_rust::wacore::iq::usync::{
    UsyncAddressingMode, UsyncContext, UsyncDeviceSyncHint, UsyncFeature, UsyncMode, UsyncProtocol, UsyncProtocolKind,
    UsyncProtocolResult, UsyncQuery, UsyncUser, UsyncUserResult,
};
use whatsapp_rust::wacore::types::events::{BusinessUpdateType, Event};
use whatsapp_rust::wacore::types::presence::{ChatPresence, ChatPresenceMedia};
use whatsapp_rust::wacore_binary::{Node, NodeContent};
use whatsapp_rust::{IqError, Jid, NodeBuilder, NodeFilter, Server};
use whatsapp_sim::{BusinessCategory, BusinessDay, BusinessHours, BusinessProfile, Sim, SimError};

use crate::client::{DEADLINE, NAME, TestClient, all_understood, jid, network, phone};
use crate::phone::Network;

async fn lid(sim: &Sim, number: &str) -> Jid {
    Jid::lid(sim.phone(number).await.unwrap().lid)
}

fn query(mode: UsyncMode, protocols: Vec<UsyncProtocol>, users: Vec<UsyncUser>) -> UsyncQuery {
    UsyncQuery::new(mode, UsyncContext::Background, protocols, users).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn several_people_are_looked_up_at_once_by_number_and_by_lid() {
    let sim = network().await;
    let (ada, bob, cid) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await, phone(&sim, "Cid").await);
    let client = TestClient::linked(&sim, &ada).await;
    let (bob_lid, cid_lid) = (lid(&sim, &bob).await, lid(&sim, &cid).await);
    let asked = [jid(&bob), cid_lid.clone(), jid("6281299999999"), jid("12"), jid("000"), Jid::lid("999999999999999")];
    let found = client.client.contacts().is_on_whatsapp(&asked).await.unwrap();
    let of = |jid: &Jid| found.iter().find(|user| user.jid == *jid).unwrap();
    assert!(of(&jid(&bob)).is_registered);
    assert_eq!(of(&jid(&bob)).lid.as_ref(), Some(&bob_lid));
    assert_eq!(of(&cid_lid).pn_jid.as_ref(), Some(&jid(&cid)));
    for stranger in ["6281299999999", "12", "000"] {
        assert!(!of(&jid(stranger)).is_registered && of(&jid(stranger)).lid.is_none(), "{stranger}");
    }
    assert!(of(&Jid::lid("999999999999999")).lid.is_none());
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_protocol_of_a_lookup_is_answered() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let client = TestClient::linked(&sim, &ada).await;
    let protocols = vec![
        UsyncProtocol::Contact { addressing_mode: UsyncAddressingMode::Lid },
        UsyncProtocol::DevicesV2,
        UsyncProtocol::Status,
        UsyncProtocol::TextStatus,
        UsyncProtocol::DisappearingMode,
        UsyncProtocol::BusinessVerifiedName,
        UsyncProtocol::Picture,
        UsyncProtocol::Lid,
        UsyncProtocol::Username,
        UsyncProtocol::BotProfileV1,
        UsyncProtocol::Features(vec![UsyncFeature::Voip, UsyncFeature::MultiAgent]),
    ];
    let users = vec![
        UsyncUser::from_phone(format!("+{bob}")),
        UsyncUser::from_pn_jid(jid(&ada)),
        UsyncUser::from_username("nobody"),
        UsyncUser::from_phone("+6281299999999"),
    ];
    let answer = client.client.query_usync(query(UsyncMode::Query, protocols, users)).await.unwrap();
    assert!(answer.protocol_states.iter().all(|state| state.error.is_none() && state.refresh_seconds.is_some()));
    assert_eq!(answer.protocol_states.len(), 11);
    let [bob_found, ada_found, by_name, stranger] = answer.users.as_slice() else { panic!("{answer:?}") };
    assert_eq!(bob_found.id, Some(lid(&sim, &bob).await), "a number is answered by LID when that was wished");
    assert_eq!((bob_found.pn_jid.as_ref(), ada_found.id.as_ref()), (Some(&jid(&bob)), Some(&jid(&ada))));
    let contact = |user: &UsyncUserResult| match user.protocol(UsyncProtocolKind::Contact) {
        Some(UsyncProtocolResult::Contact(outcome)) => outcome.value().unwrap().contact_type.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!([bob_found, by_name, stranger].map(contact), ["in", "out", "out"]);
    for kind in [
        UsyncProtocolKind::Devices,
        UsyncProtocolKind::Status,
        UsyncProtocolKind::TextStatus,
        UsyncProtocolKind::DisappearingMode,
        UsyncProtocolKind::Lid,
        UsyncProtocolKind::Username,
    ] {
        assert!(bob_found.protocol(kind).is_some(), "{kind:?}");
    }
    // Bob has neither a picture nor a business, and is no bot.
    assert!(bob_found.protocol(UsyncProtocolKind::Picture).is_none());
    assert!(bob_found.protocol(UsyncProtocolKind::Business).is_none());
    let Some(UsyncProtocolResult::Bot(bot)) = bob_found.protocol(UsyncProtocolKind::Bot) else { panic!() };
    assert_eq!(bot.error().and_then(|error| error.code), Some(404));
    let Some(UsyncProtocolResult::Features(features)) = bob_found.protocol(UsyncProtocolKind::Feature) else {
        panic!()
    };
    assert_eq!(features.value().map(Vec::len), Some(2));
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synchronised_address_book_makes_contacts() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    sim.phone_privacy(&ada, "groupadd", "contacts").await.unwrap();
    let client = TestClient::linked(&sim, &ada).await;
    assert!(!sim.may_add_to_group(&ada, &bob).await.unwrap());
    let protocols = || vec![UsyncProtocol::Contact { addressing_mode: UsyncAddressingMode::Pn }];
    let add = query(UsyncMode::Delta, protocols(), vec![UsyncUser::from_phone(format!("+{bob}"))]);
    client.client.query_usync(add).await.unwrap();
    assert!(sim.may_add_to_group(&ada, &bob).await.unwrap());
    let gone = UsyncUser::from_jid(jid(&bob)).with_contact_type("delete");
    client.client.query_usync(query(UsyncMode::Delta, protocols(), vec![gone])).await.unwrap();
    assert!(!sim.may_add_to_group(&ada, &bob).await.unwrap());
    all_understood(&sim).await;
}

fn bakery() -> BusinessProfile {
    let day = |day: &str, mode: &str, open, close| BusinessDay { day: day.into(), mode: mode.into(), open, close };
    BusinessProfile {
        verified_name: "Bob's Bakery".into(),
        description: "Bread".into(),
        address: Some("Jalan Roti 1".into()),
        email: Some("bob@bakery.example".into()),
        websites: vec!["https://bakery.example".into(), "https://bread.example".into()],
        categories: vec![BusinessCategory { id: "133436743388217".into(), name: "Bakery".into() }],
        hours: Some(BusinessHours {
            timezone: "Asia/Jakarta".into(),
            days: vec![day("mon", "specific_hours", Some(480), Some(1080)), day("sun", "open_24h", None, None)],
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_business_shows_its_profile_and_a_certified_name() {
    let sim = network().await;
    let (ada, bob, cid) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await, phone(&sim, "Cid").await);
    let mut client = TestClient::linked(&sim, &ada).await;
    client.client.contacts().get_user_info(&[jid(&bob)]).await.unwrap();
    sim.set_business(&bob, Some(bakery())).await.unwrap();
    let verified = |event: &Event| match event {
        Event::BusinessStatusUpdate(update) if update.update_type == BusinessUpdateType::VerifiedNameChanged => {
            Some(update.verified_name.clone())
        }
        _ => None,
    };
    assert_eq!(client.expect("the certified name", verified).await.as_deref(), Some("Bob's Bakery"));

    let profile = client.client.get_business_profile(&jid(&bob)).await.unwrap().unwrap();
    assert_eq!((profile.wid, profile.description.as_str()), (Some(jid(&bob)), "Bread"));
    assert_eq!(
        (profile.address.as_deref(), profile.email.as_deref()),
        (Some("Jalan Roti 1"), Some("bob@bakery.example"))
    );
    assert_eq!(profile.website, ["https://bakery.example", "https://bread.example"]);
    assert_eq!(profile.categories.iter().map(|kind| kind.name.as_str()).collect::<Vec<_>>(), ["Bakery"]);
    assert_eq!(profile.business_hours.timezone.as_deref(), Some("Asia/Jakarta"));
    let days = profile.business_hours.business_config.unwrap();
    assert_eq!((&days[0].day_of_week, &days[0].mode), (&DayOfWeek::Monday, &BusinessHourMode::SpecificHours));
    assert_eq!((days[0].open_time, days[0].close_time, days[1].open_time), (Some(480), Some(1080), None));

    let found = client.client.contacts().is_on_whatsapp(&[jid(&bob), jid(&cid)]).await.unwrap();
    let of = |number: &str| found.iter().find(|user| user.jid.user.as_str() == number).unwrap();
    let name = of(&bob).verified_name.as_ref().and_then(|verified| verified.name.as_deref());
    assert_eq!((of(&bob).is_business, name, of(&cid).is_business), (true, Some("Bob's Bakery"), false));
    assert!(client.client.get_business_profile(&jid(&cid)).await.unwrap().is_none());

    sim.set_business(&bob, None).await.unwrap();
    let removed = |event: &Event| match event {
        Event::BusinessStatusUpdate(update) if update.update_type == BusinessUpdateType::RemovedAsBusiness => Some(()),
        _ => None,
    };
    client.expect("the end of the business", removed).await;
    assert!(client.client.get_business_profile(&jid(&bob)).await.unwrap().is_none());
    let never = BusinessDay { day: "someday".into(), mode: "open_24h".into(), open: None, close: None };
    let never = BusinessHours { timezone: "UTC".into(), days: vec![never] };
    let refused = sim.set_business(&bob, Some(BusinessProfile { hours: Some(never), ..bakery() })).await;
    assert!(matches!(refused, Err(SimError::BadBusiness)));
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_name_reaches_contacts_and_companions() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, NAME).await);
    let mut client = TestClient::linked(&sim, &ada).await;
    let first = TestClient::linked(&sim, &bob).await;
    let mut second = TestClient::linked(&sim, &bob).await;
    client.client.contacts().get_user_info(&[jid(&bob)]).await.unwrap();

    let bob_lid = lid(&sim, &bob).await;
    let renamed = |event: &Event| match event {
        Event::ContactUpdated(update) if update.jid == bob_lid => Some(()),
        _ => None,
    };
    first.client.profile().set_push_name("Robert").await.unwrap();
    client.expect("the news of a contact", renamed).await;
    // The app state brings the same name once more, at a time of its own.
    let own_name = |name: &'static str| {
        move |event: &Event| match event {
            Event::SelfPushNameUpdated(update) if update.new_name == name => Some(()),
            _ => None,
        }
    };
    second.expect("the name on the other companion", own_name("Robert")).await;
    first.send(&jid(&ada), "it is me").await;
    assert_eq!(client.text("it is me").await.push_name, "Robert");

    let told = client.client.wait_for_node(NodeFilter::tag("notification").attr("type", "contacts"));
    sim.rename_phone(&bob, "bobby@home").await.unwrap();
    told.await.unwrap();
    assert_eq!(sim.phone(&bob).await.unwrap().name, "bobby@home");
    second.expect("the name on the other companion", own_name("bobby＠home")).await;
    sim.phone_send(&bob, &ada, "me again").await.unwrap();
    assert_eq!(client.text("me again").await.push_name, "bobby＠home");
    assert!(matches!(sim.rename_phone(&bob, "").await, Err(SimError::BadName)));
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_was_reset_is_met_anew() {
    let sim = network().await;
    let (ada, bob, cid) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await, phone(&sim, "Cid").await);
    let mut client = TestClient::linked(&sim, &ada).await;
    let mut bob_client = TestClient::linked(&sim, &bob).await;
    let before = client.send(&jid(&bob), "before").await;
    bob_client.text("before").await;
    sim.wait_for_message(&bob, |message| message.id == before, DEADLINE).await.unwrap().unwrap();
    sim.phone_send(&cid, &bob, "from phone to phone").await.unwrap();
    sim.phone_send(&bob, &ada, "with the old keys").await.unwrap();
    client.text("with the old keys").await;

    sim.reinstall_phone(&bob).await.unwrap();
    bob_client.logged_out().await;
    let bob_lid = lid(&sim, &bob).await;
    let changed = |event: &Event| match event {
        Event::IdentityChange(change) if change.user == bob_lid && !change.implicit => Some(()),
        _ => None,
    };
    client.expect("the news of Bob's new keys", changed).await;
    let after = client.send(&jid(&bob), "after").await;
    let got = sim.wait_for_message(&bob, |message| message.id == after, DEADLINE).await.unwrap().unwrap();
    assert_eq!(got.text.as_deref(), Some("after"));
    sim.phone_send(&bob, &ada, "with the new keys").await.unwrap();
    client.text("with the new keys").await;
    let id = sim.phone_send(&cid, &bob, "from phone to phone again").await.unwrap();
    sim.wait_for_message(&bob, |message| message.id == id, DEADLINE).await.unwrap().unwrap();
    // A companion of the new phone works as one of the old did.
    let again = TestClient::linked(&sim, &bob).await;
    again.send(&jid(&ada), "linked again").await;
    client.text("linked again").await;
    assert_eq!(sim.phone(&bob).await.unwrap().devices.len(), 1);
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_driven_over_http_as_well() {
    let network = Network::start().await;
    let sim = &network.sim;
    let (ada, bob) = (network.phone("Ada").await, network.phone("Bob").await);
    let mut client = TestClient::linked(sim, &ada).await;
    client.client.contacts().get_user_info(&[jid(&bob)]).await.unwrap();
    let bob_lid = lid(sim, &bob).await;
    client.client.presence().subscribe(bob_lid.clone()).await.unwrap();
    let post = async |path: &str, body: Value| {
        let (status, body) = network.post(path, body).await;
        assert!((200..300).contains(&status), "{path}: {body}");
        body
    };
    let of = |path: &str| format!("/admin/phones/{bob}/{path}");
    post(&of("presence"), json!({ "available": true })).await;
    let here = |event: &Event| match event {
        Event::Presence(update) if update.from == bob_lid && !update.unavailable => Some(()),
        _ => None,
    };
    client.expect("Bob's presence", here).await;
    post(&of("typing"), json!({ "chat": ada, "recording": true })).await;
    let recording = |event: &Event| match event {
        Event::ChatPresence(update) => Some((update.state, update.media)),
        _ => None,
    };
    let seen = client.expect("Bob recording", recording).await;
    assert_eq!(seen, (ChatPresence::Composing, ChatPresenceMedia::Audio));
    post(&of("name"), json!({ "name": "Robert" })).await;
    client.expect("the name", |event| matches!(event, Event::ContactUpdated(_)).then_some(())).await;

    let call = post(&of("calls"), json!({ "to": ada })).await["data"]["id"].as_str().unwrap().to_owned();
    client.expect("the call", |event| matches!(event, Event::IncomingCall(_)).then_some(())).await;
    post(&of(&format!("calls/{call}")), json!({ "act": "timeout" })).await;
    let log = network.get(&of("calls")).await.1["data"].take();
    assert_eq!((&log[0]["id"], &log[0]["state"]), (&json!(call), &json!("missed")));

    let channel = post("/admin/newsletters", json!({ "owner": bob, "name": "Bread" })).await;
    let id = channel["data"]["id"].as_str().unwrap();
    post(&format!("/admin/newsletters/{id}/followers"), json!({ "number": ada })).await;
    let posted = post(&format!("/admin/newsletters/{id}/posts"), json!({ "text": "rolls" })).await;
    client.text("rolls").await;
    let server_id = posted["data"]["serverId"].as_u64().unwrap();
    let reaction = json!({ "number": ada, "emoji": "👍" });
    post(&format!("/admin/newsletters/{id}/posts/{server_id}/reactions"), reaction).await;
    let shown = network.get(&format!("/admin/newsletters/{id}")).await.1["data"].take();
    assert_eq!(shown["posts"][0]["reactions"], json!([{ "emoji": "👍", "count": 1 }]));

    post(&of("blocked"), json!({ "other": ada })).await;
    assert_eq!(network.get(&of("blocked")).await.1["data"], json!([ada]));
    post(&of("reinstall"), json!({})).await;
    assert_eq!(network.get(&of("business")).await.1["code"], "unknown_business");
    assert_eq!(network.get(&of("privacy")).await.1["data"][0], json!({ "category": "last", "value": "all" }));
    all_understood(sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_reaches_the_contact() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let client = TestClient::linked(&sim, &ada).await;
    let other = TestClient::linked(&sim, &bob).await;
    sim.phone_privacy(&ada, "groupadd", "contacts").await.unwrap();
    let told = other.client.wait_for_node(NodeFilter::tag("notification").attr("type", "privacy_token"));
    let bob_lid = lid(&sim, &bob).await;
    assert!(client.client.tc_token().issue_tokens(&[bob_lid]).await.unwrap().is_empty());
    let told = told.await.unwrap();
    let token = told.get().get_optional_child_by_tag(&["tokens", "token"]).unwrap();
    assert_eq!(token.content_bytes().map(<[u8]>::len), Some(16));
    assert!(sim.may_add_to_group(&ada, &bob).await.unwrap(), "whom one trusts is a contact");
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_knows_a_device_list_is_told_only_of_changes() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let client = TestClient::linked(&sim, &ada).await;
    let ask = async |hash: Option<&str>| {
        let user = UsyncUser::from_jid(jid(&bob));
        let user = match hash {
            Some(hash) => user.with_device_sync(UsyncDeviceSyncHint::new().with_device_hash(hash)),
            None => user,
        };
        let query = query(UsyncMode::Query, vec![UsyncProtocol::DevicesV2], vec![user]);
        let users = client.client.query_usync(query).await.unwrap().users;
        users.first().and_then(|user| match user.protocol(UsyncProtocolKind::Devices) {
            Some(UsyncProtocolResult::Devices(devices)) => devices.value()?.device_list.as_ref()?.hash.clone(),
            _ => None,
        })
    };
    let first = ask(None).await.unwrap();
    assert_eq!(ask(Some(&first)).await, None);
    let _companion = TestClient::linked(&sim, &bob).await;
    let second = ask(Some(&first)).await.unwrap();
    sim.reinstall_phone(&bob).await.unwrap();
    let third = ask(Some(&second)).await.unwrap();
    assert!(first != second && second != third && first != third);
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_are_refused_and_harm_nothing() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut client = TestClient::linked(&sim, &ada).await;
    let leaf = |tag: &'static str| NodeBuilder::new(tag).build();
    let garbage = NodeBuilder::new("query").attr("query_id", "25149874324715067").bytes(b"{".to_vec()).build();
    let no_name = NodeBuilder::new("privacy").children([leaf("category")]).build();
    let forever = NodeBuilder::new("disappearing_mode").attr("duration", "for ever").build();
    let nobody = NodeBuilder::new("item").attr("jid", jid("6281299999999")).attr("action", "block").build();
    let myself = NodeBuilder::new("item").attr("jid", jid(&ada)).attr("action", "block").build();
    let server = || Jid::new("", Server::Pn);
    let channel: Jid = "120363999999999999@newsletter".parse().unwrap();
    for (namespace, set, to, content, expected) in [
        ("usync", false, server(), leaf("usync"), 400),
        ("w:mex", false, server(), garbage, 400),
        ("privacy", true, server(), no_name, 400),
        ("disappearing_mode", true, server(), forever, 400),
        ("blocklist", true, server(), nobody, 404),
        ("blocklist", true, server(), myself, 404),
        ("newsletter", false, jid(&bob), leaf("messages"), 404),
        ("newsletter", false, channel.clone(), leaf("messages"), 404),
        ("newsletter", true, channel, leaf("live_updates"), 404),
    ] {
        let content = Some(NodeContent::Nodes(vec![content]));
        let request = if set { InfoQuery::set(namespace, to, content) } else { InfoQuery::get(namespace, to, content) };
        match client.client.send_iq(request).await {
            Err(IqError::ServerError { code, .. }) => assert_eq!(code, expected, "{namespace}"),
            other => panic!("{namespace}: {:?}", other.map(|_| ())),
        }
    }
    let call = |action: Node| NodeBuilder::new("call").attr("to", jid(&bob)).attr("id", "1").children([action]).build();
    let endless = NodeBuilder::new("offer").attr("call-id", "x".repeat(1000)).attr("call-creator", jid(&ada)).build();
    let nobodys = NodeBuilder::new("terminate").attr("call-id", "1").attr("call-creator", jid(&ada)).build();
    let nameless = NodeBuilder::new("presence").attr("name", " ").build();
    for stanza in [leaf("call"), call(leaf("offer")), call(endless), call(nobodys), nameless, leaf("chatstate")] {
        client.client.send_node(stanza).await.unwrap();
    }
    // An answer says that everything before it was read.
    client.client.contacts().is_on_whatsapp(&[jid(&bob)]).await.unwrap();
    sim.phone_send(&bob, &ada, "still here?").await.unwrap();
    client.text("still here?").await;
    assert!(sim.phone_calls(&ada).await.unwrap().is_empty());
    assert_eq!(sim.phone(&ada).await.unwrap().name, "Ada");
    all_understood(&sim).await;
}
