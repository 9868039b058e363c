//! From a demo to its page: one lost write is put back there, one on the command line, and both are seen in item and ledger.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};

use crate::local::signal;
use crate::{stderr, with_function};

/// A demo that serves its page, which is killed where a test fails.
struct Demo {
    child: Child,
    host: String,
    root: String,
    _folder: tempfile::TempDir,
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It has ended already where the test succeeded.
        let _ = self.child.kill();
    }
}

impl Demo {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report.html");
        let options = [
            "--seconds",
            "4",
            "--rate",
            "100",
            "--cut",
            "eu-west-1:1:3",
            "--seed",
            "7",
            "--page",
        ];
        let mut child = with_function(
            &[
                &["demo", "--report", report.to_str().unwrap()],
                &options[..],
            ]
            .concat(),
        )
        .spawn()
        .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let address = lines
            .find_map(|line| line.trim().strip_prefix("http://").map(str::to_owned))
            .unwrap();
        let (host, root) = address.split_once('/').unwrap();
        Self {
            child,
            host: host.to_owned(),
            root: format!("/{root}"),
            _folder: folder,
        }
    }

    fn send(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len(),
            host = self.host
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn get(&self, path: &str) -> String {
        self.send("GET", path, "")
    }

    /// The pages of the newest open entries.
    fn entries(&self) -> Vec<String> {
        let list = self.get(&self.root);
        let start = format!("href=\"{}entry/", self.root);
        let names = list.split(&start).skip(1);
        names
            .map(|rest| format!("{}entry/{}", self.root, rest.split('"').next().unwrap()))
            .collect()
    }
}

/// What stands between two texts.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text
        .split_once(start)
        .unwrap_or_else(|| panic!("no {start}: {text}"));
    rest.split(end).next().unwrap()
}

#[test]
fn after_a_demo_lost_writes_are_put_back_in_its_page_and_on_the_command_line() {
    let mut demo = Demo::start();
    let entries = demo.entries();
    let mut pages = entries.iter().map(|path| (path, demo.get(path)));
    let mut next = || {
        pages
            .find(|(_, page)| {
                page.contains("Put back ") && page.contains("The entry becomes restored.")
            })
            .unwrap()
    };
    let (path, page) = next();
    let form = format!(
        "plan={}&do=put-back&why=in+the+page",
        between(&page, "name=\"plan\" value=\"", "\"")
    );
    let answer = demo.send("POST", path, &form);
    let done = demo.get(between(&answer, "location: ", "\r\n"));
    assert!(done.contains("The entry is restored."), "{done}");
    // Of another item, as a put-back of the same one changes what the next one finds.
    let title = |page: &str| between(page, "<h1>", "</h1>").to_owned();
    let first = title(&page);
    let (path, page) = loop {
        let (path, page) = next();
        if title(&page) != first {
            break (path, page);
        }
    };
    let command = between(&page, "lastwriter ledger put-back ", "\n").replace("&quot;", "\"");
    let shell = format!(
        "exec {} ledger put-back {command} --why 'on the command line' --yes",
        env!("CARGO_BIN_EXE_lastwriter")
    );
    let output = Command::new("sh")
        .args(["-c", &shell])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let seen = demo.get(path);
    assert!(
        seen.contains("restored by") && seen.contains("on the command line"),
        "{seen}"
    );
    let restored = demo.get(&format!("{}?status=restored", demo.root));
    assert!(restored.contains("1 to 2 of 2"), "{restored}");
    signal(&demo.child, "INT");
    let status = demo.child.wait().unwrap();
    assert_eq!(status.code(), Some(0));
}
