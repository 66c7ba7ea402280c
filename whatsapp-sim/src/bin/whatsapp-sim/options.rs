//! The command line and the environment of the program. Pure: arguments and a look-up go in, a decision comes out.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Where the program listens unless told otherwise.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 3002);

pub(crate) const HELP: &str = "\
A simulated WhatsApp network: real wire protocol, simulated phones, admin HTTP API.

Usage: whatsapp-sim [OPTIONS]

  --listen ADDRESS   address for clients and for the admin API   (SIM_LISTEN, default 127.0.0.1:3002)
  --data-dir DIR     keep accounts and sessions in this folder   (SIM_DATA_DIR, default: forget at exit)
  --key-seed TEXT    the server's key follows from this text     (SIM_KEY_SEED, default: a random seed,
                     kept in the data folder when there is one)
  --allow-remote     permit a --listen address other than loopback; the admin API has no password
  --admin-host NAME  a host name, besides loopback and the listen address, under which the admin API may be
                     addressed; may be given more than once     (SIM_ADMIN_HOSTS, separated by commas)
  --tls              speak HTTPS and WSS on the same port as well     (SIM_TLS=1; GET /admin/certificate)
  --stanza-log       write down what passes the connections     (SIM_STANZA_LOG=1; GET /admin/log shows it)
  --scenario FILE    load this network, TOML or JSON, as far as it is missing   (SIM_SCENARIO)
  --phone-messages N each phone remembers so many messages      (default and most 2000)
  --help             show this text

Log levels: RUST_LOG, for example RUST_LOG=whatsapp_sim=debug.";

/// What the program was asked to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Run(Options),
    Help,
}

/// The settings of a run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) key_seed: Option<String>,
    pub(crate) admin_hosts: Vec<String>,
    pub(crate) scenario: Option<PathBuf>,
    pub(crate) phone_messages: Option<usize>,
    pub(crate) stanza_log: bool,
    pub(crate) tls: bool,
}

/// Why the command line cannot be obeyed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum UsageError {
    #[error("unknown argument {0}")]
    Unknown(String),
    #[error("{0} needs a value")]
    NoValue(&'static str),
    #[error("{0} is no address; write it like 127.0.0.1:3002")]
    Listen(String),
    #[error(
        "{0} can be reached from other machines and the admin API has no password; add --allow-remote to permit it"
    )]
    Remote(SocketAddr),
    #[error("{0} is no number of messages")]
    Count(String),
    #[error("the key seed is empty")]
    EmptySeed,
}

/// Arguments win over the environment; an empty variable counts as unset.
pub(crate) fn parse(
    args: impl IntoIterator<Item = String>,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Command, UsageError> {
    let variable = |name| environment(name).filter(|value| !value.is_empty());
    let (mut listen, mut data_dir, mut key_seed, mut scenario) = (None, None, None, None);
    let mut admin_hosts = Vec::new();
    let mut phone_messages = None;
    let (mut allow_remote, mut stanza_log, mut tls) = (false, false, false);
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let (name, value) = match arg.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (arg.as_str(), None),
        };
        let mut value = |name| value.clone().or_else(|| args.next()).ok_or(UsageError::NoValue(name));
        match name {
            "--listen" => listen = Some(value("--listen")?),
            "--data-dir" => data_dir = Some(value("--data-dir")?),
            "--key-seed" => key_seed = Some(value("--key-seed")?),
            "--scenario" => scenario = Some(value("--scenario")?),
            "--phone-messages" => {
                let text = value("--phone-messages")?;
                phone_messages = Some(text.parse().map_err(|_| UsageError::Count(text))?);
            }
            "--admin-host" => admin_hosts.push(value("--admin-host")?),
            "--allow-remote" if !arg.contains('=') => allow_remote = true,
            "--tls" if !arg.contains('=') => tls = true,
            "--stanza-log" if !arg.contains('=') => stanza_log = true,
            "--help" | "-h" if !arg.contains('=') => return Ok(Command::Help),
            _ => return Err(UsageError::Unknown(arg)),
        }
    }
    let listen = match listen.or_else(|| variable("SIM_LISTEN")) {
        Some(text) => text.parse().map_err(|_| UsageError::Listen(text))?,
        None => DEFAULT_LISTEN,
    };
    if !listen.ip().is_loopback() && !allow_remote {
        return Err(UsageError::Remote(listen));
    }
    let key_seed = key_seed.or_else(|| variable("SIM_KEY_SEED"));
    if key_seed.as_deref() == Some("") {
        return Err(UsageError::EmptySeed);
    }
    if admin_hosts.is_empty() {
        let names = variable("SIM_ADMIN_HOSTS").unwrap_or_default();
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        admin_hosts = names.map(str::to_owned).collect();
    }
    if !listen.ip().is_loopback() && !listen.ip().is_unspecified() {
        admin_hosts.push(listen.ip().to_string());
    }
    Ok(Command::Run(Options {
        listen,
        data_dir: data_dir.or_else(|| variable("SIM_DATA_DIR")).map(PathBuf::from),
        key_seed,
        admin_hosts,
        phone_messages,
        scenario: scenario.or_else(|| variable("SIM_SCENARIO")).map(PathBuf::from),
        tls: tls || variable("SIM_TLS").is_some_and(|value| value != "0"),
        stanza_log: stanza_log || variable("SIM_STANZA_LOG").is_some_and(|value| value != "0"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(args: &[&str], environment: &[(&str, &str)]) -> Result<Command, UsageError> {
        let variable =
            |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        parse(args.iter().map(|arg| (*arg).to_owned()), variable)
    }

    fn run(listen: &str, data_dir: Option<&str>, key_seed: Option<&str>) -> Command {
        Command::Run(Options {
            listen: listen.parse().unwrap(),
            data_dir: data_dir.map(PathBuf::from),
            key_seed: key_seed.map(str::to_owned),
            admin_hosts: Vec::new(),
            scenario: None,
            phone_messages: None,
            stanza_log: false,
            tls: false,
        })
    }

    fn admin_hosts(args: &[&str], environment: &[(&str, &str)]) -> Vec<String> {
        match with(args, environment) {
            Ok(Command::Run(options)) => options.admin_hosts,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_admin_api_has_the_names_it_was_given_and_the_address_it_listens_on() {
        let environment = [("SIM_ADMIN_HOSTS", "sim, sim.example,")];
        assert_eq!(admin_hosts(&[], &environment), ["sim", "sim.example"]);
        assert_eq!(admin_hosts(&["--admin-host", "a", "--admin-host=b"], &environment), ["a", "b"]);
        assert_eq!(admin_hosts(&["--listen", "192.0.2.1:3002", "--allow-remote"], &[]), ["192.0.2.1"]);
    }

    #[test]
    fn tls_is_spoken_when_it_is_asked_for() {
        let asked = |args: &[&str], value| match with(args, &[("SIM_TLS", value)]) {
            Ok(Command::Run(options)) => options.tls,
            other => panic!("{other:?}"),
        };
        assert!(asked(&["--tls"], "") && asked(&[], "1"));
        assert!(!asked(&[], "") && !asked(&[], "0"));
    }

    #[test]
    fn the_stanza_log_is_on_when_it_is_asked_for() {
        let asked = |args: &[&str], value| match with(args, &[("SIM_STANZA_LOG", value)]) {
            Ok(Command::Run(options)) => options.stanza_log,
            other => panic!("{other:?}"),
        };
        assert!(asked(&["--stanza-log"], "") && asked(&[], "1"));
        assert!(!asked(&[], "") && !asked(&[], "0"));
    }

    #[test]
    fn arguments_win_over_the_environment_and_both_over_defaults() {
        assert_eq!(with(&[], &[]), Ok(run("127.0.0.1:3002", None, None)));
        let environment = [("SIM_LISTEN", "127.0.0.1:1"), ("SIM_DATA_DIR", "/a"), ("SIM_KEY_SEED", "x")];
        assert_eq!(with(&[], &environment), Ok(run("127.0.0.1:1", Some("/a"), Some("x"))));
        let args = ["--listen", "[::1]:2", "--data-dir=/b", "--key-seed", "y"];
        assert_eq!(with(&args, &environment), Ok(run("[::1]:2", Some("/b"), Some("y"))));
        assert_eq!(with(&[], &[("SIM_LISTEN", ""), ("SIM_KEY_SEED", "")]), Ok(run("127.0.0.1:3002", None, None)));
    }

    #[test]
    fn a_scenario_is_named_by_either() {
        let scenario = |args: &[&str], environment: &[(&str, &str)]| match with(args, environment) {
            Ok(Command::Run(options)) => options.scenario,
            other => panic!("{other:?}"),
        };
        assert_eq!(scenario(&["--scenario", "a.toml"], &[("SIM_SCENARIO", "b.toml")]), Some("a.toml".into()));
        assert_eq!(scenario(&[], &[("SIM_SCENARIO", "b.toml")]), Some("b.toml".into()));
        assert_eq!(scenario(&[], &[]), None);
    }

    #[test]
    fn remote_addresses_need_permission() {
        let remote = UsageError::Remote("0.0.0.0:3002".parse().unwrap());
        assert_eq!(with(&["--listen", "0.0.0.0:3002"], &[]), Err(remote));
        assert_eq!(with(&["--allow-remote", "--listen", "0.0.0.0:3002"], &[]), Ok(run("0.0.0.0:3002", None, None)));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(with(&["--help", "--nonsense"], &[]), Ok(Command::Help));
        assert_eq!(with(&["--nonsense"], &[]), Err(UsageError::Unknown("--nonsense".to_owned())));
        assert_eq!(with(&["--allow-remote=no"], &[]), Err(UsageError::Unknown("--allow-remote=no".to_owned())));
        assert_eq!(with(&["--listen"], &[]), Err(UsageError::NoValue("--listen")));
        assert_eq!(with(&["--listen", "here"], &[]), Err(UsageError::Listen("here".to_owned())));
        assert_eq!(with(&["--key-seed="], &[]), Err(UsageError::EmptySeed));
        assert_eq!(with(&["--phone-messages", "many"], &[]), Err(UsageError::Count("many".to_owned())));
    }
}
