//! Undo and redo for what is drawn.

/// How many changes can be undone.
const MOST: usize = 100;

/// A value with its history. A stroke, from [`History::begin`] to [`History::end`], is one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History<T> {
    now: T,
    past: Vec<T>,
    future: Vec<T>,
    /// The value before the stroke in progress.
    before: Option<T>,
}

impl<T: Clone + PartialEq> History<T> {
    /// A value without history.
    pub fn new(now: T) -> Self {
        Self {
            now,
            past: Vec::new(),
            future: Vec::new(),
            before: None,
        }
    }

    /// The value.
    pub fn now(&self) -> &T {
        &self.now
    }

    /// The value, to be changed by the stroke in progress.
    pub fn now_mut(&mut self) -> &mut T {
        &mut self.now
    }

    /// Whether there is something to undo.
    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    /// Whether there is something to redo.
    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    fn remember(&mut self, old: T) {
        if old == self.now {
            return;
        }
        self.future.clear();
        self.past.push(old);
        if self.past.len() > MOST {
            self.past.remove(0);
        }
    }

    /// Begins a stroke.
    pub fn begin(&mut self) {
        self.end();
        self.before = Some(self.now.clone());
    }

    /// Ends the stroke.
    pub fn end(&mut self) {
        if let Some(before) = self.before.take() {
            self.remember(before);
        }
    }

    /// Takes the stroke in progress back.
    pub fn abandon(&mut self) {
        if let Some(before) = self.before.take() {
            self.now = before;
        }
    }

    /// Replaces the value as one change.
    pub fn replace(&mut self, new: T) {
        self.end();
        let old = std::mem::replace(&mut self.now, new);
        self.remember(old);
    }

    /// Takes the last change back.
    pub fn undo(&mut self) {
        self.end();
        if let Some(old) = self.past.pop() {
            self.future.push(std::mem::replace(&mut self.now, old));
        }
    }

    /// Makes the change again that was taken back last.
    pub fn redo(&mut self) {
        self.end();
        if let Some(new) = self.future.pop() {
            self.past.push(std::mem::replace(&mut self.now, new));
        }
    }
}
