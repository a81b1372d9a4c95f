//! PNG files. Other formats are converted by the page, whose browser reads them.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

use png::{BitDepth, ColorType, Decoder, Encoder, Limits, Transformations};

use super::check::check_size;
use super::rgba::to_rgba8;
use crate::{Error, HostTensor, Result};

/// Largest side that is read, in pixels.
const MAX_SIDE: usize = 16384;

/// Memory that decoding may take, in bytes.
const MAX_BYTES: usize = 1 << 30;

/// Reads a PNG (8 or 16 bits; grey, palette or colour; with or without alpha, which is composited on
/// white) as `[1, 3, H, W]` in [-1, 1]. Fails with [`Error::Io`] when the file cannot be opened, and
/// [`Error::Picture`] when it is no PNG or too large.
pub fn read_png(path: impl AsRef<Path>) -> Result<HostTensor> {
    let (channels, [h, w], unit) = read(path.as_ref())?;
    let n = h * w;
    let at = |i: usize| {
        let (c, pixel) = (i / n, &unit[i % n * channels..][..channels]);
        let (value, alpha) = match *pixel {
            [grey] => (grey, 1.0),
            [grey, alpha] => (grey, alpha),
            [_, _, _, alpha] => (pixel[c], alpha),
            _ => (pixel[c], 1.0),
        };
        2.0 * (alpha * value + 1.0 - alpha) - 1.0
    };
    HostTensor::new([1, 3, h, w], (0..3 * n).map(at).collect())
}

/// Reads a PNG as grey values `[1, 1, H, W]` in [0, 1] (luma, ITU-R BT.601): a mask or a kernel.
/// Fails as [`read_png`] does.
pub fn read_mask(path: impl AsRef<Path>) -> Result<HostTensor> {
    let x = read_png(path)?;
    let [_, _, h, w] = x.dims4()?;
    let n = h * w;
    let luma = |i: usize| {
        let unit = |c: usize| (x.data()[c * n + i] + 1.0) / 2.0;
        (0.299 * unit(0) + 0.587 * unit(1) + 0.114 * unit(2)).clamp(0.0, 1.0)
    };
    HostTensor::new([1, 1, h, w], (0..n).map(luma).collect())
}

/// Writes the first picture of `x` `[B, C, H, W]` in [-1, 1] as an 8-bit RGB PNG.
/// Fails with [`Error::Io`] when the file cannot be written.
pub fn write_png(path: impl AsRef<Path>, x: &HostTensor) -> Result<()> {
    let path = path.as_ref();
    let fail =
        |e: &dyn std::fmt::Display| Error::Io(format!("cannot write {}: {e}", path.display()));
    let picture = to_rgba8(x);
    let rgb: Vec<u8> = (picture.bytes.chunks(4))
        .flat_map(|p| [p[0], p[1], p[2]])
        .collect();
    let file = BufWriter::new(File::create(path).map_err(|e| fail(&e))?);
    let mut encoder = Encoder::new(file, picture.width, picture.height);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|e| fail(&e))?;
    writer.write_image_data(&rgb).map_err(|e| fail(&e))?;
    writer.finish().map_err(|e| fail(&e))
}

/// Number of channels, height and width, and interleaved values in [0, 1].
fn read(path: &Path) -> Result<(usize, [usize; 2], Vec<f32>)> {
    let file =
        File::open(path).map_err(|e| Error::Io(format!("cannot open {}: {e}", path.display())))?;
    let fail = |e: png::DecodingError| Error::Picture(format!("{}: {e}", path.display()));
    let mut decoder = Decoder::new_with_limits(BufReader::new(file), Limits { bytes: MAX_BYTES });
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(fail)?;
    let info = reader.info();
    let (w, h) = (info.width as usize, info.height as usize);
    check_size(w, h, MAX_SIDE)?;
    let size = (reader.output_buffer_size())
        .filter(|s| *s <= MAX_BYTES)
        .ok_or_else(|| {
            Error::Picture(format!(
                "{}: {w}x{h} pixels take too much memory",
                path.display()
            ))
        })?;
    let mut bytes = vec![0; size];
    let frame = reader.next_frame(&mut bytes).map_err(fail)?;
    bytes.truncate(frame.buffer_size());
    let unit = match frame.bit_depth {
        BitDepth::Sixteen => (bytes.chunks_exact(2))
            .map(|b| f32::from(u16::from_be_bytes([b[0], b[1]])) / 65535.0)
            .collect(),
        _ => bytes.iter().map(|b| f32::from(*b) / 255.0).collect(),
    };
    Ok((frame.color_type.samples(), [h, w], unit))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn written_pictures_are_read_back() {
        let path = std::env::temp_dir().join(format!("latino-png-{}.png", std::process::id()));
        let bytes: Vec<f32> = (0..60).map(|i| (i * 4) as f32 / 127.5 - 1.0).collect();
        let x = HostTensor::new([1, 3, 4, 5], bytes).unwrap();
        write_png(&path, &x).unwrap();
        let y = read_png(&path).unwrap();
        let mask = read_mask(&path).unwrap();
        std::fs::write(&path, b"no picture").unwrap();
        let broken = read_png(&path);
        std::fs::remove_file(&path).unwrap();
        assert!(x.zip(&y, |a, b| a - b).unwrap().norm() < 1e-5);
        assert_eq!(mask.shape(), [1, 1, 4, 5]);
        assert!(matches!(broken, Err(Error::Picture(_))));
        assert!(matches!(read_png(&path), Err(Error::Io(_))));
    }
}
