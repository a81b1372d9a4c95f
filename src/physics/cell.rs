//! The proximal step of the distance to a parallelepiped, a box in skewed coordinates.

/// argmin over d of 1/2 |d - a|^2 + gamma/2 |e(d)|^2, where e_c is what row c of M d exceeds
/// `half[c]` by in absolute value, with its sign; zero inside. Returns d.
///
/// The objective is quadratic wherever the set S of exceeding rows and their signs stay the same, and
/// there d = a - gamma M_S^T e_S with (I + gamma M_S M_S^T) e_S = M_S a - b_S, b = +-half. The set that
/// reproduces itself gives the only minimiser; it is sought from a's own by iteration, then among all.
pub(super) fn step<const N: usize>(
    m: &[[f64; N]; N],
    half: &[f64; N],
    a: [f64; N],
    gamma: f64,
) -> [f64; N] {
    let mut signs = signs(&apply(m, &a), half);
    for _ in 0..6 {
        let (d, next) = solve(m, half, a, gamma, signs);
        if next == signs {
            return d;
        }
        signs = next;
    }
    // Rounding may leave no set that reproduces itself exactly: the best of all then.
    let mut best = (f64::INFINITY, a);
    for code in 0..3usize.pow(N as u32) {
        let signs = std::array::from_fn(|c| (code / 3usize.pow(c as u32) % 3) as f64 - 1.0);
        let (d, _) = solve(m, half, a, gamma, signs);
        let misfit: f64 = excess(&apply(m, &d), half).iter().map(|e| e * e).sum();
        let moved: f64 = (0..N).map(|i| (d[i] - a[i]).powi(2)).sum();
        let value = moved + gamma * misfit;
        if value < best.0 {
            best = (value, d);
        }
    }
    best.1
}

/// What `v` exceeds `half` by, with its sign.
pub(super) fn excess<const N: usize>(v: &[f64; N], half: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|c| (v[c].abs() - half[c]).max(0.0).copysign(v[c]))
}

/// M v.
pub(super) fn apply<const N: usize>(m: &[[f64; N]; N], v: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|c| (0..N).map(|i| m[c][i] * v[i]).sum())
}

fn signs<const N: usize>(v: &[f64; N], half: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|c| {
        if v[c].abs() > half[c] {
            v[c].signum()
        } else {
            0.0
        }
    })
}

/// The minimiser if rows exceed with the given signs (0 = inside), and the signs that it has.
fn solve<const N: usize>(
    m: &[[f64; N]; N],
    half: &[f64; N],
    a: [f64; N],
    gamma: f64,
    signs: [f64; N],
) -> ([f64; N], [f64; N]) {
    // (I + gamma M_S M_S^T) e = M_S a - b_S by elimination without pivoting: it is positive definite.
    let image = apply(m, &a);
    let mut t = [[0.0; N]; N];
    let mut e = [0.0; N];
    for r in 0..N {
        t[r][r] = 1.0;
        if signs[r] == 0.0 {
            continue;
        }
        e[r] = image[r] - signs[r] * half[r];
        for c in (0..N).filter(|c| signs[*c] != 0.0) {
            t[r][c] += gamma * (0..N).map(|i| m[r][i] * m[c][i]).sum::<f64>();
        }
    }
    for k in 0..N {
        for r in k + 1..N {
            let ratio = t[r][k] / t[k][k];
            let pivot = t[k];
            (t[r].iter_mut().zip(pivot).skip(k)).for_each(|(t, p)| *t -= ratio * p);
            e[r] -= ratio * e[k];
        }
    }
    for k in (0..N).rev() {
        for c in k + 1..N {
            e[k] -= t[k][c] * e[c];
        }
        e[k] /= t[k][k];
    }
    let d: [f64; N] =
        std::array::from_fn(|i| a[i] - gamma * (0..N).map(|c| m[c][i] * e[c]).sum::<f64>());
    let reached = apply(m, &d);
    let found = std::array::from_fn(|c| {
        // Where the row was taken to exceed, e is the excess itself, free of cancellation.
        if signs[c] != 0.0 {
            if e[c] * signs[c] >= 0.0 {
                signs[c]
            } else {
                0.0
            }
        } else if reached[c].abs() > half[c] * (1.0 + 1e-12) {
            reached[c].signum()
        } else {
            0.0
        }
    });
    (d, found)
}

#[cfg(test)]
mod tests {
    use super::super::jpeg_blocks::COLOURS;
    use super::*;

    #[test]
    fn no_nearby_point_is_better() {
        let half = [0.1, 0.3, 0.2];
        let mut state = 1u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 23) - 1.0
        };
        for i in 0..2000 {
            let a = [random(), random(), random()];
            for gamma in [0.0, 1e-3, 1.0, 50.0, 1e6] {
                let d = step(&COLOURS, &half, a, gamma);
                // gradient: d - a + gamma M^T e(d) = 0
                let e = excess(&apply(&COLOURS, &d), &half);
                for k in 0..3 {
                    let back: f64 = (0..3).map(|c| COLOURS[c][k] * e[c]).sum();
                    let gradient = d[k] - a[k] + gamma * back;
                    assert!(
                        gradient.abs() < 1e-8 * (1.0 + gamma),
                        "{i} {gamma}: {gradient}"
                    );
                }
                if gamma == 0.0 {
                    assert_eq!(d, a);
                }
                if gamma == 1e6 {
                    assert!(e.iter().all(|e| e.abs() < 1e-5));
                }
            }
        }
    }

    #[test]
    fn one_dimension_is_shrinkage_towards_the_interval() {
        let at = |a: f64, gamma: f64| step(&[[1.0]], &[0.5], [a], gamma)[0];
        assert_eq!(at(0.4, 10.0), 0.4);
        assert!((at(1.5, 1.0) - 1.0).abs() < 1e-12);
        assert!((at(-2.5, 3.0) + 1.0).abs() < 1e-12);
    }
}
