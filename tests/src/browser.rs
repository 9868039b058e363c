//! A real browser, by the WebDriver protocol: Chromium with its driver, headless, each with a profile of its own.
//!
//! The protocol is JSON over HTTP, and what these tests need of it is few lines. <https://www.w3.org/TR/webdriver2/>

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use local_aws::http::{HttpClient, http_client};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// What stands for an element in the protocol.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The Tab key, as the protocol writes it.
pub const TAB: &str = "\u{e004}";
/// The Enter key.
pub const ENTER: &str = "\u{e007}";

/// No requests but the pages' own, and nothing of whoever runs the tests.
const ARGUMENTS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    // A container gives it 64 MB of shared memory, which is too little.
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1360,1000",
];

/// A browser with one window. Dropping it ends it.
#[derive(Debug)]
pub struct Browser {
    client: HttpClient,
    port: u16,
    session: String,
    _driver: Child,
    _home: tempfile::TempDir,
}

impl Browser {
    /// Starts a browser. None where there is none; `make test` then says so in its last lines.
    ///
    /// # Panics
    ///
    /// When there is one that does not start.
    pub async fn start() -> Option<Self> {
        let Some(chromium) = ["chromium", "google-chrome"].into_iter().find_map(on_path) else {
            skip("there is no chromium");
            return None;
        };
        let Some(driver) = on_path("chromedriver") else {
            skip("there is no chromedriver (apt-get install chromium-driver)");
            return None;
        };
        let home = tempfile::tempdir().expect("a temporary folder can be made");
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver starts");
        let mut lines = BufReader::new(driver.stdout.take().expect("it is piped")).lines();
        let port = loop {
            let line = lines.next_line().await.expect("it can be read");
            let line = line.expect("chromedriver says its port");
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port
                    .trim_end_matches('.')
                    .parse()
                    .expect("a port is a number");
            }
        };
        let mut browser = Self {
            client: http_client(),
            port,
            session: String::new(),
            _driver: driver,
            _home: home,
        };
        let options = json!({ "binary": chromium, "args": ARGUMENTS });
        let wanted =
            json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
        let capabilities = json!({ "capabilities": { "alwaysMatch": wanted } });
        let answer = browser.call("POST", "", &capabilities).await;
        browser.session = format!(
            "/{}",
            answer["sessionId"].as_str().expect("a session has an id")
        );
        Some(browser)
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, value) = self.ask(method, path, body).await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!(
                "http://127.0.0.1:{}/session{}{path}",
                self.port, self.session
            ))
            .header(header::CONTENT_TYPE, "application/json");
        let body = if method == "GET" {
            String::new()
        } else {
            body.to_string()
        };
        let request = request
            .body(Body::from(body))
            .expect("the request is well formed");
        let answer = self
            .client
            .request(request)
            .await
            .expect("chromedriver answers");
        let (parts, body) = answer.into_parts();
        let body = axum::body::to_bytes(Body::new(body), usize::MAX).await;
        let mut answer: Value = serde_json::from_slice(&body.expect("the answer can be read"))
            .expect("the answer is JSON");
        (parts.status.as_u16(), answer["value"].take())
    }

    /// Goes to an address, and waits until the page is there.
    pub async fn go(&self, address: &str) {
        self.call("POST", "/url", &json!({ "url": address })).await;
    }

    /// What a script gives; it returns a value.
    pub async fn script(&self, script: &str) -> Value {
        self.call(
            "POST",
            "/execute/sync",
            &json!({ "script": script, "args": [] }),
        )
        .await
    }

    /// Waits until an expression is true, in this page or in the one that follows. The protocol has nothing to wait by across
    /// pages, so it is asked again and again.
    ///
    /// # Panics
    ///
    /// When it was asked very often.
    pub async fn wait_for(&self, expression: &str) {
        let body = json!({ "script": format!("return Boolean({expression})"), "args": [] });
        for _ in 0..3_000 {
            // A page that is just being left gives an error.
            if self.ask("POST", "/execute/sync", &body).await == (200, Value::Bool(true)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{expression} never came true");
    }

    async fn element(&self, selector: &str) -> String {
        let by = json!({ "using": "css selector", "value": selector });
        let found = self.call("POST", "/element", &by).await;
        found[ELEMENT]
            .as_str()
            .expect("an element has an id")
            .to_owned()
    }

    /// Clicks the first element of a selector, and waits for the page that follows: the protocol itself does not wait for an
    /// answer that takes a while.
    pub async fn follow(&self, selector: &str) {
        self.script("window.isLeft = true").await;
        self.click(selector).await;
        self.wait_for("!window.isLeft && document.readyState === 'complete'")
            .await;
    }

    /// Clicks the first element of a selector.
    pub async fn click(&self, selector: &str) {
        let element = self.element(selector).await;
        self.call("POST", &format!("/element/{element}/click"), &json!({}))
            .await;
    }

    /// Types into the first element of a selector.
    pub async fn type_into(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        self.call(
            "POST",
            &format!("/element/{element}/value"),
            &json!({ "text": text }),
        )
        .await;
    }

    /// Presses keys, wherever the focus is.
    pub async fn press(&self, keys: &str) {
        let keys = keys.chars().flat_map(|key| {
            let key = key.to_string();
            ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key }))
        });
        let keyboard =
            json!({ "type": "key", "id": "keyboard", "actions": keys.collect::<Vec<_>>() });
        self.call("POST", "/actions", &json!({ "actions": [keyboard] }))
            .await;
    }

    /// What the first element of a selector says to whoever sees it.
    pub async fn text(&self, selector: &str) -> String {
        let element = self.element(selector).await;
        let text = self
            .call("GET", &format!("/element/{element}/text"), &Value::Null)
            .await;
        text.as_str().expect("a text").to_owned()
    }

    /// The name of this window.
    pub async fn window(&self) -> String {
        self.call("GET", "/window", &Value::Null)
            .await
            .as_str()
            .expect("a name")
            .to_owned()
    }

    /// Opens another tab and goes there.
    pub async fn open_tab(&self) -> String {
        let opened = self
            .call("POST", "/window/new", &json!({ "type": "tab" }))
            .await;
        let name = opened["handle"].as_str().expect("a name").to_owned();
        self.switch_to(&name).await;
        name
    }

    /// Goes to another window.
    pub async fn switch_to(&self, window: &str) {
        self.call("POST", "/window", &json!({ "handle": window }))
            .await;
    }

    /// A command of Chromium's own protocol.
    pub async fn chromium(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.call("POST", "/goog/cdp/execute", &body).await
    }

    /// What the browser wrote to its console since this was last asked: errors, and what a policy forbade.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self
            .call("POST", "/se/log", &json!({ "type": "browser" }))
            .await;
        let lines = log.as_array().into_iter().flatten();
        lines.map(|line| line["message"].to_string()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Told to end, so that no Chromium is left behind; its driver dies with this. A test that failed has no runtime
        // to ask in.
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else {
            return;
        };
        let request = format!(
            "DELETE /session{} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n",
            self.session, self.port
        );
        if stream.write_all(request.as_bytes()).is_ok() {
            // It answers once the browser has ended, and keeps the connection.
            let _ = stream.read(&mut [0; 512]);
        }
    }
}

fn on_path(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

fn skip(why: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tools/skip.sh");
    let skipped = std::process::Command::new(script)
        .args(["the ledger's page in a browser", why])
        .status();
    assert!(
        skipped.is_ok_and(|status| status.success()),
        "tools/skip.sh runs"
    );
}
