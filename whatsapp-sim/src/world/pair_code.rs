//! Linking by a code that the person types into the phone: the companion asks for a reference, the phone answers with its
//! key under the code, the companion with its key bundle. Only the bundle tells whether the code was right, so a wrong one
//! costs the companion an attempt and the person an error.

use std::time::{Duration, Instant};

use rand::RngExt as _;
use tokio::sync::oneshot;
use wacore::pair_code::PairCodeUtils;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::World;
use super::connection::{ConnectionId, Peer};
use super::pairing::Pairing;
use crate::phone::TypedCode;
use crate::sim::{Linked, SimError};
use crate::stanza;

/// How many codes one connection may ask for before it is told to slow down.
const MAX_REQUESTS: u32 = 16;
/// What a companion wraps: salt, counter and one key.
const WRAPPED_KEY: usize = 80;

/// Code and text of a refused request.
type Refusal = (u16, &'static str);

/// What WhatsApp says to a malformed request and to a number that it does not know.
const BAD_REQUEST: Refusal = (400, "bad-request");

/// A code that a companion shows for an account.
pub(crate) struct CodeRequest {
    number: u64,
    pub(super) reference: Vec<u8>,
    wrapped: Vec<u8>,
    asked: Instant,
    typed: Option<Typed>,
}

/// A code that a person has typed, waiting for the companion's key bundle.
struct Typed {
    code: TypedCode,
    done: oneshot::Sender<Result<Linked, SimError>>,
}

/// A code that waits to be typed.
pub(crate) struct Awaited {
    connection: ConnectionId,
    reference: Vec<u8>,
    pub(crate) wrapped: Vec<u8>,
}

impl CodeRequest {
    fn validity() -> Duration {
        PairCodeUtils::code_validity()
    }

    fn alive(&self) -> bool {
        self.asked.elapsed() <= Self::validity()
    }
}

/// A code without the dash and in the form in which the companion stretches it; `None` when it is none.
pub(crate) fn normalized(code: &str) -> Option<String> {
    let code: String = code.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect();
    PairCodeUtils::validate_code(&code).then(|| code.to_ascii_uppercase())
}

impl World {
    /// `link_code_companion_reg` of a companion that is not linked yet.
    pub(super) fn link_code(&mut self, id: ConnectionId, request: &Node) {
        let registration = request.get_optional_child("link_code_companion_reg");
        let stage = registration.and_then(|registration| stanza::attr(registration, "stage"));
        let refusal = match (registration, stage.as_deref()) {
            (Some(registration), Some("companion_hello")) => self.companion_hello(id, request, registration),
            (Some(registration), Some("companion_finish")) => self.companion_finish(id, request, registration),
            _ => Err(BAD_REQUEST),
        };
        if let Err((code, text)) = refusal {
            self.send(id, stanza::refusal(request, code, text));
        }
    }

    fn companion_hello(&mut self, id: ConnectionId, request: &Node, registration: &Node) -> Result<(), Refusal> {
        let number = stanza::jid(registration, "jid").and_then(|jid| self.resolve(&jid));
        let wrapped = registration
            .get_optional_child("link_code_pairing_wrapped_companion_ephemeral_pub")
            .and_then(stanza::bytes)
            .filter(|wrapped| wrapped.len() == WRAPPED_KEY)
            .map(<[u8]>::to_vec);
        let (Some(number), Some(wrapped), Some(pairing)) = (number, wrapped, self.pairing_at(id)) else {
            return Err(BAD_REQUEST);
        };
        if pairing.code_requests >= MAX_REQUESTS {
            return Err((429, "rate-overlimit"));
        }
        pairing.code_requests += 1;
        let reference = format!("3@{}", hex::encode(rand::rng().random::<[u8; 24]>())).into_bytes();
        let answer = NodeBuilder::new("link_code_companion_reg")
            .attr("stage", "companion_hello")
            .children([stanza::leaf("link_code_pairing_ref", reference.clone())])
            .build();
        pairing.code = Some(CodeRequest { number, reference, wrapped, asked: Instant::now(), typed: None });
        self.send(id, stanza::result(request, [answer]));
        Ok(())
    }

    pub(super) fn pairing_at(&mut self, id: ConnectionId) -> Option<&mut Pairing> {
        match &mut self.connections.get_mut(&id)?.peer {
            Peer::Pairing(pairing) => Some(pairing),
            _ => None,
        }
    }

    /// The newest code that a companion shows for this account and that is still valid.
    pub(crate) fn awaited_code(&self, number: u64) -> Result<Awaited, SimError> {
        let shown = self.connections.iter().filter_map(|(id, connection)| match &connection.peer {
            Peer::Pairing(pairing) => pairing.code.as_ref().map(|code| (*id, code)),
            _ => None,
        });
        let (connection, code) = shown
            .filter(|(_, code)| code.number == number && code.alive())
            .max_by_key(|(_, code)| code.asked)
            .ok_or(SimError::PairCodeExpired)?;
        Ok(Awaited { connection, reference: code.reference.clone(), wrapped: code.wrapped.clone() })
    }

    /// The person has typed a code: the companion learns the phone's key, and answers with its bundle.
    pub(crate) fn code_typed(
        &mut self,
        number: u64,
        awaited: &Awaited,
        code: TypedCode,
    ) -> Result<oneshot::Receiver<Result<Linked, SimError>>, SimError> {
        let account = self.accounts.get(&number).ok_or(SimError::Unregistered)?;
        account.free_device_id().ok_or(SimError::TooManyCompanions)?;
        let identity = account.phone.identity_public();
        let pairing = self.pairing_at(awaited.connection).ok_or(SimError::PairCodeExpired)?;
        let request = pairing.code.as_mut().filter(|shown| shown.reference == awaited.reference);
        let request = request.ok_or(SimError::PairCodeExpired)?;
        let hello = NodeBuilder::new("link_code_companion_reg")
            .attr("stage", "primary_hello")
            .children([
                stanza::leaf("link_code_pairing_wrapped_primary_ephemeral_pub", code.wrapped),
                stanza::leaf("primary_identity_pub", identity),
                stanza::leaf("link_code_pairing_ref", awaited.reference.clone()),
            ])
            .build();
        let (done, heard) = oneshot::channel();
        request.typed = Some(Typed { code, done });
        self.tell_pairing(awaited.connection, hello);
        Ok(heard)
    }

    fn companion_finish(&mut self, id: ConnectionId, request: &Node, registration: &Node) -> Result<(), Refusal> {
        let bytes = |tag: &str| registration.get_optional_child(tag).and_then(stanza::bytes).map(<[u8]>::to_vec);
        let reference = bytes("link_code_pairing_ref");
        let bundle = bytes("link_code_pairing_wrapped_key_bundle");
        let claimed = stanza::child_array::<32>(registration, "companion_identity_public");
        let shown = self.pairing_at(id).and_then(|pairing| pairing.code.as_mut());
        let known = shown.filter(|code| Some(&code.reference) == reference.as_ref() && code.alive());
        let typed = known.and_then(|code| Some((code.number, code.typed.take()?)));
        let (number, Typed { code, done }) = typed.ok_or(BAD_REQUEST)?;
        let account = self.accounts.get(&number).ok_or(BAD_REQUEST)?;
        let opened = account.phone.open_key_bundle(&code, &bundle.unwrap_or_default()).ok();
        // The server takes the bundle whatever it holds; a phone that cannot open it goes quiet.
        self.send(id, stanza::result(request, []));
        match opened.filter(|opened| claimed.is_none_or(|claimed| claimed == opened.identity)) {
            Some(opened) => self.vouch(id, number, opened.identity, &opened.adv_secret, done),
            None => {
                let _nobody_waits = done.send(Err(SimError::WrongPairCode));
            }
        }
        Ok(())
    }

    /// Withdraws the codes that companions show for an account: they have to ask for new ones, by hand if `manual`.
    pub(crate) fn refresh_codes(&mut self, number: u64, manual: bool) -> usize {
        let shown = |(id, connection): (&ConnectionId, &mut super::connection::Connection)| match &mut connection.peer {
            Peer::Pairing(pairing) => {
                let code = pairing.code.take_if(|code| code.number == number)?;
                Some((*id, code.reference))
            }
            _ => None,
        };
        let withdrawn: Vec<_> = self.connections.iter_mut().filter_map(shown).collect();
        for (id, reference) in &withdrawn {
            let refresh = NodeBuilder::new("link_code_companion_reg")
                .attr("stage", "refresh_code")
                .attr("force_manual_refresh", if manual { "true" } else { "false" })
                .children([stanza::leaf("link_code_pairing_ref", reference.clone())])
                .build();
            self.tell_pairing(*id, refresh);
        }
        withdrawn.len()
    }

    fn tell_pairing(&mut self, id: ConnectionId, content: Node) {
        let notification = NodeBuilder::new("notification")
            .attr("type", "link_code_companion_reg")
            .attr("from", stanza::server())
            .attr("id", Self::fresh_id())
            .attr("t", crate::clock::now())
            .children([content])
            .build();
        self.send(id, notification);
    }
}
