//! `horde report`: the page says in a real browser what the database says, and nothing on it runs
//! or asks for anything.

mod browser;
mod rows;
mod values;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use horde_validator::store::Store;
use predicates::str::{contains, is_match};
use rusqlite::Connection;

use crate::commands::assert_documented;
use crate::host::Host;
use browser::Browser;
use rows::{Amount, HOSTILE, fill};

/// A week of a small subnet.
const WEEK: Amount = Amount {
    days: 7,
    batches: 70,
    miners: 16,
    organic_jobs: 500,
    passes: 2_000,
};

/// A year with a batch in each cycle.
const YEAR: Amount = Amount {
    days: 365,
    batches: 3_650,
    miners: 40,
    organic_jobs: 30_000,
    passes: 60_000,
};

fn host(amount: Amount) -> Host {
    let host = Host::new();
    drop(Store::open_or_create(&host.database()).expect("a database"));
    fill(&database(&host), amount, Utc::now());
    host
}

fn database(host: &Host) -> Connection {
    Connection::open(host.database()).expect("it opens")
}

fn write_page(host: &Host, arguments: &[&str]) -> PathBuf {
    host.horde(&[&["report"], arguments].concat()).success();
    host.path("horde-report.html")
}

/// What becomes of a text of strangers on the page.
fn shown(text: &str) -> String {
    text.replace('\0', "\u{2400}")
        .replace('\u{1b}', "\u{241b}")
        .replace('\u{202e}', "\u{fffd}")
}

#[test]
fn texts_of_strangers_stay_text() {
    let Some(browser) = Browser::new() else {
        return;
    };
    let host = host(WEEK);
    let rendered = browser.render(&write_page(&host, &[]));
    // a browser writes `<` of a text in another way
    for element in ["<script", "<img"] {
        assert!(!rendered.dom.contains(element), "{element}");
    }
    assert_eq!(rendered.dom.matches("<style").count(), 1);
    assert_eq!(rendered.complaints, [""; 0]);
    let cells = rendered.cells();
    let hostile = cells
        .iter()
        .filter(|(_, (_, text))| *text == shown(HOSTILE));
    let kinds: BTreeSet<_> = hostile
        .filter_map(|(name, _)| name.split('/').next())
        .collect();
    let expected = ["batches", "chain_events", "ended_badly", "organic"];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_browser_that_ignores_the_policy_would_find_nothing_to_load() {
    let host = host(WEEK);
    let page = std::fs::read_to_string(write_page(&host, &[])).expect("written");
    for wanted in [
        "<script",
        "<link rel=\"stylesheet",
        "@import",
        "url(",
        "<iframe",
        "javascript:",
        "://",
    ] {
        assert!(!page.contains(wanted), "{wanted}");
    }
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'; img-src data:"));
}

#[test]
fn an_empty_database_makes_a_page_that_says_so() {
    let Some(browser) = Browser::new() else {
        return;
    };
    let host = Host::new();
    host.horde(&["migrate"]).success();
    let rendered = browser.render(&write_page(&host, &[]));
    assert_eq!(rendered.complaints, [""; 0]);
    assert!(!rendered.dom.contains("<svg") && !rendered.dom.contains("<table"));
    let sentences = rendered.dom.split("<p class=\"nothing\">").skip(1);
    let sentences: Vec<_> = sentences
        .filter_map(|rest| rest.split('<').next())
        .collect();
    insta::assert_snapshot!(sentences.join("\n"), @r"
    No weights were decided in this time.
    No batch was planned in this time.
    No job of a batch was completed in this time.
    No job of a user was taken in this time.
    No batch that has ended in this time tells of its stages.
    No weights were set, committed or revealed in this time.
    No pass was run in this time.
    No backup was made in this time.
    ");
}

/// On a telephone, and on a wide screen.
#[test]
fn nothing_scrolls_sideways_and_no_label_touches_another() {
    let Some(browser) = Browser::new() else {
        return;
    };
    for amount in [WEEK, YEAR] {
        let host = host(amount);
        let page = write_page(&host, &["--days", "366"]);
        for width in [320, 390, 800, 1280] {
            assert_eq!(browser.flaws(&page, width), "", "{width}");
        }
    }
}

#[test]
fn a_year_fits_on_a_small_page() {
    let host = host(YEAR);
    // texts of strangers that are as long on a page as they can be
    let says = "printf('%.*c', 999, '\"')";
    database(&host)
        .execute_batch(&format!(
            "UPDATE batches SET note = {says}; UPDATE organic_jobs SET comment = {says};
             UPDATE passes SET summary = {says}; UPDATE events SET description = {says};
             UPDATE backup_copies SET outcome = 'failed', finding = {says};"
        ))
        .expect("they say it");
    let began = Instant::now();
    let page = write_page(&host, &["--days", "366"]);
    let took = began.elapsed();
    let page = std::fs::read_to_string(page).expect("written");
    assert!(page.len() < 1_000_000, "{}", page.len());
    // 0.7 s on a quiet machine, in a test build
    assert!(took < Duration::from_secs(15), "{took:?}");
    let cells = browser::cells(&page);
    let rows = |table: &str| {
        let keys = cells.keys().filter_map(|name| name.strip_prefix(table));
        let keys = keys.filter_map(|rest| rest.split('/').next());
        keys.collect::<BTreeSet<_>>().len()
    };
    assert_eq!((rows("weights/lines/"), rows("passes/")), (12, 4));
    assert_eq!(cells["batches/more"].0, "3630");
    assert!(page.contains("All others: 28 miners"));
    assert!(page.contains("300 of "));
    assert_eq!(page.matches("class=\"curve c0 d0\" d=\"M").count(), 2);
}

#[test]
fn the_span_is_what_was_asked_for() {
    let host = host(WEEK);
    let now = Utc::now();
    let since = (now - TimeDelta::days(3)).to_rfc3339();
    let until = (now - TimeDelta::days(2)).to_rfc3339();
    let page = write_page(&host, &["--since", &since, "--until", &until]);
    let cells = browser::cells(&std::fs::read_to_string(page).expect("written"));
    let count = |sql: &str| -> u64 {
        database(&host)
            .query_row(
                &format!("SELECT count(*) FROM {sql}"),
                [&since, &until].map(|time| time.replace("+00:00", "Z")),
                |row| row.get::<_, i64>(0),
            )
            .expect("a number")
            .unsigned_abs()
    };
    let sum = |names: &[&str]| -> u64 {
        let is_counted = |name: &&String| names.iter().any(|start| name.starts_with(start));
        let counted = cells.keys().filter(is_counted);
        counted
            .map(|name| cells[name].0.parse::<u64>().expect("a number"))
            .sum()
    };
    let batches = count("batches WHERE planned_at >= ?1 AND planned_at < ?2");
    assert!((9..=11).contains(&batches), "{batches}");
    assert_eq!(sum(&["batches/states/"]), batches);
    assert_eq!(
        sum(&["organic/completed", "organic/failed", "organic/running"]),
        count("organic_jobs WHERE created_at >= ?1 AND created_at < ?2")
    );
    assert_eq!(
        sum(&["chain_events/successes", "chain_events/failures"]),
        count("events WHERE type LIKE 'WEIGHT%' AND timestamp >= ?1 AND timestamp < ?2")
    );
    assert_eq!(cells["span/since"].0, since);
    for wrong in [
        &["--since", &until, "--until", &since][..],
        &["--since", "yesterday"],
        &["--until", &until],
        &["--days", "0"],
        &["--days", "3", "--since", &since],
    ] {
        host.horde(&[&["report"], wrong].concat()).code(2);
    }
}

#[test]
fn the_page_goes_where_it_is_asked_to_go() {
    let host = host(Amount { batches: 9, ..WEEK });
    host.horde(&["report"])
        .success()
        .stdout(is_match(r"^horde-report\.html \(\d+\.\d\d KiB\)\n$").expect("a pattern"));
    let path = host.path("sub/page.html");
    let arguments = ["report", "--output", &path.display().to_string()];
    host.horde(&arguments)
        .code(2)
        .stderr(contains("cannot be used"));
    std::fs::create_dir(host.path("sub")).expect("a folder");
    let document = host.json(&arguments);
    assert_eq!(document["file"], path.display().to_string());
    let size = std::fs::metadata(&path).expect("written").len();
    assert_eq!(document["bytes"], size);
    let mut keys = BTreeSet::new();
    crate::commands::keys(&document, &mut keys);
    assert_documented(&keys);
}
