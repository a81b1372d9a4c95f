//! Where the lines of a chart go.

/// One line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name.
    pub name: &'static str,
    /// Whole numbers along the horizontal axis, and values.
    pub points: Vec<(u32, f64)>,
}

/// The drawing's size in its own units.
pub const SIZE: (f64, f64) = (360.0, 190.0);
/// The plot's left, top, right and bottom.
pub const FRAME: (f64, f64, f64, f64) = (54.0, 10.0, 348.0, 150.0);

/// A laid-out chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// Marks below: place and number.
    pub below: Vec<(f64, u32)>,
    /// Marks at the left: place and number.
    pub left: Vec<(f64, f64)>,
    /// Digits after the point of the numbers at the left.
    pub digits: usize,
    /// The places of each line's points.
    pub lines: Vec<Vec<(f64, f64)>>,
}

/// Round numbers that span `low` to `high`, and their distance.
fn marks(low: f64, high: f64) -> (Vec<f64>, f64) {
    // Equal values are seen against zero.
    let (low, high) = if high > low {
        (low, high)
    } else {
        (low.min(0.0), high.max(0.0))
    };
    let span = (high - low).max(1e-6);
    let rough = span / 4.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|f| f * power)
        .find(|s| *s >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0 * power);
    let first = (low / step + 1e-9).floor();
    let last = ((high / step - 1e-9).ceil()).max(first + 1.0);
    let count = (last - first) as usize;
    (
        (0..=count).map(|i| (first + i as f64) * step).collect(),
        step,
    )
}

/// Lays out lines; `None` when there is nothing to draw. Values that are not finite are left out.
pub fn plot(series: &[Series]) -> Option<Plot> {
    let finite = |s: &Series| -> Vec<(u32, f64)> {
        s.points
            .iter()
            .copied()
            .filter(|p| p.1.is_finite())
            .collect()
    };
    let series: Vec<_> = series.iter().map(finite).collect();
    let all = || series.iter().flatten();
    let x_range = (all().map(|p| p.0).min()?, all().map(|p| p.0).max()?);
    let low = all().map(|p| p.1).fold(f64::INFINITY, f64::min);
    let high = all().map(|p| p.1).fold(f64::NEG_INFINITY, f64::max);
    let (numbers, step) = marks(low, high);
    let (bottom, top) = (*numbers.first()?, *numbers.last()?);
    let (left_edge, top_edge, right_edge, bottom_edge) = FRAME;
    let wide = f64::from(x_range.1 - x_range.0).max(1.0);
    let at_x = |x: u32| {
        let share = if x_range.0 == x_range.1 {
            0.5
        } else {
            f64::from(x - x_range.0) / wide
        };
        left_edge + share * (right_edge - left_edge)
    };
    let at_y = |y: f64| bottom_edge - (y - bottom) / (top - bottom) * (bottom_edge - top_edge);
    let rough = f64::from(x_range.1 - x_range.0) / 8.0;
    let round = [1, 2, 5, 10, 20, 50, 100, 200];
    let every = (round.into_iter().find(|n| f64::from(*n) >= rough)).unwrap_or(500) as usize;
    Some(Plot {
        below: (x_range.0..=x_range.1)
            .step_by(every)
            .map(|x| (at_x(x), x))
            .collect(),
        left: numbers.iter().map(|v| (at_y(*v), *v)).collect(),
        digits: (-(step.log10() + 1e-9).floor()).max(0.0) as usize,
        lines: series
            .iter()
            .map(|s| s.iter().map(|p| (at_x(p.0), at_y(p.1))).collect())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(u32, f64)]) -> Series {
        Series {
            name: "line",
            points: points.to_vec(),
        }
    }

    #[test]
    fn lines_stay_in_the_frame_and_marks_are_round() {
        let chart = plot(&[line(&[(1, 0.31), (2, 0.07), (3, 0.12)])]).expect("a plot");
        let (left, top, right, bottom) = FRAME;
        for (x, y) in &chart.lines[0] {
            assert!((left..=right).contains(x) && (top..=bottom).contains(y));
        }
        // The largest value is the highest point.
        assert!(chart.lines[0][0].1 < chart.lines[0][1].1);
        let numbers: Vec<_> = chart.left.iter().map(|m| m.1).collect();
        assert!(numbers[0] <= 0.07 && numbers[numbers.len() - 1] >= 0.31);
        assert_eq!(chart.digits, 1);
        let below: Vec<_> = chart.below.iter().map(|m| m.1).collect();
        assert_eq!(below, [1, 2, 3]);
    }

    #[test]
    fn one_point_equal_values_and_none_at_all() {
        for points in [
            &[(1, 0.5)][..],
            &[(1, 0.0), (2, 0.0)],
            &[(4, -2.0), (30, -2.0)],
        ] {
            let chart = plot(&[line(points)]).expect("a plot");
            let places = chart.lines[0].iter();
            assert!(places.clone().all(|(x, y)| x.is_finite() && y.is_finite()));
            assert!(chart.below.len() <= 10 && (2..=8).contains(&chart.left.len()));
        }
        assert_eq!(plot(&[line(&[(1, f64::NAN)])]), None);
        assert_eq!(plot(&[]), None);
    }
}
