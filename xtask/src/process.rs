//! Other programs: shown before they run, failures as one sentence. It owns the clean environment of nested cargo commands.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

/// Cargo describes the running package to it in these variables. Build scripts of dependencies watch some of them, and would
/// run again (and with them half of the graph) whenever cargo is called from here instead of from a shell.
const OF_THIS_PACKAGE: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_PRIMARY_"];

/// Cargo, in a folder.
pub(crate) fn cargo(folder: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(folder);
    for (name, _) in std::env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        if OF_THIS_PACKAGE.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(text);
        }
    }
    command
}

/// Shows and runs a program, which must succeed.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let line = line(command);
    println!("$ {line}");
    let status = command.status().with_context(|| format!("`{line}` cannot be started"))?;
    ensure!(status.success(), "`{line}` failed ({status})");
    Ok(())
}

/// What a program writes to its standard output; it must succeed.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let line = line(command);
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("`{line}` cannot be started"))?;
    ensure!(output.status.success(), "`{line}` failed ({})", output.status);
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` does not write text"))
}

/// Whether a program is there and succeeds. It is not shown.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Says how long something took.
pub(crate) fn timed<T>(name: &str, what: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let start = Instant::now();
    let done = what()?;
    println!("{name}: {}", duration(start.elapsed()));
    Ok(done)
}

/// A duration as people read it.
pub(crate) fn duration(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration(Duration::from_millis(1_234)), "1.2 s");
        assert_eq!(duration(Duration::from_secs(605)), "10 min 05 s");
    }

    #[test]
    fn failures_name_the_command() {
        let error = run(Command::new("false").arg("x")).unwrap_err().to_string();
        assert!(error.starts_with("`false x` failed"), "{error}");
        assert!(output(&mut Command::new("no-such-program")).unwrap_err().to_string().contains("cannot be started"));
        assert!(succeeds("true", &[]) && !succeeds("false", &[]) && !succeeds("no-such-program", &[]));
    }

    #[test]
    fn nested_cargo_does_not_hear_of_this_package() {
        let command = cargo(Path::new("."));
        let removed: Vec<_> = command.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        assert!(removed.iter().any(|name| *name == "CARGO_MANIFEST_DIR"), "{removed:?}");
    }
}
