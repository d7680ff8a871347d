//! Hash-cracking jobs: made with an answer that is known beforehand.
