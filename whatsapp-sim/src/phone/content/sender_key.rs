//! The message that hands the author's chain of a group to one device.

use waproto::buffa::MessageField;
use waproto::whatsapp as wa;
use waproto::whatsapp::message::SenderKeyDistributionMessage;

/// Hands a chain over.
pub fn sender_key(group: &str, chain: Vec<u8>) -> wa::Message {
    wa::Message {
        sender_key_distribution_message: MessageField::some(SenderKeyDistributionMessage {
            group_id: Some(group.to_owned()),
            axolotl_sender_key_distribution_message: Some(chain),
        }),
        ..Default::default()
    }
}

/// The chain that a message of this group hands over. One that names another group is not for it.
pub fn sender_key_for<'a>(message: &'a wa::Message, group: &str) -> Option<&'a [u8]> {
    let given = message.sender_key_distribution_message.as_option()?;
    let chain = given.axolotl_sender_key_distribution_message.as_deref()?;
    (given.group_id.as_deref() == Some(group)).then_some(chain)
}
