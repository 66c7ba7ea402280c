//! `POST /chats/send-location` and `POST /chats/send-contact`: what is shown as a card.

use axum::extract::State;
use axum::http::HeaderMap;
use contract::content::{Content, MAX_NAME_CHARACTERS};
use contract::jid::Server;
use contract::recipient;
use edge_core::port::Port;

use super::send::{self, Kind};
use crate::answer::{Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{Fields, invalid, no_longer_than};

const LOCATION: Kind = Kind {
    required: "chatId, latitude, longitude",
    success: "Location sent successfully",
    note: None,
    content: location,
};

const CONTACT: Kind = Kind {
    required: "chatId, contactName, contactPhone",
    success: "Contact sent successfully",
    note: None,
    content: contact,
};

pub(super) async fn send_location<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    send::send(&app, &headers, body, &LOCATION).await
}

pub(super) async fn send_contact<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    send::send(&app, &headers, body, &CONTACT).await
}

fn location(fields: &Fields, _country_code: &str) -> Result<Option<Content>, Failure> {
    let (Some(latitude), Some(longitude)) = (fields.number("latitude")?, fields.number("longitude")?) else {
        return Ok(None);
    };
    if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
        return Err(invalid("latitude must be from -90 to 90, longitude from -180 to 180".to_owned()));
    }
    let name = fields.text(&["name"])?.unwrap_or_default();
    no_longer_than("name", &name, MAX_NAME_CHARACTERS)?;
    Ok(Some(Content::Location { latitude, longitude, name }))
}

fn contact(fields: &Fields, country_code: &str) -> Result<Option<Content>, Failure> {
    let (Some(name), Some(phone)) = (fields.text(&["contactName"])?, fields.text(&["contactPhone"])?) else {
        return Ok(None);
    };
    no_longer_than("contactName", &name, MAX_NAME_CHARACTERS)?;
    let digits = recipient::parse(&phone, country_code).ok().filter(|jid| jid.server() == Server::Phone);
    let digits = digits.ok_or_else(|| invalid("contactPhone must be a phone number".to_owned()))?;
    Ok(Some(Content::Contact { name, phone: digits.user().to_owned() }))
}
