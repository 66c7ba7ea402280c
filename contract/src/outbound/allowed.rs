//! `ALLOW_PRIVATE_URLS`: hosts and networks that clients may name although they are not public.

use std::net::IpAddr;

use super::address::is_within;

/// Most entries of the list: it is read for every address.
const MAX_ENTRIES: usize = 64;

/// The list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedPrivate {
    hosts: Vec<String>,
    networks: Vec<(IpAddr, u8)>,
}

impl AllowedPrivate {
    /// This machine.
    pub const LOOPBACK: &str = "localhost, 127.0.0.0/8, ::1";

    /// Reads a list of host names, addresses and networks (`10.0.0.0/8`), between commas or spaces. `none` is the empty list.
    /// The error is the entry that cannot be read.
    pub fn parse(list: &str) -> Result<Self, String> {
        let mut allowed = Self::default();
        let entries = list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty());
        for (count, entry) in entries.enumerate() {
            if entry.eq_ignore_ascii_case("none") {
                continue;
            }
            if count >= MAX_ENTRIES {
                return Err(format!("may have at most {MAX_ENTRIES} entries"));
            }
            let wrong = || format!("must list hosts, addresses or networks like 10.0.0.0/8, not {entry:?}");
            let (address, bits) = entry.split_once('/').map_or((entry, None), |(address, bits)| (address, Some(bits)));
            match (address.trim_matches(['[', ']']).parse::<IpAddr>(), bits) {
                (Ok(address), bits) => {
                    let most = if address.is_ipv4() { 32 } else { 128 };
                    let bits = bits.map_or(Ok(most), |bits| bits.parse::<u8>().map_err(|_| wrong()))?;
                    if bits > most {
                        return Err(wrong());
                    }
                    allowed.networks.push((address, bits));
                }
                (Err(_), None) if is_host_name(entry) => allowed.hosts.push(entry.to_ascii_lowercase()),
                _ => return Err(wrong()),
            }
        }
        Ok(allowed)
    }

    /// Whether a host may be gone to by this name, wherever it is.
    pub fn host(&self, name: &str) -> bool {
        self.hosts.iter().any(|host| host.eq_ignore_ascii_case(name.trim_end_matches('.')))
    }

    /// Whether an address may be gone to.
    pub fn address(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|(network, bits)| is_within(address, *network, *bits))
    }
}

fn is_host_name(name: &str) -> bool {
    name.bytes().all(|one| one.is_ascii_alphanumeric() || matches!(one, b'-' | b'_' | b'.'))
        && name.bytes().any(|one| one.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_named() {
        for entry in ["10.0.0.0/33", "::1/129", "10.0.0.0/x", "http://a/b", "a b/8", "1.2.3", "*"] {
            assert!(AllowedPrivate::parse(entry).is_err(), "{entry}");
        }
        assert_eq!(AllowedPrivate::parse("none").unwrap(), AllowedPrivate::default());
    }

    #[test]
    fn names_are_compared_without_case_and_final_dot() {
        let allowed = AllowedPrivate::parse("Files.Internal").unwrap();
        assert!(allowed.host("files.internal.") && !allowed.host("evil.files.internal"));
    }
}
