//! Phones load the file of every message that they get, beside the steps of the network: opening megabytes takes a while.

use sha2::{Digest as _, Sha256};

use super::{LoadedFile, Sim};
use crate::world::attachment::ToLoad;

/// How many files are loaded at the same time: each is in memory as a whole.
pub(super) const AT_ONCE: usize = 4;

impl Sim {
    /// Lets phones load files; what they got is noted in a step of its own.
    pub(super) fn load_files(&self, files: Vec<ToLoad>) {
        for file in files {
            tokio::spawn(self.clone().load_file(file));
        }
    }

    async fn load_file(self, file: ToLoad) {
        let ToLoad { number, place, attachment } = file;
        let Ok(_turn) = std::sync::Arc::clone(&self.inner.loading).acquire_owned().await else { return };
        let loaded = match self.phone_downloads(attachment).await {
            Ok(content) => {
                LoadedFile { size: content.len() as u64, sha256: Some(hex::encode(Sha256::digest(&content))) }
            }
            Err(_) => LoadedFile { size: 0, sha256: None },
        };
        // A network that has stopped keeps what it had.
        let Ok(mut step) = self.step().await else { return };
        step.world().loaded(number, place, loaded);
        if let Err(error) = step.done().await {
            tracing::error!(%error, "a step was abandoned");
        }
    }
}
