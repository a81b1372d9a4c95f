//! Reading safetensors files of any size a few rows at a time.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::diffusers::{SourceTensor, no_weights, weight_files};
use super::header::{Header, MAX_HEADER, RawTensor, shard_files, to_f32, value_bytes};
use crate::{Error, Result};

/// An [`Error::Io`] that names `path`.
pub fn io_error(path: &Path, e: &std::io::Error) -> Error {
    Error::Io(format!("{}: {e}", path.display()))
}

/// An open safetensors file of which only the header is in memory.
#[derive(Debug)]
pub struct TensorFile {
    path: PathBuf,
    file: File,
    header: Header,
}

impl TensorFile {
    /// Opens `path`. Fails with [`Error::Io`] when it cannot be read and with [`Error::Model`]
    /// when it is no whole safetensors file.
    pub fn open(path: &Path) -> Result<Self> {
        let io = |e: std::io::Error| io_error(path, &e);
        let named = |e: Error| Error::model(format!("{}: {e}", path.display()));
        let mut file = File::open(path).map_err(io)?;
        let size = file.metadata().map_err(io)?.len();
        let mut length = [0; 8];
        let cut = || named(Error::model("not a whole safetensors file"));
        file.read_exact(&mut length).map_err(|_| cut())?;
        let length = u64::from_le_bytes(length);
        if length > MAX_HEADER || length > size {
            return Err(cut());
        }
        let mut json = vec![0; length as usize];
        file.read_exact(&mut json).map_err(|_| cut())?;
        Ok(Self {
            path: path.to_owned(),
            file,
            header: Header::parse(&json, size).map_err(named)?,
        })
    }

    /// Its header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// `count` values of `tensor`, one of this file's, from value `first` on, as f32. Fails with
    /// [`Error::Model`] when it is not of type F32, F16 or BF16.
    pub fn read(&mut self, tensor: &RawTensor, first: u64, count: usize) -> Result<Vec<f32>> {
        let Some(width) = value_bytes(&tensor.dtype) else {
            return Err(Error::model(format!(
                "{}: type {}; supported: F32, F16, BF16",
                self.path.display(),
                tensor.dtype
            )));
        };
        let mut bytes = vec![0; width * count];
        let start = tensor.start + first * width as u64;
        let read = self.file.seek(SeekFrom::Start(start));
        read.and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(|e| io_error(&self.path, &e))?;
        let mut values = Vec::with_capacity(count);
        to_f32(&bytes, &tensor.dtype, &mut values);
        Ok(values)
    }
}

/// The open weight files of one part of a diffusers folder.
#[derive(Debug)]
pub struct Source(Vec<TensorFile>);

impl Source {
    /// Opens the weights of `part` (a folder below `root`), whose files are called `stem`: single,
    /// sharded, or of variant fp16. Fails with [`Error::Model`] when there are none.
    pub fn open(root: &Path, part: &str, stem: &str) -> Result<Self> {
        let folder = root.join(part);
        let mut names = Vec::new();
        for variant in ["", ".fp16"] {
            let [single, index] = weight_files(stem, variant);
            let index = folder.join(index);
            if folder.join(&single).is_file() {
                names = vec![single];
            } else if index.is_file() {
                let json = std::fs::read_to_string(&index).map_err(|e| io_error(&index, &e))?;
                names = shard_files(&json)
                    .map_err(|e| Error::model(format!("{}: {e}", index.display())))?;
            }
            if !names.is_empty() {
                break;
            }
        }
        if names.is_empty() {
            let first = folder.join(format!("{stem}.safetensors"));
            return Err(no_weights(&first.display().to_string()));
        }
        let files = names.iter().map(|n| TensorFile::open(&folder.join(n)));
        files.collect::<Result<_>>().map(Self)
    }

    /// The headers of the files.
    pub fn headers(&self) -> impl Iterator<Item = &Header> {
        self.0.iter().map(TensorFile::header)
    }

    /// `count` values of `tensor`, one of these files', from value `first` on, as f32.
    pub fn read(&mut self, tensor: &SourceTensor, first: u64, count: usize) -> Result<Vec<f32>> {
        self.0[tensor.file].read(&tensor.raw, first, count)
    }
}
