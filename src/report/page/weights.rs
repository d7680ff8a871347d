//! Weights over time, and the newest ones.

use maud::{Markup, html};

use super::table::{Cell, Row, number, rows, table, text};
use super::words::{count, minute, percent, second, short};
use super::{Section, nothing};
use crate::report::Figures;
use crate::report::figures::{MinerWeight, NewestWeights, Weights};
use crate::report::svg::{self, Curve, Lines};

pub(super) fn section(figures: &Figures) -> Section {
    let weights = &figures.weights;
    let inside = html! {
        @if weights.states.is_empty() {
            (nothing("No weights were decided in this time."))
        } @else {
            p {
                @for (state, weights) in &weights.states {
                    span.count data-cell={ "weights/states/" (state) } data-value=(weights) {
                        (weights) " " (state.replace('_', " "))
                    }
                    " "
                }
            }
            @if let Some(newest) = &weights.newest {
                (over_time(figures))
                (newest_weights(newest))
            } @else {
                (nothing("All of them were given up."))
            }
        }
    };
    Section {
        id: "weights",
        title: "Weights",
        inside,
    }
}

fn over_time(figures: &Figures) -> Markup {
    let weights = &figures.weights;
    let chart = |says, height, curves, titles| {
        let lines = Lines {
            says,
            height,
            span: (figures.since, figures.until),
            times: &weights.times,
            curves,
            titles,
            unit: |share| format!("{} %", svg::number(share * 100.0)),
        };
        lines.draw()
    };
    let curves = weights.lines.iter().enumerate();
    let curves = curves.map(|(i, line)| Curve {
        class: class(i),
        values: &line.shares,
    });
    let all: u64 =
        weights.states.values().sum::<u64>() - weights.states.get("given_up").copied().unwrap_or(0);
    let drawn = u64::try_from(weights.times.len()).unwrap_or(u64::MAX);
    html! {
        figure {
            figcaption {
                "Share of each miner in all weights, when they were decided"
                @if drawn < all {
                    " (" (drawn) " of " (all) " are drawn)"
                }
            }
            (chart(
                "Shares of miners in all weights over time; the legend has the last ones",
                270.0,
                curves.collect(),
                titles(weights),
            ))
            (legend(weights))
        }
        @if let Some(others) = &weights.others {
            figure {
                figcaption {
                    "All others: " (count(u64::try_from(others.miners).unwrap_or(u64::MAX), "miner"))
                    ", summed; last "
                    span data-cell="weights/others/share"
                        data-value=(others.shares.last().copied().unwrap_or(0.0)) {
                        (percent(others.shares.last().copied().unwrap_or(0.0)))
                    }
                }
                (chart(
                    "Sum of the shares of all other miners over time",
                    80.0,
                    vec![Curve { class: "others".to_owned(), values: &others.shares }],
                    others.shares.iter().zip(&weights.times)
                        .map(|(share, at)| format!("{}: {}", minute(*at), percent(*share)))
                        .collect(),
                ))
            }
        }
    }
}

/// Six colours, each with two kinds of line.
fn class(line: usize) -> String {
    format!("c{} d{}", line % 6, line / 6 % 2)
}

/// What stands at each time.
fn titles(weights: &Weights) -> Vec<String> {
    let names: Vec<String> = weights
        .lines
        .iter()
        .map(|line| short(&line.hotkey.to_string()))
        .collect();
    let title = |(i, at)| {
        let mut title = minute(at);
        for (line, name) in weights.lines.iter().zip(&names) {
            let share = line.shares.get(i).copied().unwrap_or(0.0);
            title.push_str(&format!("\n{name} {}", percent(share)));
        }
        title
    };
    let times = weights.times.iter().copied();
    times.enumerate().map(title).collect()
}

fn legend(weights: &Weights) -> Markup {
    html! {
        ul.legend {
            @for (i, line) in weights.lines.iter().enumerate() {
                @let hotkey = line.hotkey.to_string();
                @let last = line.shares.last().copied().unwrap_or(0.0);
                li title=(hotkey) {
                    svg.key viewBox="0 0 28 10" aria-hidden="true" {
                        path class={ "curve " (class(i)) } d="M1 5L27 5" {}
                    }
                    span data-cell={ "weights/lines/" (hotkey) } data-value=(last) {
                        code { (short(&hotkey)) } " " (percent(last))
                    }
                }
            }
        }
    }
}

fn newest_weights(newest: &NewestWeights) -> Markup {
    let columns = [
        number("uid", "UID"),
        text("hotkey", "Hotkey"),
        number("weight", "Weight"),
        number("share", "Share"),
    ];
    let row = |miner: &MinerWeight| Row {
        key: miner.uid.to_string(),
        cells: vec![
            Cell::plain(miner.uid),
            Cell::plain(miner.hotkey),
            Cell::plain(miner.weight),
            Cell::new(miner.share, &percent(miner.share)),
        ],
    };
    html! {
        h3 { "The newest weights" }
        p {
            "Number "
            span data-cell="weights/newest/id" data-value=(newest.id) { (newest.id) }
            ", decided at " (second(newest.decided_at)) " (block " (newest.decided_block) "), way "
            (newest.way) ", "
            span data-cell="weights/newest/state" data-value=(newest.state) { (newest.state) }
            ". Weights go from 0 to 65535."
        }
        (table("weights", &columns, rows(&newest.miners, row), "miner"))
    }
}
