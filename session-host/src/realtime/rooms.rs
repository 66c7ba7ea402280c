//! Who hears which session, and how far each has come: the one piece of state the realtime side has. A *room* is a session
//! with its members (socketioxide's own rooms know no positions, so they are not used).
//!
//! # No gap, no duplicate
//!
//! Every member has its own position in the session's log, and a position moves only together with a successful emit, under
//! the lock. A member is in one of two modes:
//!
//! - *catching up*: a task of its own (`catchup`) reads the log from the member's position and emits;
//! - *live*: the one reader of this host (`reader`) reads the log from the room's *head* and emits to all live members.
//!
//! The head is a position up to which every live member has been served. A member goes live under the lock, and only when
//! its position is at or past the head; the reader skips for each member what lies at or before its position. So at the
//! seam nothing is missed (the head is not past the member) and nothing repeated (the member's position filters). A live
//! member whose send buffer is full goes back to catching up at its position; nothing is dropped for it.
//!
//! A batch that was read for an old head (the room emptied and was refilled meanwhile) is refused.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use contract::event::Event;
use contract::id::SessionId;
use socketioxide::extract::SocketRef;
use socketioxide::socket::Sid;
use tokio::sync::Notify;

use super::outgoing::{self, Sent};
use super::request::Failure;
use crate::eventlog::{Continuity, EventId, Page};

/// Sessions one socket may subscribe to: far more than a dashboard shows, and a bound on what one client can make us keep.
pub(super) const MAX_SUBSCRIPTIONS: usize = 1_000;

/// One subscription; a later one of the same socket to the same session has another number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    pub session: SessionId,
    pub socket: Sid,
    number: u64,
}

/// The answer to a wish to join.
pub(super) enum Joined {
    /// A new member that catches up; its task is to be started.
    New(Ticket),
    /// A member already, at this position.
    Already(EventId),
    /// A member whose own task still finds out where it starts; that one replies to this wish too.
    Starting,
    /// The socket is at [`MAX_SUBSCRIPTIONS`].
    Refused,
}

/// What became of a delivery to a member that catches up.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// The subscription is over.
    Gone,
    /// So many events were taken: all, or as many as the send buffer had room for.
    Took(usize),
}

struct Member {
    socket: SocketRef,
    number: u64,
    position: EventId,
    /// Wishes to reply to as soon as the position is known.
    wishes: usize,
    live: bool,
}

#[derive(Default)]
struct Room {
    /// `None` while no member is live.
    head: Option<EventId>,
    /// Waits in the queue of rooms to read.
    queued: bool,
    members: HashMap<Sid, Member>,
}

#[derive(Default)]
struct State {
    rooms: HashMap<SessionId, Room>,
    sockets: HashMap<Sid, HashSet<SessionId>>,
    queue: VecDeque<SessionId>,
    numbers: u64,
}

/// All rooms of this host.
#[derive(Default)]
pub(super) struct Rooms {
    state: Mutex<State>,
    /// Told when the queue has something.
    bell: Notify,
}

impl Rooms {
    fn state(&self) -> MutexGuard<'_, State> {
        // No step leaves the maps in a state that the next cannot work with.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a socket a member that catches up. `again` starts a present member afresh.
    pub(super) fn join(&self, socket: &SocketRef, session: &SessionId, again: bool) -> Joined {
        let mut state = self.state();
        let joined = state.sockets.entry(socket.id).or_default();
        if joined.len() >= MAX_SUBSCRIPTIONS && !joined.contains(session) {
            return Joined::Refused;
        }
        joined.insert(session.clone());
        state.numbers += 1;
        let number = state.numbers;
        let new = Member { socket: socket.clone(), number, position: EventId::START, wishes: 1, live: false };
        match state.rooms.entry(session.clone()).or_default().members.entry(socket.id) {
            Entry::Occupied(mut member) if !again => {
                let member = member.get_mut();
                if member.wishes == 0 {
                    return Joined::Already(member.position);
                }
                member.wishes += 1;
                return Joined::Starting;
            }
            Entry::Occupied(mut member) => {
                let wishes = member.get().wishes + 1;
                member.insert(Member { wishes, ..new });
            }
            Entry::Vacant(place) => drop(place.insert(new)),
        }
        Joined::New(Ticket { session: session.clone(), socket: socket.id, number })
    }

    /// Ends a subscription.
    pub(super) fn leave(&self, socket: Sid, session: &SessionId) {
        self.state().leave(socket, session);
    }

    /// Ends all subscriptions of a socket.
    pub(super) fn forget(&self, socket: Sid) {
        let mut state = self.state();
        for session in state.sockets.get(&socket).cloned().unwrap_or_default() {
            state.leave(socket, &session);
        }
    }

    /// The member's socket and position, while the subscription stands.
    pub(super) fn member(&self, ticket: &Ticket) -> Option<(SocketRef, EventId)> {
        let mut state = self.state();
        let member = state.member(ticket)?;
        Some((member.socket.clone(), member.position))
    }

    /// Gives a new member its position, and says how many wishes are to be replied to. `None` when the subscription is over.
    pub(super) fn settle(&self, ticket: &Ticket, position: EventId) -> Option<usize> {
        let mut state = self.state();
        let member = state.member(ticket)?;
        member.position = position;
        Some(std::mem::take(&mut member.wishes))
    }

    /// Moves a member that catches up. `false` when the subscription is over.
    pub(super) fn place(&self, ticket: &Ticket, position: EventId) -> bool {
        self.state().member(ticket).map(|member| member.position = position).is_some()
    }

    /// Emits to a member that catches up until its send buffer is full.
    pub(super) fn deliver(&self, ticket: &Ticket, events: &[(EventId, Event)]) -> Delivery {
        let mut state = self.state();
        let Some(member) = state.member(ticket) else { return Delivery::Gone };
        for (taken, (id, event)) in events.iter().enumerate() {
            match outgoing::event(&member.socket, *id, event) {
                Sent::Taken => member.position = *id,
                // A closed socket leaves the room by its disconnect handler, which ends the ticket.
                Sent::Full | Sent::Closed => return Delivery::Took(taken),
            }
        }
        Delivery::Took(events.len())
    }

    /// Makes a member live that has read up to `position`, unless the room is further. `None` when the subscription is over.
    pub(super) fn go_live(&self, ticket: &Ticket, position: EventId) -> Option<bool> {
        let mut state = self.state();
        let head = state.rooms.get(&ticket.session)?.head;
        let member = state.member(ticket)?;
        member.position = position;
        if head.is_some_and(|head| position < head) {
            return Some(false);
        }
        member.live = true;
        if let Some(room) = state.rooms.get_mut(&ticket.session) {
            room.head = head.or(Some(position));
        }
        // What came since the member's last read had a doorbell that found nobody live.
        state.queue(&ticket.session);
        self.bell.notify_one();
        Some(true)
    }

    /// A session has new events.
    pub(super) fn ring(&self, session: &SessionId) {
        if self.state().queue(session) {
            self.bell.notify_one();
        }
    }

    /// Any session may have new events.
    pub(super) fn ring_all(&self) {
        let mut state = self.state();
        let sessions: Vec<_> = state.rooms.keys().cloned().collect();
        for session in &sessions {
            state.queue(session);
        }
        self.bell.notify_one();
    }

    /// Waits until a session may have new events.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Takes rooms to read, in the order they were rung, each with its head.
    pub(super) fn take(&self, limit: usize) -> Vec<(SessionId, EventId)> {
        let mut state = self.state();
        let mut taken = Vec::new();
        while taken.len() < limit
            && let Some(session) = state.queue.pop_front()
        {
            if let Some(room) = state.rooms.get_mut(&session) {
                room.queued = false;
                taken.extend(room.head.map(|head| (session, head)));
            }
        }
        taken
    }

    /// Emits a page that was read from `head` to the live members, and returns those that could not take all of it: they
    /// catch up from here on.
    pub(super) fn publish(&self, session: &SessionId, head: EventId, page: &Page) -> Vec<Ticket> {
        let mut state = self.state();
        let Some(room) = state.rooms.get_mut(session).filter(|room| room.head == Some(head)) else { return Vec::new() };
        let mut slow = Vec::new();
        for (sid, member) in room.members.iter_mut().filter(|(_, member)| member.live) {
            match page.continuity {
                Continuity::Unbroken => {}
                Continuity::Trimmed => {
                    if page.events.first().is_some_and(|(oldest, _)| member.position < *oldest) {
                        outgoing::failure(&member.socket, &Failure::cursor_expired(session));
                    }
                }
                // The log was erased or lost its end; what comes next comes after its new end.
                Continuity::Ahead { newest } => member.position = member.position.min(newest),
            }
            let seen = member.position;
            for (id, event) in page.events.iter().filter(|(id, _)| *id > seen) {
                match outgoing::event(&member.socket, *id, event) {
                    Sent::Taken => member.position = *id,
                    // Its disconnect handler takes it out of the room.
                    Sent::Closed => break,
                    Sent::Full => {
                        member.live = false;
                        slow.push(Ticket { session: session.clone(), socket: *sid, number: member.number });
                        break;
                    }
                }
            }
        }
        room.head = match page.continuity {
            _ if !room.members.values().any(|member| member.live) => None,
            Continuity::Ahead { newest } => Some(newest),
            Continuity::Unbroken | Continuity::Trimmed => Some(page.end),
        };
        if page.more {
            state.queue(session);
        }
        slow
    }

    /// Takes out sockets that are closed and were missed.
    pub(super) fn sweep(&self) {
        let mut state = self.state();
        let closed: HashSet<Sid> = state
            .rooms
            .values()
            .flat_map(|room| room.members.values())
            .filter(|member| !member.socket.connected())
            .map(|member| member.socket.id)
            .collect();
        for socket in closed {
            for session in state.sockets.get(&socket).cloned().unwrap_or_default() {
                state.leave(socket, &session);
            }
        }
    }

    /// How many sockets each session has.
    pub(super) fn sizes(&self) -> BTreeMap<SessionId, usize> {
        self.state().rooms.iter().map(|(session, room)| (session.clone(), room.members.len())).collect()
    }
}

impl State {
    fn member(&mut self, ticket: &Ticket) -> Option<&mut Member> {
        let member = self.rooms.get_mut(&ticket.session)?.members.get_mut(&ticket.socket)?;
        (member.number == ticket.number).then_some(member)
    }

    fn leave(&mut self, socket: Sid, session: &SessionId) {
        if let Entry::Occupied(mut joined) = self.sockets.entry(socket) {
            joined.get_mut().remove(session);
            if joined.get().is_empty() {
                joined.remove();
            }
        }
        if let Entry::Occupied(mut room) = self.rooms.entry(session.clone()) {
            room.get_mut().members.remove(&socket);
            if room.get().members.is_empty() {
                room.remove();
            } else if !room.get().members.values().any(|member| member.live) {
                room.get_mut().head = None;
            }
        }
    }

    /// Queues a room with live members for the reader; says whether it was not queued yet.
    fn queue(&mut self, session: &SessionId) -> bool {
        let Some(room) = self.rooms.get_mut(session) else { return false };
        if room.queued || room.head.is_none() {
            return false;
        }
        room.queued = true;
        self.queue.push_back(session.clone());
        true
    }
}
