//! What leaves the process on behalf of a guest, and whether it may: the manifest's allow list by name, then an
//! [`EgressPolicy`] by resolved address, asked for every connection. Spin's service chaining (`self`, `self.alt`,
//! `*.spin.internal`) is always refused.

use std::net::SocketAddr;

mod allow;
pub(crate) mod http;

pub(crate) use allow::{AllowList, Target};

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EgressKind {
    /// An outgoing HTTP or HTTPS request.
    Http,
    /// A Redis connection.
    Redis,
}

/// Decides about every connection a guest makes, when its name is resolved and before it is dialled.
pub trait EgressPolicy: Send + Sync + 'static {
    /// Whether `component` may connect to `address`, which it knows as `host`. Of several addresses behind one name the allowed ones are tried. An
    /// IPv4 address in IPv6 clothing (`::ffff:127.0.0.1`) comes as IPv4.
    fn allows(&self, component: &str, kind: EgressKind, host: &str, address: SocketAddr) -> bool;
}

impl<F: Fn(&str, EgressKind, &str, SocketAddr) -> bool + Send + Sync + 'static> EgressPolicy for F {
    fn allows(&self, component: &str, kind: EgressKind, host: &str, address: SocketAddr) -> bool {
        self(component, kind, host, address)
    }
}

/// Asks `policy`, in the form the trait promises.
pub(crate) fn permits(
    policy: &dyn EgressPolicy,
    component: &str,
    kind: EgressKind,
    host: &str,
    address: SocketAddr,
) -> bool {
    policy.allows(component, kind, host, SocketAddr::new(address.ip().to_canonical(), address.port()))
}

/// The default policy: the allow list of the manifest is enough.
#[derive(Clone, Copy, Debug)]
pub struct AllowAll;

impl EgressPolicy for AllowAll {
    fn allows(&self, _component: &str, _kind: EgressKind, _host: &str, _address: SocketAddr) -> bool {
        true
    }
}
