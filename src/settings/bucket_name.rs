//! Names of buckets, as S3 allows them for new ones. Nothing in one has to be escaped in a path.

use std::fmt;
use std::str::FromStr;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BucketName(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a bucket's name has 3 to 63 characters: a-z, 0-9, - and ., a letter or digit at both ends"
)]
pub struct NoBucketName;

impl BucketName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BucketName {
    type Err = NoBucketName;

    fn from_str(text: &str) -> Result<Self, NoBucketName> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let is_good = (3..=63).contains(&text.len())
            && text.chars().all(|c| is_plain(c) || c == '-' || c == '.')
            && text.starts_with(is_plain)
            && text.ends_with(is_plain)
            && !text.contains("..");
        match is_good {
            true => Ok(Self(text.to_owned())),
            false => Err(NoBucketName),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_nothing_that_means_something_in_a_path() {
        for (text, is_good) in [
            ("abc", true),
            ("my-prompts.2024", true),
            ("ab", false),
            ("a/b", false),
            ("a..b", false),
            ("Prompts", false),
            ("-abc", false),
            ("abc?", false),
        ] {
            assert_eq!(text.parse::<BucketName>().is_ok(), is_good, "{text}");
        }
    }
}
