//! What a command is: a name, a line for the overview, a text for `--help`, and what it does. It refuses to know any of them.

use anyhow::ensure;

/// One command.
pub(crate) struct Command {
    /// What is typed.
    pub(crate) name: &'static str,
    /// One line for the overview.
    pub(crate) summary: &'static str,
    /// The rest of its help.
    pub(crate) help: &'static str,
    /// What it does with its arguments.
    pub(crate) run: fn(&[String]) -> anyhow::Result<()>,
}

impl Command {
    /// Runs it, or shows its help when that is asked for. What stands behind `--` is never ours.
    pub(crate) fn start(&self, arguments: &[String]) -> anyhow::Result<()> {
        let own = arguments.split(|argument| argument == "--").next().unwrap_or_default();
        if own.iter().any(|argument| matches!(argument.as_str(), "--help" | "-h")) {
            println!("cargo xtask {}: {}\n\n{}", self.name, self.summary, self.help);
            return Ok(());
        }
        (self.run)(arguments)
    }
}

/// The list of all commands.
pub(crate) fn overview(commands: &[&Command]) -> String {
    let line = |command: &&Command| format!("  {:<11} {}", command.name, command.summary);
    let lines: Vec<String> = commands.iter().map(line).collect();
    format!(
        "cargo xtask <command>: the project's own tasks\n\n{}\n\ncargo xtask <command> --help tells more.",
        lines.join("\n")
    )
}

/// Refuses arguments where a command has none.
pub(crate) fn no_arguments(arguments: &[String]) -> anyhow::Result<()> {
    ensure!(arguments.is_empty(), "{} is not understood: this command takes no arguments", arguments.join(" "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_listed() {
        let text = overview(crate::COMMANDS);
        for command in crate::COMMANDS {
            assert!(text.contains(&format!("\n  {} ", command.name)), "{}", command.name);
            assert!(!command.help.is_empty(), "{}", command.name);
        }
    }

    #[test]
    fn help_is_shown_instead_of_running() {
        let command = Command { name: "x", summary: "y", help: "z", run: no_arguments };
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert!(command.start(&words("a --help")).is_ok());
        assert!(command.start(&words("-- --help")).is_err());
        assert!(command.start(&[]).is_ok());
    }
}
