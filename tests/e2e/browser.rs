//! Headless Chromium through chromedriver: the few WebDriver commands that the tests need.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// Starts chromedriver on a free port and waits until it listens; `None` if it ended before. It takes
/// a port that is free over IPv4 and ends if another program has the same one over IPv6.
fn chromedriver() -> Option<(Child, u16)> {
    let program = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".into());
    let mut driver = Command::new(&program)
        .arg("--port=0")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{program}: {e}"));
    // "ChromeDriver was started successfully on port 12345."
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let (before, port) = line.split_once("on port ")?;
        let port = port.trim_end_matches('.').parse().ok()?;
        before.contains("successfully").then_some(port)
    });
    let Some(port) = port else {
        let _ = driver.wait();
        return None;
    };
    std::thread::spawn(move || lines.for_each(drop));
    Some((driver, port))
}

/// A browser session; both processes end with it.
pub struct Browser {
    driver: Child,
    session: String,
    agent: ureq::Agent,
}

impl Browser {
    /// Starts chromedriver and a session with the options of `webdriver.json`.
    pub fn start() -> Self {
        let (driver, port) = (0..5)
            .find_map(|_| chromedriver())
            .expect("chromedriver ended five times without listening");
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(120)))
            .http_status_as_error(false)
            .build()
            .new_agent();
        let mut browser = Self {
            driver,
            session: format!("http://127.0.0.1:{port}/session"),
            agent,
        };
        let mut capabilities: Value =
            serde_json::from_str(&std::fs::read_to_string("webdriver.json").unwrap()).unwrap();
        capabilities["goog:loggingPrefs"] = json!({ "browser": "ALL" });
        let answer = browser.post(
            "",
            &json!({ "capabilities": { "alwaysMatch": capabilities } }),
        );
        let id = answer["sessionId"]
            .as_str()
            .unwrap_or_else(|| panic!("no session: {answer}"));
        browser.session = format!("{}/{id}", browser.session);
        browser
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.session);
        let mut response = self
            .agent
            .post(&url)
            .send_json(body)
            .unwrap_or_else(|e| panic!("{url}: {e}"));
        let mut answer: Value = response.body_mut().read_json().unwrap();
        let value = answer["value"].take();
        assert!(value.get("error").is_none(), "{path}: {value}");
        value
    }

    /// Opens a page.
    pub fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// Runs a script body and returns what it returns.
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Sets the window's size in pixels.
    pub fn resize(&self, width: u32, height: u32) {
        self.post("/window/rect", &json!({ "width": width, "height": height }));
    }

    /// Emulates a viewport of that size in CSS pixels; windows cannot be that narrow.
    pub fn viewport(&self, width: u32, height: u32) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        );
    }

    /// Runs a script in every page opened from now on, before the page's own.
    pub fn before_pages(&self, script: &str) {
        self.devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            &json!({ "source": script }),
        );
    }

    /// Sends a command of Chromium's developer tools and returns its answer.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post(
            "/goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        )
    }

    /// Runs a script body that may await and returns what it returns.
    pub fn run_async(&self, script: &str) -> Value {
        let script = format!(
            "const done = arguments[0]; (async () => {{ {script} }})().then(done, (e) => done({{ failed: String(e) }}))"
        );
        let value = self.post("/execute/async", &json!({ "script": script, "args": [] }));
        assert!(value.get("failed").is_none(), "{value}");
        value
    }

    /// Presses keys one after the other, the modifiers held; special keys have WebDriver's code points.
    pub fn keys(&self, modifiers: &[char], keys: &[char]) {
        let event = |kind: &str, key: &char| json!({ "type": kind, "value": key.to_string() });
        let mut actions: Vec<Value> = modifiers.iter().map(|k| event("keyDown", k)).collect();
        for key in keys {
            actions.extend([event("keyDown", key), event("keyUp", key)]);
        }
        actions.extend(modifiers.iter().map(|k| event("keyUp", k)));
        self.act(json!({ "type": "key", "id": "keyboard", "actions": actions }));
    }

    /// Drags a `mouse`, `touch` or `pen` along points given in CSS pixels of the viewport.
    pub fn drag(&self, pointer: &str, points: &[(f64, f64)]) {
        let go = |(x, y): (f64, f64)| json!({ "type": "pointerMove", "duration": 30, "x": x as i32, "y": y as i32 });
        let mut actions = vec![go(points[0]), json!({ "type": "pointerDown", "button": 0 })];
        actions.extend(points[1..].iter().copied().map(go));
        actions.push(json!({ "type": "pointerUp", "button": 0 }));
        let kind = json!({ "pointerType": pointer });
        self.act(
            json!({ "type": "pointer", "id": pointer, "parameters": kind, "actions": actions }),
        );
    }

    fn act(&self, device: Value) {
        self.post("/actions", &json!({ "actions": [device] }));
    }

    /// Chooses a file in the file input `id`.
    pub fn upload(&self, id: &str, path: &str) {
        let element = self.post(
            "/element",
            &json!({ "using": "css selector", "value": format!("#{id}") }),
        );
        let key = element
            .as_object()
            .unwrap()
            .values()
            .next()
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned();
        self.post(&format!("/element/{key}/value"), &json!({ "text": path }));
    }

    /// Saves `target/screenshots/NAME.png`, beside the build outputs.
    pub fn screenshot(&self, name: &str) {
        use base64::Engine;
        let url = format!("{}/screenshot", self.session);
        let answer: Value = self
            .agent
            .get(&url)
            .call()
            .unwrap()
            .body_mut()
            .read_json()
            .unwrap();
        let png = base64::engine::general_purpose::STANDARD
            .decode(answer["value"].as_str().unwrap())
            .unwrap();
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, png).unwrap();
        println!("screenshot: {}", path.display());
    }

    /// Errors on the console so far.
    pub fn console_errors(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({ "type": "browser" }));
        log.as_array()
            .unwrap()
            .iter()
            .filter(|e| e["level"] == "SEVERE")
            .map(|e| e["message"].to_string())
            .collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
