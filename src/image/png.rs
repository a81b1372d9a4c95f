//! PNG files, for the native program.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

use png::{ColorType, Decoder, Encoder, Transformations};

use super::{from_rgba8, mask_from_rgba8, to_rgba8};
use crate::protocol::Rgba;
use crate::{Error, HostTensor, Result};

/// Pixels above which a file is refused.
const MAX_PIXELS: u64 = 50_000_000;

fn read(path: &Path) -> Result<Rgba> {
    let fail = |what: String| Error::Picture(format!("{}: {what}", path.display()));
    let file = File::open(path).map_err(|e| fail(e.to_string()))?;
    let mut decoder = Decoder::new(BufReader::new(file));
    decoder.set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
    let mut reader = decoder
        .read_info()
        .map_err(|e| fail(format!("not a PNG picture ({e})")))?;
    let (width, height) = (reader.info().width, reader.info().height);
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(fail(format!("{width}x{height} pixels are too many")));
    }
    let size = reader
        .output_buffer_size()
        .ok_or_else(|| fail("too large".into()))?;
    let mut bytes = vec![0; size];
    let frame = reader
        .next_frame(&mut bytes)
        .map_err(|e| fail(format!("damaged ({e})")))?;
    bytes.truncate(frame.buffer_size());
    let bytes = match frame.color_type {
        ColorType::Rgba => bytes,
        ColorType::GrayscaleAlpha => bytes
            .chunks_exact(2)
            .flat_map(|p| [p[0], p[0], p[0], p[1]])
            .collect(),
        other => return Err(fail(format!("unexpected colour type {other:?}"))),
    };
    Ok(Rgba {
        width,
        height,
        bytes,
    })
}

/// Reads a PNG of any kind as `[1, 3, H, W]` in [-1, 1], transparency on white.
/// Fails with [`Error::Picture`], naming the file.
pub fn read_png(path: &Path) -> Result<HostTensor> {
    from_rgba8(&read(path)?)
}

/// Reads a mask or kernel as `[1, 1, H, W]` in [0, 1] from a PNG's red channel.
pub fn read_mask(path: &Path) -> Result<HostTensor> {
    mask_from_rgba8(&read(path)?)
}

/// Writes the first picture of `x` `[B, 1 or 3, H, W]` as an 8-bit RGB PNG.
pub fn write_png(path: &Path, x: &HostTensor) -> Result<()> {
    let fail = |e: &dyn std::fmt::Display| Error::Io(format!("{}: {e}", path.display()));
    let picture = to_rgba8(x);
    let file = File::create(path).map_err(|e| fail(&e))?;
    let mut encoder = Encoder::new(BufWriter::new(file), picture.width, picture.height);
    encoder.set_color(ColorType::Rgb);
    let rgb: Vec<u8> = picture
        .bytes
        .chunks_exact(4)
        .flat_map(|p| [p[0], p[1], p[2]])
        .collect();
    let mut writer = encoder.write_header().map_err(|e| fail(&e))?;
    writer.write_image_data(&rgb).map_err(|e| fail(&e))?;
    writer.finish().map_err(|e| fail(&e))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn writes_and_reads_back() {
        let path = std::env::temp_dir().join(format!("latino-png-{}.png", std::process::id()));
        let data: Vec<f32> = (0..3 * 5 * 7).map(|i| (i % 256) as f32 / 127.5 - 1.0).collect();
        let x = HostTensor::new([1, 3, 5, 7], data).unwrap();
        write_png(&path, &x).unwrap();
        let y = read_png(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let error = x.zip(&y, |a, b| (a - b).abs()).unwrap();
        assert!(error.data().iter().all(|e| *e <= 0.51 / 127.5));
    }

    #[test]
    fn names_the_file_that_is_no_png() {
        let e = read_png(Path::new("Cargo.toml")).unwrap_err().to_string();
        assert!(e.contains("Cargo.toml") && e.contains("not a PNG"), "{e}");
    }
}
