//! The kernel editor.

pub const KERNEL_EDITOR: &str = "Kernel: paint the blur";
pub const KERNEL_CANVAS: &str = "The blur's kernel, enlarged";
pub const KERNEL_BLURRED: &str = "The measurement under this kernel";
pub const KERNEL_HINT: &str = "What one point of light becomes. Draw with a mouse, finger or pen. Keys: arrows move the brush (with Shift by 8), Space paints, [ and ] change the size, E switches to the eraser, Ctrl+Z and Ctrl+Y undo and redo.";
pub const KERNEL_SIDE: &str = "Side of the kernel";
pub const KERNEL_SIDE_HINT: &str = "Odd or even. The outlined pixel is the origin: for even sides the one left of and above the middle.";
pub const KERNEL_WEIGHT: &str = "Weight of the brush";
pub const KERNEL_IMPORT: &str = "Load a kernel";
pub const KERNEL_EXPORT: &str = "Save the kernel";
pub const KERNEL_FILE_HINT: &str = "A kernel file is a small picture, pixel by pixel: black weighs nothing, white most. Weights are divided by their sum.";
pub const KERNEL_BLACK: &str =
    "The kernel is black: paint at least one pixel, or there is nothing to blur with.";
pub const KERNEL_FILE_BLACK: &str =
    "That picture is black: a kernel needs some weight. The kernel is kept as it was.";

/// The file is too large for a kernel.
pub fn kernel_too_large((width, height): (u32, u32), most: u32) -> String {
    format!(
        "That picture has {width} x {height} pixels, and a kernel at most {most} x {most}: scale it down. The kernel is kept as it was."
    )
}

/// Size, sum and shift of a kernel.
pub fn kernel_facts((width, height): (u32, u32), sum: f64, shift: Option<(f64, f64)>) -> String {
    let moves = match shift {
        Some((x, y)) if x.abs() >= 0.05 || y.abs() >= 0.05 => {
            let across = if x < 0.0 { "left" } else { "right" };
            let along = if y < 0.0 { "up" } else { "down" };
            format!(
                " It also moves the picture by {:.1} px to the {across} and {:.1} px {along}.",
                x.abs(),
                y.abs()
            )
        }
        _ => String::new(),
    };
    format!("{width} x {height} pixels; the weights sum to {sum:.2} and are divided by it.{moves}")
}
