//! Special tokens written out in a prompt.

use super::split::normalise;

/// Tokens that are found in the text before it is split into words.
#[derive(Debug, Clone, Default)]
pub struct SpecialTokens {
    /// Found in the text as typed.
    raw: Vec<(String, u32)>,
    /// Found in the text after normalisation.
    normalised: Vec<(String, u32)>,
}

/// A part of a prompt.
pub enum Part<'a> {
    /// A special token.
    Token(u32),
    /// Normalised text between special tokens.
    Text(&'a str),
}

impl SpecialTokens {
    /// Adds a token, or replaces the one with this content.
    pub fn insert(&mut self, content: &str, id: u32, normalized: bool) {
        let text = normalise(content);
        self.raw.retain(|(c, _)| c != content);
        self.normalised.retain(|(c, _)| *c != text);
        if content.is_empty() {
            return;
        }
        let (list, content) = if normalized {
            (&mut self.normalised, text)
        } else {
            (&mut self.raw, content.to_owned())
        };
        list.push((content, id));
        // Of two tokens that start at one place the longer is taken.
        list.sort_by_key(|(c, _)| std::cmp::Reverse(c.len()));
    }

    /// Calls `take` with the parts of `text`, in order.
    pub fn cut(&self, text: &str, mut take: impl FnMut(Part)) {
        cut_at(&self.raw, text, &mut |part| match part {
            Part::Text(text) => cut_at(&self.normalised, &normalise(text), &mut take),
            token => take(token),
        });
    }
}

fn cut_at(tokens: &[(String, u32)], text: &str, take: &mut impl FnMut(Part)) {
    let mut start = 0;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match tokens.iter().find(|(t, _)| text[at..].starts_with(t)) {
            Some((token, id)) => {
                if start < at {
                    take(Part::Text(&text[start..at]));
                }
                take(Part::Token(*id));
                at += token.len();
                start = at;
            }
            None => at += c.len_utf8(),
        }
    }
    if start < text.len() {
        take(Part::Text(&text[start..]));
    }
}
