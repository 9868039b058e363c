//! The frame of a page, and its Content-Security-Policy.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");

/// One page.
pub(crate) struct Page<'a> {
    /// Its title, for the browser's tab.
    pub(crate) title: &'a str,
    /// Everything that is seen.
    pub(crate) body: Markup,
    /// Data for the script: the id of the element that holds them, and JSON of [`json`].
    pub(crate) data: (&'a str, String),
    /// The one script.
    pub(crate) script: &'a str,
}

impl Page<'_> {
    /// The whole page. Nothing may be loaded from anywhere, and no inline code may run but its style and its script.
    pub(crate) fn render(self) -> String {
        let policy = format!(
            "default-src 'none'; img-src data:; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
            csp_hash(STYLE),
            csp_hash(self.script)
        );
        let (data_id, data) = self.data;
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    link rel="icon" href="data:,";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    (self.body)
                    script type="application/json" id=(data_id) { (PreEscaped(data)) }
                    script { (PreEscaped(self.script)) }
                }
            }
        };
        page.into_string()
    }
}

/// Data as JSON for a `<script type="application/json">`. In such an element nothing is unescaped by HTML, and
/// `</script` or `<!--` would end or change it; so these characters are written as JSON escapes.
pub(crate) fn json<T: Serialize + ?Sized>(data: &T) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string(data)?;
    Ok(json
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026"))
}

/// The hash by which a Content-Security-Policy allows one inline element and no other.
pub(crate) fn csp_hash(content: &str) -> String {
    let digest = Sha256::digest(content.as_bytes());
    format!("'sha256-{}'", BASE64_STANDARD.encode(digest))
}
