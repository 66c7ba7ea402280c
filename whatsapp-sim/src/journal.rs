//! The journal: what survives `kill -9`. One line per step, holding every record that the step changed, written before
//! anything of the step is sent; a line that is cut off at the end counts as never written. There is no `fsync`: the
//! promise is about the death of the process, not of the machine. Two processes cannot share a directory.

mod patch;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;
use thiserror::Error;

use crate::world::records::{Key, RecordError};

const FILE: &str = "network.journal";
const FRESH_FILE: &str = "network.journal.new";
const LOCK_FILE: &str = "network.lock";
/// A journal smaller than this is not worth rewriting.
const MIN_REWRITE: u64 = 16 * 1024 * 1024;
/// The journal is rewritten when it has grown to this many times what was in it.
const REWRITE_FACTOR: u64 = 4;

/// A changed record; `None` means that it is gone.
pub(crate) type Change = (Key, Option<Value>);

/// Why the journal cannot be used.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The directory or a file in it cannot be read or written.
    #[error("the journal in {0} cannot be read or written")]
    Io(PathBuf, #[source] std::io::Error),
    /// Another process uses the directory.
    #[error("another process uses {0}")]
    Locked(PathBuf),
    /// A line in the middle is no step.
    #[error("line {0} of the journal is damaged")]
    Damaged(usize),
    /// A step cannot be written down.
    #[error("a step cannot be written as JSON")]
    Encode(#[from] serde_json::Error),
    /// A record cannot be made.
    #[error("a record cannot be made")]
    Record(#[source] RecordError),
}

/// The open journal.
pub(crate) struct Journal {
    directory: PathBuf,
    file: File,
    length: u64,
    rewrite_at: u64,
    /// The phones as the journal has them: of a phone only what changed is written.
    phones: BTreeMap<Key, Value>,
    /// Held as long as the journal is open.
    _lock: File,
}

impl Journal {
    /// Opens the journal of a directory and reads what it holds.
    pub(crate) fn open(directory: &Path) -> Result<(Self, BTreeMap<Key, Value>), JournalError> {
        let io = |error| JournalError::Io(directory.to_owned(), error);
        fs::create_dir_all(directory).map_err(io)?;
        let lock = File::create(directory.join(LOCK_FILE)).map_err(io)?;
        lock.try_lock().map_err(|_| JournalError::Locked(directory.to_owned()))?;
        let path = directory.join(FILE);
        let file = OpenOptions::new().create(true).append(true).read(true).open(&path).map_err(io)?;
        let (records, length) = read(&file, io)?;
        file.set_len(length).map_err(io)?;
        let phones = records.iter().filter(|(key, _)| is_phone(key)).map(|(key, value)| (key.clone(), value.clone()));
        let phones = phones.collect();
        let mut journal = Self { directory: directory.to_owned(), file, length, rewrite_at: 0, phones, _lock: lock };
        journal.rewrite_at = rewrite_at(length);
        Ok((journal, records))
    }

    /// Writes down a step.
    pub(crate) fn append(&mut self, mut step: Vec<Change>) -> Result<(), JournalError> {
        for (key, value) in step.iter_mut().filter(|(key, _)| is_phone(key)) {
            let Some(new) = value.take() else { continue };
            let old = self.phones.entry(key.clone()).or_insert(Value::Null);
            *value = Some(patch::difference(old, &new).unwrap_or_else(|| Value::Object(serde_json::Map::new())));
            *old = new;
        }
        let mut line = serde_json::to_vec(&step)?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(|error| JournalError::Io(self.directory.clone(), error))?;
        self.length += line.len() as u64;
        Ok(())
    }

    /// Whether the journal has grown enough to be rewritten.
    pub(crate) fn wants_rewrite(&self) -> bool {
        self.length >= self.rewrite_at
    }

    /// Replaces the journal by these records, at once: either the old file is there or the new one.
    pub(crate) fn rewrite(&mut self, records: impl Iterator<Item = Change>) -> Result<(), JournalError> {
        let io = |error| JournalError::Io(self.directory.clone(), error);
        let fresh_path = self.directory.join(FRESH_FILE);
        let mut fresh = Vec::new();
        for record in records {
            serde_json::to_writer(&mut fresh, &[record])?;
            fresh.push(b'\n');
        }
        fs::write(&fresh_path, &fresh).map_err(io)?;
        fs::rename(&fresh_path, self.directory.join(FILE)).map_err(io)?;
        self.file = OpenOptions::new().append(true).open(self.directory.join(FILE)).map_err(io)?;
        self.length = fresh.len() as u64;
        self.rewrite_at = rewrite_at(self.length);
        Ok(())
    }
}

/// Phones are never removed, and they are written as differences.
fn is_phone(key: &Key) -> bool {
    matches!(key, Key::Signal(_))
}

fn rewrite_at(length: u64) -> u64 {
    length.saturating_mul(REWRITE_FACTOR).max(MIN_REWRITE)
}

/// The records in a journal, and the length of its undamaged part.
fn read(file: &File, io: impl Fn(std::io::Error) -> JournalError) -> Result<(BTreeMap<Key, Value>, u64), JournalError> {
    let mut records = BTreeMap::new();
    let mut length = 0;
    let mut reader = BufReader::new(file);
    for number in 1.. {
        let mut line = Vec::new();
        let read = reader.read_until(b'\n', &mut line).map_err(&io)?;
        if read == 0 || line.last() != Some(&b'\n') {
            break;
        }
        let step: Vec<Change> = serde_json::from_slice(&line).map_err(|_| JournalError::Damaged(number))?;
        for (key, value) in step {
            match value {
                Some(value) if is_phone(&key) => patch::apply(records.entry(key).or_insert(Value::Null), value),
                Some(value) => drop(records.insert(key, value)),
                None => drop(records.remove(&key)),
            }
        }
        length += read as u64;
    }
    Ok((records, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(number: u64, value: u64) -> Change {
        (Key::Account(number), Some(value.into()))
    }

    #[test]
    fn steps_come_back_and_a_torn_line_does_not() {
        let directory = tempfile::tempdir().unwrap();
        let (mut journal, records) = Journal::open(directory.path()).unwrap();
        assert!(records.is_empty());
        journal.append(vec![change(1, 10), change(2, 20)]).unwrap();
        journal.append(vec![change(1, 11), (Key::Account(2), None)]).unwrap();
        journal.file.write_all(b"[[{\"Account\":3},5").unwrap();
        drop(journal);
        let (mut journal, records) = Journal::open(directory.path()).unwrap();
        assert_eq!(records, BTreeMap::from([(Key::Account(1), 11.into())]));
        journal.append(vec![change(4, 40)]).unwrap();
        drop(journal);
        assert_eq!(
            Journal::open(directory.path()).unwrap().1.len(),
            2,
            "the torn line is cut off before the next step"
        );
    }

    #[test]
    fn a_rewritten_journal_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(directory.path()).unwrap();
        journal.append(vec![change(1, 10)]).unwrap();
        journal.rewrite([change(2, 20)].into_iter()).unwrap();
        journal.append(vec![change(3, 30)]).unwrap();
        drop(journal);
        let records = Journal::open(directory.path()).unwrap().1;
        assert_eq!(records.keys().cloned().collect::<Vec<_>>(), [Key::Account(2), Key::Account(3)]);
    }

    #[test]
    fn of_a_phone_only_the_change_is_written_also_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        let state = |one: u64, long: &str| (Key::Signal(1), Some(serde_json::json!({ "one": one, "long": long })));
        let (mut journal, _) = Journal::open(directory.path()).unwrap();
        journal.append(vec![state(1, "unchanged")]).unwrap();
        drop(journal);
        let (mut journal, _) = Journal::open(directory.path()).unwrap();
        journal.append(vec![state(2, "unchanged")]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap().matches("unchanged").count(), 1);
        journal.rewrite([state(2, "unchanged")].into_iter()).unwrap();
        journal.append(vec![state(3, "unchanged")]).unwrap();
        drop(journal);
        assert_eq!(
            Journal::open(directory.path()).unwrap().1,
            BTreeMap::from([(Key::Signal(1), state(3, "unchanged").1.unwrap())])
        );
    }

    #[test]
    fn a_directory_has_one_user_and_no_damage() {
        let directory = tempfile::tempdir().unwrap();
        let (journal, _) = Journal::open(directory.path()).unwrap();
        assert!(matches!(Journal::open(directory.path()), Err(JournalError::Locked(_))));
        drop(journal);
        fs::write(directory.path().join(FILE), b"nonsense\n[]\n").unwrap();
        assert!(matches!(Journal::open(directory.path()), Err(JournalError::Damaged(1))));
    }
}
