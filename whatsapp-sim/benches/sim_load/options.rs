//! The command line.

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Options {
    /// Linked accounts, each with a client.
    pub(crate) accounts: usize,
    /// How many of them write, each to the next one.
    pub(crate) writers: usize,
    /// Messages a second, of all together.
    pub(crate) rate: u32,
    /// For how long.
    pub(crate) seconds: u32,
}

/// A command line that was understood.
pub(crate) enum Parsed {
    Run(Options),
    Help,
}

pub(crate) const HELP: &str = "\
sim-load: measures the simulator with unmodified clients

  sim-load [--quick] [--accounts N] [--writers N] [--rate N] [--seconds N]

  --accounts N  linked accounts, each with a client   (2000)
  --writers N   so many of them write to the next     (500)
  --rate N      messages a second, of all together    (1000)
  --seconds N   for so long                           (60)
  --quick       20 accounts, 50 messages a second, 3 seconds: whether it works, not how fast it is
";

const FULL: Options = Options { accounts: 2000, writers: 500, rate: 1000, seconds: 60 };
const QUICK: Options = Options { accounts: 20, writers: 10, rate: 50, seconds: 3 };

impl Options {
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Parsed, String> {
        let mut options = FULL;
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut number = || {
                let text = arguments.next().ok_or_else(|| format!("{argument} needs a number"))?;
                let number: u32 = text.parse().map_err(|_| format!("{text} is no number"))?;
                if number == 0 { Err(format!("{argument} is at least 1")) } else { Ok(number) }
            };
            match argument.as_str() {
                "--help" | "-h" => return Ok(Parsed::Help),
                "--quick" => options = QUICK,
                "--accounts" => options.accounts = number()? as usize,
                "--writers" => options.writers = number()? as usize,
                "--rate" => options.rate = number()?,
                "--seconds" => options.seconds = number()?,
                // Cargo says so to every benchmark.
                "--bench" => {}
                other => return Err(format!("{other} is not understood; --help lists what is")),
            }
        }
        if options.accounts < 2 {
            return Err("there is nobody to write to: --accounts is at least 2".to_owned());
        }
        options.writers = options.writers.min(options.accounts);
        Ok(Parsed::Run(options))
    }
}
