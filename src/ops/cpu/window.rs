//! What a convolution sees: rows of one channel with zero padding, upsampled on the fly.

use crate::ops::ConvCall;

/// Fills `out`, rows of `width` values, with the rows of the padded map from `first` on. The map is
/// that of `call` on a plane of `size` (height, width), with zeros below and to the right as far as
/// `out` goes.
pub fn fill(
    out: &mut [f32],
    width: usize,
    first: usize,
    plane: &[f32],
    size: [usize; 2],
    call: &ConvCall,
) {
    let [h, w] = size;
    let [vh, vw] = call.seen(size);
    let [top, _, left, _] = call.conv.padding;
    for (i, out) in out.chunks_exact_mut(width).enumerate() {
        let Some(y) = (first + i).checked_sub(top).filter(|y| *y < vh) else {
            out.fill(0.0);
            continue;
        };
        let source = &plane[y * h / vh * w..][..w];
        let (before, out) = out.split_at_mut(left.min(width));
        before.fill(0.0);
        let (inside, after) = out.split_at_mut(vw.min(out.len()));
        after.fill(0.0);
        if vw == w {
            inside.copy_from_slice(&source[..inside.len()]);
        } else if vw == 2 * w {
            let pairs = inside.chunks_mut(2).zip(source);
            pairs.for_each(|(pair, v)| pair.fill(*v));
        } else {
            let places = inside.iter_mut().enumerate();
            places.for_each(|(x, out)| *out = source[x * w / vw]);
        }
    }
}
