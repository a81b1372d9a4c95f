//! Headers of tar archives (POSIX ustar), for the export of kept models: what lies between the files of an archive.

/// Bytes of a block; headers are one, and files are filled up to whole ones.
const BLOCK: usize = 512;

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
}
