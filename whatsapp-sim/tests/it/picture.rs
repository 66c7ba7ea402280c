//! Pictures of people and what they say about themselves: seen, changed, removed, and heard of.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use std::io::Cursor;

use image::{ImageFormat, RgbImage};
use serde_json::json;
use whatsapp_rust::features::{GroupCreateOptions, GroupParticipantOptions, PictureType};
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::{Client, Jid};
use whatsapp_sim::{Sim, SimConfig};

use crate::client::{SEED, TestClient, all_understood, jid, network, phone};
use crate::phone::{Network, answer};

/// A picture of one colour.
pub(crate) fn plain(side: u32, colour: [u8; 3]) -> Vec<u8> {
    let mut png = Cursor::new(Vec::new());
    RgbImage::from_pixel(side, side, colour.into()).write_to(&mut png, ImageFormat::Png).unwrap();
    png.into_inner()
}

/// Loads what a client was told to show; returns its side.
async fn side(url: &str) -> u32 {
    let http = reqwest::Client::builder().timeout(crate::client::DEADLINE).build().unwrap();
    let loaded = http.get(url.replace("https://", "http://")).send().await.unwrap();
    assert_eq!(loaded.status(), 200);
    image::load_from_memory_with_format(&loaded.bytes().await.unwrap(), ImageFormat::Jpeg).unwrap().width()
}

/// What a client knows of somebody's picture: its id.
async fn listed(client: &Client, of: &Jid) -> Option<String> {
    let mut found = client.contacts().get_user_info(std::slice::from_ref(of)).await.unwrap();
    found.remove(of).unwrap().picture_id
}

/// The next news of a picture: whose it is, its id unless it was removed, and who says so.
async fn news(client: &mut TestClient) -> (Jid, Option<String>, Option<Jid>) {
    client
        .expect("news of a picture", |event| match event {
            Event::PictureUpdate(update) => {
                assert_eq!(update.removed, update.picture_id.is_none());
                Some((update.jid.clone(), update.picture_id.clone(), update.author.clone()))
            }
            _ => None,
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_shows_a_picture_and_others_see_it() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut other = TestClient::linked(&sim, &bob).await;
    let mut own = TestClient::linked(&sim, &ada).await;
    let of = jid(&ada);
    let lid = Jid::lid(sim.phone(&ada).await.unwrap().lid);
    assert!(other.client.contacts().get_profile_picture(&of, false).await.unwrap().is_none());
    assert_eq!(listed(&other.client, &of).await, None);

    let first = own.client.profile().set_profile_picture(plain(800, [9, 200, 9])).await.unwrap().id;
    let expected = (lid.clone(), Some(first.clone()), Some(lid.clone()));
    assert_eq!(news(&mut own).await, expected);
    assert_eq!(news(&mut other).await, expected);
    assert_eq!(listed(&other.client, &of).await.as_ref(), Some(&first));
    let mut urls = Vec::new();
    for (preview, expected) in [(false, 640), (true, 96)] {
        let seen = other.client.contacts().get_profile_picture(&of, preview).await.unwrap().unwrap();
        assert_eq!((&seen.id, side(&seen.url).await), (&first, expected));
        assert!(seen.url.ends_with(seen.direct_path.as_deref().unwrap()));
        urls.push(seen.url.replace("https://", "http://"));
    }

    let second = own.client.profile().set_profile_picture(plain(50, [200, 9, 9])).await.unwrap().id;
    assert_ne!(second, first);
    assert_eq!(news(&mut other).await.1, Some(second));
    let http = reqwest::Client::builder().timeout(crate::client::DEADLINE).build().unwrap();
    for url in urls {
        assert_eq!(http.get(url).send().await.unwrap().status(), 404, "nobody shows it any more");
    }
    assert!(own.client.profile().set_profile_picture(b"no picture".to_vec()).await.is_err());
    own.client.profile().remove_profile_picture().await.unwrap();
    assert_eq!(news(&mut other).await, (lid.clone(), None, Some(lid)));
    assert!(other.client.contacts().get_profile_picture(&of, true).await.unwrap().is_none());
    assert_eq!(listed(&other.client, &of).await, None);
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_shows_a_picture_by_the_phone() {
    let network = Network::start().await;
    let sim = &network.sim;
    let (ada, bob) = (phone(sim, "Ada").await, phone(sim, "Bob").await);
    let (mut own, mut other) = (TestClient::linked(sim, &ada).await, TestClient::linked(sim, &bob).await);
    assert_eq!(listed(&other.client, &jid(&ada)).await, None);
    let url = network.url(&format!("/admin/phones/{ada}/picture"));
    let (status, body) = answer(network.http.get(&url)).await;
    assert_eq!((status, &body["code"]), (404, &json!("unknown_picture")));

    let (status, body) = answer(network.http.put(&url).body(plain(700, [1, 2, 3]))).await;
    assert_eq!(status, 200, "{body}");
    let id = body["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(news(&mut own).await.1.as_ref(), Some(&id));
    assert_eq!(news(&mut other).await.1.as_ref(), Some(&id));
    let shown = network.http.get(&url).send().await.unwrap();
    assert_eq!(shown.headers()["content-type"], "image/jpeg");
    assert!(image::load_from_memory(&shown.bytes().await.unwrap()).is_ok());
    let seen = own.client.contacts().get_profile_picture(&jid(&ada), false).await.unwrap().unwrap();
    assert_eq!((seen.id, side(&seen.url).await), (id, 640));

    // Whom it is not open to hears nothing and sees nothing.
    sim.phone_privacy(&ada, "profile", "none").await.unwrap();
    let png = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, plain(7, [3, 2, 1]));
    let (status, _) = answer(network.http.put(&url).body(format!("data:image/png;base64,{png}"))).await;
    assert_eq!(status, 200);
    news(&mut own).await;
    assert!(other.client.contacts().get_profile_picture(&jid(&ada), false).await.unwrap().is_none());
    assert_eq!(listed(&other.client, &jid(&ada)).await, None);
    assert!(!other.has_come(|event| matches!(event, Event::PictureUpdate(_))));

    for bad in ["data:image/png;base64,%%%", "data:text/html,<p>", "words"] {
        let (status, body) = answer(network.http.put(&url).body(bad)).await;
        assert_eq!((status, &body["code"]), (400, &json!("bad_picture")), "{bad}");
    }
    assert_eq!(answer(network.http.delete(&url)).await.0, 200);
    assert_eq!(news(&mut own).await.1, None);
    let (status, body) = answer(network.http.delete(&url)).await;
    assert_eq!((status, &body["code"]), (404, &json!("unknown_picture")));
    all_understood(sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_survive_the_death_of_the_network() {
    let directory = tempfile::tempdir().unwrap();
    let config = || SimConfig { key_seed: SEED, data_dir: Some(directory.path().to_owned()), ..SimConfig::default() };
    let sim = Sim::start(config()).await.unwrap();
    let ada = phone(&sim, "Ada").await;
    sim.set_picture(&ada, plain(30, [1, 1, 1])).await.unwrap();
    sim.set_picture(&ada, plain(30, [2, 2, 2])).await.unwrap();
    let shown = sim.picture(&ada).await.unwrap();
    sim.shutdown().await;
    let sim = Sim::start(config()).await.unwrap();
    assert_eq!(sim.picture(&ada).await.unwrap(), shown);
    let files = std::fs::read_dir(directory.path().join("media")).unwrap().count();
    assert_eq!(files, 2, "one picture in two sizes, and nothing of the one before");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_say_about_themselves_is_heard() {
    let network = Network::start().await;
    let sim = &network.sim;
    let (ada, bob) = (phone(sim, "Ada").await, phone(sim, "Bob").await);
    let (mut own, mut other) = (TestClient::linked(sim, &ada).await, TestClient::linked(sim, &bob).await);
    assert_eq!(listed(&other.client, &jid(&ada)).await, None);
    let about = async |client: &mut TestClient| {
        client
            .expect("what somebody says", |event| match event {
                Event::UserAboutUpdate(update) => Some((update.jid.clone(), update.status.clone())),
                _ => None,
            })
            .await
    };
    let lid = Jid::lid(sim.phone(&ada).await.unwrap().lid);
    let put = |text: String| {
        answer(network.http.put(network.url(&format!("/admin/phones/{ada}/about"))).json(&json!({ "about": text })))
    };
    assert_eq!(put("at@sea".to_owned()).await.0, 200);
    let expected = (lid.clone(), "at@sea".to_owned());
    assert_eq!(about(&mut own).await, expected);
    assert_eq!(about(&mut other).await, expected);
    assert_eq!(sim.phone(&ada).await.unwrap().about, "at@sea");
    own.client.profile().set_status_text("Back home").await.unwrap();
    assert_eq!(about(&mut other).await, (lid, "Back home".to_owned()));
    let (status, body) = put("x".repeat(1000)).await;
    assert_eq!((status, &body["code"]), (400, &json!("bad_text")));
    all_understood(sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_give_their_group_a_picture() {
    let sim = network().await;
    let (ada, bob, cy) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await, phone(&sim, "Cy").await);
    let mut founder = TestClient::linked(&sim, &ada).await;
    let mut member = TestClient::linked(&sim, &bob).await;
    let outsider = TestClient::linked(&sim, &cy).await;
    let options = GroupCreateOptions::new("Pictures").with_participants(vec![GroupParticipantOptions::new(jid(&bob))]);
    let group = founder.client.groups().create_group(options).await.unwrap().metadata.id;
    let bob_lid = Jid::lid(sim.phone(&bob).await.unwrap().lid);

    let first = member.client.groups().set_profile_picture(group.clone(), plain(700, [5, 5, 5])).await.unwrap().id;
    assert_eq!(news(&mut founder).await, (group.clone(), Some(first.clone()), Some(bob_lid)));
    let seen = founder.client.contacts().get_profile_picture(&group, true).await.unwrap().unwrap();
    assert_eq!((seen.id, side(&seen.url).await), (first.clone(), 96));
    let several = async |client: &Client| {
        let asked = vec![group.clone()];
        client.groups().get_profile_pictures(asked, PictureType::Image).await.unwrap().remove(0)
    };
    let listed = several(&member.client).await;
    assert_eq!((listed.photo_id.as_ref(), side(&listed.url.unwrap()).await), (Some(&first), 640));
    assert!(outsider.client.contacts().get_profile_picture(&group, true).await.unwrap().is_none());
    assert_eq!(several(&outsider.client).await.photo_id, None);
    assert!(outsider.client.groups().set_profile_picture(group.clone(), plain(9, [1, 1, 1])).await.is_err());

    founder.client.groups().set_locked(group.clone(), true).await.unwrap();
    assert!(member.client.groups().set_profile_picture(group.clone(), plain(9, [1, 1, 1])).await.is_err());
    let second = sim.set_group_picture(&ada, &group.to_string(), plain(9, [2, 2, 2])).await.unwrap();
    assert_ne!(second, first);
    news(&mut member).await;
    assert_eq!(news(&mut member).await.1, Some(second));
    founder.client.groups().remove_profile_picture(group.clone()).await.unwrap();
    assert_eq!(news(&mut member).await.1, None);
    assert!(member.client.contacts().get_profile_picture(&group, false).await.unwrap().is_none());
    all_understood(&sim).await;
}
