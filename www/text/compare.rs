//! Ways of comparing two pictures.

use super::deviation;

pub const WAY: &str = "Show";
pub const WAY_DIVIDER: &str = "With a divider";
pub const WAY_SIDE: &str = "Side by side";
pub const WAY_DIFFERENCE: &str = "Their difference";
pub const SIDE_HINT: &str =
    "+ and - zoom, 0 shows all, Shift with the arrow keys moves, dragging too.";
pub const DIFFERENCE_LEGEND: &str =
    "Difference of the colours (root mean square), for values from 0 to 1, and in 8-bit levels";
pub const DIFFERENCE_HINT: &str = "Point at the map or use the arrow keys to read single pixels; + and - zoom, Shift with the arrow keys moves.";
pub const NO_DIFFERENCE: &str =
    "These two pictures have different sizes: compare with another one to see their difference.";
pub const ZOOM: &str = "Zoom of all pictures";
pub const ZOOM_IN: &str = "Zoom in";
pub const ZOOM_OUT: &str = "Zoom out";
pub const ZOOM_ALL: &str = "All of the picture";
pub const ZOOM_ALL_SHORT: &str = "All";

/// A magnification.
pub fn zoom(scale: f64) -> String {
    format!("{:.0} %", scale * 100.0)
}

/// What is known about the difference at a pixel.
pub fn difference_at((x, y): (u32, u32), a: [u8; 3], b: [u8; 3], value: f64) -> String {
    let colour = |c: [u8; 3]| format!("{} {} {}", c[0], c[1], c[2]);
    format!(
        "Pixel {x}, {y}: red green blue {} and {}, difference {}.",
        colour(a),
        colour(b),
        deviation(value)
    )
}
