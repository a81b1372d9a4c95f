//! A static file server that remembers what was asked of it, with the headers that a host should send; it can be told to misbehave.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The content security policy of a hosted page.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; \
    img-src 'self' blob: data:; style-src 'self'; connect-src 'self'; object-src 'none'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What goes wrong with an answer.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// The connection ends after so many bytes of the body; shorter ones come whole.
    Cut(usize),
    /// One byte is another.
    WrongByte,
    /// A shorter file, whole by its headers.
    Truncated,
    /// This status.
    Status(u16),
    /// A web page in place of the file.
    WebPage,
    /// 16 KiB at a time, with so many milliseconds in between.
    Slow(u64),
    /// Half of the file, and then nothing.
    Stalled,
    /// The file is at the same path of the server at this port.
    Moved(u16),
    /// The whole file where a part was asked for.
    Whole,
}

/// How a site deviates from a usual one.
#[derive(Debug, Clone, Default)]
struct Manners {
    /// Origins that its policy allows besides its own.
    hosts: String,
    /// Lets pages of other sites read its files.
    shared: bool,
}

/// Path's end, fault, how often yet.
type Faults = Arc<Mutex<Vec<(String, Fault, usize)>>>;

/// A running server; it ends with the test.
pub struct Site {
    port: u16,
    stopped: Arc<AtomicBool>,
    log: Arc<Mutex<Vec<String>>>,
    faults: Faults,
}

fn mime(path: &Path) -> &'static str {
    match path.extension().and_then(|e| e.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

/// The bytes `first` to `last` of a file.
fn part(path: &Path, first: u64, last: u64) -> std::io::Result<Vec<u8>> {
    let mut file = std::fs::File::open(path)?;
    file.seek(SeekFrom::Start(first))?;
    let mut bytes = Vec::new();
    file.take(last + 1 - first).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Answers the one request of a connection and closes it: browsers then never wait for each other's
/// kept-alive connections.
fn answer(
    mut stream: TcpStream,
    root: &Path,
    seen: &Mutex<Vec<String>>,
    faults: &Faults,
    manners: &Manners,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let Some(request) = lines.next().transpose()? else {
        return Ok(()); // a connection opened in advance and not used
    };
    let mut range = None;
    while let Some(line) = lines.next().transpose()?.filter(|l| !l.is_empty()) {
        let line = line.to_ascii_lowercase();
        if let Some(bytes) = line.strip_prefix("range: bytes=") {
            range = bytes.split_once('-').map(|(a, b)| (a.parse(), b.parse()));
        }
    }
    let url = request.split(' ').nth(1).unwrap_or_default();
    let url = url.split('?').next().unwrap_or_default();
    seen.lock().unwrap().push(url.to_owned());
    let relative = match url.strip_prefix("/sub/") {
        Some("") => "index.html",
        Some(path) if !path.contains("..") => path,
        _ => "no such file",
    };
    let path = root.join(relative);
    let fault = {
        let mut faults = faults.lock().unwrap();
        let due =
            (faults.iter_mut()).find(|(end, _, left)| *left > 0 && url.ends_with(end.as_str()));
        due.map(|(_, fault, left)| {
            *left -= 1;
            *fault
        })
    };
    let range = range.filter(|_| !matches!(fault, Some(Fault::Whole)));
    let found = match range {
        Some((Ok(first), Ok(last))) => part(&path, first, last).map(|b| ("206 Partial Content", b)),
        _ => std::fs::read(&path).map(|b| ("200 OK", b)),
    };
    let (mut status, mut kind, mut body) = match found {
        Ok((status, bytes)) => (status.to_owned(), mime(&path), bytes),
        Err(_) => (
            "404 Not Found".to_owned(),
            "text/plain",
            b"not found".to_vec(),
        ),
    };
    let middle = body.len() / 2;
    match fault {
        Some(Fault::WrongByte) => body[middle] ^= 1,
        Some(Fault::Truncated) => body.truncate(middle),
        Some(Fault::Status(code)) => status = format!("{code} So It Is"),
        Some(Fault::Moved(_)) => status = "302 Found".to_owned(),
        Some(Fault::WebPage) => (kind, body) = ("text/html", b"<p>sign in</p>".to_vec()),
        _ => (),
    }
    let moved = match fault {
        Some(Fault::Moved(port)) => format!("Location: http://127.0.0.1:{port}{url}\r\n"),
        _ => String::new(),
    };
    let own = "connect-src 'self'";
    let with_hosts = format!("{own}{}", manners.hosts);
    let policy = POLICY.replace(own, &with_hosts);
    if relative == "index.html" {
        // As scripts/shell.sh would have written it.
        body = String::from_utf8(body)
            .unwrap()
            .replace(own, &with_hosts)
            .into();
    }
    let shared = if manners.shared {
        "Access-Control-Allow-Origin: *\r\n"
    } else {
        ""
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Content-Security-Policy: {policy}\r\n{shared}{moved}Connection: close\r\n\r\n",
        body.len()
    )?;
    match fault {
        Some(Fault::Cut(bytes)) => stream.write_all(&body[..bytes.min(body.len())]),
        Some(Fault::Slow(milliseconds)) => {
            for part in body.chunks(16 << 10) {
                stream.write_all(part)?;
                stream.flush()?;
                std::thread::sleep(Duration::from_millis(milliseconds));
            }
            Ok(())
        }
        Some(Fault::Stalled) => {
            stream.write_all(&body[..middle])?;
            std::thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        _ => stream.write_all(&body),
    }
}

impl Site {
    /// Serves `folder` below the sub-path `/sub/`, so that absolute paths would show.
    pub fn serve(folder: &str) -> Self {
        Self::built(folder, Manners::default())
    }

    /// As [`Self::serve`], with a policy that lets the page read from `others`.
    pub fn allowing(folder: &str, others: &[&Self]) -> Self {
        let hosts = others
            .iter()
            .map(|o| format!(" http://127.0.0.1:{}", o.port));
        let hosts = hosts.collect();
        Self::built(
            folder,
            Manners {
                hosts,
                shared: false,
            },
        )
    }

    /// Serves a folder of files; `shared`: to pages of other sites, too.
    pub fn files(folder: &str, shared: bool) -> Self {
        let hosts = String::new();
        Self::start(PathBuf::from(folder), Manners { hosts, shared })
    }

    fn built(folder: &str, manners: Manners) -> Self {
        let root = PathBuf::from(folder);
        assert!(
            root.join("index.html").exists(),
            "{folder} is not built: run trunk build --release"
        );
        Self::start(root, manners)
    }

    fn start(root: PathBuf, manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = log.clone();
        let stopped: Arc<AtomicBool> = Arc::default();
        let end = stopped.clone();
        let faults = Faults::default();
        let wrong = faults.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if end.load(Ordering::Relaxed) {
                    return; // and closes the port
                }
                let (seen, root, wrong) = (seen.clone(), root.clone(), wrong.clone());
                let manners = manners.clone();
                // A browser that goes away in the middle of an answer is no failure.
                std::thread::spawn(move || answer(stream, &root, &seen, &wrong, &manners).ok());
            }
        });
        Self {
            port,
            stopped,
            log,
            faults,
        }
    }

    /// Ends the server: from now on connections are refused.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        // One last connection wakes the loop; then the port closes.
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The page's address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/sub/", self.port)
    }

    /// The next `times` answers to requests that end so go wrong.
    pub fn fail(&self, end: &str, fault: Fault, times: usize) {
        (self.faults.lock().unwrap()).push((end.into(), fault, times));
    }

    /// From now on nothing goes wrong.
    pub fn mend(&self) {
        self.faults.lock().unwrap().clear();
    }

    /// How many requests came so far.
    pub fn requests(&self) -> usize {
        self.log.lock().unwrap().len()
    }

    /// The requests after the first `count`, but for the browser's own look for a newer service worker, which comes
    /// when it likes.
    pub fn asked_since(&self, count: usize) -> Vec<String> {
        let mut asked = self.since(count);
        asked.retain(|path| !path.ends_with("/service-worker.js"));
        asked
    }

    /// The requests after the first `count`.
    pub fn since(&self, count: usize) -> Vec<String> {
        self.log.lock().unwrap()[count..].to_vec()
    }
}
