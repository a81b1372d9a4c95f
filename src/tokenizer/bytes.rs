//! GPT-2's reversible map from bytes to printable characters.

/// The character that stands for a byte: itself where it is printable, else one from U+0100 on.
pub fn symbol(byte: u8) -> char {
    let printable = |b: u8| matches!(b, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    if printable(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|b| !printable(*b)).count() as u32;
    char::from_u32(256 + before).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::symbol;

    #[test]
    fn is_gpt2s_map() {
        assert_eq!(symbol(b'a'), 'a');
        assert_eq!(symbol(0), '\u{100}');
        assert_eq!(symbol(b' '), '\u{120}');
        assert_eq!(symbol(0x7F), '\u{121}');
        assert_eq!(symbol(0xAD), '\u{143}');
        let all: std::collections::HashSet<char> = (0..=255).map(symbol).collect();
        assert_eq!(all.len(), 256);
    }
}
