//! The function that delivers events to webhooks. A session-host invokes it when there is something to do; it owns every decision
//! about deliveries: which events go out, what is posted and how it is signed, what counts as arrived, when to try again, when to let
//! others go ahead, when to give up.
//!
//! An invocation works on one lane of one webhook. In the lanes of events (`live`, `replay`) one delivery follows the other, so a
//! receiver gets them in order. It does as much as fits into a few seconds, writes what became of it, and says when it wants to
//! be invoked again. It keeps nothing: a crash loses no delivery, and may repeat the newest ones under the same ids.

mod aside;
mod attempt;
mod body;
mod invoke;
mod policy;
mod sign;
mod stream;

#[cfg(target_family = "wasm")]
mod component;

pub use invoke::{Refusal, invoke};
