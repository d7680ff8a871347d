//! Charts as inline SVG: numbers in, markup out. Colours are classes of the page's style, so that
//! light and dark are not known here; nor is what a chart is about.

mod axis;
mod bars;
mod boxes;
mod frame;
mod line;
mod scale;
mod waterfall;

pub(super) use axis::number;
pub(super) use bars::{Bar, Bars, Label};
pub(super) use boxes::{Boxes, Row};
pub(super) use line::{Curve, Lines};
pub(super) use waterfall::{Step, Waterfall};
