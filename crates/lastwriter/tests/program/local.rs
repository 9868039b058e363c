//! A running `lastwriter local`, and how it is talked to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::with_function;

/// A running `lastwriter local`, which is killed where a test fails.
pub(crate) struct Local {
    child: Child,
    lines: Box<dyn Iterator<Item = String>>,
    pub(crate) endpoints: Value,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

impl Local {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("endpoints.json");
        let options = [
            "local",
            "--lag",
            "0",
            "--endpoints-file",
            file.to_str().unwrap(),
        ];
        let mut child = with_function(&[&options, arguments].concat())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut lines = Box::new(stdout.lines().map(Result::unwrap));
        assert!(lines.any(|line| line.contains("Ctrl-C ends everything")));
        // The line that follows says that the file is there.
        assert!(lines.any(|line| line.contains("Ready")));
        let endpoints = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        Self {
            child,
            lines,
            endpoints,
            file,
            _folder: folder,
        }
    }

    /// Waits for a line with this part.
    pub(crate) fn line_with(&mut self, part: &str) -> String {
        self.lines.find(|line| line.contains(part)).unwrap()
    }

    pub(crate) fn type_line(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// A stamped update of one item, made in one Region.
    pub(crate) fn update(&self, region: &str, attribute: &str, micros: u64) {
        let key = json!({ "PK": { "S": "USER#1" }, "SK": { "S": "PROFILE" } });
        let table = self.endpoints["table"].as_str().unwrap();
        self.update_in(table, key, region, attribute, micros);
    }

    pub(crate) fn update_in(
        &self,
        table: &str,
        key: Value,
        region: &str,
        attribute: &str,
        micros: u64,
    ) {
        let of = json!({ "TableName": table, "Key": key });
        self.set(of, region, (attribute, json!({ "S": "new" })), micros);
    }

    /// A stamped update of the item `of` a table, made in one Region.
    pub(crate) fn set(&self, of: Value, region: &str, attribute: (&str, Value), micros: u64) {
        let (name, value) = attribute;
        let request = json!({
            "TableName": of["TableName"],
            "Key": of["Key"],
            "UpdateExpression": "SET #a = :a, #lwt = :now ADD #lwn :one",
            "ExpressionAttributeNames": {
                "#a": name,
                "#lwt": format!("lw:t:{region}"),
                "#lwn": format!("lw:n:{region}"),
            },
            "ExpressionAttributeValues": {
                ":a": value,
                ":now": { "N": micros.to_string() },
                ":one": { "N": "1" },
            },
        });
        self.done(region, "UpdateItem", &request);
    }

    /// An operation that succeeds.
    pub(crate) fn done(&self, region: &str, operation: &str, request: &Value) {
        let url = self.endpoints["replicas"][region].as_str().unwrap();
        let answer = call(url, operation, request);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    pub(crate) fn end(mut self) {
        signal(&self.child, "TERM");
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        assert!(!self.file.exists());
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // It has ended already where the test succeeded.
        let _ = self.child.kill();
    }
}

pub(crate) fn call(url: &str, operation: &str, request: &Value) -> String {
    let address = url.strip_prefix("http://").unwrap();
    let body = request.to_string();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.0\r\n\
         X-Amz-Target: DynamoDB_20120810.{operation}\r\nX-Amz-Date: 20260101T000000Z\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
         SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

pub(crate) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}
