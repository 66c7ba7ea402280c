//! The media host's store: opaque blobs under the hash of their bytes, and pictures. With a data folder they are files
//! under `media/`, complete before anyone hears of them; without one they are in memory. Bytes never pass through the
//! journal.
//!
//! A blob has a public path until it is withdrawn, as WhatsApp's links expire. A withdrawn blob stays as the copy that
//! phones keep, so that a phone can publish it again under a new path. The oldest blobs go when the room ends; it refuses
//! what is larger than [`MAX_BLOB`] or does not have the hash it is announced under.

mod faults;
mod phone;
mod pictures;
mod upload;

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use rand::RngExt as _;
use thiserror::Error;

pub(crate) use faults::{MediaFaults, Refusal};
pub use phone::Uploaded;
pub(crate) use phone::token;
use upload::Part;

/// Largest blob. Documents on WhatsApp go to 2 GB, everything else ends at about 100 MB; nobody tests with more.
pub(crate) const MAX_BLOB: u64 = 128 * 1024 * 1024;
/// All blobs together in memory; a laptop's.
const MAX_IN_MEMORY: u64 = 512 * 1024 * 1024;
/// All blobs together on disk.
const MAX_ON_DISK: u64 = 4 * 1024 * 1024 * 1024;
/// Where the files are, in the data folder.
const FOLDER: &str = "media";
/// Ending of files that are being written; they mean nothing after a restart.
const UNFINISHED: &str = ".tmp";
/// What public paths begin with.
const PUBLIC: &str = "/v/";
/// What names of pictures begin with; their length tells them from the base64 of a hash.
const PICTURE: &str = "picture-";
/// A SHA-256 as base64 without padding.
const TOKEN_LENGTH: usize = 43;

/// Why the store refuses.
#[derive(Debug, Error)]
pub enum MediaError {
    /// A file cannot be read or written.
    #[error("the media in {0} cannot be read or written")]
    Io(PathBuf, #[source] std::io::Error),
    /// One blob is too large.
    #[error("one file ends at {MAX_BLOB} bytes")]
    TooLarge,
    /// Everything that could go has gone, and there is still no room.
    #[error("there is no room for more media")]
    Full,
    /// The name of an upload is no hash.
    #[error("an upload is named by the base64 of its SHA-256")]
    BadToken,
    /// The bytes have another hash than their name says.
    #[error("the bytes do not have the hash they were announced under")]
    Mismatch,
    /// An upload goes on behind what the store has of it.
    #[error("the upload does not go on where it ended")]
    BadOffset,
    /// There is nothing under this path, or not any more.
    #[error("there is no such media")]
    Missing,
    /// The media does not decrypt, or not to what its message says.
    #[error("the media is not what its message says")]
    Corrupt,
}

/// The store.
pub(crate) struct MediaStore {
    folder: Option<PathBuf>,
    host: String,
    state: Mutex<State>,
}

struct State {
    /// What clients have to show when they upload.
    auth: String,
    /// By token or picture name.
    blobs: BTreeMap<String, Blob>,
    /// Interrupted uploads, the oldest first.
    parts: VecDeque<Part>,
    /// Bytes of blobs, of parts, and of uploads that are going on.
    used: u64,
    next_age: u64,
    faults: MediaFaults,
}

struct Blob {
    /// Larger is newer.
    age: u64,
    length: u64,
    /// The last part of its public path, unless it is withdrawn.
    public: Option<String>,
    /// Its bytes, unless they are in a file.
    bytes: Bytes,
}

/// Content that can be read even when the blob goes meanwhile.
pub(crate) enum Content {
    Memory(Bytes),
    File(File),
}

impl Default for MediaStore {
    fn default() -> Self {
        let state = State {
            auth: random_name(),
            blobs: BTreeMap::new(),
            parts: VecDeque::new(),
            used: 0,
            next_age: 0,
            faults: MediaFaults::default(),
        };
        Self { folder: None, host: String::new(), state: Mutex::new(state) }
    }
}

impl MediaStore {
    /// The store of a network; `host` is where clients reach it.
    pub(crate) fn open(data_dir: Option<&Path>, host: String) -> Result<Self, MediaError> {
        let store = Self { folder: data_dir.map(|directory| directory.join(FOLDER)), host, ..Self::default() };
        if let Some(folder) = &store.folder {
            let io = |error| MediaError::Io(folder.clone(), error);
            fs::create_dir_all(folder).map_err(io)?;
            let mut found = Vec::new();
            for entry in fs::read_dir(folder).map_err(io)? {
                let entry = entry.map_err(io)?;
                let meta = entry.metadata().map_err(io)?;
                found.push((meta.modified().map_err(io)?, entry.file_name(), meta.len()));
            }
            found.sort();
            let mut state = store.lock();
            for (_, name, length) in found {
                let Some(name) = name.to_str().filter(|name| !name.ends_with(UNFINISHED)) else {
                    fs::remove_file(folder.join(name)).map_err(io)?;
                    continue;
                };
                let (key, is_public) = name.split_once('.').map_or((name, is_picture(name)), |(key, _)| (key, true));
                state.insert(key.to_owned(), length, is_public.then(|| name.to_owned()), Bytes::new());
            }
        }
        Ok(store)
    }

    /// Where clients reach the store.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// What clients show when they upload.
    pub(crate) fn auth(&self) -> String {
        self.lock().auth.clone()
    }

    /// From now on clients need a new proof.
    pub(crate) fn renew_auth(&self) {
        self.lock().auth = random_name();
    }

    /// Stores bytes under their hash; returns their public path.
    pub(crate) fn store(&self, bytes: &[u8]) -> Result<String, MediaError> {
        let token = upload::token_of(bytes);
        let mut upload = self.begin(&token, 0)?;
        upload.write(bytes)?;
        upload.finish()
    }

    /// Opens what is under a public path; returns its length too.
    pub(crate) fn read(&self, direct_path: &str) -> Result<(Content, u64), MediaError> {
        let name = direct_path.strip_prefix(PUBLIC).ok_or(MediaError::Missing)?;
        let state = self.lock();
        let blob = state.blobs.get(key_in(name)).filter(|blob| blob.public.as_deref() == Some(name));
        self.content(name, blob.ok_or(MediaError::Missing)?)
    }

    /// Opens a blob by its hash, public or not: the copy that a phone has kept.
    pub(crate) fn read_kept(&self, token: &str) -> Result<(Content, u64), MediaError> {
        let state = self.lock();
        let blob = state.blobs.get(token).ok_or(MediaError::Missing)?;
        self.content(blob.public.as_deref().unwrap_or(token), blob)
    }

    fn content(&self, file: &str, blob: &Blob) -> Result<(Content, u64), MediaError> {
        let content = match &self.folder {
            None => Content::Memory(blob.bytes.clone()),
            Some(folder) => {
                let path = folder.join(file);
                Content::File(File::open(&path).map_err(|error| MediaError::Io(path, error))?)
            }
        };
        Ok((content, blob.length))
    }

    /// The public path of what is stored under a hash.
    pub(crate) fn published(&self, token: &str) -> Option<String> {
        self.lock().blobs.get(token)?.public.as_ref().map(|name| format!("{PUBLIC}{name}"))
    }

    /// Gives a stored blob a public path, a new one when it had lost its own.
    pub(crate) fn publish(&self, token: &str) -> Result<String, MediaError> {
        let mut state = self.lock();
        let blob = state.blobs.get_mut(token).ok_or(MediaError::Missing)?;
        if blob.public.is_none() {
            let name = public_name(token);
            self.rename(token, &name)?;
            blob.public = Some(name);
        }
        Ok(format!("{PUBLIC}{}", blob.public.as_deref().unwrap_or(token)))
    }

    /// Takes the public path of one blob away, or of all when no path is given; phones keep their copies. Returns how many
    /// have lost it.
    pub(crate) fn expire(&self, direct_path: Option<&str>) -> Result<usize, MediaError> {
        let wanted = direct_path.map(|path| path.strip_prefix(PUBLIC).unwrap_or(path));
        let mut state = self.lock();
        let mut expired = 0;
        for (key, blob) in &mut state.blobs {
            if is_picture(key) {
                continue;
            }
            if let Some(name) = blob.public.take_if(|name| wanted.is_none_or(|wanted| wanted == name)) {
                self.rename(&name, key)?;
                expired += 1;
            }
        }
        if direct_path.is_some() && expired == 0 { Err(MediaError::Missing) } else { Ok(expired) }
    }

    /// The faults that are switched on.
    pub(crate) fn faults<T>(&self, act: impl FnOnce(&mut MediaFaults) -> T) -> T {
        act(&mut self.lock().faults)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, and the index is consistent after each line.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), MediaError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        fs::rename(folder.join(from), folder.join(to)).map_err(|error| MediaError::Io(folder.clone(), error))
    }

    /// Makes room: interrupted uploads go first, then the oldest blobs.
    fn reserve(&self, bytes: u64) -> Result<(), MediaError> {
        let capacity = if self.folder.is_some() { MAX_ON_DISK } else { MAX_IN_MEMORY };
        let mut state = self.lock();
        while state.used + bytes > capacity {
            if let Some(part) = state.parts.pop_front() {
                state.used = state.used.saturating_sub(part.length);
                continue;
            }
            let media = state.blobs.iter().filter(|(key, _)| !is_picture(key));
            let oldest = media.min_by_key(|(_, blob)| blob.age).map(|(key, _)| key.clone());
            self.remove(&mut state, &oldest.ok_or(MediaError::Full)?);
        }
        state.used += bytes;
        Ok(())
    }

    fn release(&self, bytes: u64) {
        let mut state = self.lock();
        state.used = state.used.saturating_sub(bytes);
    }

    fn remove(&self, state: &mut State, key: &str) {
        let Some(blob) = state.blobs.remove(key) else { return };
        state.used = state.used.saturating_sub(blob.length);
        if let Some(folder) = &self.folder
            && let Err(error) = fs::remove_file(folder.join(blob.public.as_deref().unwrap_or(key)))
        {
            tracing::warn!(%error, "a media file cannot be removed");
        }
    }
}

impl State {
    fn insert(&mut self, key: String, length: u64, public: Option<String>, bytes: Bytes) {
        let age = self.next_age;
        self.next_age += 1;
        self.used += length;
        if let Some(replaced) = self.blobs.insert(key, Blob { age, length, public, bytes }) {
            self.used = self.used.saturating_sub(replaced.length);
        }
    }
}

/// The URL of a public path, which WhatsApp's clients expect to be HTTPS.
pub(crate) fn url(host: &str, direct_path: &str) -> String {
    format!("https://{host}{direct_path}")
}

/// 16 random bytes that fit into a URL.
fn random_name() -> String {
    URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 16]>())
}

/// A public name for a blob, other than any it had before.
fn public_name(token: &str) -> String {
    format!("{token}.{}", hex::encode(rand::rng().random::<[u8; 4]>()))
}

/// The token or picture name in a public name.
fn key_in(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

fn is_picture(name: &str) -> bool {
    name.len() != TOKEN_LENGTH && name.starts_with(PICTURE)
}

#[cfg(test)]
mod tests;
