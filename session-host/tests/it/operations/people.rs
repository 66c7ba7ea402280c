//! Numbers, pictures, persons.

use contract::error::ErrorCode;
use contract::jid::{Jid, Server};
use contract::operation::{NumberCheck, Person, Picture, Question};

use super::stage::{Stage, failed};

/// A JPEG as small as one can be.
fn jpeg() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(8, 8).write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

fn nobody() -> Jid {
    Jid::phone("6281200009999")
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_have_two_addresses_or_none() {
    let stage = Stage::new().await;
    let shop = stage.member().await;
    let ada = stage.person("Ada").await;
    let lid = stage.sim.phone(ada.user()).await.unwrap().lid;
    let check: NumberCheck = shop.ask(Question::Number { phone: ada.clone() }).await;
    assert_eq!((check.is_registered, check.jid.as_ref()), (true, Some(&ada)));
    let hidden = check.lid.unwrap();
    assert_eq!((hidden.server(), hidden.user()), (Server::Lid, lid.as_str()));
    // By the hidden address it is the same person.
    let check: NumberCheck = shop.ask(Question::Number { phone: hidden.clone() }).await;
    assert_eq!((check.jid, check.lid), (Some(ada), Some(hidden)));
    let check: NumberCheck = shop.ask(Question::Number { phone: nobody() }).await;
    assert_eq!(check, NumberCheck { is_registered: false, jid: None, lid: None });
    let group = Jid::parse("120363000000000001@g.us").unwrap();
    assert_eq!(failed(shop.asked(Question::Number { phone: group }).await), (ErrorCode::InvalidRecipient, None));
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_shown_to_whoever_may_see_them() {
    let stage = Stage::new().await;
    let shop = stage.member().await;
    let ada = stage.person("Ada").await;
    let picture = async |of: &Jid| shop.ask::<Picture>(Question::Picture { of: of.clone() }).await.url;
    assert_eq!(picture(&ada).await, None);
    stage.sim.set_picture(ada.user(), jpeg()).await.unwrap();
    let url = picture(&ada).await.unwrap();
    assert!(url.starts_with("http"), "{url}");
    stage.sim.phone_privacy(ada.user(), "profile", "none").await.unwrap();
    assert_eq!(picture(&ada).await, None);
    assert_eq!(picture(&nobody()).await, None);
    let group = shop.found("Chess", &[&ada]).await;
    assert_eq!(picture(&group).await, None);
    stage.sim.set_group_picture(&shop.number, &group.to_string(), jpeg()).await.unwrap();
    assert!(picture(&group).await.is_some());
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_everything_that_is_shown_of_them() {
    let stage = Stage::new().await;
    let shop = stage.member().await;
    let ada = stage.person("Ada").await;
    stage.sim.set_about(ada.user(), "At the sea").await.unwrap();
    stage.sim.set_picture(ada.user(), jpeg()).await.unwrap();
    let lid = Jid::parse(&format!("{}@lid", stage.sim.phone(ada.user()).await.unwrap().lid)).unwrap();
    for address in [&ada, &lid] {
        let person: Person = shop.ask(Question::Person { of: address.clone() }).await;
        assert_eq!((person.is_registered, person.is_business), (true, false));
        assert_eq!((person.pn.as_ref(), person.lid.as_ref()), (Some(&ada), Some(&lid)));
        assert_eq!(person.about.as_deref(), Some("At the sea"));
        assert!(person.picture.is_some());
    }
    for category in ["profile", "status"] {
        stage.sim.phone_privacy(ada.user(), category, "none").await.unwrap();
    }
    let person: Person = shop.ask(Question::Person { of: ada.clone() }).await;
    assert_eq!((person.is_registered, person.about, person.picture), (true, None, None));
    let person: Person = shop.ask(Question::Person { of: nobody() }).await;
    assert_eq!((person.is_registered, person.pn, person.lid), (false, Some(nobody()), None));
    stage.end().await;
}
