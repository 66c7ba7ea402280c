//! Which addresses are public. Everything is private that is not known to be handed out for the open internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Blocks of IPv4 that are not the open internet: this network, private, carrier-grade NAT, loopback, link-local (with the
/// metadata services of clouds), protocol assignments, documentation, 6to4 relays, benchmarks, multicast, reserved.
const PRIVATE_V4: [(Ipv4Addr, u8); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// What IPv6 hands out for the open internet.
const GLOBAL_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Blocks within it that are not, or that lead on into IPv4: protocol assignments (with Teredo), documentation, 6to4.
const PRIVATE_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether an address is on the open internet.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !PRIVATE_V4.iter().any(|(network, bits)| within_v4(address, *network, *bits)),
        IpAddr::V6(address) => {
            within_v6(address, GLOBAL_V6.0, GLOBAL_V6.1)
                && !PRIVATE_V6.iter().any(|(network, bits)| within_v6(address, *network, *bits))
        }
    }
}

/// Whether an address is in a network. `bits` is at most the address's own.
pub(super) fn is_within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (address.to_canonical(), network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => within_v4(address, network, bits),
        (IpAddr::V6(address), IpAddr::V6(network)) => within_v6(address, network, bits),
        _ => false,
    }
}

fn within_v4(address: Ipv4Addr, network: Ipv4Addr, bits: u8) -> bool {
    let differ = address.to_bits() ^ network.to_bits();
    differ.checked_shr(u32::BITS - u32::from(bits)).unwrap_or(0) == 0
}

fn within_v6(address: Ipv6Addr, network: Ipv6Addr, bits: u8) -> bool {
    let differ = address.to_bits() ^ network.to_bits();
    differ.checked_shr(u128::BITS - u32::from(bits)).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_of_the_blocks() {
        for (address, public) in [
            ("9.255.255.255", true),
            ("10.0.0.0", false),
            ("11.0.0.0", true),
            ("100.63.255.255", true),
            ("100.127.255.255", false),
            ("172.15.255.255", true),
            ("172.32.0.0", true),
            ("198.17.255.255", true),
            ("198.19.255.255", false),
            ("223.255.255.255", true),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("1fff::1", false),
            ("2600::1", true),
            ("2001:4860:4860::8888", true),
            ("2001:db8::1", false),
            ("4000::1", false),
            ("ff02::1", false),
            ("::ffff:8.8.8.8", true),
            ("::8.8.8.8", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }

    #[test]
    fn the_widest_network_holds_everything() {
        assert!(is_within("8.8.8.8".parse().unwrap(), "0.0.0.0".parse().unwrap(), 0));
        assert!(is_within("2600::1".parse().unwrap(), "::".parse().unwrap(), 0));
        assert!(!is_within("2600::1".parse().unwrap(), "0.0.0.0".parse().unwrap(), 0));
    }
}
