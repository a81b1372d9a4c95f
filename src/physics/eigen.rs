//! Eigenvalues and eigenvectors of small symmetric matrices, and dense products.

use super::transpose::transpose;

/// A square matrix, row-major.
#[derive(Debug, Clone)]
pub(super) struct Square {
    pub(super) n: usize,
    pub(super) a: Vec<f64>,
}

/// K = Q diag(values) Q^T with orthogonal Q, whose columns are the eigenvectors.
pub(super) struct Eigen {
    pub(super) values: Vec<f64>,
    pub(super) vectors: Square,
}

impl Eigen {
    /// Decomposes symmetric `k`: Householder reflections to tridiagonal form, then implicitly shifted
    /// QL rotations (Golub and Van Loan, Matrix Computations, sections 8.3.1 and 8.3.3).
    /// Cost about 5 n^3.
    pub(super) fn new(k: Square) -> Self {
        let n = k.n;
        let mut a = k.a;
        // Rows of `q` become the eigenvectors: rotations then act on whole rows.
        let mut q = vec![0.0; n * n];
        (0..n).for_each(|i| q[i * n + i] = 1.0);
        for c in 0..n.saturating_sub(2) {
            let norm = (c + 1..n).map(|r| a[r * n + c].powi(2)).sum::<f64>().sqrt();
            if norm == 0.0 {
                continue;
            }
            let mut v = vec![0.0; n];
            for r in c + 1..n {
                v[r] = a[r * n + c];
            }
            v[c + 1] += norm.copysign(v[c + 1]);
            let scale = v.iter().map(|x| x * x).sum::<f64>();
            let beta = 2.0 / scale;
            // A <- P A P with P = I - beta v v^T, by the symmetric rank-2 update.
            let p: Vec<f64> = (0..n)
                .map(|r| beta * (c..n).map(|j| a[r * n + j] * v[j]).sum::<f64>())
                .collect();
            let half = beta / 2.0 * p.iter().zip(&v).map(|(p, v)| p * v).sum::<f64>();
            let w: Vec<f64> = p.iter().zip(&v).map(|(p, v)| p - half * v).collect();
            for r in c..n {
                for j in c..n {
                    a[r * n + j] -= v[r] * w[j] + w[r] * v[j];
                }
            }
            // Q <- P Q, so that T = Q K Q^T.
            let mut vq = vec![0.0; n];
            for r in c + 1..n {
                for j in 0..n {
                    vq[j] += v[r] * q[r * n + j];
                }
            }
            for r in c + 1..n {
                for j in 0..n {
                    q[r * n + j] -= beta * v[r] * vq[j];
                }
            }
        }
        let mut d: Vec<f64> = (0..n).map(|i| a[i * n + i]).collect();
        let mut e: Vec<f64> = (0..n)
            .map(|i| if i + 1 < n { a[(i + 1) * n + i] } else { 0.0 })
            .collect();
        for l in 0..n {
            // Each eigenvalue takes two or three sweeps; the bound only ends what rounding could keep alive.
            for _ in 0..60 {
                let m = (l..n.saturating_sub(1))
                    .find(|m| e[*m].abs() <= f64::EPSILON * (d[*m].abs() + d[*m + 1].abs()))
                    .unwrap_or(n - 1);
                if m == l {
                    break;
                }
                let g = (d[l + 1] - d[l]) / (2.0 * e[l]);
                let mut g = d[m] - d[l] + e[l] / (g + g.hypot(1.0).copysign(g));
                let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
                let mut broke = false;
                for i in (l..m).rev() {
                    let (f, b) = (s * e[i], c * e[i]);
                    let r = f.hypot(g);
                    e[i + 1] = r;
                    if r == 0.0 {
                        d[i + 1] -= p;
                        e[m] = 0.0;
                        broke = true;
                        break;
                    }
                    (s, c) = (f / r, g / r);
                    let g2 = d[i + 1] - p;
                    let t = (d[i] - g2) * s + 2.0 * c * b;
                    p = s * t;
                    d[i + 1] = g2 + p;
                    g = c * t - b;
                    let (upper, lower) = q.split_at_mut((i + 1) * n);
                    for (x, y) in upper[i * n..].iter_mut().zip(&mut lower[..n]) {
                        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                    }
                }
                if !broke {
                    d[l] -= p;
                    e[l] = g;
                    e[m] = 0.0;
                }
            }
        }
        Self {
            values: d,
            vectors: Square {
                n,
                a: transpose(&q, n, n),
            },
        }
    }
}

/// `a` (`rows` x `inner`) times `b` (`inner` x `columns`), row-major.
pub(super) fn product(a: &[f64], b: &[f64], inner: usize, columns: usize) -> Vec<f64> {
    let rows = a.len() / inner;
    let mut out = vec![0.0; rows * columns];
    for (row, out) in a.chunks(inner).zip(out.chunks_mut(columns)) {
        for (v, b) in row.iter().zip(b.chunks(columns)) {
            if *v != 0.0 {
                out.iter_mut().zip(b).for_each(|(o, b)| *o += v * b);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rebuilds_the_matrix_from_an_orthogonal_basis() {
        for n in [1, 2, 3, 17, 40] {
            let a: Vec<f64> = (0..n * n)
                .map(|i| {
                    let (r, c) = (i / n, i % n);
                    ((r + c) as f64).sin()
                        + if r == c {
                            2.0
                        } else {
                            0.1 * (r * c % 5) as f64
                        }
                })
                .collect();
            let eigen = Eigen::new(Square { n, a: a.clone() });
            let q = &eigen.vectors.a;
            let qt = transpose(q, n, n);
            for (i, v) in product(&qt, q, n, n).iter().enumerate() {
                let identity = if i / n == i % n { 1.0 } else { 0.0 };
                assert!((v - identity).abs() < 1e-11);
            }
            let scaled: Vec<f64> = (0..n * n).map(|i| q[i] * eigen.values[i % n]).collect();
            for (b, a) in product(&scaled, &qt, n, n).iter().zip(&a) {
                assert!((a - b).abs() < 1e-10, "{n}: {a} {b}");
            }
        }
    }
}
