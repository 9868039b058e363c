//! Who is let in, and what every answer says to the browser.

use std::net::SocketAddr;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tokio::net::TcpStream;

use super::{Answer, Page, command, form};
use crate::put_back::{Tables, entry, run};

/// What no answer to a stranger may have.
const CONTENT: &str = "Harbor St";

#[tokio::test]
async fn nobody_is_let_in_without_the_token() {
    let (tables, _) = Tables::usual().await;
    let page = Page::start(&tables, &["--write"]).await;
    let entry = page.first_entry().await;
    let token = page.root.trim_matches('/');
    assert_eq!(token.len(), 32);
    let (shorter, longer) = (format!("/{}/", &token[1..]), format!("/{token}0/"));
    let other = format!("/{}/{entry}", "0".repeat(32));
    for path in [
        "/",
        "/list",
        "/favicon.ico",
        &shorter,
        &longer,
        &other,
        &format!("//{token}/"),
    ] {
        let answer = page.send("GET", path, &[], String::new()).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(!answer.has(CONTENT) && !answer.has(token), "{answer:?}");
    }
    // Each run has a token of its own.
    let again = Page::start(&tables, &[]).await;
    assert_ne!(again.root, page.root);
}

#[tokio::test]
async fn only_this_machines_loopback_address_is_listened_on() {
    let (tables, _) = Tables::usual().await;
    let page = Page::start(&tables, &[]).await;
    let address: SocketAddr = page
        .origin
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(address.ip().to_string(), "127.0.0.1");
    // Another address of this machine: what listens on all of them answers there, too.
    assert!(
        TcpStream::connect(("127.0.0.2", address.port()))
            .await
            .is_err()
    );
    assert!(TcpStream::connect(address).await.is_ok());
}

#[tokio::test]
async fn another_host_or_origin_is_refused_and_changes_nothing() {
    let (tables, id) = Tables::usual().await;
    let page = Page::start(&tables, &["--write"]).await;
    let entry = page.first_entry().await;
    let plan = page.get(&entry).await.field("plan");
    let path = format!("{}{entry}", page.root);
    let rebound = page
        .send(
            "GET",
            &path,
            &[("host", "lastwriter.example")],
            String::new(),
        )
        .await;
    assert_eq!(rebound.status, 403);
    assert!(!rebound.has(CONTENT));
    let fields = form(&[("plan", &plan), ("do", "put-back")]);
    let own = page.origin.as_str();
    let other_port = "http://127.0.0.1:1";
    for headers in [
        &[][..],
        &[("origin", "null")],
        &[("origin", other_port)],
        &[("origin", own), ("sec-fetch-site", "same-site")],
        &[("origin", own), ("sec-fetch-site", "cross-site")],
    ] {
        for path in [
            path.clone(),
            format!("{path}/resolve"),
            format!("{}list", page.root),
        ] {
            let answer = page.send("POST", &path, headers, fields.clone()).await;
            assert_eq!(answer.status, 403, "{path} {headers:?}");
        }
    }
    let get = page
        .send("GET", &format!("{path}/resolve"), &[], String::new())
        .await;
    assert_eq!(get.status, 405);
    assert_eq!(
        tables.entry_with(&id).await["Status"],
        json!({ "S": "open" })
    );
    assert_eq!(
        tables.item("o-1").await["address"],
        json!({ "S": "Marlowe Rd" })
    );
    // It would have been possible.
    let answer = page
        .post(&entry, &[("plan", &plan), ("do", "put-back")])
        .await;
    assert!(answer.has("The entry is restored"), "{answer:?}");
}

fn assert_guarded(answer: &Answer) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{name}: {answer:?}");
    }
    let policy = answer.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert!(
        !policy.contains("unsafe") && !policy.contains('*'),
        "{policy}"
    );
    assert_eq!(answer.header("set-cookie"), "");
}

#[tokio::test]
async fn every_answer_forbids_caching_framing_and_foreign_code() {
    let (tables, _) = Tables::usual().await;
    let page = Page::start(&tables, &["--write"]).await;
    let entry = page.first_entry().await;
    let list = page.get("").await;
    for answer in [
        &list,
        &page.get("live").await,
        &page.get(&entry).await,
        &page.get("entry/0").await,
        &page.get("nowhere").await,
        &page.submit(&entry, &[]).await,
        &page.send("GET", "/", &[], String::new()).await,
        &page.send("DELETE", &page.root, &[], String::new()).await,
    ] {
        assert_guarded(answer);
    }
    // Nothing is fetched from anywhere, and no attribute is code or style.
    for answer in [&list, &page.get(&entry).await] {
        assert!(!answer.has("src=") && !answer.has("<style src") && !answer.has(" style=\""));
        assert!(answer.attributes("href").iter().all(|href| {
            href.starts_with(&page.root)
                || href.starts_with('?')
                || href.starts_with('#')
                || href == "data:,"
        }));
        for handler in [" onclick", " onload", "javascript:", "http-equiv"] {
            assert!(!answer.has(handler), "{handler}");
        }
    }
}

#[tokio::test]
async fn no_address_has_anything_of_an_item() {
    let tables = Tables::start().await;
    let secret = "planted-secret";
    let changed = json!({ secret: { "S": "planted-secret-lost" } });
    let won = json!({ secret: { "S": "planted-secret-won" } });
    tables
        .put_entry(entry(secret, changed, won, &[secret]))
        .await;
    let page = Page::start(&tables, &["--write"]).await;
    let first = page.first_entry().await;
    let searched = page
        .submit("list", &[("text", secret), ("status", "any")])
        .await;
    let shown = page
        .submit(
            &first,
            &[
                ("plan", &page.get(&first).await.field("plan")),
                ("choice-0", "keep"),
            ],
        )
        .await;
    for location in [searched.header("location"), shown.header("location")] {
        assert!(
            location.starts_with(&page.root) && !location.contains("planted"),
            "{location}"
        );
    }
    let found = page.follow(searched.header("location")).await;
    assert!(found.has(secret));
    for answer in [found, page.get(&first).await] {
        for name in ["href", "action", "id", "name", "data-source"] {
            let addresses = answer.attributes(name);
            assert!(
                addresses.iter().all(|address| !address.contains("planted")),
                "{name}: {addresses:?}"
            );
        }
        // The browser keeps titles in its history.
        assert!(
            !answer
                .body
                .split("</title>")
                .next()
                .unwrap()
                .contains("planted")
        );
    }
}

#[tokio::test]
async fn ctrl_c_ends_it_and_a_port_that_is_taken_is_told() {
    let (tables, _) = Tables::usual().await;
    let mut page = Page::start(&tables, &[]).await;
    assert!(page.told.contains("us-east-1"), "{}", page.told);
    let port = page.origin.rsplit(':').next().unwrap().to_owned();
    let ledger = format!("us-east-1={}", tables.ledger.endpoint());
    let taken = run(&mut command(&tables, &ledger, &["--port", &port])).await;
    assert_eq!(taken.code, Some(2), "{taken:?}");
    assert!(
        taken.stderr.contains(&port) && taken.stderr.contains("--port"),
        "{taken:?}"
    );
    let pid = Pid::from_raw(i32::try_from(page.child.id().unwrap()).unwrap());
    kill(pid, Signal::SIGINT).unwrap();
    assert_eq!(page.child.wait().await.unwrap().code(), Some(0));
}
