//! Networks from files: what they hold is there, once, and it lives.

use std::ffi::OsStr;

use serde_json::json;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::wacore::types::presence::ChatPresence;
use whatsapp_sim::{FaultKind, Loaded, Scenario, ScenarioError, Sim, SimConfig, SimError};

use crate::client::{DEADLINE, SEED, TestClient, all_understood, jid, network};
use crate::phone::Network;
use crate::restart::Program;

/// The number of the phone with this name.
async fn number(sim: &Sim, name: &str) -> String {
    sim.phones().await.into_iter().find(|phone| phone.name == name).unwrap_or_else(|| panic!("no {name}")).number
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_is_a_network_of_people_who_answer() {
    let demo = Scenario::demo().unwrap();
    let config = SimConfig { key_seed: SEED, scenario: Some(demo.clone()), ..SimConfig::default() };
    let sim = Sim::start(config).await.unwrap();
    let owner = number(&sim, "Sandbox phone").await;
    let said = sim.phone_messages(&owner).await.unwrap();
    assert_eq!(said.len(), demo.history.len());
    assert!(said.is_sorted_by_key(|message| message.timestamp));
    assert!(said.iter().any(|message| message.chat.ends_with("@g.us")));

    let mut client = TestClient::fresh(&sim).await;
    let code = client.code().await;
    sim.scan(&owner, &code).await.unwrap();
    // The past may come before the client says that it is connected, or after it.
    let (mut past, mut connected) = (false, false);
    client
        .expect("the past and the connection", |event| {
            past |= matches!(event, Event::HistorySync(_));
            connected |= matches!(event, Event::Connected(_));
            (past && connected).then_some(())
        })
        .await;
    let groups = client.client.groups().get_participating().await.unwrap();
    let mut subjects: Vec<&str> = groups.values().map(|group| group.subject.as_str()).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["Shop team", "Weekend market"]);

    let customer = number(&sim, "Rina (customer)").await;
    client.send(&jid(&customer), "The PRICE is 25,000").await;
    client.text("That is fine for me.").await;
    client.text("I take two, please.").await;
    client.send(&jid(&customer), "something else").await;
    client.text("Thank you, I will think about it.").await;
    let support = number(&sim, "Dewi (support)").await;
    client.send(&jid(&support), "what is it?").await;
    client.text("You wrote: what is it?").await;
    client.send(&jid(&customer), "Hello!").await;
    let picture = client.expect("a picture", |event| {
        event.messages().find_map(|inbound| inbound.message.image_message.as_option().cloned())
    });
    let picture = picture.await;
    let lamp = include_bytes!("../../scenarios/lamp.jpg");
    assert_eq!(client.client.download(&picture).await.unwrap(), lamp);
    let echo = number(&sim, "Echo").await;
    client.send(&jid(&echo), "hello").await;
    client.text("Echo: hello").await;

    // Everything is there already.
    let settled = sim.wait_for_phone(&owner, |phone| phone.devices[0].queued == 0, DEADLINE).await.unwrap();
    assert!(settled.is_some());
    let (people, messages) = (sim.phones().await, sim.phone_messages(&owner).await.unwrap());
    assert_eq!(sim.load_scenario(&demo).await.unwrap(), Loaded::default());
    assert_eq!(sim.phones().await, people);
    assert_eq!(sim.phone_messages(&owner).await.unwrap(), messages);
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_is_played_once_at_a_time() {
    let sim = network().await;
    let scenario = Scenario::from_toml(
        r#"
        people = [{ name = "Ada" }, { name = "Bob", number = "+1 555 0100 007" }]
        groups = [{ subject = "Chess", founder = "Bob", members = ["Ada"] }]
        faults = [{ kind = "refuseSends", code = 463, number = "Ada", count = 1 }]
        [[timeline]]
        afterMs = 2000
        send = { from = "Bob", to = "Chess", text = "last" }
        [[timeline]]
        afterMs = 1500
        typing = { from = "15550100007", to = "Ada" }
        [[timeline]]
        afterMs = 1800
        fault = { kind = "holdAcks", number = "Ada" }
        "#,
    )
    .unwrap();
    sim.load_scenario(&Scenario { timeline: Vec::new(), ..scenario.clone() }).await.unwrap();
    let ada = number(&sim, "Ada").await;
    let mut client = TestClient::linked(&sim, &ada).await;
    assert_eq!(sim.load_scenario(&scenario).await.unwrap(), Loaded::default());
    sim.load_scenario(&scenario).await.unwrap();
    client
        .expect("the typing", |event| match event {
            Event::ChatPresence(update) if update.state == ChatPresence::Composing => Some(()),
            _ => None,
        })
        .await;
    let info = client.text("last").await;
    assert!(info.source.is_group);
    // The second load did not begin a second one, so nothing has come twice.
    let kinds: Vec<_> = sim.faults().await.into_iter().map(|fault| fault.fault.kind).collect();
    assert_eq!(kinds, [whatsapp_sim::FaultName::RefuseSends, whatsapp_sim::FaultName::HoldAcks]);
    let written = sim.phone_messages("15550100007").await.unwrap();
    assert_eq!(written.iter().filter(|message| message.text.as_deref() == Some("last")).count(), 1);
    let refused = client.send(&jid("15550100007"), "refused").await;
    sim.remove_faults_of(|kind| kind == FaultKind::HoldAcks).await.unwrap();
    assert_eq!(client.ack(&refused).await.as_deref(), Some("463"));
    all_understood(&sim).await;
}

#[tokio::test]
async fn two_phones_that_answer_do_not_talk_for_ever_and_remember_what_to_answer() {
    let folder = tempfile::tempdir().unwrap();
    let config = SimConfig { key_seed: SEED, data_dir: Some(folder.path().to_owned()), ..SimConfig::default() };
    let sim = Sim::start(config.clone()).await.unwrap();
    let scenario = json!({ "people": [
        { "name": "Ada", "replies": [{ "say": ["I am Ada"] }] },
        { "name": "Bob", "echo": true, "replies": [{ "say": ["I am Bob", "truly"] }] },
    ] });
    sim.load_scenario(&serde_json::from_value(scenario).unwrap()).await.unwrap();
    sim.shutdown().await;

    let sim = Sim::start(config).await.unwrap();
    let (ada, bob) = (number(&sim, "Ada").await, number(&sim, "Bob").await);
    sim.phone_send(&ada, &bob, "who are you?").await.unwrap();
    let is_last = |message: &whatsapp_sim::PhoneMessage| message.text.as_deref() == Some("truly");
    sim.wait_for_message(&ada, is_last, DEADLINE).await.unwrap().unwrap();
    let texts: Vec<_> =
        sim.phone_messages(&ada).await.unwrap().into_iter().filter_map(|message| message.text).collect();
    assert_eq!(texts, ["who are you?", "Echo: who are you?", "I am Bob", "truly"]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anything_is_added() {
    let network = Network::start().await;
    let nobody = ScenarioError::Nobody("Nobody".to_owned()).to_string();
    for (wrong, status, code, message) in [
        (json!({ "people": [{ "nam": "Ada" }] }), 422, "invalid_body", "nam"),
        (json!({ "timeline": [{ "afterMs": 1 }] }), 422, "bad_scenario", "step 1"),
        (json!({ "groups": [{ "subject": "A", "founder": "Nobody" }] }), 422, "bad_scenario", nobody.as_str()),
        (json!({ "people": [{ "name": "Ada", "replies": [{ "say": [] }] }] }), 422, "bad_scenario", "Ada"),
        (json!({ "faults": [{ "kind": "holdAcks", "number": "Nobody" }] }), 422, "bad_scenario", nobody.as_str()),
    ] {
        let mut scenario = json!({ "people": [{ "name": "Ada" }] });
        scenario.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        let (got, body) = network.post("/admin/scenario", scenario).await;
        assert_eq!((got, &body["code"]), (status, &json!(code)), "{wrong}: {body}");
        assert!(body["message"].as_str().unwrap().contains(message), "{wrong}: {body}");
    }
    assert!(network.sim.phones().await.is_empty());
    let scenario = Scenario::from_toml("[[history]]\nfrom = \"x\"\nto = \"y\"\ntext = \"z\"\nminutesAgo = 1").unwrap();
    let refused = network.sim.load_scenario(&scenario).await;
    assert!(matches!(refused, Err(SimError::Scenario(ScenarioError::Nobody(_)))), "{refused:?}");
}

#[tokio::test]
async fn only_so_many_timelines_are_played_at_a_time() {
    let network = Network::start().await;
    let timeline = |nth: u64| {
        let typing = json!({ "from": "Ada", "to": "Bob" });
        json!({ "people": [{ "name": "Ada" }, { "name": "Bob" }], "timeline": [{ "afterMs": 600_000 + nth, "typing": typing }] })
    };
    for nth in 0..16 {
        assert_eq!(network.post("/admin/scenario", timeline(nth)).await.0, 200);
    }
    let (status, body) = network.post("/admin/scenario", timeline(16)).await;
    assert_eq!((status, &body["code"]), (422, &json!("bad_scenario")), "{body}");
    assert_eq!(network.post("/admin/scenario", timeline(3)).await.0, 200, "it is being played");
}

#[tokio::test]
async fn the_program_loads_a_file() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/demo.toml");
    let further = [OsStr::new("--scenario"), OsStr::new(file)];
    let program = Program::start_with("127.0.0.1:0".parse().unwrap(), &further).await;
    let phones = program.get("/admin/phones").await;
    let names: Vec<&str> = phones.as_array().unwrap().iter().filter_map(|phone| phone["name"].as_str()).collect();
    assert_eq!(names, ["Sandbox phone", "Echo", "Rina (customer)", "Dewi (support)", "Agus"]);
}
