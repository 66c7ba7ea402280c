//! Calls of phones: ringing somebody, answering, refusing, hanging up, and the log.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Sim, SimError};
use crate::world::World;
use crate::world::call::Call;

/// What a call is like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// With pictures.
    pub video: bool,
    /// The group (`…@g.us`) whose call this is.
    pub group: Option<String>,
}

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CallState {
    /// Nobody has answered yet.
    Ringing,
    /// Somebody has answered.
    Accepted,
    /// Somebody has refused.
    Rejected,
    /// It was over before anybody answered.
    Missed,
    /// It is over.
    Ended,
}

/// A call in a phone's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PhoneCall {
    /// Its id.
    pub id: String,
    /// Who calls, as a number.
    pub from: String,
    /// Who is called, as a number.
    pub to: String,
    /// With pictures.
    pub video: bool,
    /// The group whose call it is.
    pub group: Option<String>,
    /// How far it has come.
    pub state: CallState,
    /// Whether a companion of the called has said that it rings.
    pub rang: bool,
    /// When it began; Unix seconds.
    pub timestamp: u64,
}

fn shown(call: &Call) -> PhoneCall {
    PhoneCall {
        id: call.id.clone(),
        from: call.caller.number.to_string(),
        to: call.called.to_string(),
        video: call.video,
        group: call.group.map(|group| group.to_string()),
        state: call.state,
        rang: call.rang,
        timestamp: call.started,
    }
}

fn log(world: &World, number: &str) -> Result<Vec<PhoneCall>, SimError> {
    let number = world.find(number)?;
    let party = |call: &&Call| call.caller.number == number || call.called == number;
    Ok(world.calls.iter().filter(party).map(shown).collect())
}

impl Sim {
    /// The phone of `number` calls somebody: the companions of `to` ring. Returns the call's id.
    pub async fn call(&self, number: &str, to: &str, options: &CallOptions) -> Result<String, SimError> {
        self.as_phone(number, |world, phone| {
            let called = world.find(to)?;
            world.phone_calls(phone.number, called, options)
        })
        .await
    }

    /// The person takes a call.
    pub async fn answer_call(&self, number: &str, id: &str) -> Result<(), SimError> {
        self.as_phone(number, |world, phone| world.phone_answers(phone.number, id, true)).await
    }

    /// The person refuses a call.
    pub async fn reject_call(&self, number: &str, id: &str) -> Result<(), SimError> {
        self.as_phone(number, |world, phone| world.phone_answers(phone.number, id, false)).await
    }

    /// The person hangs up or gives up; `timeout` says that nobody answered in time.
    pub async fn end_call(&self, number: &str, id: &str, timeout: bool) -> Result<(), SimError> {
        self.as_phone(number, |world, phone| world.phone_ends(phone.number, id, timeout)).await
    }

    /// The calls of an account since the start of the process, the oldest first.
    pub async fn phone_calls(&self, number: &str) -> Result<Vec<PhoneCall>, SimError> {
        log(&self.inner.state.lock().await.world, number)
    }

    /// Waits until an account has a call like this one; `None` when the time is over.
    pub async fn wait_for_call(
        &self,
        number: &str,
        mut like: impl FnMut(&PhoneCall) -> bool,
        within: std::time::Duration,
    ) -> Result<Option<PhoneCall>, SimError> {
        self.wait(within, |world| Ok(log(world, number)?.into_iter().find(&mut like))).await
    }
}
