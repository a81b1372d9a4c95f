//! Normalisation, and CLIP's split into words.

use unicode_general_category::{GeneralCategory as Category, get_general_category};
use unicode_normalization::UnicodeNormalization;

/// NFC, runs of white space to one space, lower case (character by character: no final sigma).
pub fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut space = false;
    for c in text.nfc() {
        if c.is_whitespace() {
            space = true;
            continue;
        }
        if std::mem::take(&mut space) {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
    }
    if space {
        out.push(' ');
    }
    out
}

/// Special tokens in lower case that the pattern keeps apart from what surrounds them. As text
/// (they come here when written in capitals) they are then split into three words.
const SPELLED_OUT: [&str; 2] = ["<|startoftext|>", "<|endoftext|>"];

const CONTRACTIONS: [&str; 7] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Letter,
    Number,
    Other,
}

fn class(c: char) -> Class {
    if c.is_whitespace() {
        return Class::Space;
    }
    match get_general_category(c) {
        Category::UppercaseLetter
        | Category::LowercaseLetter
        | Category::TitlecaseLetter
        | Category::ModifierLetter
        | Category::OtherLetter => Class::Letter,
        Category::DecimalNumber | Category::LetterNumber | Category::OtherNumber => Class::Number,
        _ => Class::Other,
    }
}

/// The words of normalised text, by CLIP's pattern, first match first:
/// `<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+`.
pub fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(token) = SPELLED_OUT.iter().find(|t| rest.starts_with(**t)) {
            words.extend([&rest[..2], &rest[2..token.len() - 2]]);
            words.push(&rest[token.len() - 2..token.len()]);
            rest = &rest[token.len()..];
            continue;
        }
        let contraction = CONTRACTIONS.iter().find(|c| rest.starts_with(**c));
        let end = match (contraction, class(first)) {
            (Some(c), _) => c.len(),
            (None, Class::Space | Class::Number) => first.len_utf8(),
            (None, kind) => rest.find(|c| class(c) != kind).unwrap_or(rest.len()),
        };
        let (word, tail) = rest.split_at(end);
        if class(first) != Class::Space {
            words.push(word);
        }
        rest = tail;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_splits_as_documented() {
        let cases: [(&str, &[&str]); 8] = [
            ("it's 'supper'", &["it", "'s", "'s", "upper", "'"]),
            (
                "we'll they've i'm he'd",
                &["we", "'ll", "they", "'ve", "i", "'m", "he", "'d"],
            ),
            ("wow!!'s", &["wow", "!!'", "s"]),
            ("128x128", &["1", "2", "8", "x", "1", "2", "8"]),
            ("  ½ ⅷ ", &["½", "ⅷ"]),
            ("a<|endoftext|>!", &["a", "<|", "endoftext", "|>", "!"]),
            ("猫cat🐈‍⬛.", &["猫cat", "🐈\u{200d}⬛."]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn normalisation() {
        assert_eq!(normalise(" A\t\n\u{a0}E\u{301}Σ  "), " a éσ ");
        assert_eq!(normalise(""), "");
    }
}
