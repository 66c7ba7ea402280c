//! What handlers need: the store and the settings.

use std::sync::Arc;

use edge_core::port::Port;
use edge_core::settings::Settings;
use edge_core::store::Store;

/// The application behind the routes.
#[derive(Clone, Debug)]
pub struct App<P> {
    /// The data.
    pub store: Store<P>,
    /// The settings.
    pub settings: Arc<Settings>,
}

impl<P: Port> App<P> {
    /// An application behind a door.
    pub fn new(port: P, settings: Settings) -> Self {
        Self { store: Store::new(port), settings: Arc::new(settings) }
    }
}
