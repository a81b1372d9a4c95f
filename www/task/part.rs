//! The two degradations of a task: the first, and what may follow it.

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The first.
    First,
    /// What is then also done.
    Then,
}

/// The ids of the first part's controls and of the second's.
const IDS: &[(&str, &str)] = &[
    ("hole", "then-hole"),
    ("sigma", "then-sigma"),
    ("sigma-x", "then-sigma-x"),
    ("sigma-y", "then-sigma-y"),
    ("angle", "then-angle"),
    ("radius", "then-radius"),
    ("length", "then-length"),
    ("walk-size", "then-walk-size"),
    ("intensity", "then-intensity"),
    ("walk-seed", "then-walk-seed"),
    ("boundary", "then-boundary"),
    ("factor", "then-factor"),
    ("sr-kernel", "then-sr-kernel"),
    ("sr-sigma", "then-sr-sigma"),
    ("sr-grid", "then-sr-grid"),
    ("fraction", "then-fraction"),
    ("mask-seed", "then-mask-seed"),
    ("pattern", "then-pattern"),
    ("acceleration", "then-acceleration"),
    ("centre", "then-centre"),
    ("fourier-seed", "then-fourier-seed"),
    ("quality", "then-quality"),
];

impl Part {
    /// The id in the document of the control `id` of this part.
    pub fn id(self, id: &'static str) -> &'static str {
        match self {
            Self::First => id,
            Self::Then => (IDS.iter()).find(|(own, _)| *own == id).map_or(id, |p| p.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::TaskKind;
    use super::*;

    #[test]
    fn every_control_of_the_second_part_has_an_id_of_its_own() {
        for parameter in TaskKind::all().flat_map(|kind| kind.known()) {
            assert_ne!(Part::Then.id(parameter.id), parameter.id);
            assert_eq!(Part::First.id(parameter.id), parameter.id);
        }
    }
}
