//! The `.env` file that operators have, read as the Python validator reads it: no `$NAME` is replaced,
//! a value without quotes may have spaces. Lines of other programs' settings are kept unread.
//!
//! ```text
//! NAME=value            # or: export NAME=value
//! NAME='as it is: "$5"'
//! NAME="with \" and \\ and \$"
//! ```

/// A line that is to be read and cannot be. Holds no value: it may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("line {0} is not of the form NAME=value")]
    NoName(usize),
    #[error("a quote in line {0} is not closed, or something follows it")]
    Quote(usize),
}

/// The values of all names. Lines that cannot be read are left out, and the first one of a name that
/// `is_ours` is told.
pub(super) fn parse(
    text: &str,
    is_ours: impl Fn(&str) -> bool,
) -> (Vec<(String, String)>, Option<Malformed>) {
    let mut pairs = Vec::new();
    let mut first = None;
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let assignment = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, value)) = assignment.split_once('=') else {
            // a part of another program's value, or a setting that was not finished
            if assignment.split_whitespace().next().is_some_and(&is_ours) {
                first.get_or_insert(Malformed::NoName(number));
            }
            continue;
        };
        let name = name.trim();
        match unquoted(value.trim()) {
            Some(value) => pairs.push((name.to_owned(), value)),
            None if is_ours(name) => _ = first.get_or_insert(Malformed::Quote(number)),
            None => (),
        }
    }
    (pairs, first)
}

/// `None`: a quote that is not closed, or something after it.
fn unquoted(value: &str) -> Option<String> {
    if let Some(rest) = value.strip_prefix('\'') {
        let (inner, after) = rest.split_once('\'')?;
        return is_nothing(after).then(|| inner.to_owned());
    }
    let Some(rest) = value.strip_prefix('"') else {
        let comment = value.find(" #").unwrap_or(value.len());
        let value = if value.starts_with('#') {
            ""
        } else {
            &value[..comment]
        };
        return Some(value.trim_end().to_owned());
    };
    let mut inner = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => return is_nothing(chars.as_str()).then_some(inner),
            '\\' => inner.push(chars.next()?),
            other => inner.push(other),
        }
    }
}

/// At most a comment.
fn is_nothing(rest: &str) -> bool {
    let rest = rest.trim();
    rest.is_empty() || rest.starts_with('#')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(line: &str) -> Option<String> {
        let (mut pairs, flaw) = parse(line, |name| name == "OURS");
        assert_eq!(flaw, None, "{line}");
        Some(pairs.pop()?.1)
    }

    #[test]
    fn values_are_what_python_takes_them_for() {
        for (line, expected) in [
            ("OURS=plain", "plain"),
            ("export OURS=plain", "plain"),
            ("  OURS = spaced ", "spaced"),
            ("OURS=abcd efgh ijkl", "abcd efgh ijkl"),
            ("OURS=pa$word", "pa$word"),
            ("OURS=\"pa$word\"", "pa$word"),
            ("OURS=\"a \\\"b\\\" \\\\ \\$c\"", "a \"b\" \\ $c"),
            ("OURS='a \"b\" \\ $c'", "a \"b\" \\ $c"),
            ("OURS=it's", "it's"),
            ("OURS=value # comment", "value"),
            ("OURS=a#b", "a#b"),
            ("OURS='a # b' # comment", "a # b"),
            ("OURS=", ""),
            ("OURS=# nothing", ""),
            ("OURS=a=b", "a=b"),
        ] {
            assert_eq!(value(line).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn lines_of_others_do_no_harm_and_broken_ones_of_ours_are_numbered() {
        let text = "# one\n-----BEGIN KEY-----\nTHEIRS=\"not closed\nOURS=1\n";
        let ours = |name: &str| name == "OURS";
        let pair = |name: &str| (name.to_owned(), "1".to_owned());
        assert_eq!(parse(text, ours), (vec![pair("OURS")], None));
        let broken = "A=1\nOURS=\"x\nOURS 12\nB=1";
        assert_eq!(
            parse(broken, ours),
            (vec![pair("A"), pair("B")], Some(Malformed::Quote(2)))
        );
        let flaw = |text| parse(text, ours).1;
        assert_eq!(flaw("OURS='x'y"), Some(Malformed::Quote(1)));
        assert_eq!(flaw("\nOURS"), Some(Malformed::NoName(2)));
        assert_eq!(flaw("OURS 12"), Some(Malformed::NoName(1)));
    }

    proptest! {
        #[test]
        fn any_value_survives_its_quotes(text in "[^\\pC]{0,40}") {
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
            prop_assert_eq!(value(&format!("OURS=\"{escaped}\"")), Some(text.clone()));
            if !text.contains('\'') {
                prop_assert_eq!(value(&format!("OURS='{text}'")), Some(text));
            }
        }
    }
}
