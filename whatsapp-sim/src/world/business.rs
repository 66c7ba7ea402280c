//! Businesses: their profile, the certificate of their name, and what others hear when a phone becomes one. The
//! certificate is signed with the account's own key, as everything here that WhatsApp alone could sign.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::buffa::Message as _;
use waproto::whatsapp::{VerifiedNameCertificate, verified_name_certificate};

use super::records::Key;
use super::{DeviceRef, World};
use crate::sim::{BusinessDay, BusinessProfile, SimError};
use crate::{address, stanza};

/// WhatsApp's limit of a description; nothing else in a profile is longer.
const MAX_TEXT: usize = 512 * 4;
/// WhatsApp takes two websites and three categories; a few more do no harm.
const MAX_ENTRIES: usize = 8;
/// Two spans on each day.
const MAX_SPANS: usize = 14;
/// The days of the week on the wire.
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// How a day is open.
const MODES: [&str; 3] = ["open_24h", "specific_hours", "appointment_only"];
/// Midnight at the end of a day.
const LAST_MINUTE: u32 = 24 * 60;
/// Who issues certificates of names of small businesses.
const ISSUER: &str = "smb:wa";

fn fits(profile: &BusinessProfile) -> bool {
    let texts = [&profile.verified_name, &profile.description]
        .into_iter()
        .chain(&profile.address)
        .chain(&profile.email)
        .chain(&profile.websites)
        .chain(profile.categories.iter().flat_map(|category| [&category.id, &category.name]))
        .chain(profile.hours.iter().map(|hours| &hours.timezone));
    let day = |day: &BusinessDay| {
        let minutes = [day.open, day.close].into_iter().flatten();
        DAYS.contains(&day.day.as_str()) && MODES.contains(&day.mode.as_str()) && minutes.max() <= Some(LAST_MINUTE)
    };
    texts.into_iter().all(|text| text.len() <= MAX_TEXT)
        && profile.websites.len() <= MAX_ENTRIES
        && profile.categories.len() <= MAX_ENTRIES
        && profile.hours.as_ref().is_none_or(|hours| hours.days.len() <= MAX_SPANS && hours.days.iter().all(day))
}

impl World {
    /// Makes an account a business, or a person again, and tells who knows it.
    pub(crate) fn set_business(&mut self, number: u64, profile: Option<BusinessProfile>) -> Result<(), SimError> {
        if profile.as_ref().is_some_and(|profile| !fits(profile)) {
            return Err(SimError::BadBusiness);
        }
        let account = self.accounts.get_mut(&number).ok_or(SimError::Unregistered)?;
        account.social.business = profile;
        self.touch(Key::Account(number));
        let own = address::lid(self.lid_of(number), 0);
        let changes = match self.verified_name(number) {
            Some(mut name) => {
                name.attrs.insert("jid", own.clone());
                vec![name, NodeBuilder::new("profile").attr("jid", own.clone()).build()]
            }
            None => vec![NodeBuilder::new("remove").attr("jid", own.clone()).build()],
        };
        for change in changes {
            let notification = Self::notification("business", own.clone(), [change]);
            self.notify_companions(number, None, &notification);
            self.notify_acquaintances(number, &notification);
        }
        Ok(())
    }

    /// `<verified_name>` of a business: a certificate of its name.
    pub(crate) fn verified_name(&self, number: u64) -> Option<Node> {
        let account = self.accounts.get(&number)?;
        let profile = account.social.business.as_ref()?;
        let name = if profile.verified_name.is_empty() { &account.name } else { &profile.verified_name };
        let details = verified_name_certificate::Details {
            serial: Some(account.lid),
            issuer: Some(ISSUER.to_owned()),
            verified_name: Some(name.clone()),
            ..Default::default()
        }
        .encode_to_vec();
        let certificate = VerifiedNameCertificate {
            signature: account.phone.sign(&[&details]),
            details: Some(details),
            ..Default::default()
        };
        let node = NodeBuilder::new("verified_name").attr("v", 1).attr("verified_level", "unknown");
        Some(node.attr("actual_actors", "self").bytes(certificate.encode_to_vec()).build())
    }

    /// `<business>` of a usync answer.
    pub(crate) fn business_of(&self, number: u64) -> Option<Node> {
        Some(NodeBuilder::new("business").children([self.verified_name(number)?]).build())
    }

    /// `<profile>` of a business, under the JID that was asked for.
    pub(crate) fn business_profile(&self, asked: &Node) -> Option<Node> {
        let jid = stanza::jid(asked, "jid")?;
        let profile = self.accounts.get(&self.resolve(&jid)?)?.social.business.as_ref()?;
        let text = |tag: &'static str, text: &str| stanza::leaf(tag, text.as_bytes());
        let mut content = vec![text("description", &profile.description)];
        content.extend(profile.address.iter().map(|address| text("address", address)));
        content.extend(profile.email.iter().map(|email| text("email", email)));
        content.extend(profile.websites.iter().map(|website| text("website", website)));
        let categories = profile.categories.iter().map(|category| {
            let node = NodeBuilder::new("category").attr("id", category.id.as_str());
            node.bytes(category.name.as_bytes()).build()
        });
        content.push(NodeBuilder::new("categories").children(categories).build());
        if let Some(hours) = &profile.hours {
            let days = hours.days.iter().map(|day| {
                let mut node = NodeBuilder::new("business_hours_config")
                    .attr("day_of_week", day.day.as_str())
                    .attr("mode", day.mode.as_str());
                for (key, minutes) in [("open_time", day.open), ("close_time", day.close)] {
                    if let Some(minutes) = minutes {
                        node = node.attr(key, minutes);
                    }
                }
                node.build()
            });
            let node = NodeBuilder::new("business_hours").attr("timezone", hours.timezone.as_str());
            content.push(node.children(days).build());
        }
        Some(NodeBuilder::new("profile").attr("jid", jid).children(content).build())
    }

    /// Changes the name that others see.
    pub(super) fn show_name(&mut self, who: DeviceRef, name: &str) -> Result<(), SimError> {
        let name = Self::checked_name(name)?;
        let account = self.accounts.get_mut(&who.number).ok_or(SimError::Unregistered)?;
        if account.name == name {
            return Ok(());
        }
        name.clone_into(&mut account.name);
        self.touch(Key::Account(who.number));
        let mut own = Self::notification("account_sync", address::pn(who.number, 0), []);
        own.attrs.insert("pushname", name);
        self.notify_companions(who.number, Some(who.device), &own);
        let jid = address::lid(self.lid_of(who.number), 0);
        let update = NodeBuilder::new("update").attr("jid", jid).build();
        let notification = Self::notification("contacts", stanza::server(), [update]);
        self.notify_acquaintances(who.number, &notification);
        Ok(())
    }
}
