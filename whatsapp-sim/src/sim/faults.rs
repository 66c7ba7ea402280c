//! Making trouble: faults are put into force, listed and ended, and the three oldest have short forms. A fault with a
//! duration is ended by a timer of its own, so nothing in the network waits.

mod text;

use std::time::Duration;

use super::{Sim, SimError};
use crate::world::faults::{Fault, FaultKind, FaultSpec};
use crate::world::refusal::LoginRefusal;

pub use text::{FaultInfo, FaultName, FaultText};

impl Sim {
    /// Puts a fault into force; returns its id.
    pub async fn add_fault(&self, spec: FaultSpec) -> Result<u64, SimError> {
        let duration = spec.duration;
        let mut step = self.step().await?;
        let added = step.world().add_fault(spec);
        step.done().await?;
        let id = added?;
        if let Some(duration) = duration {
            self.end_after(id, duration);
        }
        Ok(id)
    }

    fn end_after(&self, id: u64, duration: Duration) {
        let sim = self.clone();
        tokio::spawn(async move {
            let stopping = sim.stopping();
            tokio::select! {
                () = tokio::time::sleep(duration) => {}
                () = stopping.cancelled() => return,
            }
            // Somebody may have ended it already, or it has struck as often as it could.
            if let Err(error) = sim.remove_fault(id).await {
                tracing::debug!(%error, "a fault was over before its time");
            }
        });
    }

    /// Ends a fault; what it held goes on its way.
    pub async fn remove_fault(&self, id: u64) -> Result<(), SimError> {
        let mut step = self.step().await?;
        let removed = step.world().remove_fault(id);
        step.done().await?;
        if removed { Ok(()) } else { Err(SimError::NoSuchFault) }
    }

    /// Ends every fault.
    pub async fn remove_faults(&self) -> Result<(), SimError> {
        self.end_faults(|_| true).await
    }

    async fn end_faults(&self, of: impl Fn(&Fault) -> bool) -> Result<(), SimError> {
        let mut step = self.step().await?;
        step.world().remove_faults(of);
        step.done().await
    }

    /// Ends the faults of these kinds.
    pub async fn remove_faults_of(&self, kinds: impl Fn(FaultKind) -> bool) -> Result<(), SimError> {
        self.end_faults(|fault| kinds(fault.spec.kind)).await
    }

    /// The faults in force, the oldest first.
    pub async fn faults(&self) -> Vec<FaultInfo> {
        let state = self.inner.state.lock().await;
        state.world.faults.active.iter().map(|(id, fault)| FaultInfo::new(*id, fault)).collect()
    }

    /// While on, the acks of clients' messages are withheld; switching it off sends them.
    pub async fn hold_acks(&self, hold: bool) -> Result<(), SimError> {
        if !hold {
            return self.end_faults(|fault| fault.spec.kind == FaultKind::HoldAcks).await;
        }
        let everyone = FaultSpec::new(FaultKind::HoldAcks);
        let mut step = self.step().await?;
        let world = step.world();
        let on = world.faults.active.values().any(|fault| fault.spec == everyone);
        let added = if on { Ok(0) } else { world.add_fault(everyone) };
        step.done().await?;
        added.map(drop)
    }

    /// Refuses the next message of any client with this code. It replaces an earlier order that is still open.
    pub async fn refuse_next_send(&self, code: u16) -> Result<(), SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let next = |code| FaultSpec::new(FaultKind::RefuseSends(code)).times(1);
        let open = |kind| if let FaultKind::RefuseSends(code) = kind { Some(code) } else { None };
        world.remove_faults(|fault| open(fault.spec.kind).is_some_and(|code| fault.spec == next(code)));
        let added = world.add_fault(next(code));
        step.done().await?;
        added.map(drop)
    }

    /// Cuts every connection without a word.
    pub async fn drop_connections(&self) -> Result<(), SimError> {
        self.add_fault(FaultSpec::new(FaultKind::DropConnections)).await.map(drop)
    }

    /// Refuses every login of an account like this until it is lifted with `None`. Live connections stay.
    pub async fn refuse_logins(&self, number: &str, refusal: Option<LoginRefusal>) -> Result<(), SimError> {
        let mut step = self.step().await?;
        let world = step.world();
        let refused = world.find(number).map(|number| number.to_string());
        let refused = refused.and_then(|number| {
            let spec = |refusal| FaultSpec::new(FaultKind::RefuseLogins(refusal)).only(number.as_str());
            let order = |kind| if let FaultKind::RefuseLogins(refusal) = kind { Some(refusal) } else { None };
            world.remove_faults(|fault| order(fault.spec.kind).is_some_and(|refusal| fault.spec == spec(refusal)));
            refusal.map_or(Ok(0), |refusal| world.add_fault(spec(refusal)))
        });
        step.done().await?;
        refused.map(drop)
    }

    /// Whether whoever comes to be linked is asked for a passkey first. Nobody has one, so its code stays of use.
    pub async fn demand_passkeys(&self, demand: bool) -> Result<(), SimError> {
        let everyone = FaultSpec::new(FaultKind::DemandPasskey);
        let mut step = self.step().await?;
        let world = step.world();
        world.remove_faults(|fault| fault.spec == everyone);
        let added = if demand { world.add_fault(everyone) } else { Ok(0) };
        step.done().await?;
        added.map(drop)
    }
}
