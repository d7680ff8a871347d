//! Steps that follow each other, each below the one before and where that has ended.

use maud::{Markup, html};

use super::frame::{WIDTH, px, svg};
use super::scale::Scale;

/// Room for names at the left.
const START: f64 = 176.0;
/// Room for a length beside the last bar.
const END: f64 = WIDTH - 104.0;
/// Units of the drawing from step to step.
const ROW: f64 = 27.0;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Step {
    pub(in crate::report) name: String,
    pub(in crate::report) from: f64,
    pub(in crate::report) length: f64,
    /// How the length is written.
    pub(in crate::report) text: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Waterfall<'a> {
    pub(in crate::report) says: &'a str,
    pub(in crate::report) steps: Vec<Step>,
}

impl Waterfall<'_> {
    pub(in crate::report) fn draw(&self) -> Markup {
        let ends = self.steps.iter().map(|step| step.from + step.length);
        let x = Scale::new((0.0, ends.fold(f64::MIN_POSITIVE, f64::max)), (START, END));
        let bottom = ROW * self.steps.len() as f64 + 4.0;
        let drawn = html! {
            line.axis x1=(px(START)) x2=(px(START)) y1="0" y2=(px(bottom)) {}
            @for (i, step) in self.steps.iter().enumerate() {
                (draw_step(step, x, 4.0 + ROW * i as f64))
            }
        };
        svg(self.says, bottom + 4.0, &drawn)
    }
}

fn draw_step(step: &Step, x: Scale, top: f64) -> Markup {
    let (start, end) = (x.at(step.from), x.at(step.from + step.length));
    let middle = top + ROW / 2.0;
    html! {
        g {
            title { (step.name) ": " (step.text) }
            text.name x=(px(START - 8.0)) y=(px(middle)) dy="0.35em" text-anchor="end" {
                (step.name)
            }
            // what took no time is still seen
            rect.step x=(px(start)) y=(px(top + 4.0)) width=(px((end - start).max(1.5)))
                height=(px(ROW - 8.0)) {}
            text.tick x=(px(end + 7.0)) y=(px(middle)) dy="0.35em" { (step.text) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_begins_where_the_one_before_has_ended() {
        let step = |name: &str, from, length| Step {
            name: name.to_owned(),
            from,
            length,
            text: format!("{length} s"),
        };
        let steps = vec![
            step("a", 0.0, 1.0),
            step("b", 1.0, 3.0),
            step("c", 4.0, 0.0),
        ];
        let waterfall = Waterfall {
            says: "stages",
            steps,
        };
        let svg = waterfall.draw().into_string();
        assert!(svg.contains("x=\"176\" y=\"8\" width=\"110\""), "{svg}");
        assert!(svg.contains("x=\"286\" y=\"35\" width=\"330\""), "{svg}");
        assert!(svg.contains("x=\"616\" y=\"62\" width=\"1.5\""), "{svg}");
        assert!(svg.contains("viewBox=\"0 0 720 89\""), "{svg}");
    }
}
