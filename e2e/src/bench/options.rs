//! The command line of the benchmark, and how much each choice measures.

/// A run of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Clients at once, each on a connection that it keeps.
    pub clients: usize,
    /// Texts of all clients together.
    pub sends: usize,
}

/// A flow of messages from phones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Messages a second, of all phones together.
    pub per_second: u32,
    /// For so many seconds.
    pub seconds: u32,
    /// Whether receivers that fail in every way are there as well.
    pub beside_bad_ones: bool,
}

impl Flow {
    /// Messages in all.
    pub fn count(self) -> usize {
        (self.per_second * self.seconds) as usize
    }
}

/// What is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Runs of texts.
    pub loads: Vec<Load>,
    /// Numbers of sessions, growing.
    pub sessions: Vec<usize>,
    /// Flows of messages from phones.
    pub flows: Vec<Flow>,
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

  bench [events] [--quick]

  events    only messages that arrive: from phones to a webhook and a socket
  --quick   a few sends and sessions: whether it works, not how fast it is
";

impl Options {
    /// Understands a command line.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Parsed, String> {
        let mut options = Self::full();
        let mut events_only = false;
        for argument in arguments {
            match argument.as_str() {
                "--help" | "-h" => return Ok(Parsed::Help),
                "--quick" => options = Self::quick(),
                "events" => events_only = true,
                other => return Err(format!("{other} is not understood; bench --help lists what is")),
            }
        }
        if events_only {
            options = Self { loads: Vec::new(), sessions: Vec::new(), ..options };
        }
        Ok(Parsed::Run(options))
    }

    /// The figures that the project promises.
    fn full() -> Self {
        let loads = vec![Load { clients: 1, sends: 2_000 }, Load { clients: 50, sends: 10_000 }];
        let flow = |per_second| Flow { per_second, seconds: 10, beside_bad_ones: false };
        let mut flows: Vec<Flow> = [100, 250, 500, 1_000].map(flow).into();
        flows.push(Flow { beside_bad_ones: true, ..flow(100) });
        Self { loads, sessions: vec![1, 100, 500], flows }
    }

    fn quick() -> Self {
        let loads = vec![Load { clients: 1, sends: 50 }, Load { clients: 10, sends: 200 }];
        Self { loads, sessions: vec![1, 5], flows: vec![Flow { per_second: 50, seconds: 2, beside_bad_ones: true }] }
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
        let Ok(Parsed::Run(events)) = parse("events") else { panic!("it is understood") };
        assert_eq!((events.loads.len(), events.flows), (0, Options::full().flows));
        assert!(parse("--fast").is_err());
    }
}
