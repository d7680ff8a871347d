//! Bars of several parts, one beside the other.

use maud::{Markup, html};

use super::axis::number;
use super::frame::{LEFT, RIGHT, TOP, chart, px};
use super::scale::{Scale, whole_ticks};

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Bar {
    /// From below, one for each class.
    pub(in crate::report) parts: Vec<u64>,
    /// What is shown while the pointer is on it.
    pub(in crate::report) title: String,
}

/// A text below the bars: 0 is the left edge of the first bar, 1 its right edge.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Label {
    pub(in crate::report) at: f64,
    pub(in crate::report) text: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Bars<'a> {
    pub(in crate::report) says: &'a str,
    /// Units of the drawing.
    pub(in crate::report) height: f64,
    /// Of the page's style, one for each part.
    pub(in crate::report) classes: &'a [&'a str],
    pub(in crate::report) bars: Vec<Bar>,
    pub(in crate::report) labels: Vec<Label>,
}

impl Bars<'_> {
    pub(in crate::report) fn draw(&self) -> Markup {
        let bottom = TOP + self.height;
        let highest = self.bars.iter().map(|bar| bar.parts.iter().sum::<u64>());
        let values = whole_ticks(highest.max().unwrap_or(0) as f64, self.numbers());
        let y = Scale::new((0.0, values.last().copied().unwrap_or(1.0)), (bottom, TOP));
        let x = Scale::new((0.0, self.bars.len() as f64), (LEFT, RIGHT));
        let across = values.iter().map(|value| (y.at(*value), short(*value)));
        let labels = self.labels.iter();
        let below = labels.map(|label| (x.at(label.at), label.text.clone()));
        let drawn = html! {
            @for (i, bar) in self.bars.iter().enumerate() {
                (self.draw_bar(bar, (x.at(i as f64), x.at((i + 1) as f64)), y))
            }
        };
        chart(
            self.says,
            bottom,
            &across.collect(),
            &below.collect(),
            &drawn,
        )
    }

    /// How many numbers have room at the left.
    fn numbers(&self) -> u8 {
        if self.height < 100.0 { 1 } else { 4 }
    }

    fn draw_bar(&self, bar: &Bar, (left, right): (f64, f64), y: Scale) -> Markup {
        // few bars are not as wide as the page
        let width = ((right - left) * 0.8).min(48.0);
        let middle = f64::midpoint(left, right);
        let mut top = 0;
        let parts = bar.parts.iter().zip(self.classes).map(|(part, class)| {
            let bottom = top;
            top += part;
            (class, y.at(top as f64), y.at(bottom as f64))
        });
        html! {
            g {
                title { (bar.title) }
                // the whole column can be pointed at
                rect.hover x=(px(left)) y=(px(TOP)) width=(px(right - left))
                    height=(px(y.at(0.0) - TOP)) {}
                @for (class, top, bottom) in parts {
                    @if top < bottom {
                        rect class=(class) x=(px(middle - width / 2.0)) y=(px(top))
                            width=(px(width)) height=(px(bottom - top)) {}
                    }
                }
            }
        }
    }
}

/// A count that has room at the left.
fn short(count: f64) -> String {
    match count >= 10_000.0 {
        true => format!("{}k", number(count / 1000.0)),
        false => number(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(bars: Vec<Bar>) -> String {
        let bars = Bars {
            says: "jobs",
            height: 100.0,
            classes: &["good", "bad"],
            bars,
            labels: vec![Label {
                at: 0.5,
                text: "first".to_owned(),
            }],
        };
        bars.draw().into_string()
    }

    fn bar(parts: [u64; 2]) -> Bar {
        Bar {
            parts: parts.to_vec(),
            title: "<1>".to_owned(),
        }
    }

    #[test]
    fn parts_stand_on_each_other() {
        let svg = bars(vec![bar([6, 4]), bar([0, 0])]);
        let good = "class=\"good\" x=\"200.5\" y=\"54\" width=\"48\" height=\"60\"";
        assert!(svg.contains(good), "{svg}");
        let bad = "class=\"bad\" x=\"200.5\" y=\"14\" width=\"48\" height=\"40\"";
        assert!(svg.contains(bad), "{svg}");
        // an empty bar can be pointed at
        assert_eq!(svg.matches("class=\"hover\"").count(), 2);
        assert_eq!(svg.matches("<title>&lt;1&gt;").count(), 2);
    }

    #[test]
    fn large_counts_are_short() {
        assert_eq!([0.0, 9_000.0, 15_000.0].map(short), ["0", "9000", "15k"]);
    }

    #[test]
    fn no_bars_make_an_empty_drawing() {
        assert!(bars(Vec::new()).contains("viewBox=\"0 0 720 153\""));
    }
}
