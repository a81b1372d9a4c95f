//! Transposing a matrix.

/// The transpose of `rows` x `columns`, row-major, tile by tile for the cache's sake.
pub(super) fn transpose<T: Copy + Default>(a: &[T], rows: usize, columns: usize) -> Vec<T> {
    const TILE: usize = 32;
    let mut out = vec![T::default(); a.len()];
    for r0 in (0..rows).step_by(TILE) {
        for c0 in (0..columns).step_by(TILE) {
            for r in r0..(r0 + TILE).min(rows) {
                for c in c0..(c0 + TILE).min(columns) {
                    out[c * rows + r] = a[r * columns + c];
                }
            }
        }
    }
    out
}
