//! One chat for one person: the two addresses that WhatsApp uses for people, and the one under which a chat is filed.

use contract::jid::{Jid, Server};
use whatsapp_rust::Client;

/// A person (or group) by every address that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The address chats are filed under: the phone number when known.
    pub chat: Jid,
    /// By phone number.
    pub pn: Option<Jid>,
    /// By hidden id.
    pub lid: Option<Jid>,
}

impl Identity {
    /// From one address and, possibly, the other.
    pub fn new(address: Jid, other: Option<&Jid>) -> Self {
        let pick = |server| [Some(&address), other].into_iter().flatten().find(|j| j.server() == server).cloned();
        let (pn, lid) = (pick(Server::Phone), pick(Server::Lid));
        let chat = pn.clone().filter(|_| address.server() == Server::Lid).unwrap_or(address);
        Self { chat, pn, lid }
    }

    /// The account itself.
    pub(crate) fn own(client: &Client) -> Option<Self> {
        Some(Self::new(bare(&client.pn()?)?, client.lid().as_ref().and_then(bare).as_ref()))
    }

    /// Of an address in the library's form, with the other one from the stanza or from what the client has learned. `None` for
    /// addresses this product does not know (bots, hosted companions).
    pub(crate) async fn resolve(
        client: &Client,
        address: &wacore_binary::Jid,
        other: Option<&wacore_binary::Jid>,
    ) -> Option<Self> {
        let bare = bare(address)?;
        if let Some(other) = other.and_then(self::bare) {
            return Some(Self::new(bare, Some(&other)));
        }
        if !matches!(bare.server(), Server::Phone | Server::Lid) {
            return Some(Self::new(bare, None));
        }
        let known = client.get_lid_pn_entry(&address.to_non_ad()).await.ok().flatten();
        let other = known.and_then(|entry| match bare.server() {
            Server::Lid => Jid::parse(&format!("{}@s.whatsapp.net", entry.phone_number)).ok(),
            _ => Jid::parse(&format!("{}@lid", entry.lid)).ok(),
        });
        Some(Self::new(bare, other.as_ref()))
    }
}

fn bare(jid: &wacore_binary::Jid) -> Option<Jid> {
    Jid::parse(&jid.to_non_ad_string()).ok()
}

/// The library's form of an address.
pub(crate) fn to_library(jid: &Jid) -> Option<wacore_binary::Jid> {
    jid.to_string().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jid(text: &str) -> Jid {
        Jid::parse(text).unwrap()
    }

    #[test]
    fn a_chat_is_filed_under_the_phone_number_when_it_is_known() {
        let (pn, lid) = (jid("6281200001111@s.whatsapp.net"), jid("100000000000001@lid"));
        for (address, other) in [(pn.clone(), Some(&lid)), (lid.clone(), Some(&pn))] {
            let identity = Identity::new(address, other);
            assert_eq!((identity.chat, identity.pn, identity.lid), (pn.clone(), Some(pn.clone()), Some(lid.clone())));
        }
        assert_eq!(Identity::new(lid.clone(), None).chat, lid);
    }

    #[test]
    fn a_group_has_one_address() {
        let group = jid("120363000000000001@g.us");
        let identity = Identity::new(group.clone(), None);
        assert_eq!((identity.chat, identity.pn, identity.lid), (group, None, None));
    }
}
