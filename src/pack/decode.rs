//! Packed rows to f32, written so that the loops become SIMD: the CPU path decodes every weight for
//! every product. For that the compiler has to know that input and output lie apart, which it does of
//! a result that is made before it is stored, and of a function that is not inlined.

use super::block::BLOCK;
use super::matrix::row_bytes;
use super::precision::Precision;

/// The value of a half, without branches, so that a loop over it becomes SIMD.
fn half(bits: u16) -> f32 {
    let size = u32::from(bits & 0x7fff);
    let normal = f32::from_bits((size << 13) + (112 << 23));
    // 2^-24 a step.
    let subnormal = size as i32 as f32 * 5.960_464_5e-8;
    let special = f32::from_bits(size << 13 | 0x7f80_0000);
    let magnitude = if size < 0x400 { subnormal } else { normal };
    let magnitude = if size < 0x7c00 { magnitude } else { special };
    f32::from_bits(magnitude.to_bits() | u32::from(bits & 0x8000) << 16)
}

/// Halves that are decoded together.
const HALVES: usize = 16;

/// Some halves. Nearly always all are normal numbers, which takes a third of the instructions.
#[inline(never)]
fn halves(bytes: &[[u8; 2]; HALVES], out: &mut [f32; HALVES]) {
    // Four at a time: bits 28 and up of what has another exponent than normal numbers.
    let mut unusual = [0; 4];
    let (fours, _) = out.as_chunks_mut::<4>();
    for (out, bytes) in fours.iter_mut().zip(bytes.as_chunks::<4>().0) {
        for ((out, bytes), unusual) in out.iter_mut().zip(bytes).zip(&mut unusual) {
            let bits = i32::from(i16::from_le_bytes(*bytes));
            let bits = (bits << 13) as u32 & 0x8fff_e000;
            *out = f32::from_bits(bits + (112 << 23));
            let above = (bits & 0x7fff_ffff).wrapping_sub(1 << 23);
            *unusual |= above | above.wrapping_add(1 << 24);
        }
    }
    let [a, b, c, d] = unusual;
    if (a | b | c | d) >> 28 != 0 {
        *out = bytes.map(|bytes| half(u16::from_le_bytes(bytes)));
    }
}

/// Eight bits of a block.
fn block_of_eight(bytes: &[u8; BLOCK], scale: f32, out: &mut [f32; BLOCK]) {
    *out = bytes.map(|b| scale * f32::from(b as i8));
}

/// Four bits of a block. They are not moved to the right but scaled by so much less, and are 8 more
/// while they are integers: both are exact, and shifts by different numbers are not to be had in
/// wasm's SIMD.
#[inline(never)]
fn block_of_four(bytes: &[u8; BLOCK / 2], scale: f32, out: &mut [f32; BLOCK]) {
    const MASKS: [i32; 4] = [0xf, 0xf0, 0xf00, 0xf000];
    let scales = [1.0, 1.0 / 16.0, 1.0 / 256.0, 1.0 / 4096.0].map(|s| s * scale);
    let eight = 8.0 * scale;
    let (fours, _) = out.as_chunks_mut::<4>();
    for (out, word) in fours.iter_mut().zip(bytes.as_chunks::<2>().0) {
        let word = i32::from(u16::from_le_bytes(*word) ^ 0x8888);
        for ((out, mask), scale) in out.iter_mut().zip(MASKS).zip(scales) {
            *out = (word & mask) as f32 * scale - eight;
        }
    }
}

/// Decodes blocks of `N` bytes from the block `first` on, and of the last as much as `out` takes.
fn decode_blocks<const N: usize>(
    values: &[u8],
    scales: &[u8],
    first: usize,
    out: &mut [f32],
    block: impl Fn(&[u8; N], f32, &mut [f32; BLOCK]),
) {
    // An iterator's `skip` would be asked again for every block.
    let blocks = values.as_chunks::<N>().0.get(first..).unwrap_or_default();
    let scales = scales.as_chunks::<2>().0.get(first..).unwrap_or_default();
    let scales = scales.iter().map(|s| half(u16::from_le_bytes(*s)));
    let mut blocks = blocks.iter().zip(scales);
    let (whole, rest) = out.as_chunks_mut::<BLOCK>();
    for (out, (bytes, scale)) in whole.iter_mut().zip(&mut blocks) {
        block(bytes, scale, out);
    }
    if let (false, Some((bytes, scale))) = (rest.is_empty(), blocks.next()) {
        let mut last = [0.0; BLOCK];
        block(bytes, scale, &mut last);
        rest.copy_from_slice(&last[..rest.len()]);
    }
}

/// The values of one row, of which `values` and `scales` are the bytes, from the value `first` on, as
/// many as `out` takes; what the row does not have stays as it is.
pub fn decode_row(
    values: &[u8],
    scales: &[u8],
    precision: Precision,
    first: usize,
    out: &mut [f32],
) {
    match precision {
        Precision::F32 => {
            let words = values.as_chunks::<4>().0.get(first..).unwrap_or_default();
            let places = out.iter_mut().zip(words);
            places.for_each(|(out, w)| *out = f32::from_le_bytes(*w));
        }
        Precision::F16 => {
            let words = values.as_chunks::<2>().0.get(first..).unwrap_or_default();
            let count = words.len().min(out.len());
            let (words, few) = words[..count].as_chunks::<HALVES>();
            let (out, rest) = out[..count].as_chunks_mut::<HALVES>();
            (out.iter_mut().zip(words)).for_each(|(out, words)| halves(words, out));
            let rest = rest.iter_mut().zip(few);
            rest.for_each(|(out, w)| *out = half(u16::from_le_bytes(*w)));
        }
        Precision::Q8 | Precision::Q4 => {
            // From the block's beginning: to the next block by a copy.
            let (begun, skip) = (first / BLOCK, first % BLOCK);
            if skip > 0 {
                let mut whole = [0.0; BLOCK];
                let (head, rest) = out.split_at_mut(out.len().min(BLOCK - skip));
                decode_row(values, scales, precision, first - skip, &mut whole);
                head.copy_from_slice(&whole[skip..][..head.len()]);
                return decode_row(values, scales, precision, first - skip + BLOCK, rest);
            }
            if precision == Precision::Q8 {
                decode_blocks(values, scales, begun, out, block_of_eight);
            } else {
                decode_blocks(values, scales, begun, out, block_of_four);
            }
        }
    }
}

/// Appends to `out` the rows of `cols` values that `values` and `scales` hold, the inverse of
/// [`push_rows`](super::matrix::Encoded::push_rows). Bytes that make no whole row are left out.
pub fn decode(values: &[u8], scales: &[u8], cols: usize, precision: Precision, out: &mut Vec<f32>) {
    let [row, row_scales] = row_bytes(cols, precision);
    if row == 0 {
        return;
    }
    let count = match row_scales {
        0 => values.len() / row,
        _ => (values.len() / row).min(scales.len() / row_scales),
    };
    let start = out.len();
    out.resize(start + count * cols, 0.0);
    for (i, out) in out[start..].chunks_exact_mut(cols).enumerate() {
        let values = &values[i * row..][..row];
        let scales = &scales[i * row_scales..][..row_scales];
        decode_row(values, scales, precision, 0, out);
    }
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::*;

    #[test]
    fn all_halves_are_decoded() {
        // Every half once, normal ones between others.
        let halves: Vec<u16> = (0..=u16::MAX).map(|i| i.wrapping_mul(40503)).collect();
        let bytes: Vec<u8> = halves.iter().flat_map(|h| h.to_le_bytes()).collect();
        let mut together = vec![0.0; 1 << 16];
        decode_row(&bytes, &[], Precision::F16, 0, &mut together);
        for (bits, together) in halves.into_iter().zip(together) {
            let expected = f16::from_bits(bits).to_f32();
            let found = half(bits);
            assert!(found.to_bits() == together.to_bits(), "{bits:#x}");
            assert!(
                found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan(),
                "{bits:#x}: {found} {expected}"
            );
        }
    }
}
