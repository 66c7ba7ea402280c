//! The lookup of names for guarded connections: what it gives is dialled, and it gives only what the guard lets through.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

use super::{Guard, Refused};

pub(super) struct Guarded(pub(super) Guard);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.0.clone();
        Box::pin(async move {
            // Port 0 stands for the one of the address or its scheme.
            let found: Vec<SocketAddr> = lookup_host((name.as_str(), 0)).await?.collect();
            let addresses: Vec<SocketAddr> =
                found.into_iter().filter(|found| guard.lets_through(name.as_str(), found.ip())).collect();
            if addresses.is_empty() {
                return Err(Refused::Private.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
