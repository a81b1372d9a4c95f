//! What the keys do in the mask editor.

/// An action of the editor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action {
    /// Move the brush, in mask pixels.
    Move(f64, f64),
    /// Paint where the brush is.
    Paint,
    /// Larger (true) or smaller brush.
    Size(bool),
    /// Brush to eraser and back.
    Tool,
    /// Take the last change back.
    Undo,
    /// Make it again.
    Redo,
}

/// The action of a key. On the canvas also arrows, Space and E have one; elsewhere in the editor they keep
/// their usual meaning for buttons and sliders.
pub fn action(key: &str, command: bool, shift: bool, on_canvas: bool) -> Option<Action> {
    if command {
        return match (key, shift) {
            ("z" | "Z", false) => Some(Action::Undo),
            ("z" | "Z", true) | ("y" | "Y", _) => Some(Action::Redo),
            _ => None,
        };
    }
    let far = if shift { 8.0 } else { 1.0 };
    match key {
        "[" => Some(Action::Size(false)),
        "]" => Some(Action::Size(true)),
        "ArrowLeft" if on_canvas => Some(Action::Move(-far, 0.0)),
        "ArrowRight" if on_canvas => Some(Action::Move(far, 0.0)),
        "ArrowUp" if on_canvas => Some(Action::Move(0.0, -far)),
        "ArrowDown" if on_canvas => Some(Action::Move(0.0, far)),
        " " if on_canvas => Some(Action::Paint),
        "e" | "E" if on_canvas => Some(Action::Tool),
        _ => None,
    }
}
