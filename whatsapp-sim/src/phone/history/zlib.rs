//! A zlib stream without compression (RFC 1950 and 1951): readers demand the container, and nobody pays for the
//! bytes of a simulated history.

/// Deflate, 32 KiB window, no dictionary, fastest level; the second byte makes the pair a multiple of 31.
const HEADER: [u8; 2] = [0x78, 0x01];

/// The length field of a stored block has 16 bits.
const MAX_BLOCK: usize = 0xffff;

/// The largest prime below 2^16, modulus of Adler-32.
const ADLER_MODULUS: u32 = 65_521;

pub(super) fn store(data: &[u8]) -> Vec<u8> {
    let mut out = HEADER.to_vec();
    let mut rest = data;
    loop {
        let (block, after) = rest.split_at(rest.len().min(MAX_BLOCK));
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(u8::from(after.is_empty()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
        if after.is_empty() {
            break;
        }
        rest = after;
    }
    out.extend(adler32(data).to_be_bytes());
    out
}

fn adler32(data: &[u8]) -> u32 {
    let (low, high) = data.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % ADLER_MODULUS;
        (low, (high + low) % ADLER_MODULUS)
    });
    (high << 16) | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_librarys_inflater_gives_the_bytes_back() {
        for length in [0, 1, MAX_BLOCK - 1, MAX_BLOCK, MAX_BLOCK + 1, 3 * MAX_BLOCK] {
            let data: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
            let back = wacore_binary::zlib_pool::decompress_zlib_pooled(&store(&data), 1 << 20).unwrap();
            assert_eq!(back, data);
        }
    }

    #[test]
    fn the_checksum_is_adler32() {
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }
}
