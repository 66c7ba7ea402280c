//! Uploads as they come in: bytes in order, each upload with a place of its own until its hash proves it complete. One that
//! breaks off is kept as far as it came, so that it can go on; it ends by the hash, since nobody announces its length.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::{MAX_BLOB, MediaError, MediaStore, PUBLIC, TOKEN_LENGTH, UNFINISHED, public_name, random_name};

/// How many interrupted uploads are kept.
const MAX_PARTS: usize = 32;

/// The name of bytes: their hash as base64.
pub(super) fn token_of(bytes: &[u8]) -> String {
    token(&Sha256::digest(bytes))
}

/// The name of bytes with this hash.
pub(super) fn token(hash: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(hash)
}

/// Where the bytes go.
enum Sink {
    Memory(Vec<u8>),
    File(UnfinishedFile),
}

/// A file that goes with its owner, unless it was renamed.
struct UnfinishedFile {
    file: File,
    path: PathBuf,
    renamed: bool,
}

impl Drop for UnfinishedFile {
    fn drop(&mut self) {
        if !self.renamed
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(%error, "an unfinished upload cannot be removed");
        }
    }
}

/// An upload as far as it came.
pub(super) struct Part {
    token: String,
    sink: Sink,
    hash: Sha256,
    pub(super) length: u64,
}

/// An upload that is going on. Dropped before its end, it is kept as far as it came.
pub(crate) struct Upload<'a> {
    store: &'a MediaStore,
    part: Option<Part>,
}

impl MediaStore {
    /// Begins an upload, or goes on with one at the place where it ended.
    pub(crate) fn begin(&self, token: &str, offset: u64) -> Result<Upload<'_>, MediaError> {
        let token = normal(token)?;
        if offset > 0 {
            let mut state = self.lock();
            let at = state.parts.iter().position(|part| part.token == token && part.length == offset);
            let part = at.and_then(|at| state.parts.remove(at)).ok_or(MediaError::BadOffset)?;
            return Ok(Upload { store: self, part: Some(part) });
        }
        let sink = match &self.folder {
            None => Sink::Memory(Vec::new()),
            Some(folder) => {
                let path = folder.join(format!("{}{UNFINISHED}", random_name()));
                let file = File::create_new(&path).map_err(|error| MediaError::Io(path.clone(), error))?;
                Sink::File(UnfinishedFile { file, path, renamed: false })
            }
        };
        Ok(Upload { store: self, part: Some(Part { token, sink, hash: Sha256::new(), length: 0 }) })
    }

    /// How far an interrupted upload came.
    pub(crate) fn interrupted_at(&self, token: &str) -> Option<u64> {
        let token = normal(token).ok()?;
        self.lock().parts.iter().filter(|part| part.token == token).map(|part| part.length).max()
    }

    /// The public path of an upload that is complete, by the name it was uploaded under.
    pub(crate) fn uploaded(&self, token: &str) -> Option<String> {
        self.published(&normal(token).ok()?)
    }
}

impl Upload<'_> {
    /// The next bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), MediaError> {
        let written = self.try_write(bytes);
        if written.is_err() {
            self.abandon();
        }
        written
    }

    fn try_write(&mut self, bytes: &[u8]) -> Result<(), MediaError> {
        let Some(part) = &mut self.part else { return Err(MediaError::Missing) };
        let length = bytes.len() as u64;
        if part.length + length > MAX_BLOB {
            return Err(MediaError::TooLarge);
        }
        self.store.reserve(length)?;
        part.length += length;
        part.hash.update(bytes);
        match &mut part.sink {
            Sink::Memory(held) => held.extend_from_slice(bytes),
            Sink::File(at) => at.file.write_all(bytes).map_err(|error| MediaError::Io(at.path.clone(), error))?,
        }
        Ok(())
    }

    /// All bytes are there: returns the public path under which they are found from now on.
    pub(crate) fn finish(mut self) -> Result<String, MediaError> {
        let Some(part) = self.part.take() else { return Err(MediaError::Missing) };
        let Part { token, sink, hash, length } = part;
        self.store.release(length);
        if self::token(&hash.finalize()) != token {
            return Err(MediaError::Mismatch);
        }
        let mut state = self.store.lock();
        if let Some(name) = state.blobs.get(&token).and_then(|blob| blob.public.as_ref()) {
            return Ok(format!("{PUBLIC}{name}"));
        }
        self.store.remove(&mut state, &token);
        let name = public_name(&token);
        let bytes = match (sink, &self.store.folder) {
            (Sink::File(mut unfinished), Some(folder)) => {
                let renamed = fs::rename(&unfinished.path, folder.join(&name));
                renamed.map_err(|error| MediaError::Io(unfinished.path.clone(), error))?;
                unfinished.renamed = true;
                Bytes::new()
            }
            (Sink::Memory(held), _) => held.into(),
            (Sink::File(_), None) => return Err(MediaError::Missing),
        };
        state.insert(token, length, Some(name.clone()), bytes);
        Ok(format!("{PUBLIC}{name}"))
    }

    fn abandon(&mut self) {
        if let Some(part) = self.part.take() {
            self.store.release(part.length);
        }
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        let Some(part) = self.part.take().filter(|part| part.length > 0) else { return };
        let mut state = self.store.lock();
        state.parts.push_back(part);
        let dropped = if state.parts.len() > MAX_PARTS { state.parts.pop_front() } else { None };
        state.used = state.used.saturating_sub(dropped.map_or(0, |part| part.length));
    }
}

/// A hash in base64 of the URL-safe kind; some clients pad it.
fn normal(token: &str) -> Result<String, MediaError> {
    let token = token.trim_end_matches('=');
    let decoded = URL_SAFE_NO_PAD.decode(token).map_err(|_| MediaError::BadToken)?;
    if token.len() == TOKEN_LENGTH && decoded.len() == 32 { Ok(token.to_owned()) } else { Err(MediaError::BadToken) }
}
