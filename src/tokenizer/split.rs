//! From a prompt to words: NFC, lower case, then CLIP's pattern
//! `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`.

use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_normalization::UnicodeNormalization;

/// NFC, runs of white space to one space, lower case.
pub fn normalise(text: &str) -> String {
    let composed: String = text.nfc().collect();
    composed
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Class {
    Letter,
    Number,
    Space,
    Other,
}

fn class(c: char) -> Class {
    use GeneralCategory as G;
    if c.is_whitespace() {
        return Class::Space;
    }
    match get_general_category(c) {
        G::UppercaseLetter
        | G::LowercaseLetter
        | G::TitlecaseLetter
        | G::ModifierLetter
        | G::OtherLetter => Class::Letter,
        G::DecimalNumber | G::LetterNumber | G::OtherNumber => Class::Number,
        _ => Class::Other,
    }
}

/// Splits normalised text into words; white space separates and is dropped.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let contraction = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"]
            .into_iter()
            .find(|c| rest.starts_with(c));
        let kind = class(first);
        let len = match (contraction, kind) {
            (Some(c), _) => c.len(),
            (None, Class::Space | Class::Number) => first.len_utf8(),
            (None, kind) => rest
                .char_indices()
                .find(|(_, c)| class(*c) != kind)
                .map_or(rest.len(), |(at, _)| at),
        };
        if contraction.is_some() || kind != Class::Space {
            words.push(rest[..len].to_owned());
        }
        rest = &rest[len..];
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{normalise, words};

    #[test]
    fn splits_as_clip() {
        let w = |s: &str| words(&normalise(s));
        assert_eq!(w("It's  a Cat,no 42"), ["it", "'s", "a", "cat", ",", "no", "4", "2"]);
        assert_eq!(w("don't!!?"), ["don", "'t", "!!?"]);
        assert_eq!(w("e\u{301}t\u{e9}"), ["\u{e9}t\u{e9}"]);
        assert!(w(" \t\n").is_empty());
    }
}
