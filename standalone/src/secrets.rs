//! The data directory, and the secrets that are made on the first start and kept there: readable by their owner alone, and never
//! in a log.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rand::RngExt as _;

use crate::settings::Settings;

/// Bytes of a generated secret.
const SECRET_BYTES: usize = 16;

/// The data directory, held by this process alone.
pub(crate) struct DataDir {
    path: PathBuf,
    // The lock ends with the process, also when it is killed.
    _lock: File,
}

impl DataDir {
    /// Creates the directory when it is missing, and takes it.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("the data directory {} cannot be created", path.display()))?;
        let path =
            path.canonicalize().with_context(|| format!("the data directory {} cannot be used", path.display()))?;
        let lock = path.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock)
            .with_context(|| format!("{} cannot be written", lock.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(fs::TryLockError::WouldBlock) => {
                bail!("the data directory {} is used by another chatery process", path.display())
            }
            Err(fs::TryLockError::Error(error)) => Err(error).context("the data directory cannot be locked"),
        }
    }

    /// A directory inside it, created when missing.
    pub(crate) fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.path.join(name);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("{} cannot be created", path.display()))?;
        Ok(path)
    }

    /// A secret of this name: made on first use. The second value says that it was made now.
    pub(crate) fn secret(&self, name: &str) -> anyhow::Result<(String, bool)> {
        let path = self.path.join(name);
        match fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => return Ok((text.trim().to_owned(), false)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("{} cannot be read", path.display()));
            }
            _ => {}
        }
        let secret = random_hex();
        let write = || {
            let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&path)?;
            file.write_all(secret.as_bytes())?;
            file.sync_all()
        };
        write().with_context(|| format!("{} cannot be written", path.display()))?;
        Ok((secret, true))
    }

    /// The name of this host among others: made once per data directory.
    pub(crate) fn host_id(&self) -> anyhow::Result<String> {
        Ok(format!("chatery-{}", &self.secret("host-id")?.0[..8]))
    }
}

/// Random text for a secret.
pub(crate) fn random_hex() -> String {
    hex::encode(rand::rng().random::<[u8; SECRET_BYTES]>())
}

/// The password of `POST /api/dashboard/login`.
pub(crate) struct Password {
    pub(crate) text: String,
    /// It was made just now, and nobody has read it yet.
    pub(crate) new: bool,
}

/// `DASHBOARD_PASSWORD`, or one that is made on the first start and kept in the data directory.
pub(crate) fn dashboard_password(settings: &Settings, data: &DataDir) -> anyhow::Result<Password> {
    if let Some(text) = settings.get("DASHBOARD_PASSWORD") {
        return Ok(Password { text: text.to_owned(), new: false });
    }
    let (text, new) = data.secret("dashboard-password")?;
    Ok(Password { text, new })
}
