//! What the samples that have come in so far say together, from their 8-bit pictures.

use latino_web::protocol::Rgba;

/// Mean of pictures of one size, and the standard deviation (divisor K - 1) at every pixel, root mean
/// square over the colours, for values in [0, 1]. `None` for fewer than two or other sizes.
pub fn running(samples: &[&Rgba]) -> Option<(Rgba, Vec<f32>)> {
    let [first, second, ..] = samples else {
        return None;
    };
    let fits = |s: &&Rgba| (s.width, s.height) == (first.width, first.height);
    if !samples
        .iter()
        .all(|s| fits(s) && s.bytes.len() == second.bytes.len())
    {
        return None;
    }
    let k = samples.len() as f64;
    let mut mean = vec![0.0_f64; first.bytes.len()];
    for sample in samples {
        for (m, v) in mean.iter_mut().zip(&sample.bytes) {
            *m += f64::from(*v) / k;
        }
    }
    let mut squares = vec![0.0_f64; mean.len()];
    for sample in samples {
        for ((s, m), v) in squares.iter_mut().zip(&mean).zip(&sample.bytes) {
            *s += (f64::from(*v) - m).powi(2);
        }
    }
    let deviation = squares.chunks_exact(4).map(|pixel| {
        let sum: f64 = pixel.iter().take(3).sum();
        ((sum / 3.0 / (k - 1.0)).sqrt() / 255.0) as f32
    });
    let deviation = deviation.collect();
    let picture = Rgba {
        width: first.width,
        height: first.height,
        bytes: mean.iter().map(|m| m.round() as u8).collect(),
    };
    Some((picture, deviation))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(value: u8) -> Rgba {
        Rgba {
            width: 2,
            height: 1,
            bytes: [value, value, value, 255].repeat(2),
        }
    }

    #[test]
    fn two_values_have_their_middle_and_distance() {
        let (a, b) = (flat(100), flat(151));
        let (mean, deviation) = running(&[&a, &b]).expect("two samples");
        assert_eq!(mean.bytes[..4], [126, 126, 126, 255]);
        // 51 / 255 = 0.2 apart: 0.2 / sqrt(2).
        assert!(deviation.iter().all(|d| (d - 0.141_421_36).abs() < 1e-6));
        assert_eq!(running(&[&a]), None);
        let other = Rgba {
            width: 1,
            height: 2,
            ..flat(3)
        };
        assert_eq!(running(&[&a, &other]), None);
    }
}
