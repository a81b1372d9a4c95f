"""Headless Chromium through chromedriver, and a server for what it loads."""

import functools
import http.server
import json
import pathlib
import subprocess
import threading
import time
import urllib.error
import urllib.request

TYPES = {
    ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript",
    ".wasm": "application/wasm", ".json": "application/json", ".png": "image/png", ".svg": "image/svg+xml",
}


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves several folders below prefixes, for keeps: a second visit finds them in the cache."""

    protocol_version = "HTTP/1.1"

    def __init__(self, roots, *args):
        self.roots = roots
        super().__init__(*args)

    def do_GET(self):
        url = self.path.split("?")[0]
        for prefix, root in self.roots:
            if url.startswith(prefix) and ".." not in url:
                path = root / (url[len(prefix):] or "index.html")
                if path.is_file():
                    return self.answer(200, path)
        return self.answer(404, None)

    def answer(self, status, path):
        size = path.stat().st_size if path else 0
        self.send_response(status)
        kind = TYPES.get(path.suffix, "application/octet-stream") if path else "text/plain"
        for key, value in {
            "Content-Type": kind, "Content-Length": size, "Cache-Control": "max-age=3600",
            "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp",
        }.items():
            self.send_header(key, str(value))
        self.end_headers()
        if path:
            with open(path, "rb") as file:
                while block := file.read(1 << 20):
                    self.wfile.write(block)

    def log_message(self, *_):
        pass


def serve(roots):
    """Serves `roots`, pairs of URL prefix and folder, the first match counting; returns the address."""
    roots = [(prefix, pathlib.Path(root)) for prefix, root in roots]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, roots))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def chromedriver():
    """Starts chromedriver on a free port and waits until it listens: its process and port. It takes a port
    that is free over IPv4 and ends if another program has the same one over IPv6, hence several tries."""
    for _ in range(5):
        driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        for line in driver.stdout:
            if "successfully on port" in line:
                return driver, line.split("on port ")[1].strip(". \n")
        driver.wait()
    raise RuntimeError("chromedriver did not start")


class Browser:
    """A session with the options of `webdriver.json`; use it in a `with` block."""

    def __init__(self, options):
        self.driver, port = chromedriver()
        threading.Thread(target=self.driver.stdout.read, daemon=True).start()
        self.session = f"http://127.0.0.1:{port}/session"
        capabilities = json.loads(pathlib.Path(options).read_text())
        answer = self.post("", {"capabilities": {"alwaysMatch": capabilities}})
        self.version = answer["capabilities"]["browserVersion"]
        self.session += "/" + answer["sessionId"]
        self.post("/timeouts", {"script": 60_000, "pageLoad": 120_000})

    def post(self, path, body):
        request = urllib.request.Request(self.session + path, json.dumps(body).encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=300) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {error.read().decode()[:2000]}") from None

    def open(self, url):
        self.post("/url", {"url": url})

    def run(self, script, *args):
        return self.post("/execute/sync", {"script": script, "args": list(args)})

    def wait(self, script, *args, seconds=600):
        """Waits until `script` returns something."""
        end = time.monotonic() + seconds
        while (value := self.run(script, *args)) in (None, False):
            if time.monotonic() > end:
                raise TimeoutError(f"after {seconds} s: {script}")
            time.sleep(0.02)
        return value

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            urllib.request.urlopen(urllib.request.Request(self.session, method="DELETE"), timeout=30).close()
        except OSError:
            pass  # It is gone already.
        self.driver.kill()
        self.driver.wait()
