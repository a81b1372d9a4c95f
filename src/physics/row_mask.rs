//! Random row masks as magnetic resonance imaging uses.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// Which of `height` rows are measured: the `centre` share around frequency zero (at least that
/// row), and others at random (ChaCha8 seeded with `seed`) up to height / `acceleration`.
pub(super) fn row_mask(height: usize, acceleration: f64, centre: f64, seed: u64) -> Vec<bool> {
    let inner = ((height as f64 * centre).round() as usize).clamp(1, height);
    let total = ((height as f64 / acceleration).round() as usize).clamp(inner, height);
    let mut rows = vec![false; height];
    // -floor(inner / 2) .. : frequency zero is always among them.
    let first = height - inner / 2;
    (0..inner).for_each(|i| rows[(first + i) % height] = true);
    let mut left: Vec<usize> = (0..height).filter(|i| !rows[*i]).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for _ in inner..total {
        // The remainder's bias is below height / 2^64.
        let pick = (rng.next_u64() % left.len() as u64) as usize;
        rows[left.swap_remove(pick)] = true;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_hold_the_centre_and_the_wanted_number() {
        for (h, acceleration, centre, total) in [
            (64, 4.0, 0.08, 16),
            (15, 3.0, 0.2, 5),
            (1, 8.0, 0.0, 1),
            (10, 8.0, 0.5, 5),
            (8, 1.0, 0.1, 8),
        ] {
            let rows = row_mask(h, acceleration, centre, 3);
            assert_eq!(rows.iter().filter(|r| **r).count(), total);
            assert!(rows[0]);
        }
        let rows = row_mask(64, 4.0, 0.08, 3);
        assert!([62, 63, 0, 1, 2].iter().all(|i| rows[*i]));
        assert_eq!(rows, row_mask(64, 4.0, 0.08, 3));
        assert_ne!(rows, row_mask(64, 4.0, 0.08, 4));
    }
}
