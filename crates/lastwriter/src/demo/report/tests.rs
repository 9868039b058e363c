//! The page holds the numbers, loads nothing, and keeps item data data.

use super::{page, writable, write};
use crate::demo::conflict::ConflictEntry;
use crate::demo::tests::{comparison, entry};
use crate::page::csp_hash;

const EVIL: &str = "</script><script>alert(1)</script><img src=x onerror=alert(1)><!--'\"&";

fn rendered(name: &str, value: &str) -> String {
    let conflict = ConflictEntry::from_item(&entry("update_update", name, value)).unwrap();
    page::render(&comparison(vec![conflict])).unwrap()
}

#[test]
fn item_data_stays_data_wherever_it_is_put() {
    let page = rendered(EVIL, EVIL);
    assert!(!page.contains("<script>alert"));
    assert!(!page.contains("<img"));
    assert!(!page.contains("<!--"));
    // Two scripts: the data and the page's own.
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(page.contains(&maud::html! { (EVIL) }.into_string()));
    let data = page.split("id=\"conflicts-data\">").nth(1).unwrap();
    let data = data.split("</script>").next().unwrap();
    let read: serde_json::Value = serde_json::from_str(data).unwrap();
    let value = serde_json::Value::from(EVIL).to_string();
    assert_eq!(read[0]["loser"]["attributes"][EVIL], value);
}

#[test]
fn the_page_may_run_its_own_script_and_load_nothing() {
    let page = rendered("address", "here");
    let script = page.rsplit("<script>").next().unwrap();
    let script = script.split("</script>").next().unwrap();
    let style = page.split("<style>").nth(1).unwrap();
    let style = style.split("</style>").next().unwrap();
    assert!(page.contains("default-src 'none'"));
    assert!(page.contains(&format!("script-src {}", csp_hash(script))));
    assert!(page.contains(&format!("style-src {}", csp_hash(style))));
    for way_out in [
        "http:",
        "https:",
        "//fonts",
        "@import",
        "url(",
        " style=\"",
        " onclick",
    ] {
        assert!(!page.contains(way_out), "{way_out}");
    }
}

#[test]
fn the_charts_have_their_numbers_as_a_table_and_a_name() {
    let page = rendered("address", "here");
    assert_eq!(page.matches("<figure>").count(), 4);
    assert_eq!(page.matches("role=\"img\"").count(), 4);
    assert_eq!(page.matches("<summary>Numbers</summary>").count(), 4);
    for id in ["writes-t", "kinds-n", "winners-t", "delay-n"] {
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
    }
    // 60 steps of 10 writes a second.
    assert!(page.contains("eu-west-1 <span>600</span>"));
    assert!(page.contains("eu-west-1 cut off"));
    assert!(!page.contains("NaN") && !page.contains("inf"));
}

#[test]
fn a_run_without_a_conflict_and_without_arrivals_has_a_page_too() {
    let mut empty = comparison(Vec::new());
    empty.series.kinds.clear();
    empty.series.winners.clear();
    for line in empty.series.delays.values_mut() {
        line.fill(None);
    }
    let page = page::render(&empty).unwrap();
    assert_eq!(page.matches("<figure>").count(), 4);
    assert!(!page.contains("NaN") && !page.contains("inf"));
}

#[test]
fn a_failed_run_says_so_at_the_top() {
    let mut failed = comparison(Vec::new());
    failed.total.missed_by_stamps = 3;
    let page = page::render(&failed).unwrap();
    assert!(
        page.contains("class=\"verdict bad\"")
            && page.contains("3 lost writes that the stamps tell of were not found")
    );
    assert!(rendered("address", "here").contains("class=\"verdict good\""));
}

#[test]
fn the_folder_is_made_and_a_path_that_cannot_be_used_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/report.html");
    writable(&path).unwrap();
    write(&path, &comparison(Vec::new())).unwrap();
    assert!(path.is_file());
    assert!(
        writable(folder.path())
            .unwrap_err()
            .to_string()
            .contains("it is a folder")
    );
    let below_a_file = path.join("report.html");
    assert!(
        writable(&below_a_file)
            .unwrap_err()
            .to_string()
            .contains("cannot be written")
    );
}
