//! Miners of different character, with a real solver.
