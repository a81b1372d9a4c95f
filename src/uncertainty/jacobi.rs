//! Eigenvectors of small symmetric matrices.

/// Sweeps after which the iteration stops in any case; it converges quadratically, in about eight.
const SWEEPS: usize = 60;

/// The eigenvalues of the symmetric row-major matrix `a` of side `n`, largest first, and in the same order
/// its orthonormal eigenvectors, by cyclic Jacobi rotations (Golub and Van Loan 2013, 8.5).
pub(super) fn eigen(mut a: Vec<f64>, n: usize) -> Vec<(f64, Vec<f64>)> {
    // Row k of `v` becomes eigenvector k.
    let mut v = vec![0.0; n * n];
    (0..n).for_each(|i| v[i * n + i] = 1.0);
    let scale: f64 = a.iter().map(|x| x * x).sum();
    for _ in 0..SWEEPS {
        let off: f64 = (0..n)
            .flat_map(|i| (0..i).map(move |j| i * n + j))
            .map(|k| a[k] * a[k])
            .sum();
        if off <= 1e-30 * scale {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                let apq = a[p * n + q];
                if apq == 0.0 {
                    continue;
                }
                // The smaller of the two rotations that zero a_pq.
                let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                let s = t * c;
                for k in 0..n {
                    let (x, y) = (a[k * n + p], a[k * n + q]);
                    (a[k * n + p], a[k * n + q]) = (c * x - s * y, s * x + c * y);
                }
                for m in [&mut a, &mut v] {
                    for k in 0..n {
                        let (x, y) = (m[p * n + k], m[q * n + k]);
                        (m[p * n + k], m[q * n + k]) = (c * x - s * y, s * x + c * y);
                    }
                }
            }
        }
    }
    let mut pairs: Vec<_> = (0..n)
        .map(|i| (a[i * n + i], v[i * n..][..n].to_vec()))
        .collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_diagonalises() {
        for n in [1, 2, 5, 24] {
            let mut state = 7u32;
            let mut random = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                f64::from(state >> 8) / f64::from(1 << 23) - 1.0
            };
            let mut a = vec![0.0; n * n];
            for i in 0..n {
                for j in 0..=i {
                    let value = random();
                    (a[i * n + j], a[j * n + i]) = (value, value);
                }
            }
            let pairs = eigen(a.clone(), n);
            let trace: f64 = (0..n).map(|i| a[i * n + i]).sum();
            let sum: f64 = pairs.iter().map(|p| p.0).sum();
            assert!((trace - sum).abs() < 1e-12 * n as f64);
            for (k, (value, vector)) in pairs.iter().enumerate() {
                assert!(k == 0 || pairs[k - 1].0 >= *value);
                for i in 0..n {
                    let av: f64 = (0..n).map(|j| a[i * n + j] * vector[j]).sum();
                    assert!((av - value * vector[i]).abs() < 1e-12 * n as f64);
                }
                for (l, (_, other)) in pairs.iter().enumerate() {
                    let dot: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                    assert!((dot - f64::from(u8::from(k == l))).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn a_known_matrix() {
        let pairs = eigen(vec![2.0, 1.0, 1.0, 2.0], 2);
        assert!((pairs[0].0 - 3.0).abs() < 1e-14 && (pairs[1].0 - 1.0).abs() < 1e-14);
        assert!(eigen(vec![0.0; 9], 3).iter().all(|p| p.0 == 0.0));
    }
}
