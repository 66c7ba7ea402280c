//! The seed of the server's key. Clients keep the key of the network they paired with, so a lost seed logs all of them
//! out for good: it is given, or kept in the data folder, or the warning is loud.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

/// The file in the data folder.
const FILE: &str = "key-seed";

/// The seed to run with.
pub(crate) fn find(given: Option<&str>, data_dir: Option<&Path>) -> anyhow::Result<[u8; 32]> {
    match (given, data_dir) {
        (Some(text), _) => Ok(of_text(text)),
        (None, Some(folder)) => kept_in(folder),
        (None, None) => {
            tracing::warn!(
                "neither a key seed nor a data folder: clients paired with this run cannot come back after it"
            );
            Ok(rand::random())
        }
    }
}

/// Any text will do, so it is hashed to size.
fn of_text(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn kept_in(folder: &Path) -> anyhow::Result<[u8; 32]> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let path = folder.join(FILE);
    let mut seed = [0; 32];
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            hex::decode_to_slice(text.trim(), &mut seed).with_context(|| format!("{} is damaged", path.display()))?;
            return Ok(seed);
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
    seed = rand::random();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let written = options.open(&path).and_then(|mut file| {
        file.write_all(hex::encode(seed).as_bytes())?;
        file.sync_all()
    });
    written.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_text_always_gives_the_same_seed() {
        assert_eq!(find(Some("a"), None).unwrap(), find(Some("a"), None).unwrap());
        assert_ne!(find(Some("a"), None).unwrap(), find(Some("b"), None).unwrap());
    }

    #[test]
    fn a_data_folder_keeps_its_seed_and_shows_it_to_nobody_else() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("new");
        let first = find(None, Some(&data)).unwrap();
        assert_eq!(find(None, Some(&data)).unwrap(), first);
        let mode = std::fs::metadata(data.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(data.join(FILE), "nonsense").unwrap();
        assert!(find(None, Some(&data)).is_err(), "a damaged seed is not silently replaced");
    }

    #[test]
    fn without_both_each_run_is_another_server() {
        assert_ne!(find(None, None).unwrap(), find(None, None).unwrap());
    }
}
