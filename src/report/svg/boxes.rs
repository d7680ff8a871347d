//! Box plots, one below the other: from the 10th to the 90th of 100 a line, the middle half a box,
//! the median a stroke.

use maud::{Markup, html};

use super::axis::number;
use super::frame::{RIGHT, px, svg};
use super::scale::{Scale, ticks};

/// Where values begin: names stand above their boxes, so nothing is at the left.
const START: f64 = 10.0;
/// Units of the drawing for a name and a box.
const ROW: f64 = 62.0;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Row {
    pub(in crate::report) name: String,
    /// Written at the right of the name.
    pub(in crate::report) text: String,
    /// What is shown while the pointer is on it.
    pub(in crate::report) title: String,
    /// p10, p25, median, p75, p90.
    pub(in crate::report) quantiles: [f64; 5],
}

#[derive(Clone, Debug)]
pub(in crate::report) struct Boxes<'a> {
    pub(in crate::report) says: &'a str,
    pub(in crate::report) rows: Vec<Row>,
    /// How a value is written at the axis.
    pub(in crate::report) unit: fn(f64) -> String,
}

impl Boxes<'_> {
    pub(in crate::report) fn draw(&self) -> Markup {
        let bottom = ROW * self.rows.len() as f64 + 4.0;
        let highest = self.rows.iter().map(|row| row.quantiles[4]);
        let values = ticks(highest.fold(0.0, f64::max), 6);
        let top = values.last().copied().unwrap_or(1.0);
        let x = Scale::new((0.0, top), (START, RIGHT - 2.0));
        let drawn = html! {
            @for value in &values {
                @let at = x.at(*value);
                line.grid x1=(px(at)) x2=(px(at)) y1="0" y2=(px(bottom)) {}
                text.tick x=(px(at)) y=(px(bottom + 6.0)) dy="0.8em"
                    text-anchor=(anchor(*value, top)) { (self.label(*value, top)) }
            }
            @for (i, row) in self.rows.iter().enumerate() {
                (draw_row(row, x, ROW * i as f64))
            }
        };
        svg(self.says, bottom + 28.0, &drawn)
    }

    /// The unit stands at the last number only.
    fn label(&self, value: f64, top: f64) -> String {
        if value < top {
            number(value)
        } else {
            (self.unit)(value)
        }
    }
}

fn draw_row(row: &Row, x: Scale, top: f64) -> Markup {
    let [p10, p25, median, p75, p90] = row.quantiles.map(|value| x.at(value));
    let middle = top + 43.0;
    html! {
        g {
            title { (row.title) }
            rect.hover x=(px(START)) y=(px(top)) width=(px(RIGHT - START)) height=(px(ROW)) {}
            text.name x=(px(START)) y=(px(top + 22.0)) { (row.name) }
            text.tick x=(px(RIGHT)) y=(px(top + 22.0)) text-anchor="end" { (row.text) }
            line.whisker x1=(px(p10)) x2=(px(p90)) y1=(px(middle)) y2=(px(middle)) {}
            @for end in [p10, p90] {
                line.whisker x1=(px(end)) x2=(px(end)) y1=(px(middle - 6.0)) y2=(px(middle + 6.0)) {}
            }
            rect.box x=(px(p25)) y=(px(middle - 10.0)) width=(px((p75 - p25).max(1.0)))
                height="20" {}
            line.median x1=(px(median)) x2=(px(median)) y1=(px(middle - 12.0))
                y2=(px(middle + 12.0)) {}
        }
    }
}

fn anchor(value: f64, top: f64) -> &'static str {
    match value {
        0.0 => "start",
        value if value >= top => "end",
        _ => "middle",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_lies_between_its_quantiles() {
        let boxes = Boxes {
            says: "times",
            rows: vec![Row {
                name: "<class>".to_owned(),
                text: "4 jobs".to_owned(),
                title: "median 5".to_owned(),
                quantiles: [1.0, 2.0, 5.0, 8.0, 10.0],
            }],
            unit: |value| format!("{value} s"),
        };
        let svg = boxes.draw().into_string();
        assert!(
            svg.contains("rect class=\"box\" x=\"150\" y=\"33\" width=\"420\""),
            "{svg}"
        );
        assert!(
            svg.contains("class=\"median\" x1=\"360\" x2=\"360\""),
            "{svg}"
        );
        assert!(svg.contains("&lt;class&gt;"), "{svg}");
        assert!(
            svg.contains(">8</text>") && svg.contains(">10 s</text>"),
            "{svg}"
        );
    }
}
