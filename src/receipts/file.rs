//! The published file of one miner, read in pieces: what in it may be a receipt of this miner.

use super::records::{Record, Records};
use super::row::{Candidate, Columns, Refusal, Row};

/// Reads a file; decides nothing about signatures, nor about what is worth checking.
pub struct FileReader {
    miner_hotkey: String,
    records: Records,
    columns: Option<Columns>,
    /// Why nothing in this file can be a receipt.
    hopeless: Option<Refusal>,
}

impl FileReader {
    pub fn new(miner_hotkey: impl Into<String>) -> Self {
        Self {
            miner_hotkey: miner_hotkey.into(),
            records: Records::new(),
            columns: None,
            hopeless: None,
        }
    }

    /// The receipts that are complete with this piece of the file.
    pub fn feed(&mut self, piece: &[u8], mut each: impl FnMut(Result<Candidate, Refusal>)) {
        self.rows(Some(piece), |row| each(row.map(Row::to_candidate)));
    }

    /// The file is over: the receipt in its last line.
    pub fn end(&mut self, mut each: impl FnMut(Result<Candidate, Refusal>)) {
        self.rows(None, |row| each(row.map(Row::to_candidate)));
    }

    /// The same for both, without copying. `None`: the file is over.
    pub(super) fn rows(
        &mut self,
        piece: Option<&[u8]>,
        mut each: impl FnMut(Result<Row<'_>, Refusal>),
    ) {
        let Self {
            miner_hotkey,
            records,
            columns,
            hopeless,
        } = self;
        let take = |record: Record| match (record, columns.as_ref()) {
            (Record::Cells(header), None) => {
                let found = Columns::read(&header);
                if let Some(name) = found.missing() {
                    *hopeless = Some(Refusal::NoColumn(name));
                }
                *columns = Some(found);
            }
            (Record::TooLarge, None) => {
                *columns = Some(Columns::default());
                *hopeless = Some(Refusal::TooLarge);
            }
            (Record::Cells(cells), Some(columns)) => each(columns.parse(&cells, miner_hotkey)),
            (Record::TooLarge, Some(_)) => each(Err(Refusal::TooLarge)),
        };
        match piece {
            Some(piece) => records.feed(piece, take),
            None => records.end(take),
        }
    }

    /// Why there is no sense in reading on: the header lacks what every receipt has.
    pub(super) fn hopeless(&self) -> Option<&Refusal> {
        self.hopeless.as_ref()
    }
}
