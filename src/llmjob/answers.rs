//! Reads a file of answers as it comes: one JSON object, prompt -> answer, both texts. Strangers
//! write these files and many are read at once, so nothing of them is kept but the answers that
//! are looked for, and nothing is ever nested.

use std::collections::{HashMap, HashSet};

/// In bytes, as it stands in the file; an honest answer has 256 tokens.
const LONGEST_TEXT: usize = 64 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableAnswers {
    #[error("the answers are not a JSON object of texts")]
    Form,
    #[error("the answers have a text that is no JSON text")]
    Text,
    #[error("the answers have a text of more than {LONGEST_TEXT} bytes")]
    Long,
    #[error("the answers end in the middle")]
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    /// After the opening brace.
    FirstPrompt,
    /// After a comma.
    Prompt,
    AfterPrompt,
    Answer,
    AfterAnswer,
    End,
}

/// Takes a file in pieces of any size.
#[derive(Debug)]
pub struct AnswerReader {
    wanted: HashSet<String>,
    found: HashMap<String, String>,
    place: Place,
    /// The text being read, with its quotes; empty between texts.
    text: Vec<u8>,
    is_escaped: bool,
    /// The prompt whose answer comes next, if it is a wanted one.
    prompt: Option<String>,
}

impl AnswerReader {
    pub fn new(wanted: impl IntoIterator<Item = String>) -> Self {
        Self {
            wanted: wanted.into_iter().collect(),
            found: HashMap::new(),
            place: Place::Start,
            text: Vec::new(),
            is_escaped: false,
            prompt: None,
        }
    }

    /// # Errors
    /// At the first byte after which this cannot become a file of answers.
    pub fn take(&mut self, piece: &[u8]) -> Result<(), UnreadableAnswers> {
        piece
            .iter()
            .try_for_each(|byte| match self.text.is_empty() {
                true => self.between(*byte),
                false => self.within(*byte),
            })
    }

    /// The wanted answers; of several to one prompt, the last, as JSON is commonly read.
    ///
    /// # Errors
    /// When the file is not at its end.
    pub fn finish(self) -> Result<HashMap<String, String>, UnreadableAnswers> {
        match self.place {
            Place::End => Ok(self.found),
            _ => Err(UnreadableAnswers::End),
        }
    }

    fn between(&mut self, byte: u8) -> Result<(), UnreadableAnswers> {
        self.place = match (self.place, byte) {
            (_, b' ' | b'\t' | b'\n' | b'\r') => return Ok(()),
            (Place::Start, b'{') => Place::FirstPrompt,
            (Place::FirstPrompt | Place::AfterAnswer, b'}') => Place::End,
            (Place::AfterPrompt, b':') => Place::Answer,
            (Place::AfterAnswer, b',') => Place::Prompt,
            (Place::FirstPrompt | Place::Prompt | Place::Answer, b'"') => {
                self.text.push(byte);
                return Ok(());
            }
            _ => return Err(UnreadableAnswers::Form),
        };
        Ok(())
    }

    fn within(&mut self, byte: u8) -> Result<(), UnreadableAnswers> {
        if self.text.len() >= LONGEST_TEXT {
            return Err(UnreadableAnswers::Long);
        }
        self.text.push(byte);
        if self.is_escaped {
            self.is_escaped = false;
            return Ok(());
        }
        match byte {
            b'\\' => self.is_escaped = true,
            b'"' => return self.end_text(),
            _ => (),
        }
        Ok(())
    }

    fn end_text(&mut self) -> Result<(), UnreadableAnswers> {
        let text: String =
            serde_json::from_slice(&self.text).map_err(|_| UnreadableAnswers::Text)?;
        self.text.clear();
        self.place = match self.place {
            Place::Answer => {
                self.found
                    .extend(self.prompt.take().map(|prompt| (prompt, text)));
                Place::AfterAnswer
            }
            _ => {
                self.prompt = self.wanted.contains(&text).then_some(text);
                Place::AfterPrompt
            }
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(file: &[u8], size: usize) -> Result<HashMap<String, String>, UnreadableAnswers> {
        let wanted = ["a", "\u{e9} \"q\"", "\u{1f600}"].map(str::to_owned);
        let mut reader = AnswerReader::new(wanted);
        file.chunks(size).try_for_each(|piece| reader.take(piece))?;
        reader.finish()
    }

    #[test]
    fn only_wanted_answers_are_kept() {
        let file = r#" { "b": "no", "a" : "yes",
            "\u00e9 \"q\"": "\u4f60", "\ud83d\ude00": "", "a": "last" } "#;
        for size in [1, 7, 1000] {
            let found = read(file.as_bytes(), size).expect("readable");
            assert_eq!(found.len(), 3);
            assert_eq!(found["a"], "last");
            assert_eq!(found["\u{e9} \"q\""], "\u{4f60}");
            assert_eq!(found["\u{1f600}"], "");
        }
        assert_eq!(read(b"{}", 1), Ok(HashMap::new()));
    }

    #[test]
    fn anything_else_is_refused_where_it_begins() {
        use UnreadableAnswers::{End, Form, Long, Text};
        let deep = "[".repeat(100_000);
        let deep_answer = format!(r#"{{"a": {}"#, r#"{"a":"#.repeat(100_000));
        let long = format!(r#"{{"a": "{}"}}"#, "x".repeat(LONGEST_TEXT));
        for (file, error) in [
            (&b""[..], End),
            (b"{\"a\": \"b\"", End),
            (b"{\"a\": \"b", End),
            (b"{\"a\": \"b\",}", Form),
            (b"{\"a\" \"b\"}", Form),
            (b"{,}", Form),
            (b"{\"a\": 1}", Form),
            (b"{\"a\": null}", Form),
            (b"{\"a\": [\"b\"]}", Form),
            (b"{} {}", Form),
            (b"\"a\"", Form),
            (b"\xff\xfe", Form),
            (b"{\"a\": \"\xff\"}", Text),
            (b"{\"a\": \"\\ud83d\"}", Text),
            (b"{\"a\": \"\\x\"}", Text),
            (b"{\"a\": \"new\nline\"}", Text),
            (deep.as_bytes(), Form),
            (deep_answer.as_bytes(), Form),
            (long.as_bytes(), Long),
        ] {
            assert_eq!(
                read(file, 64),
                Err(error),
                "{:?}",
                String::from_utf8_lossy(file).get(..20)
            );
        }
    }

    proptest! {
        #[test]
        fn every_object_of_texts_reads_as_it_was_written(
            written in prop::collection::hash_map(".{0,8}", ".{0,20}", 0..8), size in 1..40_usize
        ) {
            let file = serde_json::to_vec_pretty(&written).expect("texts are JSON");
            let mut reader = AnswerReader::new(written.keys().cloned());
            for piece in file.chunks(size) {
                reader.take(piece).expect("readable");
            }
            prop_assert_eq!(reader.finish().expect("whole"), written);
        }
    }
}
