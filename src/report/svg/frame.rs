//! The drawing around a chart: its size, lines across it with their numbers, labels below. A chart
//! is as wide as its place on the page; on a narrow screen the style makes letters larger, for
//! which room is left here.

use maud::{Markup, html};

/// Units from edge to edge.
pub(super) const WIDTH: f64 = 720.0;
/// Room for numbers at the left.
pub(super) const LEFT: f64 = 62.0;
/// Where what is drawn ends.
pub(super) const RIGHT: f64 = WIDTH - 8.0;
/// Room above what is drawn, for half a number.
pub(super) const TOP: f64 = 14.0;
/// From what is drawn down to the labels: half a number at the left stands there, too.
const LABELS: f64 = 15.0;
/// Room for labels below.
const BELOW: f64 = LABELS + 24.0;
/// How wide a letter is where letters are largest.
const LETTER: f64 = 13.5;
/// A label closer to the edge than this does not stand in the middle of its place.
const HALF_LABEL: f64 = 24.0;

/// A place on the drawing, short.
pub(super) fn px(place: f64) -> String {
    let text = format!("{place:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// Numbers of an axis: where, and what is written there.
pub(super) type Ticks = Vec<(f64, String)>;

/// The svg element. `says` is for those who cannot see it.
pub(super) fn svg(says: &str, height: f64, inside: &Markup) -> Markup {
    html! {
        svg viewBox={ "0 0 " (px(WIDTH)) " " (px(height)) } role="img" aria-label=(says) {
            (inside)
        }
    }
}

/// A chart with values upwards and something else to the right. Values go from `bottom` up to
/// `TOP`; labels, in their order, stand below as far as there is room.
pub(super) fn chart(
    says: &str,
    bottom: f64,
    values: &Ticks,
    labels: &Ticks,
    inside: &Markup,
) -> Markup {
    let frame = html! {
        @for (y, text) in values {
            line.grid x1=(px(LEFT)) x2=(px(RIGHT)) y1=(px(*y)) y2=(px(*y)) {}
            text.tick x=(px(LEFT - 7.0)) y=(px(*y)) dy="0.35em" text-anchor="end" { (text) }
        }
        @for (x, text) in with_room(labels) {
            line.axis x1=(px(*x)) x2=(px(*x)) y1=(px(bottom)) y2=(px(bottom + 5.0)) {}
            text.tick x=(px(label_at(*x))) y=(px(bottom + LABELS)) dy="0.8em"
                text-anchor=(anchor(*x)) { (text) }
        }
        (inside)
        line.axis x1=(px(LEFT)) x2=(px(RIGHT)) y1=(px(bottom)) y2=(px(bottom)) {}
    };
    svg(says, bottom + BELOW, &frame)
}

/// Without labels that would touch the one before.
fn with_room(labels: &Ticks) -> impl Iterator<Item = &(f64, String)> {
    let mut taken = f64::NEG_INFINITY;
    labels.iter().filter(move |(x, text)| {
        let width = LETTER * text.chars().count() as f64;
        let end = match anchor(*x) {
            "end" => label_at(*x),
            _ => x + width / 2.0,
        };
        let has_room = end - width > taken;
        if has_room {
            taken = end;
        }
        has_room
    })
}

fn anchor(x: f64) -> &'static str {
    match x {
        x if x > WIDTH - HALF_LABEL => "end",
        _ => "middle",
    }
}

fn label_at(x: f64) -> f64 {
    match anchor(x) {
        "end" => x.min(RIGHT),
        _ => x,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_short() {
        assert_eq!(
            [12.0, 12.04, 12.25, -0.5].map(px),
            ["12", "12", "12.2", "-0.5"]
        );
    }

    #[test]
    fn labels_do_not_touch_each_other() {
        let labels = [
            (0.0, "10"),
            (20.0, "20"),
            (30.0, "30"),
            (90.0, "1000"),
            (91.0, ""),
        ];
        let labels = labels.map(|(x, text)| (x, text.to_owned())).to_vec();
        let kept: Vec<f64> = with_room(&labels).map(|(x, _)| *x).collect();
        assert_eq!(kept, [0.0, 30.0, 90.0]);
    }

    #[test]
    fn what_a_chart_says_is_escaped() {
        let drawn = svg("a \"<b>\"", 10.0, &html! {});
        assert!(drawn.into_string().contains("a &quot;&lt;b&gt;&quot;"));
    }
}
