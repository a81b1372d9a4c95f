//! A fitted prompt embedding in words.
//!
//! The text encoder is contextual, so the vocabulary's own states near an embedding say little. What reads
//! well is a comparison of moves. For the prompt's token at position i and a word w, let d(i, w) be how
//! far row i of the text encoder's output moves when w takes the token's place. A fitted embedding
//! that has moved row i by m is read as the words w with the largest cosine of d(i, w) and m.

use super::Pipeline;
use super::transfer::download;
use crate::protocol::{TokenReading, WordMatch};
use crate::solver::Observer;
use crate::tokenizer::Encoding;
use crate::{HostTensor, Result};

/// Words that pictures are described with, as long as they are single tokens of the model.
const DESCRIPTIVE: &str = include_str!("words.txt");
/// Candidates in all; frequent words of the vocabulary fill the list up.
const CANDIDATES: usize = 320;
/// Prompts that go through the text encoder at a time.
const BATCH: usize = 64;
/// Words reported for each token.
const SHOWN: usize = 3;
/// Moves shorter than this share of a row's length say nothing.
const SMALLEST: f64 = 1e-3;

/// One token of the prompt and what other words in its place would do.
#[derive(Debug, Clone)]
struct Place {
    position: usize,
    token: String,
    /// The encoder's row for the prompt as it is.
    row: Vec<f32>,
    /// Row by row, the encoder's moves under the candidates.
    moves: Vec<f32>,
}

/// Reads embeddings that were fitted from one prompt's.
#[derive(Debug, Clone)]
pub struct PromptWords {
    candidates: Vec<String>,
    places: Vec<Place>,
}

impl Pipeline {
    /// Prepares to read embeddings fitted from that of the prompt `encoding`, except at the positions
    /// `frozen`. About 320 short runs of the text encoder per token; `observer` is asked between batches
    /// of them whether to go on.
    pub async fn prompt_words<E>(
        &self,
        encoding: &Encoding,
        frozen: &[usize],
        observer: &mut impl Observer<E>,
    ) -> Result<PromptWords> {
        let tokenizer = self.tokenizer();
        let listed = DESCRIPTIVE
            .split_whitespace()
            .filter_map(|w| tokenizer.single(w));
        let mut ids: Vec<u32> = Vec::new();
        for id in listed.chain(tokenizer.frequent_words(CANDIDATES)) {
            if ids.len() < CANDIDATES && !ids.contains(&id) {
                ids.push(id);
            }
        }
        let text = |id: u32| tokenizer.text(id).unwrap_or_default();
        let words = encoding.count_before_truncation - encoding.dropped;
        let mut places = Vec::new();
        let free = (1..words.saturating_sub(1)).filter(|i| !frozen.contains(i));
        for position in free {
            let own = &encoding.ids[..=position];
            let row = self.last_rows(own, 1).await?;
            let width = row.len();
            let mut moves = Vec::with_capacity(ids.len() * width);
            for batch in ids.chunks(BATCH) {
                observer.checkpoint().await?;
                let prompts: Vec<u32> = batch
                    .iter()
                    .flat_map(|id| own[..position].iter().chain([id]))
                    .copied()
                    .collect();
                let rows = self.last_rows(&prompts, batch.len()).await?;
                let rows = rows.chunks(width);
                moves.extend(rows.flat_map(|r| r.iter().zip(&row).map(|(a, b)| a - b)));
            }
            places.push(Place {
                position,
                token: text(encoding.ids[position]),
                row,
                moves,
            });
        }
        Ok(PromptWords {
            candidates: ids.into_iter().map(text).collect(),
            places,
        })
    }

    /// The last row of the text encoder's output for each of `batch` prompts of one length. It is
    /// causal: what follows in the prompt does not matter.
    async fn last_rows(&self, ids: &[u32], batch: usize) -> Result<Vec<f32>> {
        let hidden = self.text.forward(ids, batch)?;
        let [_, n, _] = hidden.dims();
        Ok(download(hidden.narrow(1, n - 1, 1)).await?.into_data())
    }
}

impl PromptWords {
    /// The embedding `current` `[1, N, width]` in words, token by token; a token that has not moved is
    /// left out, as is one beyond the embedding's end.
    pub fn read(&self, current: &HostTensor) -> Vec<TokenReading> {
        let mut readings = Vec::new();
        for place in &self.places {
            let width = place.row.len();
            let Some(now) =
                (current.data()).get(place.position * width..(place.position + 1) * width)
            else {
                continue;
            };
            let moved: Vec<f32> = now.iter().zip(&place.row).map(|(a, b)| a - b).collect();
            if norm(&moved) <= SMALLEST * norm(&place.row) {
                continue;
            }
            let moves = place.moves.chunks(width);
            let mut words: Vec<WordMatch> = (self.candidates.iter().zip(moves))
                .filter(|(word, _)| **word != place.token)
                .map(|(word, m)| WordMatch {
                    word: word.clone(),
                    likeness: cosine(m, &moved),
                })
                .filter(|m| m.likeness > 0.0)
                .collect();
            words.sort_by(|a, b| b.likeness.total_cmp(&a.likeness));
            words.truncate(SHOWN);
            readings.push(TokenReading {
                position: place.position as u32,
                token: place.token.clone(),
                words,
            });
        }
        readings
    }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
    products.sum()
}

fn norm(a: &[f32]) -> f64 {
    dot(a, a).sqrt()
}

/// 0 where one of them is.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    dot(a, b) / (norm(a) * norm(b)).max(f64::MIN_POSITIVE)
}
