//! Who is let in: whoever knows the address, from this page alone, at this machine's loopback names.
//!
//! The token stands in the path of every address and not in a cookie: a browser sends cookies to every port of a host, so any
//! other server on this machine would get it. Without a cookie nobody can act in the name of whoever has the page open; the
//! checks of Host (DNS rebinding), Origin and Sec-Fetch-Site are there besides.

use axum::http::header::{HOST, HeaderMap, ORIGIN};
use axum::http::{HeaderValue, Method};
use sha2::{Digest, Sha256};

/// What every answer says. The policy is the page's own where it has one.
pub(super) const HEADERS: [(&str, &str); 6] = [
    // What the ledger holds belongs into no cache on disk.
    ("cache-control", "no-store"),
    // `no-referrer` would take the Origin from this page's own forms, too.
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// The policy of an answer that is no page.
pub(super) const NO_PAGE_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error(
        "this page is served under its loopback address alone; forward the same port if it runs elsewhere"
    )]
    Host,
    #[error("there is nothing here: give the whole address that `lastwriter ledger page` printed")]
    Token,
    #[error("this request does not come from this page")]
    Origin,
    #[error("only GET and POST")]
    Method,
}

/// Lets requests in.
#[derive(Debug)]
pub(super) struct Guard {
    token: [u8; 32],
    hosts: Vec<String>,
}

impl Guard {
    pub(super) fn new(token: &str, port: u16) -> Self {
        let mut hosts = vec![format!("127.0.0.1:{port}"), format!("localhost:{port}")];
        if port == 80 {
            hosts.extend(["127.0.0.1", "localhost"].map(str::to_owned));
        }
        Self {
            token: digest(token),
            hosts,
        }
    }

    /// Checks a request, before anything of it is looked at.
    pub(super) fn check(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        let host = one(headers, HOST.as_str()).ok_or(Refusal::Host)?;
        if !self.hosts.iter().any(|known| known == host) {
            return Err(Refusal::Host);
        }
        let token = path.split('/').nth(1).unwrap_or_default();
        // Digests are compared, so that the time it takes says nothing of the token.
        if digest(token) != self.token {
            return Err(Refusal::Token);
        }
        let own = format!("http://{host}");
        let origin = one(headers, ORIGIN.as_str());
        let site = one(headers, "sec-fetch-site");
        match *method {
            Method::GET | Method::HEAD => {
                let is_navigation = one(headers, "sec-fetch-mode") == Some("navigate")
                    && one(headers, "sec-fetch-dest") == Some("document");
                let own_or_typed = matches!(site, None | Some("none" | "same-origin"));
                let from_elsewhere = headers.contains_key(ORIGIN) && origin != Some(own.as_str());
                match (own_or_typed || is_navigation) && !from_elsewhere {
                    true => Ok(()),
                    false => Err(Refusal::Origin),
                }
            }
            Method::POST => {
                let is_own =
                    origin == Some(own.as_str()) && matches!(site, None | Some("same-origin"));
                is_own.then_some(()).ok_or(Refusal::Origin)
            }
            _ => Err(Refusal::Method),
        }
    }
}

/// The value of a header that is there once.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "http://127.0.0.1:4000";

    fn check(method: Method, path: &str, headers: &[(&'static str, &str)]) -> Result<(), Refusal> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Guard::new("secret", 4000).check(&method, path, &map)
    }

    fn get(path: &str, headers: &[(&'static str, &str)]) -> Result<(), Refusal> {
        let host = [("host", "127.0.0.1:4000")];
        check(Method::GET, path, &[&host, headers].concat())
    }

    fn post(headers: &[(&'static str, &str)]) -> Result<(), Refusal> {
        let host = [("host", "127.0.0.1:4000")];
        check(Method::POST, "/secret/", &[&host, headers].concat())
    }

    #[test]
    fn only_loopback_names_with_the_port_are_answered() {
        let at = |host| check(Method::GET, "/secret/", &[("host", host)]);
        assert_eq!(at("127.0.0.1:4000"), Ok(()));
        assert_eq!(at("localhost:4000"), Ok(()));
        for other in [
            "evil.example:4000",
            "127.0.0.1:4001",
            "127.0.0.1",
            "[::1]:4000",
            "localhost.:4000",
        ] {
            assert_eq!(at(other), Err(Refusal::Host), "{other}");
        }
        let twice = [("host", "127.0.0.1:4000"), ("host", "evil.example")];
        assert_eq!(check(Method::GET, "/secret/", &twice), Err(Refusal::Host));
        assert_eq!(check(Method::GET, "/secret/", &[]), Err(Refusal::Host));
    }

    #[test]
    fn the_token_is_the_whole_first_part_of_the_path() {
        assert_eq!(get("/secret/", &[]), Ok(()));
        assert_eq!(get("/secret/entry/1", &[]), Ok(()));
        for path in [
            "/",
            "",
            "/secre/",
            "/secrett/",
            "//secret/",
            "/Secret/",
            "/x/secret/",
        ] {
            assert_eq!(get(path, &[]), Err(Refusal::Token), "{path}");
        }
    }

    #[test]
    fn a_form_of_another_page_is_refused() {
        assert_eq!(
            post(&[("origin", OWN), ("sec-fetch-site", "same-origin")]),
            Ok(())
        );
        assert_eq!(post(&[("origin", OWN)]), Ok(()));
        for headers in [
            &[][..],
            &[("origin", "null")],
            &[("origin", "http://127.0.0.1:4001")],
            &[("origin", "https://127.0.0.1:4000")],
            // The host is one of ours, and the page is another's all the same.
            &[("origin", "http://localhost:4000")],
            &[("origin", OWN), ("origin", OWN)],
            // Another port is the same site.
            &[("origin", OWN), ("sec-fetch-site", "same-site")],
            &[("origin", OWN), ("sec-fetch-site", "cross-site")],
        ] {
            assert_eq!(post(headers), Err(Refusal::Origin), "{headers:?}");
        }
    }

    #[test]
    fn a_page_elsewhere_can_link_here_and_not_read_or_frame_it() {
        let link = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ];
        assert_eq!(get("/secret/", &link), Ok(()));
        let frame = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "iframe"),
        ];
        let script = [
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-mode", "no-cors"),
            ("sec-fetch-dest", "script"),
        ];
        let fetch = [("origin", "http://evil.example")];
        for headers in [&frame[..], &script, &fetch] {
            assert_eq!(
                get("/secret/", headers),
                Err(Refusal::Origin),
                "{headers:?}"
            );
        }
    }

    #[test]
    fn nothing_but_get_and_post_is_taken() {
        let headers = [("host", "127.0.0.1:4000"), ("origin", OWN)];
        for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
            assert_eq!(check(method, "/secret/", &headers), Err(Refusal::Method));
        }
    }
}
