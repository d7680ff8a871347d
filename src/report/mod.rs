//! What happened in a span of time, on one page that a browser shows without any network. `figures`
//! reads the numbers from the database alone, `page` makes HTML of them, `svg` draws. Nothing here
//! decides anything, and nothing is asked of the outside.

mod figures;
mod file;
mod page;
mod span;
mod svg;

pub use figures::Figures;
pub use file::write;
pub use page::page;
pub use span::Span;
