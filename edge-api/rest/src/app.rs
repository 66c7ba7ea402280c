//! What handlers need: the store and the settings.

use std::sync::Arc;

use edge_core::ids;
use edge_core::port::Port;
use edge_core::settings::Settings;
use edge_core::store::Store;

use crate::trace::Trace;

/// The application behind the routes.
#[derive(Clone, Debug)]
pub struct App<P> {
    /// The data.
    pub store: Store<P>,
    /// The settings.
    pub settings: Arc<Settings>,
    /// The request that is being answered.
    pub(crate) trace: Trace,
}

impl<P: Port> App<P> {
    /// An application behind a door.
    pub fn new(port: P, settings: Settings) -> Self {
        let trace = Trace::new(ids::token(port.random()));
        Self { store: Store::new(port), settings: Arc::new(settings), trace }
    }

    /// The same, for a request of this id.
    pub(crate) fn for_request(&self, id: &str) -> Self {
        let store = self.store.clone().for_request(id);
        Self { store, settings: Arc::clone(&self.settings), trace: Trace::new(id.to_owned()) }
    }
}
