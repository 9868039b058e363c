//! The frame of a page, in a file or served, and its Content-Security-Policy.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");

/// A page in a file.
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
        let body = html! {
            (self.body)
            script type="application/json" id=(data_id) { (PreEscaped(data)) }
            script { (PreEscaped(self.script)) }
        };
        document(self.title, Some(&policy), &[STYLE], &body)
    }
}

/// A page that a server on this machine gives out.
pub(crate) struct ServedPage<'a> {
    /// Its title, for the browser's tab.
    pub(crate) title: &'a str,
    /// Everything that is seen.
    pub(crate) body: Markup,
    /// What it has beside the style of every page.
    pub(crate) style: &'a str,
    /// The one script, if it has one.
    pub(crate) script: Option<&'a str>,
}

impl ServedPage<'_> {
    /// The whole page, and its Content-Security-Policy for the answer's header: nothing may be loaded from anywhere, no
    /// inline code may run but its styles and its script, which may ask this server alone, as forms may.
    pub(crate) fn render(self) -> (String, String) {
        let script = self.script.map_or("'none'".to_owned(), csp_hash);
        let policy = format!(
            "default-src 'none'; img-src data:; style-src {} {}; script-src {script}; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            csp_hash(STYLE),
            csp_hash(self.style),
        );
        let body = html! {
            (self.body)
            @if let Some(script) = self.script { script { (PreEscaped(script)) } }
        };
        let page = document(self.title, None, &[STYLE, self.style], &body);
        (page, policy)
    }
}

/// An HTML document. A file has its policy within; what is served has it in the header.
fn document(title: &str, policy: Option<&str>, styles: &[&str], body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                @if let Some(policy) = policy {
                    meta http-equiv="Content-Security-Policy" content=(policy);
                }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { (title) }
                @for style in styles { style { (PreEscaped(style)) } }
            }
            body { (body) }
        }
    };
    page.into_string()
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
