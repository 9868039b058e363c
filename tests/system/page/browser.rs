//! The page in a real Chromium: every action, by mouse and by keyboard alone, hostile contents, ten thousand entries, two
//! tabs, and new entries that come by themselves.

use serde_json::{Value, json};
use system_tests::browser::{Browser, ENTER, TAB};

use super::Page;
use crate::put_back::{LEDGER, Tables, entry, history, put_all, won};

/// A browser at the page's list.
pub(super) async fn at(page: &Page) -> Option<Browser> {
    let browser = Browser::start().await?;
    browser.go(&address(page, "")).await;
    Some(browser)
}

pub(super) fn address(page: &Page, path: &str) -> String {
    format!("{}{}{path}", page.origin, page.root)
}

/// Nothing was forbidden by the page's policy, and no script failed.
async fn assert_quiet(browser: &Browser) {
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
async fn every_action_is_done_with_the_mouse() {
    let (tables, id) = Tables::usual().await;
    let page = Page::start(&tables, &["--write"]).await;
    let Some(browser) = at(&page).await else {
        return;
    };
    assert_eq!(browser.text("tr .item a").await, "id=o-1");
    browser.follow("tr .item a").await;
    assert!(browser.text(".story").await.contains("and lost"));
    browser
        .type_into("form[action$='/resolve'] [name=why]", "test data")
        .await;
    browser.follow("form[action$='/resolve'] button").await;
    assert!(browser.text("#notice").await.contains("is dismissed now"));
    assert_eq!(
        tables.entry_with(&id).await["Status"],
        json!({ "S": "dismissed" })
    );
    browser.follow("form[action$='/reopen'] button").await;
    assert!(browser.text("#notice").await.contains("is open now"));
    browser
        .click("select[name=choice-0] option[value=keep]")
        .await;
    browser.follow("button[value=show]").await;
    assert_eq!(
        browser.text("button[value=put-back]").await,
        "Mark as restored: nothing is missing"
    );
    browser
        .click("select[name=choice-0] option[value='']")
        .await;
    browser.follow("button[value=show]").await;
    assert_eq!(
        browser.text("button[value=put-back]").await,
        "Put back address"
    );
    browser
        .type_into(
            "form:not([action$='/resolve']) [name=why]",
            "a customer called",
        )
        .await;
    browser.follow("button[value=put-back]").await;
    assert_eq!(
        browser.text("#notice").await,
        "Put back: address. The entry is restored."
    );
    assert_eq!(
        tables.item("o-1").await["address"],
        json!({ "S": "Harbor St" })
    );
    // Loaded again, it sends nothing again.
    browser
        .script("window.isLeft = true; location.reload()")
        .await;
    browser
        .wait_for("!window.isLeft && document.querySelector('.history')")
        .await;
    assert_eq!(history(&tables.entry_with(&id).await).len(), 3);
    browser.follow(".brand a").await;
    assert!(browser.text("main").await.contains("Nothing is open"));
    browser
        .click("select[name=status] option[value=restored]")
        .await;
    browser.type_into("[name=text]", "id=o-1").await;
    browser.follow(".filter button").await;
    assert_eq!(browser.text(".status").await, "restored");
    assert_quiet(&browser).await;
}

/// Presses Tab until an element of the selector has the focus, and sees that it can be seen.
async fn tab_to(browser: &Browser, selector: &str) {
    for _ in 0..60 {
        browser.press(TAB).await;
        let focused = browser
            .script(&format!(
                "return document.activeElement.matches(\"{selector}\")"
            ))
            .await;
        if focused == true {
            let style = "const style = getComputedStyle(document.activeElement); return style.outlineStyle + ' ' + style.outlineWidth";
            assert_eq!(browser.script(style).await, "solid 2px", "{selector}");
            return;
        }
    }
    panic!("no Tab comes to {selector}");
}

#[tokio::test]
async fn everything_can_be_done_with_the_keyboard_alone() {
    let (tables, id) = Tables::usual().await;
    tables.lose("o-2").await;
    let page = Page::start(&tables, &["--write"]).await;
    let Some(browser) = at(&page).await else {
        return;
    };
    browser.press(TAB).await;
    assert_eq!(
        browser
            .script("return document.activeElement.textContent")
            .await,
        "To the content"
    );
    tab_to(&browser, "[name=text]").await;
    browser.press("o-1").await;
    browser.press(ENTER).await;
    browser
        .wait_for("document.querySelectorAll('tr .item a').length === 1")
        .await;
    tab_to(&browser, "tr .item a").await;
    browser.press(ENTER).await;
    browser.wait_for("document.querySelector('.plan')").await;
    // Enter in a field shows the plan, and writes nothing.
    tab_to(&browser, "form:not([action$='/resolve']) [name=why]").await;
    browser.press("typed").await;
    browser.press(ENTER).await;
    browser
        .wait_for("!document.querySelector('[name=why]').value")
        .await;
    assert_eq!(
        tables.entry_with(&id).await["Status"],
        json!({ "S": "open" })
    );
    tab_to(&browser, "button[value=put-back]").await;
    browser.press(" ").await;
    browser.wait_for("document.getElementById('notice')").await;
    assert_eq!(
        tables.item("o-1").await["address"],
        json!({ "S": "Harbor St" })
    );
    assert_quiet(&browser).await;
}

#[tokio::test]
async fn hostile_contents_are_shown_and_do_nothing() {
    let tables = Tables::start().await;
    let markup = "</td></table><script>window.taken=1</script><img src=x onerror=window.taken=1><style>*{display:none}</style>";
    let name = "\"><svg onload=window.taken=1>";
    let turned = "\u{202e}gnp.exe \u{2066}مرحبا بالعالم";
    let long = "<b>".repeat(60_000);
    let attributes = |end: &str| {
        json!({
            name: { "S": format!("{markup}{end}") },
            "turned": { "S": format!("{turned}{end}") },
            "long": { "S": format!("{long}{end}") },
            "binary": { "B": "//79/AD/" },
            "nested": { "M": { markup: { "L": [{ "S": markup }, { "B": "AA==" }] } } },
            "x".repeat(3_000): { "S": end },
        })
    };
    let key = format!("o-1{markup}{turned}");
    let (lost_text, won_text) = (attributes("lost"), attributes("won"));
    tables.put_item(won(&key, attributes("won"))).await;
    let mut hostile = entry(&key, lost_text, won_text, &[name, "turned", "long"]);
    hostile.table_name = "orders".to_owned();
    let id = tables.put_entry(hostile).await;
    let page = Page::start(&tables, &["--write"]).await;
    let Some(browser) = at(&page).await else {
        return;
    };
    let check = async || {
        assert_eq!(
            browser.script("return window.taken ?? null").await,
            Value::Null
        );
        let foreign = "return document.querySelectorAll('main img, main style, main script, main [onload], main [onerror], main b').length";
        assert_eq!(browser.script(foreign).await, 0);
        // Nothing is wider than the window but what scrolls by itself.
        let width = "return document.documentElement.scrollWidth <= innerWidth";
        assert_eq!(browser.script(width).await, true);
        let text = browser
            .script("return document.querySelector('main').textContent")
            .await;
        let text = text.as_str().unwrap();
        assert!(
            text.contains("<script>window.taken=1</script>") && text.contains("\\u{202e}gnp"),
            "{text}"
        );
        assert!(!text.contains('\u{202e}'));
    };
    check().await;
    browser.follow("tr .item a").await;
    check().await;
    browser.click("form[action$='/resolve'] [name=why]").await;
    browser.press("x").await;
    browser.follow("button[value=put-back]").await;
    browser.wait_for("document.getElementById('notice')").await;
    check().await;
    assert_eq!(
        tables.entry_with(&id).await["Status"],
        json!({ "S": "restored" })
    );
    let item = tables.item(&key).await;
    assert_eq!(item[name], json!({ "S": format!("{markup}lost") }));
    assert_eq!(item["long"]["S"].as_str().unwrap().len(), 180_004);
    assert_quiet(&browser).await;
}

#[tokio::test]
async fn ten_thousand_entries_can_be_paged_and_searched() {
    let tables = Tables::start().await;
    let address = |text: &str| json!({ "address": { "S": text } });
    let entries = (0..10_000).map(|number| {
        let entry = entry(
            &format!("o-{number:05}"),
            address("Harbor St"),
            address("Marlowe Rd"),
            &["address"],
        );
        entry.into_items().main
    });
    put_all(&tables.ledger.endpoint(), LEDGER, entries.collect()).await;
    let page = Page::start(&tables, &["--refresh", "1"]).await;
    let Some(browser) = at(&page).await else {
        return;
    };
    let range = async || browser.text(".pager span").await;
    assert_eq!(range().await, "1 to 50 of 10,000");
    let oldest = "return [...document.querySelectorAll('.pager a')].find((a) => a.textContent === 'Oldest').click()";
    browser.script(oldest).await;
    browser
        .wait_for(
            "document.querySelector('.pager span')?.textContent === '9,951 to 10,000 of 10,000'",
        )
        .await;
    browser.type_into("[name=text]", "o-0123").await;
    browser.follow(".filter button").await;
    assert_eq!(range().await, "1 to 10 of 10");
    // It is small whatever the ledger holds: fifty rows.
    browser.go(&super::browser::address(&page, "")).await;
    let size = browser
        .script("return document.documentElement.outerHTML.length")
        .await;
    assert!(size.as_u64().unwrap() < 200_000, "{size}");
    // And it goes on looking for new ones.
    tables.lose("o-new").await;
    browser
        .wait_for("document.querySelector('.pager span').textContent === '1 to 50 of 10,001'")
        .await;
    assert_quiet(&browser).await;
}

#[tokio::test]
async fn two_tabs_do_nothing_twice_and_keep_their_own_searches() {
    let (tables, id) = Tables::usual().await;
    tables.lose("o-2").await;
    let page = Page::start(&tables, &["--write", "--refresh", "1"]).await;
    let Some(browser) = at(&page).await else {
        return;
    };
    let first = browser.window().await;
    browser.type_into("[name=text]", "o-1").await;
    browser.follow(".filter button").await;
    let list = browser.script("return location.href").await;
    browser.follow("tr .item a").await;
    let entry = browser.script("return location.href").await;
    let second = browser.open_tab().await;
    browser.go(entry.as_str().unwrap()).await;
    let third = browser.open_tab().await;
    browser.go(&address(&page, "")).await;
    browser.type_into("[name=text]", "o-2").await;
    browser.follow(".filter button").await;
    assert_eq!(browser.text("tr .item a").await, "id=o-2");
    browser.switch_to(&first).await;
    browser.follow("button[value=put-back]").await;
    assert_eq!(
        browser.text("#notice").await,
        "Put back: address. The entry is restored."
    );
    let after = tables.item("o-1").await;
    browser.switch_to(&second).await;
    browser.follow("button[value=put-back]").await;
    assert!(
        browser
            .text("#notice")
            .await
            .contains("was not open any more")
    );
    assert_eq!(tables.item("o-1").await, after);
    assert_eq!(history(&tables.entry_with(&id).await).len(), 1);
    // Each tab's search is its own.
    browser.go(list.as_str().unwrap()).await;
    assert_eq!(
        browser
            .script("return document.querySelector('[name=text]').value")
            .await,
        "o-1"
    );
    browser.switch_to(&third).await;
    assert_eq!(browser.text("tr .item a").await, "id=o-2");
    assert_quiet(&browser).await;
}

#[tokio::test]
async fn new_entries_come_by_themselves_and_the_focus_stays() {
    let (tables, first) = Tables::usual().await;
    let mut page = Page::start(&tables, &["--refresh", "1"]).await;
    let Some(browser) = at(&page).await else {
        return;
    };
    browser
        .script("document.querySelector('tr .item a').focus()")
        .await;
    browser
        .script("document.querySelector('figure details').open = true")
        .await;
    tables.lose("o-2").await;
    browser
        .wait_for("document.querySelectorAll('tr .item a').length === 2")
        .await;
    assert_eq!(
        browser
            .script("return document.activeElement.textContent")
            .await,
        "id=o-1"
    );
    assert_eq!(
        browser
            .script("return document.querySelector('figure details').open")
            .await,
        true
    );
    assert_eq!(browser.text("#said").await, "1 new entry.");
    assert_eq!(
        browser
            .script("return document.querySelector('tr.new .item a').textContent")
            .await,
        "id=o-2"
    );
    // What somebody else resolves goes from the list of open ones.
    tables.run("resolve", &[&first, "--why", "x"]).await;
    browser
        .wait_for("document.querySelectorAll('tr .item a').length === 1")
        .await;
    assert_quiet(&browser).await;
    page.child.kill().await.unwrap();
    browser
        .wait_for("document.getElementById('said').textContent.includes('does not answer')")
        .await;
}
