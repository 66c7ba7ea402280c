//! The command line of the benchmark, and how much each choice measures.

/// A run of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Clients at once, each on a connection that it keeps.
    pub clients: usize,
    /// Texts of all clients together.
    pub sends: usize,
}

/// What is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Runs of texts.
    pub loads: Vec<Load>,
    /// Numbers of sessions, growing.
    pub sessions: Vec<usize>,
}

/// A command line that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// Measure.
    Run(Options),
    /// Show [`HELP`].
    Help,
}

/// The help text.
pub const HELP: &str = "\
bench: measures chatery (CHATERY_BIN, or the one built beside this program) against a simulated network

  bench [--quick]

  --quick   a few sends and sessions: whether it works, not how fast it is
";

impl Options {
    /// Understands a command line.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Parsed, String> {
        let mut options = Self::full();
        for argument in arguments {
            match argument.as_str() {
                "--help" | "-h" => return Ok(Parsed::Help),
                "--quick" => options = Self::quick(),
                other => return Err(format!("{other} is not understood; bench --help lists what is")),
            }
        }
        Ok(Parsed::Run(options))
    }

    /// The figures that the project promises.
    fn full() -> Self {
        let loads = vec![Load { clients: 1, sends: 2_000 }, Load { clients: 50, sends: 10_000 }];
        Self { loads, sessions: vec![1, 100, 500] }
    }

    fn quick() -> Self {
        let loads = vec![Load { clients: 1, sends: 50 }, Load { clients: 10, sends: 200 }];
        Self { loads, sessions: vec![1, 5] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Parsed, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options() {
        assert_eq!(parse(""), Ok(Parsed::Run(Options::full())));
        assert_eq!(parse("--quick"), Ok(Parsed::Run(Options::quick())));
        assert_eq!(parse("--quick --help"), Ok(Parsed::Help));
        assert!(parse("--fast").is_err());
    }
}
