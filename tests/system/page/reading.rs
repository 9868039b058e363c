//! Whether the page can be read in light and dark, and heard.

use serde_json::json;
use system_tests::browser::Browser;

use super::Page;
use super::browser::{address, at};
use crate::put_back::Tables;

/// Texts that can hardly be read: the contrast that WCAG asks for at level AA.
const CONTRAST: &str = r"
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.map((part) => part / 255).map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const poor = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.disabled || ['SCRIPT', 'STYLE', 'TITLE'].includes(element.tagName.toUpperCase())) continue;
    const style = getComputedStyle(element);
    const text = luminance(rgba(element instanceof SVGElement ? style.fill : style.color));
    const behind = luminance(background(element));
    const ratio = (Math.max(text, behind) + 0.05) / (Math.min(text, behind) + 0.05);
    if (ratio < 4.5) poor.push(`${element.tagName}.${element.getAttribute('class')} '${element.textContent.slice(0, 30)}': ${ratio.toFixed(2)}`);
  }
  return poor;
";

/// What a screen reader could not tell: fields, buttons, links and pictures without a name, and headings that skip a level.
async fn unnamed(browser: &Browser) -> Vec<String> {
    let tree = browser
        .chromium("Accessibility.getFullAXTree", json!({}))
        .await;
    let mut found = Vec::new();
    let mut level = 0;
    for node in tree["nodes"].as_array().unwrap() {
        let role = node["role"]["value"].as_str().unwrap_or_default();
        let name = node["name"]["value"].as_str().unwrap_or_default();
        let needs_name = [
            "button",
            "link",
            "textbox",
            "searchbox",
            "combobox",
            "checkbox",
            "image",
            "img",
            "form",
            "navigation",
        ];
        if node["ignored"] != true
            && needs_name.contains(&role)
            && name.is_empty()
            && role != "form"
        {
            found.push(node.to_string());
        }
        if role == "heading" {
            let properties = node["properties"].as_array().into_iter().flatten();
            let mut own = properties.filter(|property| property["name"] == "level");
            let own = own
                .next()
                .and_then(|level| level["value"]["value"].as_u64())
                .unwrap_or(0);
            if own > level + 1 {
                found.push(format!("{name}: level {own} after {level}"));
            }
            level = own;
        }
    }
    found
}

#[tokio::test]
async fn it_can_be_read_in_light_and_dark_and_heard() {
    let (tables, _) = Tables::usual().await;
    tables.lose("o-2").await;
    let third = tables.lose("o-3").await;
    tables.run("resolve", &[&third, "--why", "test data"]).await;
    let page = Page::start(&tables, &["--write"]).await;
    let Some(browser) = at(&page).await else {
        return;
    };
    let open = page.first_entry().await;
    let closed = page.get("?status=dismissed").await.attributes("href");
    let closed = closed
        .iter()
        .find_map(|href| {
            href.strip_prefix(&page.root)
                .filter(|path| path.starts_with("entry"))
        })
        .unwrap();
    let mut backgrounds = Vec::new();
    for scheme in ["light", "dark"] {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        browser
            .chromium(
                "Emulation.setEmulatedMedia",
                json!({ "features": [feature] }),
            )
            .await;
        for path in ["", "?status=any", &open, closed, "entry/0"] {
            browser.go(&address(&page, path)).await;
            assert_eq!(browser.script(CONTRAST).await, json!([]), "{scheme} {path}");
            if scheme == "light" {
                assert_eq!(unnamed(&browser).await, Vec::<String>::new(), "{path}");
                assert_eq!(
                    browser
                        .script("return document.querySelectorAll('main, h1').length")
                        .await,
                    2
                );
            }
        }
        backgrounds.push(
            browser
                .script("return getComputedStyle(document.body).backgroundColor")
                .await,
        );
    }
    assert_ne!(backgrounds[0], backgrounds[1]);
}
