//! Loading a scenario, and playing its timeline. What is to happen is decided at the load, so a timeline only waits and acts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::{BurstSpec, FaultText, Sim, SimError};
use crate::scenario::{MAX_PLAYING, Scenario, ScenarioError, Step};
use crate::world::World;
use crate::world::faults::FaultSpec;
use crate::world::scenario::{Loaded, Names};
use crate::written::Written;

/// The timelines that are being played, by their hash.
#[derive(Default)]
pub(super) struct Playing(Mutex<BTreeSet<[u8; 32]>>);

/// One act of a timeline.
enum Act {
    Send { from: String, to: String, name: Option<String>, message: Box<Written> },
    Typing { from: String, to: String },
    Fault(FaultSpec),
    Burst(BurstSpec),
}

/// A scenario whose people, groups and past are there.
struct Prepared {
    loaded: Loaded,
    faults: Vec<FaultSpec>,
    acts: Vec<(Duration, Act)>,
    /// The ids of the messages that have a name.
    messages: BTreeMap<String, String>,
}

impl Playing {
    /// Begins to play; false when it is played already.
    fn begin(&self, timeline: [u8; 32]) -> Result<bool, ScenarioError> {
        let mut playing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if playing.len() >= MAX_PLAYING && !playing.contains(&timeline) {
            return Err(ScenarioError::TooManyTimelines);
        }
        Ok(playing.insert(timeline))
    }

    fn end(&self, timeline: &[u8; 32]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(timeline);
    }
}

impl Sim {
    /// Adds what is missing of a scenario, and begins to play its timeline. Loading it again changes nothing that is there.
    pub async fn load_scenario(&self, scenario: &Scenario) -> Result<Loaded, SimError> {
        let mut step = self.step().await?;
        let done = prepare(step.world(), scenario);
        step.done().await?;
        let Prepared { mut loaded, faults, acts, messages } = done?;
        for fault in faults {
            self.add_fault(fault).await?;
            loaded.faults += 1;
        }
        if let Some(media) = scenario.media {
            if let Some(refused) = media.refuse_uploads {
                self.refuse_uploads(refused.status, refused.times);
            }
            if let Some(refused) = media.refuse_downloads {
                self.refuse_downloads(refused.status, refused.times);
            }
            if media.bytes_per_second.is_some() {
                self.slow_downloads(media.bytes_per_second);
            }
        }
        let timeline = timeline_id(&scenario.timeline);
        if !acts.is_empty() && self.inner.playing.begin(timeline)? {
            let sim = self.clone();
            tokio::spawn(async move {
                let stopping = sim.stopping();
                tokio::select! {
                    () = play(&sim, acts, messages) => {}
                    () = stopping.cancelled() => {}
                }
                sim.inner.playing.end(&timeline);
            });
        }
        Ok(loaded)
    }
}

/// Loads what is state; returns which faults are not in force yet, and what is to happen when.
fn prepare(world: &mut World, scenario: &Scenario) -> Result<Prepared, SimError> {
    let (loaded, names) = world.load_scenario(scenario)?;
    let mut faults = Vec::new();
    for text in &scenario.faults {
        let spec = fault(world, &names, text)?;
        if !world.faults.active.values().any(|fault| fault.spec == spec) {
            faults.push(spec);
        }
    }
    let mut acts = Vec::with_capacity(scenario.timeline.len());
    for step in &scenario.timeline {
        if let Some(act) = act(world, &names, step)? {
            acts.push((Duration::from_millis(step.after_ms), act));
        }
    }
    acts.sort_by_key(|(after, _)| *after);
    Ok(Prepared { loaded, faults, acts, messages: names.messages })
}

fn fault(world: &World, names: &Names, text: &FaultText) -> Result<FaultSpec, SimError> {
    let number = text.number.as_deref().map(|name| world.meant(names, name)).transpose()?;
    FaultText { number: number.map(|number| number.to_string()), ..text.clone() }.try_into()
}

fn act(world: &World, names: &Names, step: &Step) -> Result<Option<Act>, SimError> {
    let number = |name: &str| world.meant(names, name).map(|number| number.to_string());
    let chat = |name: &str| world.chat_meant(names, name).map(|chat| chat.to_string());
    Ok(if let Some(send) = &step.send {
        let message = Box::new(world.message_meant(names, &send.message)?);
        Some(Act::Send { from: number(&send.from)?, to: chat(&send.to)?, name: send.name.clone(), message })
    } else if let Some(typing) = &step.typing {
        Some(Act::Typing { from: number(&typing.from)?, to: chat(&typing.to)? })
    } else if let Some(text) = &step.fault {
        Some(Act::Fault(fault(world, names, text)?))
    } else if let Some(burst) = &step.burst {
        Some(Act::Burst(BurstSpec { to: number(&burst.to)?, ..burst.clone() }))
    } else {
        None
    })
}

fn timeline_id(timeline: &[Step]) -> [u8; 32] {
    // Plain structures of texts and numbers are always JSON.
    Sha256::digest(serde_json::to_vec(timeline).unwrap_or_default()).into()
}

async fn play(sim: &Sim, acts: Vec<(Duration, Act)>, mut messages: BTreeMap<String, String>) {
    let began = Instant::now();
    for (after, act) in acts {
        tokio::time::sleep_until(began + after).await;
        let done = match act {
            Act::Send { from, to, name, message } => {
                let message = message.with_ids(|name| messages.get(name).cloned());
                let sent = sim.sends_written(&from, &to, message).await;
                sent.map(|id| messages.extend(name.map(|name| (name, id))))
            }
            Act::Typing { from, to } => sim.phone_typing(&from, &to, true).await,
            Act::Fault(spec) => sim.add_fault(spec).await.map(drop),
            Act::Burst(spec) => sim.burst(spec).await.map(drop),
        };
        if let Err(error) = done {
            tracing::warn!(%error, "a step of a timeline failed");
        }
    }
}
