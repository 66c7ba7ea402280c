//! `w:mex`: the requests that WhatsApp takes in GraphQL, known by the number of a stored document. Channels are asked for
//! in this way, and a few things about the account. A document that is not known here is counted as an unknown request
//! and answered with an error in GraphQL's own form, so that clients fail as they would at WhatsApp.

use serde_json::{Value, json};
use wacore::iq::mex_operations::{
    create_newsletter, delete_newsletter, fetch_all_newsletters_metadata, fetch_newsletter, fetch_reachout_timelock,
    get_username, join_newsletter, leave_newsletter, update_newsletter, update_newsletter_user_setting,
};
use wacore_binary::Node;

use crate::stanza;
use crate::world::chat::Chat;
use crate::world::newsletter::Refusal;
use crate::world::{DeviceRef, World};

/// The outcome of one operation: what goes below `data`.
type Outcome = Result<Value, Refusal>;

pub(super) fn answer(world: &mut World, who: DeviceRef, request: &Node) -> Node {
    let query = request.get_optional_child("query");
    let document = query.and_then(|query| stanza::attr(query, "query_id")).unwrap_or_default();
    let asked = query.and_then(stanza::bytes).and_then(|json| serde_json::from_slice::<Value>(json).ok());
    let Some(asked) = asked else { return stanza::refusal(request, 400, "bad-request") };
    let body = match operation(world, who, &document, &asked["variables"]) {
        Some(Ok(data)) => json!({ "data": data }),
        Some(Err(refusal)) => failed(refusal.code(), "the request is refused"),
        None => {
            world.counters.unknown_requests += 1;
            tracing::warn!(document, "an unknown GraphQL document");
            failed(501, "this document is not known")
        }
    };
    stanza::result(request, [stanza::leaf("result", body.to_string())])
}

fn failed(code: u16, message: &str) -> Value {
    let extensions = json!({ "error_code": code, "is_summary": false, "is_retryable": false, "severity": "CRITICAL" });
    json!({ "data": null, "errors": [{ "message": message, "extensions": extensions }] })
}

fn operation(world: &mut World, who: DeviceRef, document: &str, variables: &Value) -> Option<Outcome> {
    Some(match document {
        create_newsletter::DOC_ID => create(world, who, &variables["input"]),
        fetch_newsletter::DOC_ID => fetch(world, who, &variables["input"]),
        fetch_all_newsletters_metadata::DOC_ID => {
            let all = world.newsletters_of(who.number).into_iter();
            let all: Vec<Value> = all.filter_map(|id| world.describe_newsletter(id, who.number)).collect();
            Ok(json!({ "xwa2_newsletter_subscribed": all }))
        }
        join_newsletter::DOC_ID => named(&variables["newsletter_id"]).and_then(|id| {
            world.follow(who, id)?;
            described(world, who, id, "xwa2_newsletter_join_v2")
        }),
        leave_newsletter::DOC_ID => named(&variables["newsletter_id"]).and_then(|id| {
            world.unfollow(who, id)?;
            described(world, who, id, "xwa2_newsletter_leave_v2")
        }),
        update_newsletter::DOC_ID => named(&variables["newsletter_id"]).and_then(|id| {
            let updates = &variables["updates"];
            world.update_newsletter(who, id, updates["name"].as_str(), updates["description"].as_str())?;
            described(world, who, id, "xwa2_newsletter_update")
        }),
        delete_newsletter::DOC_ID => named(&variables["newsletter_id"]).and_then(|id| {
            world.delete_newsletter(who, id)?;
            described(world, who, id, "xwa2_newsletter_delete_v2")
        }),
        update_newsletter_user_setting::DOC_ID => {
            let input = &variables["input"];
            named(&input["newsletter_id"]).and_then(|id| {
                let kind = input["type"].as_str().ok_or(Refusal::Malformed)?;
                world.mute_newsletter(who, id, kind, input["value"].as_str() == Some("ON"))?;
                described(world, who, id, "xwa2_newsletter_update_user_setting")
            })
        }
        // Nobody is kept from writing to strangers, and nobody has a user name.
        fetch_reachout_timelock::DOC_ID => {
            Ok(json!({ "xwa2_fetch_account_reachout_timelock": { "is_active": false } }))
        }
        get_username::DOC_ID => Ok(json!({ "xwa2_username_get": { "username_info": null } })),
        _ => return None,
    })
}

/// The channel that a variable names.
fn named(id: &Value) -> Result<u64, Refusal> {
    match id.as_str().and_then(|id| id.parse().ok()) {
        Some(Chat::Newsletter(id)) => Ok(id),
        _ => Err(Refusal::Missing),
    }
}

fn described(world: &World, who: DeviceRef, id: u64, field: &str) -> Outcome {
    let newsletter = world.describe_newsletter(id, who.number).ok_or(Refusal::Missing)?;
    Ok(Value::Object([(field.to_owned(), newsletter)].into_iter().collect()))
}

fn create(world: &mut World, who: DeviceRef, input: &Value) -> Outcome {
    let name = input["name"].as_str().ok_or(Refusal::Malformed)?;
    let id = world.create_newsletter(who, name, input["description"].as_str().unwrap_or_default())?;
    described(world, who, id, "xwa2_newsletter_create")
}

fn fetch(world: &World, who: DeviceRef, input: &Value) -> Outcome {
    let id = match input["type"].as_str() {
        Some("INVITE") => world.newsletter_by_invite(input["key"].as_str().unwrap_or_default())?,
        _ => named(&input["key"])?,
    };
    world.newsletter(id)?;
    described(world, who, id, "xwa2_newsletter")
}
