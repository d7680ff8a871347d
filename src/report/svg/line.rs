//! Curves over time.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::axis::time_ticks;
use super::frame::{LEFT, RIGHT, TOP, chart, px};
use super::scale::{Scale, ticks};

/// Points that are far enough apart to be drawn as dots.
const DOTS: usize = 40;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Curve<'a> {
    /// Of the page's style.
    pub(in crate::report) class: String,
    /// One for each of the times.
    pub(in crate::report) values: &'a [f64],
}

#[derive(Clone, Debug)]
pub(in crate::report) struct Lines<'a> {
    pub(in crate::report) says: &'a str,
    /// Units of the drawing.
    pub(in crate::report) height: f64,
    pub(in crate::report) span: (DateTime<Utc>, DateTime<Utc>),
    /// In order.
    pub(in crate::report) times: &'a [DateTime<Utc>],
    pub(in crate::report) curves: Vec<Curve<'a>>,
    /// What is shown while the pointer is near, one for each of the times.
    pub(in crate::report) titles: Vec<String>,
    /// How a value is written at the axis.
    pub(in crate::report) unit: fn(f64) -> String,
}

impl Lines<'_> {
    pub(in crate::report) fn draw(&self) -> Markup {
        let bottom = TOP + self.height;
        let highest = self.curves.iter().flat_map(|curve| curve.values);
        let values = ticks(highest.copied().fold(0.0, f64::max), self.numbers());
        let top = values.last().copied().unwrap_or(1.0);
        let (since, until) = self.span;
        let x = Scale::new((seconds(since), seconds(until)), (LEFT, RIGHT));
        let y = Scale::new((0.0, top), (bottom, TOP));
        let across = values
            .iter()
            .map(|value| (y.at(*value), (self.unit)(*value)));
        let below = time_ticks(since, until, 7);
        let below = below
            .into_iter()
            .map(|tick| (x.at(seconds(tick.at)), tick.label));
        let places: Vec<f64> = self.times.iter().map(|at| x.at(seconds(*at))).collect();
        // the first curve is the most important one, and is drawn last
        let drawn = html! {
            @for curve in self.curves.iter().rev() {
                (draw_curve(curve, &places, y))
            }
            @for ((start, end), title) in columns(&places).iter().zip(&self.titles) {
                rect.hover x=(px(*start)) y=(px(TOP)) width=(px(end - start))
                    height=(px(self.height)) { title { (title) } }
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

    /// How many numbers have room at the axis.
    fn numbers(&self) -> u8 {
        if self.height < 150.0 { 2 } else { 5 }
    }
}

fn draw_curve(curve: &Curve, places: &[f64], y: Scale) -> Markup {
    let points = || places.iter().zip(curve.values);
    let path: String = points()
        .enumerate()
        .map(|(i, (x, value))| {
            let step = if i == 0 { "M" } else { "L" };
            format!("{step}{} {}", px(*x), px(y.at(*value)))
        })
        .collect();
    html! {
        path class={ "curve " (curve.class) } d=(path) {}
        @if places.len() <= DOTS {
            @for (x, value) in points() {
                circle class={ "dot " (curve.class) } cx=(px(*x)) cy=(px(y.at(*value))) r="2.5" {}
            }
        }
    }
}

/// The part of the drawing that is closer to a point than to others.
fn columns(places: &[f64]) -> Vec<(f64, f64)> {
    let middles = places
        .windows(2)
        .map(|pair| f64::midpoint(pair[0], pair[1]));
    let edges: Vec<f64> = std::iter::once(LEFT)
        .chain(middles)
        .chain([RIGHT])
        .collect();
    let columns = edges.windows(2).map(|pair| (pair[0], pair[1].max(pair[0])));
    columns.take(places.len()).collect()
}

fn seconds(at: DateTime<Utc>) -> f64 {
    // exact enough for a drawing
    (at - DateTime::UNIX_EPOCH).as_seconds_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).expect("a time")
    }

    fn drawn(times: &[DateTime<Utc>], values: &[f64]) -> String {
        let lines = Lines {
            says: "weights",
            height: 100.0,
            span: (at(0), at(100)),
            times,
            curves: vec![Curve {
                class: "c0".to_owned(),
                values,
            }],
            titles: times.iter().map(|at| format!("<{at}>")).collect(),
            unit: |value| value.to_string(),
        };
        lines.draw().into_string()
    }

    #[test]
    fn a_curve_goes_through_its_points() {
        let svg = drawn(&[at(0), at(50), at(100)], &[0.0, 5.0, 10.0]);
        assert!(svg.contains("d=\"M62 114L387 64L712 14\""), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 3);
        assert_eq!(svg.matches("<title>&lt;1970").count(), 3);
    }

    #[test]
    fn many_points_have_no_dots_and_one_point_has_one() {
        let times: Vec<_> = (0..100).map(at).collect();
        let svg = drawn(&times, &[1.0; 100]);
        assert!(!svg.contains("<circle"), "{svg}");
        assert_eq!(svg.matches("class=\"hover\"").count(), 100);
        let svg = drawn(&[at(50)], &[1.0]);
        assert!(
            svg.contains("<circle class=\"dot c0\" cx=\"387\" cy=\"14\""),
            "{svg}"
        );
        drawn(&[], &[]);
    }

    #[test]
    fn a_column_is_what_is_nearest_to_a_point() {
        assert_eq!(columns(&[100.0, 200.0]), [(LEFT, 150.0), (150.0, RIGHT)]);
        assert_eq!(columns(&[]), []);
    }
}
