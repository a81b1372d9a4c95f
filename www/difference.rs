//! How much two pictures differ, pixel by pixel.

use latino_web::protocol::Rgba;

use crate::colour_map::colour;

/// Root mean square over the colours of every pixel's difference, row-major, for values from 0 to 1. `None` when the
/// sizes differ.
pub fn difference(a: &Rgba, b: &Rgba) -> Option<Vec<f32>> {
    if (a.width, a.height) != (b.width, b.height) || a.bytes.len() != b.bytes.len() {
        return None;
    }
    let pixels = a.bytes.chunks_exact(4).zip(b.bytes.chunks_exact(4));
    let of = |(a, b): (&[u8], &[u8])| {
        let squares = a.iter().zip(b).take(3);
        let sum: f32 = squares
            .map(|(a, b)| (f32::from(*a) - f32::from(*b)).powi(2))
            .sum();
        (sum / 3.0).sqrt() / 255.0
    };
    Some(pixels.map(of).collect())
}

/// Values in the colours of a scale from 0 to `end`, row-major and `width` wide.
pub fn painted(values: &[f32], width: u32, end: f64) -> Rgba {
    let bytes = values.iter().flat_map(|v| {
        let [r, g, b] = colour(f64::from(*v) / end);
        [r, g, b, 255]
    });
    let width = width.max(1);
    Rgba {
        width,
        height: values.len() as u32 / width,
        bytes: bytes.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_of_grey_values_is_theirs() {
        let flat = |v: u8| Rgba {
            width: 2,
            height: 1,
            bytes: [v, v, v, 255, 0, 0, 0, 255].to_vec(),
        };
        let values = difference(&flat(255), &flat(204)).expect("one size");
        assert!((values[0] - 0.2).abs() < 1e-6 && values[1] == 0.0);
        let other = Rgba {
            width: 1,
            height: 1,
            bytes: vec![0; 4],
        };
        assert_eq!(difference(&flat(0), &other), None);
        let map = painted(&values, 2, 0.2);
        assert_eq!((map.width, map.height), (2, 1));
        assert_eq!(map.bytes[..3], colour(1.0));
        assert_eq!(map.bytes[4..7], colour(0.0));
    }
}
