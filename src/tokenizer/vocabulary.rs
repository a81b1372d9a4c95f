//! The vocabulary as words that people read.

use super::Tokenizer;
use super::bpe::END_OF_WORD;

/// Shortest word that counts as one.
const SHORTEST: usize = 3;

impl Tokenizer {
    /// A token as text: its symbols without the end-of-word mark. `None` for an unknown id. Bytes outside
    /// ASCII come as the vocabulary writes them.
    pub fn text(&self, id: u32) -> Option<String> {
        let symbol = self.bpe.symbol(id)?;
        Some(symbol.trim_end_matches(END_OF_WORD).to_owned())
    }

    /// The id of `word` when it is a single token.
    pub fn single(&self, word: &str) -> Option<u32> {
        match self.tokens(word)[..] {
            [id] if id != self.bpe.unknown() => Some(id),
            _ => None,
        }
    }

    /// Up to `most` whole words of the vocabulary, the most frequent first (merges are learned in the
    /// order of frequency, and ids are given in that order): ASCII letters only, at least three, and
    /// never the end of a longer symbol, which leaves fragments such as "tion" out.
    pub fn frequent_words(&self, most: usize) -> Vec<u32> {
        let endings = self.bpe.endings();
        let words = self.bpe.symbols().into_iter().filter(|(id, symbol)| {
            symbol.strip_suffix(END_OF_WORD).is_some_and(|word| {
                word.len() >= SHORTEST && word.bytes().all(|b| b.is_ascii_alphabetic())
            }) && !endings.contains(id)
                && !self.is_special(*id)
        });
        words.map(|(id, _)| id).take(most).collect()
    }

    fn is_special(&self, id: u32) -> bool {
        [self.start, self.end, self.pad].contains(&id)
    }
}
