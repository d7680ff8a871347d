//! The few elements of S3's answers that are read here. Knows no attributes: S3 uses none that matter.
//! Answers may say anything; what is not there is `None`, and nothing panics.

use std::borrow::Cow;

/// In bytes, `;` included: `#x10FFFF;`, with zeros before the digits.
const LONGEST_ENTITY: usize = 16;

/// What stands inside of each element of this name, in order, with its entities.
pub(super) fn insides<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&start)?;
        let (inside, after) = after.split_once(&end)?;
        rest = after;
        Some(inside)
    })
}

/// The text of the first element of this name, if that is all there is in it.
pub(super) fn text_of<'a>(xml: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let inside = insides(xml, name).next()?;
    (!inside.contains('<')).then(|| unescaped(inside))
}

/// For a text between two tags.
pub(super) fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

/// Whether this is a refusal that came as a success: some are found out after the head was sent.
pub(super) fn is_refusal(xml: &str) -> bool {
    let body = xml.trim_start();
    let body = match body.split_once("?>") {
        Some((declaration, rest)) if declaration.starts_with("<?xml") => rest.trim_start(),
        _ => body,
    };
    body.starts_with("<Error>")
}

fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        // not farther than a name reaches: a text of nothing but `&` is not looked through again
        // and again
        let near = &after[..after.floor_char_boundary(LONGEST_ENTITY)];
        let known = near.find(';').map(|end| (&after[..end], &after[end + 1..]));
        match known.and_then(|(name, after)| Some((character(name)?, after))) {
            Some((character, after)) => {
                plain.push(character);
                rest = after;
            }
            None => {
                plain.push('&');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain.into()
}

fn character(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn elements_are_found_by_their_whole_name() {
        let xml = "<L><Upload><UploadId>1</UploadId></Upload><Upload><UploadId>2&amp;&#x41;&#66;\
                   </UploadId></Upload><Upload>";
        let found: Vec<_> = insides(xml, "Upload")
            .map(|upload| text_of(upload, "UploadId").expect("there").into_owned())
            .collect();
        assert_eq!(found, ["1", "2&AB"]);
        assert_eq!(text_of(xml, "Key"), None);
    }

    #[test]
    fn an_element_with_elements_in_it_is_no_text() {
        let xml = "<Upload><Key>a</Kez><UploadId>2</UploadId></Key></Upload>";
        assert_eq!(text_of(xml, "Key"), None);
        assert_eq!(text_of(xml, "UploadId").as_deref(), Some("2"));
    }

    #[test]
    fn a_refusal_is_known_behind_a_declaration_and_the_spaces_that_keep_a_connection_open() {
        assert!(is_refusal(
            "  <?xml version=\"1.0\"?>\n <Error><Code>x</Code></Error>"
        ));
        assert!(is_refusal("<Error></Error>"));
        assert!(!is_refusal("<R><Error></Error></R>"));
        assert!(!is_refusal(""));
    }

    proptest! {
        #[test]
        fn what_is_escaped_reads_as_it_was(text in "\\PC*") {
            let xml = format!("<K>{}</K>", escaped(&text));
            prop_assert_eq!(text_of(&xml, "K").expect("there"), text);
        }

        #[test]
        fn any_text_can_be_looked_at(xml in "[<>&;#xA/K-]{0,40}") {
            let _ = (text_of(&xml, "K"), is_refusal(&xml));
        }
    }
}
