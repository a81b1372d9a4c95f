//! Which pixels a brush covers.

/// Calls `set` with the row-major index of every pixel whose centre lies within `diameter / 2` of the line
/// on a canvas of `size` (width, height); coordinates in pixels from the top left corner. The pixel under
/// the line's end is always set, however thin the brush.
pub fn line(
    (width, height): (u32, u32),
    from: (f64, f64),
    to: (f64, f64),
    diameter: f64,
    mut set: impl FnMut(usize),
) {
    let radius = diameter / 2.0;
    let span = |a: f64, b: f64, n: u32| {
        let low = (a.min(b) - radius).floor().clamp(0.0, f64::from(n));
        let high = (a.max(b) + radius).ceil().clamp(0.0, f64::from(n));
        low as usize..high as usize
    };
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx * dx + dy * dy;
    for y in span(from.1, to.1, height) {
        for x in span(from.0, to.0, width) {
            let (px, py) = (x as f64 + 0.5 - from.0, y as f64 + 0.5 - from.1);
            let along = if length > 0.0 {
                ((px * dx + py * dy) / length).clamp(0.0, 1.0)
            } else {
                0.0
            };
            let (ex, ey) = (px - along * dx, py - along * dy);
            if ex * ex + ey * ey < radius * radius {
                set(y * width as usize + x);
            }
        }
    }
    let inside = |v: f64, n: u32| (0.0..f64::from(n)).contains(&v);
    if inside(to.0, width) && inside(to.1, height) {
        set(to.1 as usize * width as usize + to.0 as usize);
    }
}
