//! Byte-pair merging (Sennrich et al. 2016) with an end-of-word mark.

use std::collections::{HashMap, HashSet};

use super::bytes::byte_char;
use crate::{Error, Result};

/// Ends the last symbol of every word.
pub const END_OF_WORD: &str = "</w>";

/// Vocabulary and ranked merges.
#[derive(Debug, Clone)]
pub struct Bpe {
    vocab: HashMap<String, u32>,
    /// Pair of ids to (rank, id of the merged symbol); the lowest rank merges first.
    merges: HashMap<(u32, u32), (u32, u32)>,
    /// Ids of single bytes, inside a word and at its end; `None` when the vocabulary lacks one.
    bytes: [[Option<u32>; 2]; 256],
    unknown: u32,
}

impl Bpe {
    /// Fails with [`Error::Model`], naming `file`, when a merge uses or makes a symbol that is not
    /// in the vocabulary.
    pub fn new(
        vocab: HashMap<String, u32>,
        pairs: Vec<(String, String)>,
        file: &str,
    ) -> Result<Self> {
        let id = |symbol: &str, number: usize| {
            vocab.get(symbol).copied().ok_or_else(|| {
                Error::model(format!(
                    "{file}: merge {number} needs {symbol:?}, which is not in the vocabulary"
                ))
            })
        };
        let mut merges = HashMap::with_capacity(pairs.len());
        for (rank, (a, b)) in pairs.iter().enumerate() {
            let number = rank + 1;
            let pair = (id(a, number)?, id(b, number)?);
            let merged = id(&format!("{a}{b}"), number)?;
            let rank = u32::try_from(rank)
                .map_err(|_| Error::model(format!("{file}: too many merges")))?;
            merges.entry(pair).or_insert((rank, merged));
        }
        let mut bytes = [[None; 2]; 256];
        for (byte, ids) in (0..=255u8).zip(&mut bytes) {
            let symbol = byte_char(byte);
            *ids = [
                vocab.get(&symbol.to_string()).copied(),
                vocab.get(&format!("{symbol}{END_OF_WORD}")).copied(),
            ];
        }
        Ok(Self {
            vocab,
            merges,
            bytes,
            unknown: 0,
        })
    }

    /// Sets the id for bytes that the vocabulary lacks.
    pub fn with_unknown(mut self, id: u32) -> Self {
        self.unknown = id;
        self
    }

    /// The id of a symbol of the vocabulary.
    pub fn id(&self, symbol: &str) -> Option<u32> {
        self.vocab.get(symbol).copied()
    }

    /// The id for bytes that the vocabulary lacks.
    pub fn unknown(&self) -> u32 {
        self.unknown
    }

    /// The symbol of an id.
    pub fn symbol(&self, id: u32) -> Option<&str> {
        let mut entries = self.vocab.iter();
        entries.find(|(_, i)| **i == id).map(|(s, _)| s.as_str())
    }

    /// All symbols in the order of their ids.
    pub fn symbols(&self) -> Vec<(u32, &str)> {
        let mut all: Vec<_> = self.vocab.iter().map(|(s, i)| (*i, s.as_str())).collect();
        all.sort_unstable();
        all
    }

    /// The ids of the symbols that are the second half of a longer one.
    pub fn endings(&self) -> HashSet<u32> {
        self.merges.keys().map(|(_, b)| *b).collect()
    }

    /// Appends the ids of one word.
    pub fn encode_word(&self, word: &str, ids: &mut Vec<u32>) {
        let last = word.len().saturating_sub(1);
        let mut symbols: Vec<u32> = word
            .bytes()
            .enumerate()
            .map(|(i, byte)| {
                self.bytes[usize::from(byte)][usize::from(i == last)].unwrap_or(self.unknown)
            })
            .collect();
        // Every round merges all occurrences of one pair, so there are no more rounds than merges.
        while let Some((rank, merged)) = symbols
            .windows(2)
            .filter_map(|w| self.merges.get(&(w[0], w[1])))
            .min()
            .copied()
        {
            let mut next = Vec::with_capacity(symbols.len());
            let mut i = 0;
            while i < symbols.len() {
                let pair = symbols.get(i + 1).map(|b| (symbols[i], *b));
                let here = pair.and_then(|p| self.merges.get(&p));
                if here.is_some_and(|(r, _)| *r == rank) {
                    next.push(merged);
                    i += 2;
                } else {
                    next.push(symbols[i]);
                    i += 1;
                }
            }
            symbols = next;
        }
        ids.extend(symbols);
    }
}
