//! Reading scenarios, and the files that lie beside them: they are part of the scenario from then on. Nothing outside of the
//! scenario's own folder is read, whatever a name or a link says.

use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path};

use super::{Saying, Scenario, ScenarioError};
use crate::written::Written;

/// The scenario that a sandbox begins with, and its files.
const DEMO: &str = include_str!("../../scenarios/demo.toml");
const DEMO_FILES: [(&str, &[u8]); 2] = [
    ("lamp.jpg", include_bytes!("../../scenarios/lamp.jpg")),
    ("question.ogg", include_bytes!("../../scenarios/question.ogg")),
];
/// Scenarios are written by hand; this is a megabyte of somebody's time.
pub(super) const MAX_FILE: u64 = 1024 * 1024;
/// The files of a scenario are in memory for as long as it is played: as much as one message may carry.
pub(super) const MAX_FILES: u64 = 16 * 1024 * 1024;

impl Scenario {
    /// The scenario that a sandbox begins with: contacts that answer, two groups, and some history.
    pub fn demo() -> Result<Self, ScenarioError> {
        Self::from_toml(DEMO)?.with_files(|name| {
            let found = DEMO_FILES.iter().find(|(known, _)| *known == name);
            found.map(|(_, content)| content.to_vec()).ok_or_else(|| ScenarioError::NoFile(name.to_owned()))
        })
    }

    /// Reads a file, and those beside it that its messages name; one whose name ends with `.json` is JSON, any other TOML.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        if std::fs::metadata(path).map_err(ScenarioError::Io)?.len() > MAX_FILE {
            return Err(ScenarioError::TooLarge);
        }
        let text = std::fs::read_to_string(path).map_err(ScenarioError::Io)?;
        let json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let scenario = if json { serde_json::from_str(&text)? } else { Self::from_toml(&text)? };
        let folder = path.canonicalize().map_err(ScenarioError::Io)?;
        let folder = folder.parent().unwrap_or(Path::new("/"));
        let mut room = MAX_FILES;
        scenario.with_files(|name| beside(folder, name, &mut room))
    }

    /// Reads TOML. Its messages have no files of their own.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        Ok(toml::from_str(text)?)
    }

    fn with_files(
        mut self,
        mut read: impl FnMut(&str) -> Result<Vec<u8>, ScenarioError>,
    ) -> Result<Self, ScenarioError> {
        self.messages_mut().try_for_each(|message| message.read_files(&mut read))?;
        Ok(self)
    }

    fn messages_mut(&mut self) -> impl Iterator<Item = &mut Written> {
        let said = self.people.iter_mut().flat_map(|person| &mut person.replies).flat_map(|reply| &mut reply.say);
        let said = said.filter_map(|saying| match saying {
            Saying::Text(_) => None,
            Saying::Message(named) => Some(&mut named.message),
        });
        let past = self.history.iter_mut().map(|said| &mut said.message);
        let later = self.timeline.iter_mut().filter_map(|step| step.send.as_mut()).map(|send| &mut send.message);
        said.chain(past).chain(later)
    }
}

/// Reads a file of a folder, or of one in it, as far as there is room.
fn beside(folder: &Path, name: &str, room: &mut u64) -> Result<Vec<u8>, ScenarioError> {
    let none = || ScenarioError::NoFile(name.to_owned());
    if !Path::new(name).components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(none());
    }
    // A link may lead out of the folder.
    let path = folder.join(name).canonicalize().map_err(|_| none())?;
    if !path.starts_with(folder) || !path.is_file() {
        return Err(none());
    }
    let mut content = Vec::new();
    let read = File::open(&path).and_then(|file| file.take(*room + 1).read_to_end(&mut content));
    let read = read.map_err(|error| ScenarioError::File(path, error))? as u64;
    *room = room.checked_sub(read).ok_or(ScenarioError::FilesTooLarge)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What reading a scenario with this file gives, and the folder.
    fn with_file(folder: &Path, name: &str) -> Result<Scenario, ScenarioError> {
        let path = folder.join("a.toml");
        let step = format!("send = {{ from = 'a', to = 'b', image = {{ file = '{name}' }} }}");
        std::fs::write(&path, format!("[[timeline]]\nafterMs = 1\n{step}\n")).unwrap();
        Scenario::read(&path)
    }

    #[test]
    fn scenarios_are_toml_or_json_and_tell_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            Scenario::read(&path)
        };
        let toml = read("a.toml", "[[people]]\nname = \"Sari\"\n").unwrap();
        assert_eq!(read("a.json", r#"{"people":[{"name":"Sari"}]}"#).unwrap(), toml);
        let wrong = read("b.toml", "[[people]]\nnmae = \"Sari\"\n").unwrap_err().to_string();
        assert!(wrong.contains("nmae"), "{wrong}");
        let wrong = "[[people]]\nname = 'a'\nreplies = [{ say = [{ imge = { file = 'a' } }] }]";
        let wrong = read("c.toml", wrong).unwrap_err().to_string();
        assert!(wrong.contains("imge"), "{wrong}");
        assert!(matches!(read("b.json", "{"), Err(ScenarioError::Json(_))));
        assert!(matches!(Scenario::read(&folder.path().join("none")), Err(ScenarioError::Io(_))));
    }

    #[test]
    fn files_are_those_of_the_folder_only() {
        let world = tempfile::tempdir().unwrap();
        let folder = world.path().join("network");
        std::fs::create_dir_all(folder.join("pictures")).unwrap();
        std::fs::write(world.path().join("secret"), "s").unwrap();
        std::fs::write(folder.join("pictures/sea.jpg"), "sea").unwrap();
        std::os::unix::fs::symlink(world.path().join("secret"), folder.join("link")).unwrap();
        let read = with_file(&folder, "pictures/sea.jpg").unwrap();
        let message = read.timeline[0].send.as_ref().unwrap().message.clone();
        assert_eq!((message.file_bytes(), message.missing_file()), (3, None));
        read.check().unwrap();
        let absolute = world.path().join("secret");
        for outside in
            ["../secret", "link", "pictures", "pictures/../../secret", "none", "", absolute.to_str().unwrap()]
        {
            let refused = with_file(&folder, outside);
            assert!(matches!(refused, Err(ScenarioError::NoFile(_))), "{outside}: {refused:?}");
        }
        File::create(folder.join("large")).unwrap().set_len(MAX_FILES + 1).unwrap();
        assert!(matches!(with_file(&folder, "large"), Err(ScenarioError::FilesTooLarge)));
    }

    #[test]
    fn the_demo_is_a_scenario_and_has_its_files() {
        let demo = Scenario::demo().unwrap();
        demo.check().unwrap();
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/demo.toml"));
        assert_eq!(Scenario::read(path).unwrap(), demo);
    }
}
