//! 3x3 convolution of stride 1 with four products a result instead of nine: Winograd's minimal
//! filtering F(2x2, 3x3) (Lavin and Gray, 2016). A tile of 4 x 4 values d of the padded input gives
//! 2 x 2 results A^T [(G g G^T) (B^T d B)] A; summed over the input channels, the products of one
//! place of all tiles are a matrix product.

use burn_flex::FlexTensor;

use super::product::{Columns, product};
use super::rows::Rows;
use super::{tensor, values, window};
use crate::ops::ConvCall;

/// Places of a tile.
const PLACES: usize = 16;
/// Values of transformed tiles in memory at once, for the second-level cache.
const TILES: usize = 1 << 18;
/// Largest transformed weight, in values.
const WEIGHT: usize = 1 << 24;

/// Whether this pays for a batch of `batch` results of `[oh, ow]`: the weight has to be transformed, too.
pub fn pays(batch: usize, [c_out, c_in]: [usize; 2], [oh, ow]: [usize; 2]) -> bool {
    let tiles = batch * oh.div_ceil(2) * ow.div_ceil(2);
    tiles >= 64 && PLACES * c_out * c_in <= WEIGHT
}

/// G g G^T of every kernel of `w` `[out, in 9]`: for each place `[out, in]`.
fn transform_weight(w: &Rows) -> [Rows<'static>; PLACES] {
    let [c_out, terms] = w.shape();
    let c_in = terms / 9;
    let mut planes: [Vec<f32>; PLACES] = std::array::from_fn(|_| vec![0.0; c_out * c_in]);
    let side = |a: f32, b: f32, c: f32| [a, 0.5 * (a + b + c), 0.5 * (a - b + c), c];
    w.read(1, |o, row| {
        for (i, g) in row.as_chunks::<9>().0.iter().enumerate() {
            let columns: [[f32; 4]; 3] = std::array::from_fn(|x| side(g[x], g[3 + x], g[6 + x]));
            for y in 0..4 {
                let row = side(columns[0][y], columns[1][y], columns[2][y]);
                for (x, v) in row.into_iter().enumerate() {
                    planes[4 * y + x][o * c_in + i] = v;
                }
            }
        }
    });
    planes.map(|plane| Rows::Plain(tensor(vec![c_out, c_in], plane)))
}

/// f of two rows, value by value.
fn combine(out: &mut [f32], a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = f(*a, *b);
    }
}

/// Row `i` of B^T times four rows.
fn input_side(i: usize, [a, b, c, d]: [&[f32]; 4], out: &mut [f32]) {
    match i {
        0 => combine(out, a, c, |a, c| a - c),
        1 => combine(out, b, c, |b, c| b + c),
        2 => combine(out, c, b, |c, b| c - b),
        _ => combine(out, b, d, |b, d| b - d),
    }
}

/// Four rows of `width` values, from row `first` on.
fn rows_at(x: &[f32], first: usize, width: usize) -> [&[f32]; 4] {
    std::array::from_fn(|i| &x[(first + i) * width..][..width])
}

/// B^T d B of `count` rows of tiles from `first` on, `across` in a row: for each place
/// `[in, count across]`.
fn transform_input(
    x: &[f32],
    size: [usize; 2],
    call: &ConvCall,
    [first, count, across]: [usize; 3],
) -> [Columns; PLACES] {
    let plane = size[0] * size[1];
    let terms = x.len() / plane;
    let mut tiles: [Columns; PLACES] =
        std::array::from_fn(|_| Columns::zeros(terms, count * across));
    let half = across + 1;
    let rows = 2 * count + 2;
    let mut seen = vec![0.0; rows * 2 * half];
    // Even and odd columns lie apart: what neighbouring tiles need then lies side by side.
    let mut even = vec![0.0; rows * half];
    let mut odd = even.clone();
    let mut evens = vec![0.0; half];
    let mut odds = evens.clone();
    let mut line = vec![0.0; across];
    for (channel, plane) in x.chunks_exact(plane).enumerate() {
        window::fill(&mut seen, 2 * half, 2 * first, plane, size, call);
        for ((pair, even), odd) in seen.as_chunks::<2>().0.iter().zip(&mut even).zip(&mut odd) {
            [*even, *odd] = *pair;
        }
        for row in 0..count {
            for y in 0..4 {
                input_side(y, rows_at(&even, 2 * row, half), &mut evens);
                input_side(y, rows_at(&odd, 2 * row, half), &mut odds);
                let tile = [&evens[..across], &odds[..across], &evens[1..], &odds[1..]];
                for x in 0..4 {
                    input_side(x, tile, &mut line);
                    tiles[4 * y + x].put(channel, row * across, &line);
                }
            }
        }
    }
    tiles
}

/// A^T m A of one row of tiles, into up to two rows of `width` values.
fn transform_output(m: [&[f32]; PLACES], sides: &mut [Vec<f32>; 4], out: &mut [f32], width: usize) {
    for (y, out) in out.chunks_exact_mut(width).enumerate() {
        for (x, side) in sides.iter_mut().enumerate() {
            let [a, b, c] = [m[4 * y + x], m[4 * y + 4 + x], m[4 * y + 8 + x]];
            let from = side.iter_mut().zip(a).zip(b).zip(c);
            if y == 0 {
                from.for_each(|(((v, a), b), c)| *v = a + b + c);
            } else {
                from.for_each(|(((v, a), b), c)| *v = a - b - c);
            }
        }
        let [a, b, c, d] = &*sides;
        let (pairs, rest) = out.as_chunks_mut::<2>();
        let tiles = a.iter().zip(b).zip(c).zip(d);
        for (pair, (((a, b), c), d)) in pairs.iter_mut().zip(tiles) {
            *pair = [a + b + c, b - c - d];
        }
        if let ([last], Some(((a, b), c))) = (rest, a.iter().zip(b).zip(c).next_back()) {
            *last = a + b + c;
        }
    }
}

/// The convolution's products, without bias: `x` is a batch of `[in, height, width]`, `size` its last
/// two dimensions, `w` `[out, in 9]`. Returns `[batch, out, oh, ow]`.
pub fn conv3x3(x: &[f32], size: [usize; 2], w: &Rows, call: &ConvCall) -> Vec<f32> {
    let [c_out, c_in] = [w.shape()[0], w.shape()[1] / 9];
    let [oh, ow] = call.output(size, [3, 3]);
    let [down, across] = [oh, ow].map(|n| n.div_ceil(2));
    let weights = transform_weight(w);
    let at_once = (TILES / (PLACES * c_in * across)).clamp(1, down);
    let pictures = x.chunks_exact(c_in * size[0] * size[1]);
    let mut out = vec![0.0; pictures.len() * c_out * oh * ow];
    let mut sides: [Vec<f32>; 4] = std::array::from_fn(|_| vec![0.0; across]);
    for (picture, out) in pictures.zip(out.chunks_exact_mut(c_out * oh * ow)) {
        for first in (0..down).step_by(at_once) {
            let count = at_once.min(down - first);
            let tiles = transform_input(picture, size, call, [first, count, across]);
            let products: Vec<FlexTensor> = weights
                .iter()
                .zip(tiles)
                .map(|(w, tiles)| product(w, tiles))
                .collect();
            let products: Vec<_> = products.iter().map(values).collect();
            for (o, plane) in out.chunks_exact_mut(oh * ow).enumerate() {
                let plane = &mut plane[2 * first * ow..];
                for (row, rows) in plane.chunks_mut(2 * ow).take(count).enumerate() {
                    let start = (o * count + row) * across;
                    let m = std::array::from_fn(|i| &products[i][start..][..across]);
                    transform_output(m, &mut sides, rows, ow);
                }
            }
        }
    }
    out
}
