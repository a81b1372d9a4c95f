//! Headers of tar archives (POSIX ustar), for the export and the import of models: what lies between the files of an archive.

use crate::{Error, Result};

/// Bytes of a block; headers are one, and files are filled up to whole ones.
pub const BLOCK: usize = 512;

/// The header of a file of `size` bytes at `path`; `None` when the path or the size does not fit (100 bytes, 8 GiB).
pub fn header(path: &str, size: u64) -> Option<[u8; BLOCK]> {
    if path.len() > 100 || size >= 1 << 33 {
        return None;
    }
    let mut header = [0; BLOCK];
    let mut put =
        |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, path);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{size:011o}\0"));
    // No time: an archive of the same model is the same archive.
    put(136, "00000000000\0");
    // The sum is taken with spaces in its place.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\0");
    put(263, "00");
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Some(header)
}

/// Zero bytes that follow a file of `size` bytes.
pub fn filling(size: u64) -> usize {
    (BLOCK - (size % BLOCK as u64) as usize) % BLOCK
}

/// Zero bytes at the end of an archive.
pub const END: usize = 2 * BLOCK;

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path, without `./` before it.
    pub path: String,
    /// Bytes that follow, [`filling`] not counted.
    pub size: u64,
    /// Whether it is a file: archives have folders and notes of programs, too.
    pub file: bool,
}

/// Reads a header of [`BLOCK`] bytes; `None` at the archive's end. Fails with [`Error::Model`] when it is none.
pub fn entry(header: &[u8]) -> Result<Option<Entry>> {
    let damaged = || Error::model("not a whole tar archive");
    if header.iter().all(|b| *b == 0) {
        return Ok(None);
    }
    let header: &[u8; BLOCK] = header.try_into().map_err(|_| damaged())?;
    let text = |range: std::ops::Range<usize>| {
        let bytes = &header[range];
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    };
    let number = |range| u64::from_str_radix(text(range).trim(), 8).map_err(|_| damaged());
    let spaces = |i: usize, b: &u8| {
        if (148..156).contains(&i) {
            32
        } else {
            u64::from(*b)
        }
    };
    let sum: u64 = header.iter().enumerate().map(|(i, b)| spaces(i, b)).sum();
    if number(148..156)? != sum {
        return Err(damaged());
    }
    let (prefix, name) = (text(345..500), text(0..100));
    let ustar = &header[257..262] == b"ustar";
    let path = match prefix.as_str() {
        prefix if ustar && !prefix.is_empty() => format!("{prefix}/{name}"),
        _ => name,
    };
    Ok(Some(Entry {
        path: path.trim_start_matches("./").to_owned(),
        size: number(124..136)?,
        file: matches!(header[156], b'0' | 0),
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn gives_what_tar_reads() {
        let mut archive = Vec::new();
        for (path, content) in [("manifest.json", &b"{}"[..]), ("shards/a.bin", &[7; 600])] {
            archive.extend(header(path, content.len() as u64).unwrap());
            archive.extend(content);
            archive.resize(archive.len() + filling(content.len() as u64), 0);
        }
        archive.resize(archive.len() + END, 0);
        let folder = std::env::temp_dir().join(format!("latino-tar-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("a.tar"), archive).unwrap();
        let tar = |arguments: &[&str]| {
            let run = std::process::Command::new("tar")
                .current_dir(&folder)
                .args(arguments)
                .output()
                .unwrap();
            assert!(
                run.status.success(),
                "{}",
                String::from_utf8_lossy(&run.stderr)
            );
            run.stdout
        };
        assert_eq!(tar(&["-tf", "a.tar"]), b"manifest.json\nshards/a.bin\n");
        assert_eq!(tar(&["-xOf", "a.tar", "shards/a.bin"]), [7; 600]);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn says_what_does_not_fit() {
        assert!(header(&"x".repeat(101), 1).is_none());
        assert!(header("x", 1 << 33).is_none());
        assert_eq!((filling(0), filling(1), filling(512)), (0, 511, 0));
    }

    #[test]
    fn reads_what_it_gives_and_what_tar_gives() {
        let read = entry(&header("shards/a.bin", 600).unwrap())
            .unwrap()
            .unwrap();
        assert_eq!(
            (read.path.as_str(), read.size, read.file),
            ("shards/a.bin", 600, true)
        );
        assert_eq!(entry(&[0; BLOCK]).unwrap(), None);
        let mut damaged = header("a", 1).unwrap();
        damaged[0] = b'b';
        assert!(entry(&damaged).is_err());
        assert!(entry(&damaged[1..]).is_err());
        // `tar -c ./model` of a folder with one file.
        let folder = std::env::temp_dir().join(format!("latino-tar-in-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("model")).unwrap();
        std::fs::write(folder.join("model/manifest.json"), [7; 700]).unwrap();
        let mut run = std::process::Command::new("tar");
        run.arg("-C").arg(&folder).args(["-c", "./model"]);
        let made = run.output().unwrap().stdout;
        std::fs::remove_dir_all(&folder).unwrap();
        let first = entry(&made[..BLOCK]).unwrap().unwrap();
        assert_eq!((first.path.as_str(), first.file), ("model/", false));
        let second = entry(&made[BLOCK..2 * BLOCK]).unwrap().unwrap();
        assert_eq!(
            (second.path.as_str(), second.size, second.file),
            ("model/manifest.json", 700, true)
        );
    }
}
