//! Pictures of people and groups: they stay until nobody shows them any more, whatever happens to media.

use std::fs;
use std::path::Path;

use bytes::Bytes;

use super::{MediaError, MediaStore, PICTURE, PUBLIC, UNFINISHED, is_picture, random_name};

impl MediaStore {
    /// Stores a picture, which stays until it is removed; returns its public path.
    pub(crate) fn store_picture(&self, bytes: &[u8]) -> Result<String, MediaError> {
        let name = format!("{PICTURE}{}", random_name());
        let length = bytes.len() as u64;
        self.reserve(length)?;
        let held = if let Some(folder) = &self.folder {
            write_whole(&folder.join(&name), bytes).inspect_err(|_| self.release(length))?;
            Bytes::new()
        } else {
            Bytes::copy_from_slice(bytes)
        };
        let mut state = self.lock();
        state.used = state.used.saturating_sub(length);
        state.insert(name.clone(), length, Some(name.clone()), held);
        Ok(format!("{PUBLIC}{name}"))
    }

    /// Removes pictures that nobody shows, by public path.
    pub(crate) fn keep_pictures(&self, is_shown: impl Fn(&str) -> bool) {
        let mut state = self.lock();
        let names: Vec<String> = state.blobs.keys().filter(|name| is_picture(name)).cloned().collect();
        for name in names.iter().filter(|name| !is_shown(&format!("{PUBLIC}{name}"))) {
            self.remove(&mut state, name);
        }
    }

    /// Removes a picture that nobody shows any more, by public path.
    pub(crate) fn remove_picture(&self, path: &str) {
        if let Some(name) = path.strip_prefix(PUBLIC).filter(|name| is_picture(name)) {
            self.remove(&mut self.lock(), name);
        }
    }

    /// All of what is under a public path.
    pub(crate) fn load(&self, path: &str) -> Result<Vec<u8>, MediaError> {
        let (content, length) = self.read(path)?;
        content.whole(length)
    }
}

/// Writes a file that is there with its whole content or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), MediaError> {
    let unfinished = path.with_extension(&UNFINISHED[1..]);
    let written = fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, path));
    written.map_err(|error| MediaError::Io(path.to_owned(), error))
}
