//! The header of a safetensors file, read without the tensors behind it, and the index of a
//! sharded checkpoint.

use std::collections::{BTreeMap, BTreeSet};

use half::{bf16, f16};
use serde::Deserialize;

use crate::{Error, Result};

/// The safetensors format's own limit on headers, in bytes.
pub const MAX_HEADER: u64 = 100_000_000;

/// Where a tensor lies in its file, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawTensor {
    /// Type as the file names it, such as `F16`.
    pub dtype: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// First byte in the file.
    pub start: u64,
    /// Number of values.
    pub values: u64,
}

/// Bytes of one value of type `dtype`; `None` for types that are not read.
pub fn value_bytes(dtype: &str) -> Option<usize> {
    match dtype {
        "F32" => Some(4),
        "F16" | "BF16" => Some(2),
        _ => None,
    }
}

/// Appends the values of `bytes`, little endian and of type `dtype` (F32, F16 or BF16), to `out`.
pub fn to_f32(bytes: &[u8], dtype: &str, out: &mut Vec<f32>) {
    match dtype {
        "F32" => out.extend(
            bytes
                .as_chunks::<4>()
                .0
                .iter()
                .map(|b| f32::from_le_bytes(*b)),
        ),
        "F16" => {
            let words = bytes.as_chunks::<2>().0.iter();
            out.extend(words.map(|b| f16::from_le_bytes(*b).to_f32()));
        }
        _ => {
            let words = bytes.as_chunks::<2>().0.iter();
            out.extend(words.map(|b| bf16::from_le_bytes(*b).to_f32()));
        }
    }
}

/// The tensors and the text metadata of a header.
#[derive(Debug, Clone, Default)]
pub struct Header {
    /// By name.
    pub tensors: BTreeMap<String, RawTensor>,
    /// `__metadata__`.
    pub metadata: BTreeMap<String, String>,
}

impl Header {
    /// Parses the header `json` of a file of `size` bytes (the eight bytes of its length come
    /// before it). Fails with [`Error::Model`] when it is malformed or a tensor lies outside.
    pub fn parse(json: &[u8], size: u64) -> Result<Self> {
        #[derive(Deserialize)]
        struct Info {
            dtype: String,
            shape: Vec<usize>,
            data_offsets: [u64; 2],
        }
        let fail = |m: String| Error::model(format!("not a whole safetensors file: {m}"));
        let all: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(json).map_err(|e| fail(e.to_string()))?;
        let data = 8 + json.len() as u64;
        let mut header = Self::default();
        for (name, value) in all {
            if name == "__metadata__" {
                header.metadata = serde_json::from_value(value).map_err(|e| fail(e.to_string()))?;
                continue;
            }
            let info: Info = serde_json::from_value(value)
                .map_err(|e| fail(format!("tensor \"{name}\": {e}")))?;
            let [start, end] = info.data_offsets;
            let values = info
                .shape
                .iter()
                .try_fold(1u64, |n, d| n.checked_mul(*d as u64));
            let length = end.checked_sub(start);
            let whole = match (values, value_bytes(&info.dtype)) {
                (Some(n), Some(b)) => n.checked_mul(b as u64) == length,
                // A type of unknown width: only its place can be checked.
                (n, None) => n.is_some() && length.is_some(),
                (None, _) => false,
            };
            let inside = data.checked_add(end).is_some_and(|end| end <= size);
            if !whole || !inside {
                let m = format!("tensor \"{name}\" does not have the bytes its shape needs");
                return Err(fail(m));
            }
            let raw = RawTensor {
                dtype: info.dtype,
                shape: info.shape,
                start: data + start,
                values: values.unwrap_or(0),
            };
            header.tensors.insert(name, raw);
        }
        Ok(header)
    }
}

/// The weight files named by a sharded checkpoint's index (`*.safetensors.index.json`), sorted.
/// Fails with [`Error::Model`] when `json` is no such index or names no file.
pub fn shard_files(json: &str) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let index: Index = serde_json::from_str(json)
        .map_err(|e| Error::model(format!("not an index of safetensors files: {e}")))?;
    let files: BTreeSet<String> = index.weight_map.into_values().collect();
    if files.is_empty() {
        return Err(Error::model("the index of safetensors files names no file"));
    }
    if let Some(bad) = files.iter().find(|f| f.contains(['/', '\\'])) {
        return Err(Error::model(format!(
            "the index of safetensors files names \"{bad}\", which is not in its folder"
        )));
    }
    Ok(files.into_iter().collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_header_is_read_and_checked() {
        let json = br#"{"__metadata__":{"format":"pt"},"a":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]},"ids":{"dtype":"I64","shape":[1],"data_offsets":[12,20]}}"#;
        let size = 8 + json.len() as u64 + 20;
        let header = Header::parse(json, size).unwrap();
        assert_eq!(header.metadata["format"], "pt");
        let a = &header.tensors["a"];
        assert_eq!((a.shape.as_slice(), a.values), (&[2, 3][..], 6));
        assert_eq!(a.start, 8 + json.len() as u64);
        assert!(Header::parse(json, size - 1).is_err());
        assert!(Header::parse(&json[1..], size).is_err());
        let short = br#"{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,12]}}"#;
        let e = Header::parse(short, 1000).unwrap_err().to_string();
        assert!(e.contains("\"a\""), "{e}");
    }

    #[test]
    fn three_types_are_read() {
        for (dtype, bytes, expected) in [
            ("F32", vec![0, 0, 0xc0, 0x3f], 1.5),
            ("F16", vec![0x00, 0x3e], 1.5),
            ("BF16", vec![0xc0, 0x3f], 1.5),
        ] {
            let mut out = Vec::new();
            to_f32(&bytes, dtype, &mut out);
            assert_eq!(out, [expected]);
            assert_eq!(value_bytes(dtype), Some(bytes.len()));
        }
    }
}
