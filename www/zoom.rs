//! Which part of the pictures is seen: one zoom and one place for all panes.

/// Largest magnification.
pub const MOST: f64 = 32.0;

/// What is seen of every picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Zoom {
    /// Magnification, 1 to [`MOST`].
    pub scale: f64,
    /// Left edge of what is seen, as a share of the picture's width.
    pub x: f64,
    /// Its top edge, as a share of the height.
    pub y: f64,
}

impl Default for Zoom {
    fn default() -> Self {
        Self {
            scale: 1.0,
            x: 0.0,
            y: 0.0,
        }
    }
}

impl Zoom {
    fn bounded(self) -> Self {
        let scale = self.scale.clamp(1.0, MOST);
        let most = 1.0 - 1.0 / scale;
        Self {
            scale,
            x: self.x.clamp(0.0, most),
            y: self.y.clamp(0.0, most),
        }
    }

    /// Magnified by `factor`, the point at (`x`, `y`) of the pane (0 to 1) staying where it is.
    pub fn by(self, factor: f64, (x, y): (f64, f64)) -> Self {
        let scale = (self.scale * factor).clamp(1.0, MOST);
        let shift = 1.0 / self.scale - 1.0 / scale;
        Self {
            scale,
            x: self.x + x * shift,
            y: self.y + y * shift,
        }
        .bounded()
    }

    /// Moved by a share of the pane: positive values show what lies to the right and below.
    pub fn moved(self, dx: f64, dy: f64) -> Self {
        Self {
            x: self.x + dx / self.scale,
            y: self.y + dy / self.scale,
            ..self
        }
        .bounded()
    }

    /// The point of the picture (0 to 1) at a point of the pane.
    pub fn picture_point(self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.x + x / self.scale, self.y + y / self.scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_point_under_the_pointer_stays() {
        let at = (0.3, 0.8);
        let once = Zoom::default().by(4.0, at);
        let twice = once.by(2.0, at).by(0.5, at);
        for zoom in [once, twice] {
            let (x, y) = zoom.picture_point(at);
            assert!(
                (x - 0.3).abs() < 1e-12 && (y - 0.8).abs() < 1e-12,
                "{zoom:?}"
            );
        }
        assert!((twice.scale - 4.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_outside_the_picture_is_seen() {
        let zoom = Zoom::default().by(1e9, (1.0, 0.0)).moved(5.0, -5.0);
        assert_eq!(zoom.scale, MOST);
        assert!((zoom.x - (1.0 - 1.0 / MOST)).abs() < 1e-12 && zoom.y == 0.0);
        assert_eq!(zoom.by(1e-9, (0.5, 0.5)), Zoom::default());
    }
}
