//! The relay of users' jobs: the real binary between a facilitator and miners on loopback.

mod days;
mod faults;
mod outcomes;
mod scene;
