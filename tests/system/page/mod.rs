//! `lastwriter ledger page`, the built program, over HTTP and in a browser.

mod actions;
mod browser;
mod guard;
mod lists;
mod reading;

use std::process::Stdio;

use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use bytes::Bytes;
use local_aws::http::{HttpClient, http_client};
use system_tests::bootstrap::tool;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use crate::put_back::{LEDGER, REGION, Tables};

/// An answer, with its body as text.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    /// What a header says; nothing if it is not there.
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The values of an attribute of the page's elements, such as every `href`.
    fn attributes(&self, name: &str) -> Vec<String> {
        let start = format!(" {name}=\"");
        let values = self.body.split(&start).skip(1);
        values
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect()
    }

    /// The value of the field with this name.
    fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let (_, rest) = self
            .body
            .split_once(&start)
            .unwrap_or_else(|| panic!("no field {name}: {}", self.body));
        rest.split('"').next().unwrap().to_owned()
    }

    fn has(&self, text: &str) -> bool {
        self.body.contains(text)
    }
}

/// A page that is served.
struct Page {
    child: Child,
    /// Where it is, without a slash at the end.
    origin: String,
    /// A slash, the token, a slash.
    root: String,
    /// What it printed before the address.
    told: String,
    client: HttpClient,
    _output: BufReader<ChildStdout>,
}

impl Page {
    /// Serves the ledger of the usual Region.
    async fn start(tables: &Tables, arguments: &[&str]) -> Self {
        let ledger = format!("{REGION}={}", tables.ledger.endpoint());
        Self::of_ledgers(tables, &ledger, arguments).await
    }

    /// Serves ledgers at these endpoints.
    async fn of_ledgers(tables: &Tables, ledgers: &str, arguments: &[&str]) -> Self {
        let mut child = command(tables, ledgers, arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut told = String::new();
        loop {
            let mut line = String::new();
            assert_ne!(
                output.read_line(&mut line).await.unwrap(),
                0,
                "it ended: {told}"
            );
            if let Some(address) = line.trim().strip_prefix("http://") {
                let (host, rest) = address.split_once('/').unwrap();
                return Self {
                    child,
                    origin: format!("http://{host}"),
                    root: format!("/{rest}"),
                    told,
                    client: http_client(),
                    _output: output,
                };
            }
            told.push_str(&line);
        }
    }

    /// Asks for an address below the page's own.
    async fn get(&self, path: &str) -> Answer {
        self.send("GET", &format!("{}{path}", self.root), &[], String::new())
            .await
    }

    /// Follows an address that stands in a page.
    async fn follow(&self, address: &str) -> Answer {
        self.send("GET", address, &[], String::new()).await
    }

    /// Sends a form as a browser does, and gives the answer itself.
    async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let origin = [("origin", self.origin.as_str())];
        self.send(
            "POST",
            &format!("{}{path}", self.root),
            &origin,
            form(fields),
        )
        .await
    }

    /// Sends a form, and goes where the answer sends the browser.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.submit(path, fields).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        self.follow(answer.header("location")).await
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.origin));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if method == "POST" {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let answer = self
            .client
            .request(request.body(Body::from(body)).unwrap())
            .await
            .unwrap();
        let (parts, body) = answer.into_parts();
        let body: Bytes = axum::body::to_bytes(Body::new(body), usize::MAX)
            .await
            .unwrap();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// The path of the first entry of the list, below the page's own.
    async fn first_entry(&self) -> String {
        let list = self.get("").await;
        let entries = list.attributes("href").into_iter();
        let mut entries =
            entries.filter_map(|href| href.strip_prefix(&self.root).map(str::to_owned));
        let found = entries.find(|path| path.starts_with("entry/"));
        found.unwrap_or_else(|| panic!("no entry: {list:?}"))
    }
}

/// The program, with nothing of this machine's AWS settings.
fn command(tables: &Tables, ledgers: &str, arguments: &[&str]) -> Command {
    let mut program = Command::new(tool());
    program.args([
        "ledger",
        "page",
        "--ledger",
        LEDGER,
        "--endpoint-url",
        ledgers,
    ]);
    program.args(["--item-endpoint-url", &tables.items.endpoint()]);
    program.args(arguments);
    program.env_clear().env("HOME", "/nonexistent");
    program.env("AWS_EC2_METADATA_DISABLED", "true");
    program.stdin(Stdio::null()).kill_on_drop(true);
    program
}

/// A form's body.
fn form(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        let byte = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        };
        text.bytes().map(byte).collect::<String>()
    };
    let fields = fields
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    fields.collect::<Vec<_>>().join("&")
}
