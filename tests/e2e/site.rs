//! A static file server that remembers what was asked of it, with the headers that a host should send.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tiny_http::{Header, Request, Response, Server};

/// The content security policy of a hosted page.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; \
    img-src 'self' blob: data:; style-src 'self'; connect-src 'self'; object-src 'none'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A running server; it ends with the test.
pub struct Site {
    port: u16,
    log: Arc<Mutex<Vec<String>>>,
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
        _ => "application/octet-stream",
    }
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).unwrap()
}

fn answer(request: Request, root: &Path, seen: &Mutex<Vec<String>>) {
    let url = request
        .url()
        .split('?')
        .next()
        .unwrap_or_default()
        .to_owned();
    seen.lock().unwrap().push(url.clone());
    let relative = match url.strip_prefix("/sub/") {
        Some("") => "index.html",
        Some(path) if !path.contains("..") => path,
        _ => "no such file",
    };
    let path = root.join(relative);
    let _ = match std::fs::read(&path) {
        Ok(bytes) => request.respond(
            Response::from_data(bytes)
                .with_header(header("Content-Type", mime(&path)))
                .with_header(header("Content-Security-Policy", POLICY)),
        ),
        Err(_) => request.respond(Response::from_string("not found").with_status_code(404)),
    };
}

impl Site {
    /// Serves `folder` below the sub-path `/sub/`, so that absolute paths would show.
    pub fn serve(folder: &str) -> Self {
        let root = PathBuf::from(folder);
        assert!(
            root.join("index.html").exists(),
            "{folder} is not built: run trunk build --release"
        );
        let server = Server::http("127.0.0.1:0").unwrap();
        let port = server.server_addr().to_ip().unwrap().port();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = log.clone();
        let server = Arc::new(server);
        // A browser may leave one response unread while it waits for another.
        for _ in 0..8 {
            let (server, seen, root) = (server.clone(), seen.clone(), root.clone());
            std::thread::spawn(move || {
                for request in server.incoming_requests() {
                    answer(request, &root, &seen);
                }
            });
        }
        Self { port, log }
    }

    /// The page's address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/sub/", self.port)
    }

    /// How many requests came so far.
    pub fn requests(&self) -> usize {
        self.log.lock().unwrap().len()
    }

    /// The requests after the first `count`.
    pub fn since(&self, count: usize) -> Vec<String> {
        self.log.lock().unwrap()[count..].to_vec()
    }
}
