//! CSV in pieces of any size: gives out its records one by one. One record at a time is in
//! memory, and one that is larger than any receipt is passed over. Knows nothing of receipts.

use csv_core::{ReadRecordResult, Reader};

/// Bytes of one record, without quotes and separators. A receipt has less than 1 KiB.
const LARGEST: usize = 16 << 10;
/// Cells of one record. A receipt has 12.
const MOST_CELLS: usize = 256;

/// Where the reading of a file has got to.
pub(super) struct Records {
    reader: Reader,
    text: Box<[u8]>,
    /// Where each cell ends in `text`.
    ends: Box<[usize]>,
    used: usize,
    cells: usize,
    is_too_large: bool,
    is_begun: bool,
}

/// One record of the file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Record<'a> {
    Cells(Cells<'a>),
    TooLarge,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Cells<'a> {
    text: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Cells<'a> {
    /// `None`: the record ends before this cell.
    pub(super) fn get(&self, index: usize) -> Option<&'a [u8]> {
        let end = *self.ends.get(index)?;
        let start = match index {
            0 => 0,
            _ => self.ends[index - 1],
        };
        self.text.get(start..end)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.ends.len()).map_while(|index| self.get(index))
    }
}

impl Records {
    pub(super) fn new() -> Self {
        Self {
            reader: Reader::new(),
            text: vec![0; LARGEST].into(),
            ends: vec![0; MOST_CELLS].into(),
            used: 0,
            cells: 0,
            is_too_large: false,
            is_begun: false,
        }
    }

    /// Reads on. Empty lines give no record.
    pub(super) fn feed(&mut self, piece: &[u8], mut each: impl FnMut(Record<'_>)) {
        let mut rest = piece;
        // alone, so that three bytes which look like a byte order mark are not taken for one:
        // where receipts are written, such a mark is part of the first column's name
        if !self.is_begun && !rest.is_empty() {
            let (first, others) = rest.split_at(1);
            self.is_begun = true;
            self.read(first, &mut each);
            rest = others;
        }
        self.read(rest, &mut each);
    }

    /// The file is over: what stands in its last line is a record, too.
    pub(super) fn end(&mut self, mut each: impl FnMut(Record<'_>)) {
        while self.step(&[], &mut each).0 {}
    }

    fn read(&mut self, mut rest: &[u8], each: &mut impl FnMut(Record<'_>)) {
        while !rest.is_empty() {
            let (_, taken) = self.step(rest, each);
            rest = &rest[taken..];
        }
    }

    /// Returns whether there may be more, and how many bytes were taken.
    fn step(&mut self, input: &[u8], each: &mut impl FnMut(Record<'_>)) -> (bool, usize) {
        let (result, taken, written, ended) = self.reader.read_record(
            input,
            &mut self.text[self.used..],
            &mut self.ends[self.cells..],
        );
        self.used += written;
        self.cells += ended;
        match result {
            ReadRecordResult::InputEmpty | ReadRecordResult::End => return (false, taken),
            // goes on over what is there already
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                self.is_too_large = true;
            }
            ReadRecordResult::Record => {
                each(match self.is_too_large {
                    true => Record::TooLarge,
                    false => Record::Cells(Cells {
                        text: &self.text[..self.used],
                        ends: &self.ends[..self.cells],
                    }),
                });
                self.is_too_large = false;
            }
        }
        self.used = 0;
        self.cells = 0;
        (true, taken)
    }
}
