//! What can go wrong for whoever uses the handle.

use thiserror::Error;

use crate::address::AddressError;
use crate::journal::JournalError;
use crate::media::MediaError;
use crate::phone::PhoneError;
use crate::phone::content::MessageError;
use crate::picture::PictureError;
use crate::scenario::ScenarioError;
use crate::tls::TlsError;
use crate::world::group::GroupError;
use crate::world::records::RecordError;

/// Why a network does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen")]
    Listen(#[source] std::io::Error),
    /// The journal cannot be used.
    #[error("cannot use the data directory")]
    Journal(#[from] JournalError),
    /// The journal holds no network.
    #[error("cannot restore the network")]
    Records(#[from] RecordError),
    /// There is no certificate.
    #[error("cannot speak TLS")]
    Tls(#[from] TlsError),
    /// The media in the data directory cannot be used.
    #[error("cannot use the media")]
    Media(#[from] MediaError),
    /// The scenario cannot be loaded.
    #[error("cannot load the scenario")]
    Scenario(#[source] SimError),
}

/// Why an act is refused.
#[derive(Debug, Error)]
pub enum SimError {
    /// What was typed is no phone number.
    #[error("{0}")]
    BadAddress(#[from] AddressError),
    /// Nobody has this number.
    #[error("this number is not on the network")]
    Unregistered,
    /// A name is empty or too long.
    #[error("a name has 1 to 100 bytes")]
    BadName,
    /// Somebody has this number, or it is reserved.
    #[error("this number is taken")]
    NumberTaken,
    /// The network is full.
    #[error("the network has no room for another account")]
    TooManyAccounts,
    /// What was scanned is no linking code, or not the one that its companion shows.
    #[error("this is not a linking code")]
    BadCode,
    /// No companion shows this code now.
    #[error("no companion shows this code any more")]
    CodeExpired,
    /// No companion shows a code for this number (any more).
    #[error("no companion shows a code for this number")]
    PairCodeExpired,
    /// The typed code is not the one that the companion shows.
    #[error("the code is wrong")]
    WrongPairCode,
    /// The code has been scanned a moment ago.
    #[error("this code is being scanned already")]
    AlreadyScanned,
    /// The account has as many companions as it may.
    #[error("this account has no room for another companion")]
    TooManyCompanions,
    /// The companion refused the account's signature.
    #[error("the companion refused to be linked")]
    CompanionRefused,
    /// The companion's own signature is wrong.
    #[error("the companion's signature does not verify")]
    BadSignature,
    /// The companion went away or did not answer in time.
    #[error("the companion did not answer")]
    CompanionSilent,
    /// The account has no such companion.
    #[error("this account has no such companion")]
    NoSuchDevice,
    /// Chats of this kind do not have what was asked for.
    #[error("this cannot be done in a chat of this kind")]
    WrongChat,
    /// The phone does not know this message.
    #[error("the phone does not have this message")]
    NoSuchMessage,
    /// A text is empty or too long.
    #[error("the text is empty or too long")]
    BadText,
    /// A business profile has too many or too long parts, or days and times that do not exist.
    #[error("the business profile is too large, or its hours are none")]
    BadBusiness,
    /// A setting does not exist or does not take this value, or a list is full.
    #[error("there is no such setting or value")]
    BadSetting,
    /// There is no such call that could be answered or ended by this phone.
    #[error("no such call is going on")]
    NoSuchCall,
    /// The account is a person's.
    #[error("this phone is no business")]
    NoBusiness,
    /// There is no such channel or post.
    #[error("there is no such channel or post")]
    NoSuchNewsletter,
    /// Only the owner may do this, or only those who follow, or everyone but the owner.
    #[error("this account may not do that in this channel")]
    NotYourNewsletter,
    /// There is no room for another channel.
    #[error("the network has no room for another channel")]
    TooManyNewsletters,
    /// The id or colour of a label is none, or there are too many.
    #[error("a label has an id of 1 to 32 bytes and a colour from 0 to 19, and a chat has at most 32")]
    BadLabel,
    /// The account's app state is full.
    #[error("the account's app state has no room for this")]
    NoRoom,
    /// A receipt covers no message or too many.
    #[error("a receipt covers 1 to 1000 messages")]
    BadIds,
    /// What was given is no picture.
    #[error("{0}")]
    BadPicture(#[from] PictureError),
    /// The person shows no picture.
    #[error("there is no picture")]
    NoPicture,
    /// The media host refuses.
    #[error("{0}")]
    Media(#[from] MediaError),
    /// A fault that makes no sense.
    #[error(
        "a fault has the fields of its kind, a count above 0, a number with its device, at most ten minutes of delay"
    )]
    BadFault,
    /// A scenario makes no sense.
    #[error("{0}")]
    Scenario(#[from] ScenarioError),
    /// More or fewer of something than one call makes.
    #[error("the count is too small or too large")]
    BadCount,
    /// There is no such burst (any more).
    #[error("there is no such burst")]
    NoSuchBurst,
    /// As many bursts run as may.
    #[error("too many bursts are running")]
    TooManyBursts,
    /// The fault is over, or was never in force.
    #[error("no such fault is in force")]
    NoSuchFault,
    /// As many faults are in force as may be.
    #[error("too many faults are in force")]
    TooManyFaults,
    /// A fault keeps the account from linking companions.
    #[error("the network refuses to link this companion")]
    LinkRefused,
    /// The phone does not send this.
    #[error("{0}")]
    Message(#[from] MessageError),
    /// A group refuses it.
    #[error("{0}")]
    Group(#[from] GroupError),
    /// The phone's cryptography failed.
    #[error("the phone cannot do this")]
    Phone(#[from] PhoneError),
    /// The step could not be written down, so it did not happen.
    #[error("the network cannot write its journal")]
    Journal(#[from] JournalError),
    /// The journal failed earlier or the network was shut down.
    #[error("the network has stopped")]
    Stopped,
}
