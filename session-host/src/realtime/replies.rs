//! Answers to what a client said. One that finds no room in the socket's send buffer waits here, in order, and goes out when there
//! is room; a client that has more of them waiting than it may ask for is disconnected. None is lost in silence. Events never
//! come here: they wait in the log.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use socketioxide::extract::SocketRef;
use socketioxide::socket::Sid;
use tokio::time::{Instant, sleep};

use super::hub::Hub;
use super::outgoing::{self, Sent};
use super::request::Failure;
use super::rooms::MAX_SUBSCRIPTIONS;

/// Answers of one socket that may wait: as many as it may have subscriptions, twice.
const MAX_WAITING: usize = 2 * MAX_SUBSCRIPTIONS;

/// Pause while the send buffer is full. Long enough for a healthy connection to drain it, so that the transport's heartbeat,
/// which needs a free place in the same buffer, finds one.
pub(super) const FULL_PAUSE: Duration = Duration::from_millis(20);

/// An answer that waits.
type Waiting = (&'static str, Value);

/// What waits, by socket. A socket with an entry has a task that brings it out.
#[derive(Default)]
pub(super) struct Replies {
    waiting: Mutex<HashMap<Sid, VecDeque<Waiting>>>,
    /// Sockets that are being disconnected: they are answered no more, so that there is room for the packet that says so.
    ended: Mutex<HashSet<Sid>>,
}

impl Replies {
    fn waiting(&self) -> MutexGuard<'_, HashMap<Sid, VecDeque<Waiting>>> {
        // A queue is whole after every step.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> MutexGuard<'_, HashSet<Sid>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a socket no more. Whether it was answered until now.
    pub(super) fn end(&self, socket: Sid) -> bool {
        self.waiting().remove(&socket);
        self.ended().insert(socket)
    }

    /// Drops what waits for a socket that is gone.
    pub(super) fn forget(&self, socket: Sid) {
        self.waiting().remove(&socket);
        self.ended().remove(&socket);
    }
}

impl Hub {
    /// Answers a client.
    pub(super) fn reply(self: &Arc<Self>, socket: &SocketRef, name: &'static str, payload: &impl Serialize) {
        if self.replies.ended().contains(&socket.id) {
            return;
        }
        let mut waiting = self.replies.waiting();
        match waiting.entry(socket.id) {
            Entry::Occupied(mut queue) if queue.get().len() < MAX_WAITING => {
                let payload = serde_json::to_value(payload).unwrap_or_default();
                queue.get_mut().push_back((name, payload));
            }
            Entry::Occupied(_) => {
                drop(waiting);
                self.end(socket, "it asks more than it listens");
            }
            Entry::Vacant(place) => {
                if outgoing::reply(socket, name, payload) == Sent::Full {
                    let payload = serde_json::to_value(payload).unwrap_or_default();
                    place.insert(VecDeque::from([(name, payload)]));
                    self.spawn(bring_out(Arc::clone(self), socket.clone()));
                }
            }
        }
    }

    /// Answers a client with a failure.
    pub(super) fn refuse(self: &Arc<Self>, socket: &SocketRef, failure: &Failure) {
        self.reply(socket, "error", failure);
    }

    /// Says something that must stand before what follows it, at the pace of the socket; `false` when the socket takes nothing
    /// any more.
    pub(super) async fn say(
        self: &Arc<Self>,
        socket: &SocketRef,
        name: &'static str,
        payload: &impl Serialize,
    ) -> bool {
        let start = Instant::now();
        loop {
            match outgoing::reply(socket, name, payload) {
                Sent::Taken => return true,
                Sent::Closed => return false,
                Sent::Full if start.elapsed() >= self.stall_limit => {
                    self.end(socket, "it takes nothing");
                    return false;
                }
                Sent::Full => sleep(FULL_PAUSE).await,
            }
        }
    }
}

/// Brings out what waits for a socket.
async fn bring_out(hub: Arc<Hub>, socket: SocketRef) {
    let mut progress = Instant::now();
    loop {
        let room = {
            let mut waiting = hub.replies.waiting();
            let Some(queue) = waiting.get_mut(&socket.id) else { return };
            loop {
                let Some((name, payload)) = queue.front() else {
                    waiting.remove(&socket.id);
                    return;
                };
                match outgoing::reply(&socket, name, payload) {
                    Sent::Taken => {
                        queue.pop_front();
                        progress = Instant::now();
                    }
                    other => break other,
                }
            }
        };
        if room == Sent::Closed || progress.elapsed() >= hub.stall_limit {
            hub.replies.waiting().remove(&socket.id);
            if room == Sent::Full {
                hub.end(&socket, "it takes nothing");
            }
            return;
        }
        sleep(FULL_PAUSE).await;
    }
}
