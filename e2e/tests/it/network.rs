//! Where the simulated network of a test lives: inside the server, so that it dies with it, or beside it, so that it goes on
//! while the server is away, as WhatsApp does.

use e2e::simulator::Simulator;
use e2e::stack::{Plan, Stack};

/// A choice of network.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Network {
    Inside,
    Beside,
}

impl Network {
    /// A stack on such a network. The simulator must outlive it.
    pub(crate) async fn stack(self) -> anyhow::Result<(Stack, Option<Simulator>)> {
        match self {
            Self::Inside => Ok((Stack::start().await?, None)),
            Self::Beside => {
                let simulator = Simulator::start().await?;
                Ok((Plan::default().on(&simulator).await?.start().await?, Some(simulator)))
            }
        }
    }
}
