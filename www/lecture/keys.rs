//! The keys of lecture mode: those of presentation remotes, and a few for the presenter's hand.

/// What the presenter wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// The next part, act or experiment.
    Next,
    /// One back, as far as the screen's own history goes.
    Back,
    /// Let the engine go on by itself, or pause it.
    Flow,
    /// The act again from its start.
    Again,
    /// A black screen, and back.
    Black,
    /// To the choice of experiments.
    Menu,
    /// Out of lecture mode.
    Leave,
}

/// What has the keyboard's focus, as far as keys care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// Nothing that takes keys.
    Free,
    /// A button or the like: Space and Enter press it.
    Button,
    /// A field or a slider: it takes all but the remote's keys.
    Field,
}

/// The command of a key.
pub fn command(key: &str, focus: Focus) -> Option<Command> {
    match key {
        "PageDown" => return Some(Command::Next),
        "PageUp" => return Some(Command::Back),
        "Escape" => return Some(Command::Leave),
        _ if focus == Focus::Field => return None,
        " " | "Enter" => return (focus == Focus::Free).then_some(Command::Next),
        _ => {}
    }
    Some(match key {
        "ArrowRight" | "ArrowDown" | "n" | "N" => Command::Next,
        "ArrowLeft" | "ArrowUp" | "Backspace" => Command::Back,
        "p" | "P" => Command::Flow,
        "r" | "R" => Command::Again,
        // Remotes send one of these two for their black-screen button.
        "b" | "B" | "." => Command::Black,
        "Home" => Command::Menu,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_keys_but_for_the_remotes() {
        assert_eq!(command("PageDown", Focus::Field), Some(Command::Next));
        for key in ["ArrowLeft", "b", " ", "r", "Home"] {
            assert_eq!(command(key, Focus::Field), None, "{key}");
        }
        assert_eq!(command(" ", Focus::Button), None);
        assert_eq!(command(" ", Focus::Free), Some(Command::Next));
        assert_eq!(command("B", Focus::Button), Some(Command::Black));
        assert_eq!(command("x", Focus::Free), None);
    }
}
