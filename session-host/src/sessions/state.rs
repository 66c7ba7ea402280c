//! What a session is and what happens to it: a pure machine. It takes an input and returns the next state and what is to be
//! done; it does nothing itself, knows no time and no network.

use contract::session::{Desired, SessionStatus, StatusReason};

/// Seconds before attempt 1, 2, 3, … to log in again after a refusal; the last one repeats. The library itself retries lost
/// connections; these are refusals that it takes for final although they pass.
const RETRY_SECONDS: [u64; 6] = [5, 15, 30, 60, 120, 300];

/// A session's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Where it stands.
    pub status: SessionStatus,
    /// Why it is not connected.
    pub reason: Option<StatusReason>,
    /// The QR code that waits.
    pub qr: Option<String>,
    /// Whether a client exists.
    running: bool,
    /// Refusals since the last connection.
    refusals: usize,
}

impl Default for State {
    fn default() -> Self {
        Self { status: SessionStatus::Disconnected, reason: None, qr: None, running: false, refusals: 0 }
    }
}

/// What can happen to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The session record says what should be.
    Wish(Desired),
    /// A client could not be built or dialled.
    StartFailed(StatusReason),
    /// The time to try again has come.
    Retry,
    /// WhatsApp offers a QR code.
    Qr(String),
    /// All offered codes ran out.
    QrExpired,
    /// A phone scanned; the client logs in with its new identity.
    Paired,
    /// Connected and in sync.
    Online,
    /// The connection is gone; the client reconnects by itself.
    Lost,
    /// No connection for a long time.
    Slow,
    /// WhatsApp refused; the client gave up, but trying later makes sense.
    Refused,
    /// WhatsApp ended it; trying again makes no sense.
    Ended(StatusReason),
    /// The host is stopping, or the lease is lost.
    Leave,
}

/// What is to be done, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Build a client and let it connect.
    Start,
    /// Close the client, gracefully.
    Stop,
    /// Tell WhatsApp that this device is no more, then close.
    Logout,
    /// Write status, reason and QR code into the record, and announce them.
    Record,
    /// Announce that the session was logged out.
    AnnounceLogout,
    /// Forget keys and identity; the next start is a new device.
    Forget,
    /// Write `stopped` as the wish, unless there is a newer wish.
    GiveUp,
    /// Erase everything of the session.
    Erase,
    /// Come back with [`Input::Retry`] after so many seconds.
    RetryIn(u64),
    /// End the actor and give the lease back.
    Leave,
}

impl State {
    /// What follows from an input.
    #[must_use]
    pub fn step(&self, input: Input) -> (Self, Vec<Effect>) {
        let mut next = self.clone();
        let effects = match input {
            Input::Wish(Desired::Connected) | Input::Retry => next.start(),
            Input::Wish(Desired::Stopped) => {
                let mut effects = next.stop();
                effects.push(Effect::Leave);
                effects
            }
            Input::Wish(Desired::Deleted) => {
                let close = if next.status == SessionStatus::Connected { Effect::Logout } else { Effect::Stop };
                let mut effects = if next.running { vec![close] } else { Vec::new() };
                next.down(Some(StatusReason::LoggedOut));
                effects.extend([Effect::Record, Effect::AnnounceLogout, Effect::Erase, Effect::Leave]);
                effects
            }
            Input::StartFailed(reason) => {
                next.down(Some(reason));
                if reason.reconnects() {
                    vec![Effect::Record, next.retry()]
                } else {
                    vec![Effect::Record, Effect::GiveUp, Effect::Leave]
                }
            }
            Input::Qr(code) if next.running => {
                next.to(SessionStatus::QrReady, None);
                next.qr = Some(code);
                vec![Effect::Record]
            }
            Input::Paired if next.running => {
                next.to(SessionStatus::Connecting, None);
                vec![Effect::Record]
            }
            Input::Online if next.running => {
                next.refusals = 0;
                next.to(SessionStatus::Connected, None);
                vec![Effect::Record]
            }
            Input::Lost if next.running => {
                next.to(SessionStatus::Disconnected, Some(StatusReason::ConnectionLost));
                vec![Effect::Record]
            }
            Input::Slow if next.running && next.status != SessionStatus::Connected && next.qr.is_none() => {
                next.to(SessionStatus::Connecting, Some(StatusReason::Unreachable));
                vec![Effect::Record]
            }
            Input::Refused if next.running => {
                next.down(Some(StatusReason::LoginRefused));
                vec![Effect::Stop, Effect::Record, next.retry()]
            }
            Input::QrExpired if next.running => next.end(StatusReason::QrExpired),
            Input::Ended(reason) if next.running => next.end(reason),
            Input::Leave => {
                let mut effects = if next.running { vec![Effect::Stop] } else { Vec::new() };
                next.down(Some(StatusReason::HandedOver));
                effects.extend([Effect::Record, Effect::Leave]);
                effects
            }
            // A client that is being closed may still speak; nobody listens any more.
            _ => Vec::new(),
        };
        (next, effects)
    }

    fn start(&mut self) -> Vec<Effect> {
        if self.running {
            return Vec::new();
        }
        self.running = true;
        self.to(SessionStatus::Connecting, None);
        vec![Effect::Record, Effect::Start]
    }

    fn stop(&mut self) -> Vec<Effect> {
        if !self.running {
            return Vec::new();
        }
        self.down(None);
        vec![Effect::Stop, Effect::Record]
    }

    fn end(&mut self, reason: StatusReason) -> Vec<Effect> {
        self.down(Some(reason));
        let mut effects = vec![Effect::Stop, Effect::Record];
        if reason == StatusReason::LoggedOut {
            effects.extend([Effect::AnnounceLogout, Effect::Forget]);
        }
        effects.extend([Effect::GiveUp, Effect::Leave]);
        effects
    }

    fn retry(&mut self) -> Effect {
        let seconds = RETRY_SECONDS[self.refusals.min(RETRY_SECONDS.len() - 1)];
        self.refusals += 1;
        Effect::RetryIn(seconds)
    }

    fn to(&mut self, status: SessionStatus, reason: Option<StatusReason>) {
        self.status = status;
        self.reason = reason;
        self.qr = None;
    }

    fn down(&mut self, reason: Option<StatusReason>) {
        self.running = false;
        self.to(SessionStatus::Disconnected, reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(inputs: &[Input]) -> State {
        inputs.iter().fold(State::default(), |state, input| state.step(input.clone()).0)
    }

    const CONNECT: Input = Input::Wish(Desired::Connected);

    #[test]
    fn connecting_and_linking() {
        let (state, effects) = State::default().step(CONNECT);
        assert_eq!((state.status, effects), (SessionStatus::Connecting, vec![Effect::Record, Effect::Start]));
        let (state, effects) = state.step(Input::Qr("2@a".to_owned()));
        assert_eq!((state.status, state.qr.as_deref()), (SessionStatus::QrReady, Some("2@a")));
        assert_eq!(effects, [Effect::Record]);
        let (state, _) = state.step(Input::Paired);
        assert_eq!((state.status, state.qr.as_deref()), (SessionStatus::Connecting, None));
        let (state, _) = state.step(Input::Online);
        assert_eq!((state.status, state.reason), (SessionStatus::Connected, None));
    }

    #[test]
    fn a_second_wish_changes_nothing_while_a_client_runs() {
        let state = after(&[CONNECT]);
        assert_eq!(state.step(CONNECT), (state.clone(), Vec::new()));
    }

    #[test]
    fn a_lost_connection_waits_for_the_client() {
        let state = after(&[CONNECT, Input::Online]);
        let (state, effects) = state.step(Input::Lost);
        assert_eq!((state.status, state.reason), (SessionStatus::Disconnected, Some(StatusReason::ConnectionLost)));
        assert_eq!(effects, [Effect::Record]);
        assert_eq!(state.step(Input::Online).0.status, SessionStatus::Connected);
    }

    #[test]
    fn logged_out_forgets_and_gives_up() {
        let (state, effects) = after(&[CONNECT, Input::Online]).step(Input::Ended(StatusReason::LoggedOut));
        assert_eq!(state.reason, Some(StatusReason::LoggedOut));
        let expected =
            [Effect::Stop, Effect::Record, Effect::AnnounceLogout, Effect::Forget, Effect::GiveUp, Effect::Leave];
        assert_eq!(effects, expected);
    }

    #[test]
    fn expired_codes_and_bans_give_up_without_forgetting() {
        for input in [Input::QrExpired, Input::Ended(StatusReason::TemporaryBan), Input::Ended(StatusReason::Replaced)]
        {
            let (_, effects) = after(&[CONNECT]).step(input);
            assert_eq!(effects, [Effect::Stop, Effect::Record, Effect::GiveUp, Effect::Leave]);
        }
    }

    #[test]
    fn refusals_are_tried_again_with_growing_pauses() {
        let mut state = State::default();
        for seconds in [5, 15, 30, 60, 120, 300, 300] {
            let (started, effects) = state.step(Input::Retry);
            assert_eq!(effects, [Effect::Record, Effect::Start]);
            let (refused, effects) = started.step(Input::Refused);
            assert_eq!(effects, [Effect::Stop, Effect::Record, Effect::RetryIn(seconds)]);
            state = refused;
        }
        let (online, _) = state.step(Input::Retry).0.step(Input::Online);
        let (_, effects) = online.step(Input::Refused);
        assert_eq!(effects.last(), Some(&Effect::RetryIn(5)));
    }

    #[test]
    fn deleting_logs_out_only_what_is_connected() {
        let deleted = Input::Wish(Desired::Deleted);
        assert_eq!(after(&[CONNECT, Input::Online]).step(deleted.clone()).1[0], Effect::Logout);
        assert_eq!(after(&[CONNECT]).step(deleted.clone()).1[0], Effect::Stop);
        assert_eq!(State::default().step(deleted).1[0], Effect::Record);
    }

    #[test]
    fn leaving_keeps_the_wish() {
        let (state, effects) = after(&[CONNECT, Input::Online]).step(Input::Leave);
        assert_eq!(state.reason, Some(StatusReason::HandedOver));
        assert_eq!(effects, [Effect::Stop, Effect::Record, Effect::Leave]);
    }

    #[test]
    fn a_closed_client_is_not_listened_to() {
        let stopped = after(&[CONNECT, Input::Online, Input::Ended(StatusReason::LoggedOut)]);
        for late in [Input::Online, Input::Lost, Input::Qr("x".to_owned()), Input::Ended(StatusReason::Replaced)] {
            assert_eq!(stopped.step(late), (stopped.clone(), Vec::new()));
        }
    }

    #[test]
    fn slow_is_said_once_it_is_true() {
        let (state, effects) = after(&[CONNECT]).step(Input::Slow);
        assert_eq!((state.status, state.reason), (SessionStatus::Connecting, Some(StatusReason::Unreachable)));
        assert_eq!(effects, [Effect::Record]);
        assert!(after(&[CONNECT, Input::Online]).step(Input::Slow).1.is_empty());
        assert!(after(&[CONNECT, Input::Qr("x".to_owned())]).step(Input::Slow).1.is_empty());
    }
}
