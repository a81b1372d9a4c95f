//! The visitor's inpainting mask: which pixels are missing, and how it came to be.

use latino_web::protocol::Rgba;

use crate::history::History;
use crate::stroke;

/// A square binary mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    side: u32,
    /// Row-major; true where the pixel is missing.
    missing: Vec<bool>,
}

impl Mask {
    /// Everything known, `side` x `side` pixels.
    pub fn known(side: u32) -> Self {
        let side = side.max(1);
        Self {
            side,
            missing: vec![false; side as usize * side as usize],
        }
    }

    /// From a square picture: what is darker than mid-grey is missing.
    pub fn from_rgba(picture: &Rgba) -> Self {
        let mut mask = Self::known(picture.width.min(picture.height));
        let side = mask.side as usize;
        for (i, missing) in mask.missing.iter_mut().enumerate() {
            let at = 4 * (i / side * picture.width as usize + i % side);
            let sum: u32 = (picture.bytes.iter().skip(at).take(3))
                .map(|b| u32::from(*b))
                .sum();
            *missing = sum < 3 * 128;
        }
        mask
    }

    /// As a picture: white where known, black where missing.
    pub fn to_rgba(&self) -> Rgba {
        self.paint([255; 4], [0, 0, 0, 255])
    }

    /// As a picture of two colours (RGBA).
    pub fn paint(&self, known: [u8; 4], missing: [u8; 4]) -> Rgba {
        Rgba {
            width: self.side,
            height: self.side,
            bytes: (self.missing.iter())
                .flat_map(|m| if *m { missing } else { known })
                .collect(),
        }
    }

    /// Side in pixels.
    pub fn side(&self) -> u32 {
        self.side
    }

    /// Share of missing pixels, 0 to 1.
    pub fn share(&self) -> f64 {
        self.missing.iter().filter(|m| **m).count() as f64 / self.missing.len() as f64
    }

    /// The same mask at another size (nearest pixel).
    pub fn resized(&self, side: u32) -> Self {
        let mut new = Self::known(side);
        let (from, to) = (self.side as usize, new.side as usize);
        for (i, missing) in new.missing.iter_mut().enumerate() {
            let (y, x) = (i / to * from / to, i % to * from / to);
            *missing = self.missing[y * from + x];
        }
        new
    }

    fn inverted(&self) -> Self {
        Self {
            side: self.side,
            missing: self.missing.iter().map(|m| !m).collect(),
        }
    }

    /// Sets every pixel whose centre lies within `diameter / 2` of the line; coordinates in pixels from the
    /// top left corner. The pixel under the line's end is always set, however thin the brush.
    fn line(&mut self, from: (f64, f64), to: (f64, f64), diameter: f64, missing: bool) {
        let size = (self.side, self.side);
        stroke::line(size, from, to, diameter, |i| self.missing[i] = missing);
    }
}

/// A mask with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing(History<Mask>);

impl Drawing {
    /// An empty mask without history.
    pub fn new(side: u32) -> Self {
        Self(History::new(Mask::known(side)))
    }

    /// The mask.
    pub fn mask(&self) -> &Mask {
        self.0.now()
    }

    /// Whether there is something to undo.
    pub fn can_undo(&self) -> bool {
        self.0.can_undo()
    }

    /// Whether there is something to redo.
    pub fn can_redo(&self) -> bool {
        self.0.can_redo()
    }

    /// Begins a stroke: all its lines are one change.
    pub fn begin(&mut self) {
        self.0.begin();
    }

    /// Draws a line of the stroke; see [`Drawing::begin`]. Coordinates and diameter in mask pixels.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), diameter: f64, missing: bool) {
        self.0.now_mut().line(from, to, diameter, missing);
    }

    /// Ends the stroke.
    pub fn end(&mut self) {
        self.0.end();
    }

    /// Takes the stroke in progress back.
    pub fn abandon(&mut self) {
        self.0.abandon();
    }

    /// Replaces the mask as one change.
    pub fn replace(&mut self, mask: Mask) {
        self.0.replace(mask);
    }

    /// Nothing is missing any more.
    pub fn clear(&mut self) {
        self.replace(Mask::known(self.mask().side));
    }

    /// Known and missing change places.
    pub fn invert(&mut self) {
        self.replace(self.mask().inverted());
    }

    /// Takes the last change back.
    pub fn undo(&mut self) {
        self.0.undo();
    }

    /// Makes the change again that was taken back last.
    pub fn redo(&mut self) {
        self.0.redo();
    }

    /// The mask, of that size; a change of size forgets the history, whose masks no longer fit.
    pub fn fit(&mut self, side: u32) {
        if side != self.mask().side {
            self.0 = History::new(self.mask().resized(side));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stroke_is_one_change() {
        let mut drawing = Drawing::new(16);
        drawing.begin();
        drawing.line((2.5, 2.5), (2.5, 2.5), 1.0, true);
        drawing.line((2.5, 2.5), (10.5, 2.5), 1.0, true);
        drawing.end();
        assert_eq!(drawing.mask().share(), 9.0 / 256.0);
        drawing.undo();
        assert_eq!(drawing.mask().share(), 0.0);
        assert!(!drawing.can_undo() && drawing.can_redo());
        drawing.redo();
        assert_eq!(drawing.mask().share(), 9.0 / 256.0);
        drawing.begin();
        drawing.line((2.5, 2.5), (10.5, 2.5), 3.0, false);
        drawing.abandon();
        assert_eq!(drawing.mask().share(), 9.0 / 256.0);
        drawing.invert();
        assert_eq!(drawing.mask().share(), 247.0 / 256.0);
        assert!(!drawing.can_redo());
    }

    #[test]
    fn the_brush_is_round_and_stays_inside() {
        let mut mask = Mask::known(8);
        mask.line((4.0, 4.0), (4.0, 4.0), 4.0, true);
        // Centres within 2 of the middle: 4 x 4 pixels without the corners.
        assert_eq!(mask.share(), 12.0 / 64.0);
        mask.line((-3.0, -3.0), (11.0, 11.0), 40.0, true);
        assert_eq!(mask.share(), 1.0);
        let mut thin = Mask::known(8);
        thin.line((1.1, 1.1), (1.1, 1.1), 0.1, true);
        assert_eq!(thin.share(), 1.0 / 64.0);
    }

    #[test]
    fn survives_its_picture_and_other_sizes() {
        let mut mask = Mask::known(8);
        mask.line((2.0, 2.0), (6.0, 2.0), 3.0, true);
        assert_eq!(Mask::from_rgba(&mask.to_rgba()), mask);
        assert_eq!(mask.resized(32).resized(8), mask);
        assert_eq!(mask.resized(32).share(), mask.share());
    }
}
