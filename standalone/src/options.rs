//! The command line. Settings proper are environment variables ([`crate::settings`]); these few say where things are.

use std::path::PathBuf;

/// What of the stack a process is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    #[default]
    All,
    /// A session-host.
    Host,
    /// The functions of the edge.
    Edge,
}

/// What the command line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// `host` or `edge`.
    pub(crate) part: Part,
    /// `--live`: sessions talk to WhatsApp when they do not say.
    pub(crate) live: bool,
    /// `--port`.
    pub(crate) port: Option<u16>,
    /// `--data`.
    pub(crate) data: Option<PathBuf>,
    /// `--manifest`.
    pub(crate) manifest: Option<PathBuf>,
}

/// A command line that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    Run(Options),
    Help,
}

/// The help text.
pub(crate) const HELP: &str = "\
chatery: a WhatsApp HTTP API in one process, or in parts

  chatery [--live] [--port N] [--data DIR] [--manifest FILE]
  chatery host [--port N]
  chatery edge [--port N] [--manifest FILE]

  host             only a session-host: Socket.IO, media, the connections to WhatsApp
  edge             only the functions of the edge, which Spin runs elsewhere
  --live           sessions talk to the real WhatsApp unless they ask for the sandbox
  --port N         listen on this port (PORT; 3000)
  --data DIR       keep Redis, media, the simulated network and secrets here (DATA_DIR; data)
  --manifest FILE  the application of the edge (spin.toml)

Settings are environment variables, also read from .env in the working directory: see .env.example. The parts need REDIS_URL,
and both INTERNAL_TOKEN, by which the host (EDGE_URL) invokes the edge.
";

impl Options {
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Parsed, String> {
        let mut options = Self::default();
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "host" if options == Self::default() => options.part = Part::Host,
                "edge" if options == Self::default() => options.part = Part::Edge,
                "--help" | "-h" => return Ok(Parsed::Help),
                "--live" => options.live = true,
                "--port" => {
                    let text = value()?;
                    options.port = Some(text.parse().map_err(|_| format!("{text} is no port"))?);
                }
                "--data" => options.data = Some(value()?.into()),
                "--manifest" => options.manifest = Some(value()?.into()),
                other => return Err(format!("{other} is not understood; chatery --help lists what is")),
            }
        }
        Ok(Parsed::Run(options))
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
        let named = Options {
            live: true,
            port: Some(4000),
            data: Some("d".into()),
            manifest: Some("m".into()),
            part: Part::All,
        };
        assert_eq!(parse("--live --port 4000 --data d --manifest m"), Ok(Parsed::Run(named)));
        assert_eq!(parse(""), Ok(Parsed::Run(Options::default())));
        assert_eq!(parse("--live -h"), Ok(Parsed::Help));
        for (name, part) in [("host", Part::Host), ("edge", Part::Edge)] {
            let parsed = Options { part, port: Some(1), ..Options::default() };
            assert_eq!(parse(&format!("{name} --port 1")), Ok(Parsed::Run(parsed)));
        }
        for bad in ["--port", "--port x", "--port 70000", "live", "--live host", "host edge"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
