//! A new group. The library's own call hides what became of single people, so its answer is read here.

use contract::command::Failure;
use contract::error::ErrorCode;
use contract::group::{Created, ParticipantResult};
use contract::jid::{Jid, Server};
use wacore::iq::groups::{
    GroupCreateIq, GroupCreateOptions, GroupInfoResponse, GroupParticipantOptions, normalize_participants,
};
use wacore::iq::spec::IqSpec;
use wacore::request::InfoQuery;
use wacore_binary::NodeRef;
use whatsapp_rust::Client;

use super::participants;
use crate::clock;
use crate::sessions::outbox::failure;
use crate::sessions::refusal::Trouble;
use crate::whatsapp::identity::{Identity, to_library};

/// What becomes of somebody of whom the answer says nothing: WhatsApp leaves out who is not registered.
const NOBODY: &str = "404";

pub(super) async fn create(client: &Client, subject: &str, people: &[Jid]) -> Result<Created, Failure> {
    let mut invited = Vec::with_capacity(people.len());
    for person in people {
        invited.push(invitation(client, person).await?);
    }
    let options = GroupCreateOptions::new(subject).with_participants(normalize_participants(&invited));
    let founding = Founding(GroupCreateIq::new(options));
    let (group, members) = client.execute(founding).await.map_err(|error| match Trouble::from(error) {
        Trouble::Refused(code @ (404 | 406)) => Failure { whatsapp_code: Some(code), ..failure(ErrorCode::Refused) },
        trouble => trouble.failure_once(),
    })?;
    let id = Jid::parse(&group.id.to_string()).map_err(|_| failure(ErrorCode::OutcomeUnknown))?;
    let created_at = group.creation_time.and_then(|seconds| clock::iso_seconds(i64::try_from(seconds).ok()?));
    Ok(Created {
        group_id: id.clone(),
        group_jid: id,
        subject: subject.to_owned(),
        participants: people.to_vec(),
        results: results(client, people, &members).await,
        created_at: created_at.unwrap_or_else(clock::iso_now),
    })
}

/// WhatsApp wants the number of whoever is named by a hidden id.
async fn invitation(client: &Client, person: &Jid) -> Result<GroupParticipantOptions, Failure> {
    let address = to_library(person).ok_or_else(|| failure(ErrorCode::InvalidRecipient))?;
    let invitation = GroupParticipantOptions::new(address.clone());
    if person.server() != Server::Lid {
        return Ok(invitation);
    }
    let known = Identity::resolve(client, &address, None).await.and_then(|identity| identity.pn);
    let number = known.as_ref().and_then(to_library).ok_or_else(|| failure(ErrorCode::InvalidRecipient))?;
    Ok(invitation.with_phone_number(number))
}

/// What became of each person that was asked for, in the order of the request.
async fn results(client: &Client, people: &[Jid], members: &[Member]) -> Vec<ParticipantResult> {
    let mut known = Vec::with_capacity(members.len());
    for member in members {
        known.extend(
            participants::result(client, &member.jid, member.phone_number.as_ref(), member.error.as_deref()).await,
        );
    }
    let mut results = Vec::with_capacity(people.len());
    for person in people {
        let is = |result: &&ParticipantResult| {
            result.jid == *person || result.content.attrs.get("lid").is_some_and(|lid| *lid == person.to_string())
        };
        if let Some(result) = known.iter().find(is) {
            results.push(result.clone());
        } else if let Some(address) = to_library(person) {
            results.extend(participants::result(client, &address, None, Some(NOBODY)).await);
        }
    }
    results
}

/// Somebody in the answer.
struct Member {
    jid: wacore_binary::Jid,
    phone_number: Option<wacore_binary::Jid>,
    error: Option<String>,
}

/// The library's request, with the errors of its answer.
struct Founding(GroupCreateIq);

impl IqSpec for Founding {
    type Response = (GroupInfoResponse, Vec<Member>);

    fn build_iq(&self) -> InfoQuery<'static> {
        self.0.build_iq()
    }

    fn parse_response(&self, response: &NodeRef<'_>) -> Result<Self::Response, anyhow::Error> {
        let group = self.0.parse_response(response)?;
        let people =
            response.get_optional_child("group").into_iter().flat_map(|group| group.children().unwrap_or_default());
        let members = people.filter(|node| node.tag == "participant").filter_map(|node| {
            let mut attrs = node.attrs();
            Some(Member {
                jid: attrs.optional_jid("jid")?,
                phone_number: attrs.optional_jid("phone_number"),
                error: attrs.optional_string("error").map(std::borrow::Cow::into_owned),
            })
        });
        Ok((group, members.collect()))
    }
}
