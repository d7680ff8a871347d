//! The page: numbers in, one HTML document out. It runs no script and loads nothing; texts of
//! strangers are escaped by the templates and freed of what could move other text.

mod backups;
mod batches;
mod events;
mod job_times;
mod organic;
mod passes;
mod stages;
mod table;
mod weights;
mod words;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Figures;
use words::{minute, shown};

const STYLE: &str = include_str!("style.css");
/// Nothing is loaded and nothing runs, also if something on the page wanted it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// One part of the page: its anchor, its title, and what is in it.
struct Section {
    id: &'static str,
    title: &'static str,
    inside: Markup,
}

/// The whole document.
pub fn page(figures: &Figures) -> String {
    let sections = [
        weights::section(figures),
        batches::section(&figures.batches),
        job_times::section(&figures.job_times),
        organic::section(&figures.organic),
        stages::section(&figures.stages),
        events::section(&figures.chain_events),
        passes::section(&figures.passes),
        backups::section(&figures.backups),
    ];
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title {
                    "horde, " (minute(figures.since)) " to " (minute(figures.until))
                }
                // a browser would ask a server for one
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                (header(figures))
                nav {
                    @for section in &sections {
                        a href={ "#" (section.id) } { (section.title) }
                    }
                }
                main {
                    @for section in &sections {
                        section id=(section.id) {
                            h2 { (section.title) }
                            (section.inside)
                        }
                    }
                }
                footer { "All times are UTC. Made by " code { "horde report" } "." }
            }
        }
    };
    page.into_string()
}

fn header(figures: &Figures) -> Markup {
    html! {
        header {
            h1 { "horde" }
            p.span {
                time data-cell="span/since" data-value=(figures.since.to_rfc3339()) {
                    (minute(figures.since))
                }
                " to "
                time data-cell="span/until" data-value=(figures.until.to_rfc3339()) {
                    (minute(figures.until))
                }
            }
            dl {
                dt { "Made at" }
                dd { (minute(figures.generated_at)) }
                dt { "Program" }
                dd { "horde " (figures.version) }
                dt { "Database" }
                dd { (shown(&figures.database.path)) ", version " (figures.database.version) }
            }
        }
    }
}

/// The colour of a part of a bar, in a legend.
fn key(class: &str) -> Markup {
    html! {
        svg.key viewBox="0 0 28 10" aria-hidden="true" {
            rect class=(class) x="8" y="0" width="12" height="10" {}
        }
    }
}

/// In the place of charts and tables.
fn nothing(sentence: &str) -> Markup {
    html! { p.nothing { (sentence) } }
}
