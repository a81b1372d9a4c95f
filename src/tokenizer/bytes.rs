//! Bytes as printable characters, so that a vocabulary is text (Radford et al. 2019, GPT-2).

/// The character that stands for `byte`: itself when printable in Latin-1, else the next free one
/// from U+0100 on, in byte order.
pub fn byte_char(byte: u8) -> char {
    let shifted = match byte {
        0..=0x20 => 0x100 + u32::from(byte),
        0x7f..=0xa0 => 0x121 + u32::from(byte) - 0x7f,
        0xad => 0x143,
        _ => return char::from(byte),
    };
    // All of these are letters of Latin Extended-A.
    char::from_u32(shifted).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_own_printable_character() {
        let mut all: Vec<char> = (0..=255).map(byte_char).collect();
        assert_eq!((all[0x20], all[0x0a], all[0xad]), ('Ġ', 'Ċ', 'Ń'));
        assert!(all.iter().all(|c| !c.is_whitespace() && !c.is_control()));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 256);
        assert_eq!(all.last(), Some(&'\u{143}'));
    }
}
