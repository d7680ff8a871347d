//! Looks at everything that a validator needs, outside and in: what is right, what soon may not be,
//! what is wrong, and what to do. Changes nothing; it is made to be run by a person, on a bad night.

mod chain;
mod examine;
mod finding;
mod machine;
mod outside;

pub use examine::examine;
pub use finding::{Finding, Verdict};
