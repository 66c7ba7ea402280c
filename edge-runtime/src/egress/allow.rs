//! `allowed_outbound_hosts`: `scheme://host[:port]` with `*` for each part, `*.domain`, addresses, CIDR blocks and port
//! ranges, by Spin's rules. Pure.

use std::net::IpAddr;
use std::ops::Range;

use url::Host;

/// Where a guest may connect to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AllowList(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    /// `None` is any.
    scheme: Option<String>,
    host: HostRule,
    /// `None` is any.
    ports: Option<Range<u32>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HostRule {
    Any,
    /// `.example.com`
    Below(String),
    Is(Host),
    Block(IpAddr, u8),
    /// `self`: the application itself, which cannot be reached here.
    Itself,
}

/// Where a guest wants to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    scheme: String,
    host: Host,
    port: Option<u16>,
}

fn well_known_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        "redis" => Some(6379),
        _ => None,
    }
}

impl Target {
    /// The destination of an HTTP request.
    pub(crate) fn http(uri: &http::Uri) -> Option<Self> {
        let authority = uri.authority()?;
        // A port that does not fit its type is absent for `port_u16`, and must not pass as the usual one.
        if authority.port().is_some() != authority.port_u16().is_some() {
            return None;
        }
        let host = Host::parse(authority.host()).ok()?;
        Some(Self { scheme: uri.scheme_str()?.to_owned(), host, port: authority.port_u16() })
    }

    /// The server behind a Redis URL, read with the parser that the Redis client uses.
    pub(crate) fn redis(address: &str) -> Option<Self> {
        let url = url::Url::parse(address).ok()?;
        // Leaves out Unix sockets, which have no host to check.
        if !matches!(url.scheme(), "redis" | "rediss") {
            return None;
        }
        Some(Self { scheme: url.scheme().to_owned(), host: Host::parse(url.host_str()?).ok()?, port: url.port() })
    }

    /// A name that Spin answers itself.
    pub(crate) fn is_service_chaining(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "self" || name == "self.alt" || name.ends_with(".spin.internal"),
            _ => false,
        }
    }
}

impl AllowList {
    /// Reads the list of a manifest after its templates are rendered; an empty entry stands for an unset, optional host.
    pub(crate) fn parse<S: AsRef<str>>(hosts: impl IntoIterator<Item = S>) -> Result<Self, String> {
        let mut rules = Vec::new();
        for host in hosts {
            let host = host.as_ref().trim();
            if !matches!(host, "" | "http://" | "https://") {
                rules.push(Rule::parse(host).map_err(|problem| format!("{host:?}: {problem}"))?);
            }
        }
        Ok(Self(rules))
    }

    /// Whether one entry of the list covers `target`.
    pub(crate) fn allows(&self, target: &Target) -> bool {
        self.0.iter().any(|rule| rule.allows(target))
    }
}

impl Rule {
    fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or("has no scheme, such as http:// or *://")?;
        if scheme != "*" && (scheme.is_empty() || !scheme.chars().all(|c| c.is_ascii_alphabetic())) {
            return Err(format!("{scheme:?} is not a scheme"));
        }
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if HostRule::parse(rest).is_err() => (host, port.strip_suffix('/').unwrap_or(port)),
            _ => (rest, ""),
        };
        Ok(Self {
            host: HostRule::parse(host)?,
            ports: parse_ports(port, scheme)?,
            scheme: (scheme != "*").then(|| scheme.to_owned()),
        })
    }

    fn allows(&self, target: &Target) -> bool {
        let scheme = self.scheme.as_ref().is_none_or(|scheme| *scheme == target.scheme);
        let port = || target.port.or_else(|| well_known_port(&target.scheme));
        let port = self.ports.as_ref().is_none_or(|ports| port().is_some_and(|port| ports.contains(&port.into())));
        scheme && port && self.host.allows(&target.host)
    }
}

fn parse_ports(text: &str, scheme: &str) -> Result<Option<Range<u32>>, String> {
    let one = |text: &str| text.parse::<u16>().map(u32::from).map_err(|_| format!("{text:?} is not a port"));
    match text {
        "*" => Ok(None),
        "" => {
            let port = u32::from(well_known_port(scheme).ok_or("has no port, and its scheme has no usual one")?);
            Ok(Some(port..port + 1))
        }
        _ => match text.split_once("..") {
            Some((from, to)) => Ok(Some(one(from)?..one(to)?)),
            None => one(text).map(|port| Some(port..port + 1)),
        },
    }
}

impl HostRule {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text {
            "*" => return Ok(Self::Any),
            "self" | "self.alt" => return Ok(Self::Itself),
            _ => {}
        }
        if let Some((address, bits)) = text.split_once('/')
            && let (Ok(address), Ok(bits)) = (address.parse::<IpAddr>(), bits.parse::<u8>())
            && bits <= if address.is_ipv4() { 32 } else { 128 }
        {
            return Ok(Self::Block(address, bits));
        }
        let text = text.strip_suffix('/').unwrap_or(text);
        if text.contains('/') {
            return Err("must not have a path".to_owned());
        }
        let host = |text: &str| Host::parse(text).map_err(|error| format!("{text:?} is not a host: {error}"));
        match text.strip_prefix("*.") {
            Some(domain) if domain.contains('*') => Err("may have * only in front".to_owned()),
            Some(domain) => match host(domain)? {
                Host::Domain(domain) => Ok(Self::Below(format!(".{domain}"))),
                _ => Err("must have a domain behind *.".to_owned()),
            },
            None if text.contains('*') => Err("may have * only in front".to_owned()),
            None => host(text).map(Self::Is),
        }
    }

    fn allows(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Below(suffix), Host::Domain(name)) => name.ends_with(suffix),
            (Self::Is(allowed), host) => allowed == host,
            (Self::Block(network, bits), Host::Ipv4(address)) => in_block(*network, *bits, IpAddr::V4(*address)),
            (Self::Block(network, bits), Host::Ipv6(address)) => in_block(*network, *bits, IpAddr::V6(*address)),
            (Self::Below(_) | Self::Block(..) | Self::Itself, _) => false,
        }
    }
}

fn in_block(network: IpAddr, bits: u8, address: IpAddr) -> bool {
    let (network, address, width) = match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            (u128::from(network.to_bits()), u128::from(address.to_bits()), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => (network.to_bits(), address.to_bits(), 128),
        _ => return false,
    };
    // A block of no bits holds every address; shifting by the full width would overflow.
    bits == 0 || (network ^ address) >> (width - bits) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(rule: &str, address: &str) -> bool {
        let target =
            if address.starts_with("redis") { Target::redis(address) } else { Target::http(&address.parse().unwrap()) };
        AllowList::parse([rule]).unwrap().allows(&target.unwrap())
    }

    #[test]
    fn hosts_schemes_and_ports_are_compared() {
        for (rule, address, expected) in [
            ("http://*:*", "http://example.com:8080/x", true),
            ("http://*:*", "https://example.com", false),
            ("*://*:*", "redis://10.0.0.1:1", true),
            ("https://example.com", "https://example.com", true),
            ("https://example.com", "https://example.com:444", false),
            ("https://EXAMPLE.com/", "https://example.COM", true),
            ("https://example.com:8000..8010", "https://example.com:8009", true),
            ("https://example.com:8000..8010", "https://example.com:8010", false),
            ("https://*.example.com", "https://a.b.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("https://*.example.com", "https://badexample.com", false),
            ("redis://localhost", "rediss://localhost", false),
            ("redis://localhost", "redis://user:pass@localhost:6379/1", true),
            ("redis://localhost:*", "redis://localhost:7777", true),
            ("http://10.0.0.0/8:*", "http://10.1.2.3:99", true),
            ("http://10.0.0.0/8:*", "http://11.1.2.3:99", false),
            ("http://10.0.0.0/8:*", "http://ten.example.com:99", false),
            ("http://0.0.0.0/0:*", "http://8.8.8.8", true),
            ("http://fd00::/8:*", "http://[fd12::1]", true),
            ("http://fd00::/8:*", "http://[fe12::1]", false),
            ("http://[::1]:80", "http://[::1]", true),
            ("http://self", "http://self", false),
        ] {
            assert_eq!(allows(rule, address), expected, "{rule} {address}");
        }
    }

    #[test]
    fn malformed_rules_are_refused() {
        for rule in [
            "*",
            "example.com",
            "ht+p://x",
            "http://x/path",
            "http://a.*.b",
            "http://*.1.2.3.4",
            "foo://x",
            "http://x:y",
        ] {
            assert!(AllowList::parse([rule]).is_err(), "{rule}");
        }
        assert_eq!(AllowList::parse(["", "http://"]).unwrap(), AllowList::default());
    }

    #[test]
    fn the_application_itself_is_recognised() {
        let target = |address: &str| Target::http(&address.parse().unwrap()).unwrap();
        for name in ["http://self.alt/x", "http://api.spin.internal", "http://API.SPIN.INTERNAL:80"] {
            assert!(target(name).is_service_chaining(), "{name}");
        }
        assert!(!target("http://spin.internal.example.com").is_service_chaining());
    }

    #[test]
    fn addresses_that_name_no_server_are_refused() {
        for address in ["", "localhost:6379", "redis:///0", "unix:///run/redis.sock", "redis+unix://x/y", "http://x"] {
            assert_eq!(Target::redis(address), None, "{address}");
        }
        assert_eq!(Target::http(&"/relative".parse().unwrap()), None);
    }
}
