//! What phones do beside the steps of the network, since it takes a while: they load the file of every message that they
//! get, and wait for copies of what they could not read.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::{LoadedFile, Sim};
use crate::world::asking_again::Question;
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

    /// Lets phones look later whether they have to ask for something again.
    pub(super) fn ask_later(&self, questions: Vec<(Duration, Question)>) {
        for (pause, question) in questions {
            let sim = self.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = sim.inner.stopping.cancelled() => return,
                }
                sim.on_wire(|world| world.still_asks(question)).await;
            });
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
        self.on_wire(|world| world.loaded(number, place, loaded)).await;
    }
}
