//! Whether what a job printed is its answer (vectors: job_score, `answer_check`).

/// Compares after stripping white space at both ends as Python's `str.strip` does: Unicode's
/// white space and the four separators U+001C to U+001F.
pub fn is_right(expected: &str, stdout: &str) -> bool {
    let is_space = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
    stdout.trim_matches(is_space) == expected
}
