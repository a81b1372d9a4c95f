//! Against transformers: `tests/reference/tokenizer.py` wrote what is expected.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

const VOCAB: &str = include_str!("../../tests/fixtures/tiny-lcm/tokenizer/vocab.json");
const MERGES: &str = include_str!("../../tests/fixtures/tiny-lcm/tokenizer/merges.txt");
const CONFIG: &str = include_str!("../../tests/fixtures/tiny-lcm/tokenizer/tokenizer_config.json");
const WHOLE: &str = include_str!("../../tests/fixtures/clip_tokenizer.json");

#[derive(Deserialize)]
struct Fixture {
    prompts: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    config: Value,
    ids: Vec<Vec<u32>>,
    counts: Vec<usize>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../../tests/fixtures/tokenizer.json")).unwrap()
}

/// `tokenizer.json` with its merges as "a b" strings, as older files have them.
fn whole_with_lines() -> String {
    let mut file: Value = serde_json::from_str(WHOLE).unwrap();
    for merge in file["model"]["merges"].as_array_mut().unwrap() {
        let line = format!(
            "{} {}",
            merge[0].as_str().unwrap(),
            merge[1].as_str().unwrap()
        );
        *merge = json!(line);
    }
    file.to_string()
}

#[test]
fn ids_match_transformers() {
    let Fixture { prompts, cases } = fixture();
    assert!(prompts.len() >= 60 && cases.len() == 3);
    let lines = whole_with_lines();
    for case in cases {
        let config = case.config.to_string();
        for tokenizer in [
            Tokenizer::from_vocab(VOCAB, MERGES, Some(&config)).unwrap(),
            Tokenizer::from_tokenizer_json(WHOLE, Some(&config)).unwrap(),
            Tokenizer::from_tokenizer_json(&lines, Some(&config)).unwrap(),
        ] {
            for ((prompt, ids), count) in prompts.iter().zip(&case.ids).zip(&case.counts) {
                let encoding = tokenizer.encode(prompt);
                assert_eq!(&encoding.ids, ids, "{prompt:?} with {config}");
                assert_eq!(encoding.count_before_truncation, *count, "{prompt:?}");
                assert_eq!(tokenizer.count(prompt), *count);
                let dropped = count.saturating_sub(tokenizer.max_length());
                assert_eq!(encoding.dropped, dropped);
            }
        }
    }
}

#[test]
fn truncation_keeps_the_end_token() {
    let tokenizer = Tokenizer::from_vocab(VOCAB, MERGES, Some(CONFIG)).unwrap();
    assert_eq!(tokenizer.max_length(), 24);
    let encoding = tokenizer.encode(&"red ".repeat(23));
    assert_eq!(encoding.ids.len(), 24);
    assert_eq!((encoding.ids[0], encoding.ids[23]), (1022, 1023));
    assert_eq!(encoding.dropped, 1);
    assert_eq!(tokenizer.encode(&"red ".repeat(22)).dropped, 0);
}

#[test]
fn without_a_config_clip_defaults_hold() {
    let tokenizer = Tokenizer::from_vocab(VOCAB, MERGES, None).unwrap();
    let encoding = tokenizer.encode("");
    assert_eq!(encoding.ids.len(), 77);
    assert_eq!(encoding.ids[..2], [1022, 1023]);
    assert!(encoding.ids[2..].iter().all(|id| *id == 1023));
    let endless = r#"{"model_max_length": 1000000000000000019884624838656}"#;
    let tokenizer = Tokenizer::from_vocab(VOCAB, MERGES, Some(endless)).unwrap();
    assert_eq!(tokenizer.max_length(), 77);
}

#[test]
fn added_tokens_of_the_config_are_found() {
    let config =
        r#"{"added_tokens_decoder": {"3000": {"content": "<new style>", "normalized": false}}}"#;
    let tokenizer = Tokenizer::from_vocab(VOCAB, MERGES, Some(config)).unwrap();
    let ids = tokenizer.encode("a<new style>").ids;
    assert_eq!(ids[..4], [1022, 320, 3000, 1023]);
}

#[test]
fn a_huge_prompt_is_counted_in_no_time() {
    let tokenizer = Tokenizer::from_vocab(VOCAB, MERGES, Some(CONFIG)).unwrap();
    assert!(tokenizer.count(&"glossyemoji".repeat(5_000)) > 5_000);
    assert_eq!(tokenizer.count(&"! ".repeat(50_000)), 50_002);
}

#[test]
fn bytes_missing_from_the_vocabulary_are_unknown() {
    let vocab = r#"{"a": 0, "b</w>": 1, "ab</w>": 2, "<|startoftext|>": 3, "<|endoftext|>": 4}"#;
    let tokenizer = Tokenizer::from_vocab(vocab, "a b</w>", None).unwrap();
    assert_eq!(tokenizer.encode("AB aab ?").ids[..6], [3, 2, 0, 2, 4, 4]);
}

fn model_error<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(Error::Model(message)) => message,
        other => panic!("expected a model error, got {other:?}"),
    }
}

#[test]
fn malformed_files_are_named() {
    for (vocab, merges, config, parts) in [
        ("[]", MERGES, None, ["vocab.json", ""]),
        ("{}", MERGES, None, ["vocab.json", "empty"]),
        (r#"{"a": -1}"#, MERGES, None, ["vocab.json", "-1"]),
        (
            VOCAB,
            "#version: 0.2\na\n",
            None,
            ["merges.txt line 2", "\"a\""],
        ),
        (VOCAB, "a b c\n", None, ["merges.txt line 1", "a b c"]),
        (VOCAB, "qq qq\n", None, ["merges.txt: merge 1", "qq"]),
        (
            VOCAB,
            MERGES,
            Some("[1]"),
            ["tokenizer_config.json", "object"],
        ),
        (VOCAB, MERGES, Some("{"), ["tokenizer_config.json", ""]),
        (
            VOCAB,
            MERGES,
            Some(r#"{"pad_token": 3}"#),
            ["pad_token", "3"],
        ),
        (
            VOCAB,
            MERGES,
            Some(r#"{"pad_token": "<pad>"}"#),
            ["pad_token", "<pad>"],
        ),
        (
            VOCAB,
            MERGES,
            Some(r#"{"bos_token": ""}"#),
            ["bos_token", ""],
        ),
        (
            VOCAB,
            MERGES,
            Some(r#"{"model_max_length": 2}"#),
            ["model_max_length", "2"],
        ),
        (
            VOCAB,
            MERGES,
            Some(r#"{"model_max_length": "x"}"#),
            ["model_max_length", "x"],
        ),
        (
            VOCAB,
            MERGES,
            Some(r#"{"added_tokens_decoder": {"x": {"content": "y"}}}"#),
            ["added_tokens_decoder.x", "y"],
        ),
    ] {
        let message = model_error(Tokenizer::from_vocab(vocab, merges, config));
        assert!(parts.iter().all(|p| message.contains(p)), "{message}");
    }
    for (json, part) in [
        ("{", "tokenizer.json"),
        ("{}", "model"),
        (
            r#"{"model": {"type": "Unigram", "vocab": [["a", 0.0]]}}"#,
            "Unigram",
        ),
        (
            r#"{"model": {"type": "BPE", "vocab": {"a": 0}}}"#,
            "end_of_word_suffix",
        ),
        (
            r#"{"model": {"type": "BPE", "end_of_word_suffix": "</w>"}}"#,
            "vocab",
        ),
        (
            r#"{"model": {"end_of_word_suffix": "</w>", "vocab": {"a": 0}, "merges": ["a"]}}"#,
            "merge 1",
        ),
    ] {
        let message = model_error(Tokenizer::from_tokenizer_json(json, None));
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn the_vocabulary_is_read_as_words() {
    let tokenizer = Tokenizer::from_vocab(VOCAB, MERGES, Some(CONFIG)).unwrap();
    let ids = tokenizer.frequent_words(100);
    let words: Vec<String> = ids.iter().map(|id| tokenizer.text(*id).unwrap()).collect();
    assert_eq!(words.len(), 100);
    for word in ["blue", "drawing", "face"] {
        assert!(words.iter().any(|w| w == word), "{words:?}");
    }
    // "tion" ends longer symbols, "a" is short.
    assert!(
        words
            .iter()
            .all(|w| w != "tion" && w.len() >= 3 && !w.contains('<'))
    );
    let red = tokenizer.single("red").unwrap();
    assert_eq!(tokenizer.text(red).unwrap(), "red");
    assert_eq!(tokenizer.single("red ball"), None);
    assert_eq!(tokenizer.single(""), None);
    assert_eq!(tokenizer.text(u32::MAX), None);
}

#[test]
fn words_add_up_to_the_tokens() {
    let tokenizer = Tokenizer::from_vocab(VOCAB, MERGES, Some(CONFIG)).unwrap();
    for prompt in fixture().prompts {
        let words = tokenizer.words(&prompt);
        let sum: u32 = words.iter().map(|w| w.1).sum();
        assert_eq!(sum as usize + 2, tokenizer.count(&prompt), "{words:?}");
    }
    let words = tokenizer.words("A Raccoon");
    assert_eq!((words[0].0.as_str(), words[0].1), ("a", 1));
    assert_eq!(words[1].0, "raccoon");
}
