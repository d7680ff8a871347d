//! Who a mail is from and to whom it goes, as the settings have it.

use lettre::message::Mailbox;

use super::MailError;
use crate::settings::MailAccess;

pub(super) struct Envelope {
    pub(super) from: Mailbox,
    /// At least one.
    pub(super) to: Vec<Mailbox>,
}

impl Envelope {
    pub(super) fn of(access: &MailAccess) -> Result<Self, MailError> {
        let to = access.to.iter().map(|address| mailbox(address));
        let to = to.collect::<Result<Vec<_>, _>>()?;
        if to.is_empty() {
            return Err(MailError::malformed(""));
        }
        let from = mailbox(&access.from)?;
        Ok(Self { from, to })
    }
}

/// `me@example.org` or `Me <me@example.org>`.
fn mailbox(text: &str) -> Result<Mailbox, MailError> {
    let text = text.trim();
    let mailbox = text.parse::<Mailbox>().ok().filter(|mailbox| {
        let address: &str = mailbox.email.as_ref();
        // the parser leaves alone what follows an address
        let is_all = text == address || text.ends_with(&format!("<{address}>"));
        let is_sendable = address.is_ascii() && !text.chars().any(char::is_control);
        is_all && is_sendable
    });
    mailbox.ok_or_else(|| MailError::malformed(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_a_name_before_it() {
        let address = |text: &str| mailbox(text).expect("an address").email.to_string();
        assert_eq!(address("me@example.org"), "me@example.org");
        assert_eq!(address(" Me <me@example.org> "), "me@example.org");
        assert_eq!(address("\"Me, myself\" <me@example.org>"), "me@example.org");
        assert_eq!(address("root@localhost"), "root@localhost");
    }

    #[test]
    fn what_would_be_more_than_an_address_is_refused() {
        for text in [
            "",
            "me",
            "me@",
            "@example.org",
            "me@example.org you@example.org",
            "me@example.org, you@example.org",
            "Me <me@example.org> and more",
            "me@example.org>",
            "me@example.org\r\nRCPT TO:<you@example.org>",
            "me\r\n@example.org",
            "\"me\r\nBcc: you@example.org\"@example.org",
            "Me\r\nBcc: you@example.org <me@example.org>",
            "mé@example.org",
        ] {
            assert!(mailbox(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_refused_address_is_shown_on_one_short_line() {
        let error = mailbox(&format!("me\r\n{}", "x".repeat(1000))).expect_err("no address");
        let text = error.to_string();
        assert!(text.len() < 300 && !text.contains(['\r', '\n']), "{text}");
    }
}
