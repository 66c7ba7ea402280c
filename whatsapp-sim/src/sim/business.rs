//! What a business shows about itself, and how a phone becomes one.

use serde::{Deserialize, Serialize};

use super::{Sim, SimError};

/// A business's profile, as its customers see it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct BusinessProfile {
    /// The name that the network vouches for; the phone's own name when it is empty.
    pub verified_name: String,
    /// What it does.
    pub description: String,
    /// Where it is.
    pub address: Option<String>,
    /// Where to write to.
    pub email: Option<String>,
    /// Its pages; WhatsApp shows two.
    pub websites: Vec<String>,
    /// What kind of business it is.
    pub categories: Vec<BusinessCategory>,
    /// When it is open.
    pub hours: Option<BusinessHours>,
}

/// A kind of business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BusinessCategory {
    /// WhatsApp's number of the category.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// When a business is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BusinessHours {
    /// The zone of the times, such as `Asia/Jakarta`.
    pub timezone: String,
    /// One entry per span; a day that is not named is closed.
    pub days: Vec<BusinessDay>,
}

/// When a business is open on one day of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BusinessDay {
    /// `sun`, `mon` and so on.
    pub day: String,
    /// `open_24h`, `specific_hours` or `appointment_only`.
    pub mode: String,
    /// Minutes after midnight.
    pub open: Option<u32>,
    /// Minutes after midnight.
    pub close: Option<u32>,
}

impl Sim {
    /// Makes a phone a business with this profile, or a person again.
    pub async fn set_business(&self, number: &str, profile: Option<BusinessProfile>) -> Result<(), SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let set = world.find(number).and_then(|number| world.set_business(number, profile));
        step.done().await?;
        set
    }

    /// The profile of a business; a person has none.
    pub async fn business(&self, number: &str) -> Result<Option<BusinessProfile>, SimError> {
        let state = self.inner.state.lock().await;
        let number = state.world.find(number)?;
        Ok(state.world.accounts.get(&number).and_then(|account| account.social.business.clone()))
    }
}
