//! Text helpers: WGSL with its register tiles written out, since indexed private arrays would leave
//! the registers.

/// `f(0)`, `f(1)`, ..., one a line.
pub fn lines(n: usize, f: impl FnMut(usize) -> String) -> String {
    (0..n).map(f).collect::<Vec<_>>().join("\n")
}

/// `f(i, j)` for all i below `n`, j below `m`.
pub fn grid(n: usize, m: usize, f: impl Fn(usize, usize) -> String) -> String {
    lines(n, |i| lines(m, |j| f(i, j)))
}

/// `f(0) + f(1) + ...`.
pub fn sum(n: usize, f: impl FnMut(usize) -> String) -> String {
    (0..n).map(f).collect::<Vec<_>>().join(" + ")
}
