//! Which constants the first module needs: those that its functions name, those that these name, and so on.
//!
//! The linker leaves every constant a segment of its own (`--no-merge-data-segments`), so its file says
//! where each begins and ends; the optimiser moves none, but packs them. A reference is any number in the
//! code of a function, or any word of a constant, that is an address of a constant: that finds too many
//! rather than too few. In code, the end of a constant means it too, and so does a place beside it that is
//! in no other.

use std::collections::BTreeSet;

use wasmparser::{DataKind, Operator, Parser, Payload};

use super::Fault;

/// How far beside a constant an address in code may lie that still means it, when it lies in no other: a
/// compiler may begin to count a little before one.
const NEAR: u64 = 16;

/// Bytes between two pieces that are cheaper to repeat as zeros than to begin another segment for.
const GAP: u64 = 8;

/// A piece of memory as the module starts: its address and its bytes.
pub type Piece = (u64, Vec<u8>);

/// The constants of a module, by place.
pub struct Constants {
    /// Where each begins and ends.
    places: Vec<(u64, u64)>,
    /// What the optimised module writes.
    written: Vec<Piece>,
}

impl Constants {
    /// Places from the linker's file, bytes from the optimised one.
    pub fn of(linked: &[u8], optimised: &[u8]) -> Result<Self, Fault> {
        let mut places: Vec<(u64, u64)> =
            pieces(linked)?.into_iter().map(|(start, bytes)| (start, start + bytes.len() as u64)).collect();
        places.sort_unstable();
        let mut written = pieces(optimised)?;
        written.sort();
        Ok(Self { places, written })
    }

    fn ends(&self) -> (u64, u64) {
        let first = self.places.first().map_or(0, |p| p.0);
        (first, self.places.last().map_or(0, |p| p.1))
    }

    /// Whether a number can be the address of one.
    pub fn is_address(&self, number: u64) -> bool {
        let (first, last) = self.ends();
        (first..=last).contains(&number)
    }

    /// The constant that an address lies in.
    fn at(&self, address: u64) -> Option<usize> {
        let place = self.places.partition_point(|(start, _)| *start <= address).checked_sub(1)?;
        (address < self.places[place].1).then_some(place)
    }

    /// The constants that a number in code can mean.
    fn meant(&self, address: u64) -> Vec<usize> {
        let before = address.checked_sub(1).and_then(|last| self.at(last));
        let mut found: Vec<usize> = self.at(address).into_iter().chain(before).collect();
        if found.is_empty() {
            let from = self.places.partition_point(|(_, end)| end + NEAR < address);
            let to = self.places.partition_point(|(start, _)| *start <= address + NEAR);
            found.extend(from..to);
        }
        found
    }

    fn byte(&self, address: u64) -> u8 {
        let place = self.written.partition_point(|(start, _)| *start <= address);
        let Some((start, bytes)) = place.checked_sub(1).map(|p| &self.written[p]) else { return 0 };
        bytes.get((address - start) as usize).copied().unwrap_or(0)
    }

    /// Everything that is named by these addresses, and by what they name.
    pub fn reached(&self, roots: impl IntoIterator<Item = u64>) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let roots = roots.into_iter().filter(|a| self.is_address(*a));
        let mut unread: Vec<usize> = roots.flat_map(|address| self.meant(address)).collect();
        while let Some(place) = unread.pop() {
            if !reached.insert(place) {
                continue;
            }
            let (start, end) = self.places[place];
            for word in (start.next_multiple_of(4)..end.saturating_sub(3)).step_by(4) {
                unread.extend(self.at(self.word(word)));
            }
        }
        reached
    }

    /// The words of these constants.
    pub fn words(&self, reached: &BTreeSet<usize>) -> BTreeSet<u64> {
        let words = |place: &usize| {
            let (start, end) = self.places[*place];
            (start.next_multiple_of(4)..end.saturating_sub(3)).step_by(4)
        };
        reached.iter().flat_map(words).map(|at| self.word(at)).collect()
    }

    fn word(&self, at: u64) -> u64 {
        u64::from(u32::from_le_bytes([0, 1, 2, 3].map(|i| self.byte(at + i))))
    }

    /// The bytes of the first module and of the second: what is no constant of a known place stays in the
    /// first.
    pub fn cut(&self, reached: &BTreeSet<usize>) -> [Vec<Piece>; 2] {
        let mut out = [Vec::new(), Vec::new()];
        for (start, bytes) in &self.written {
            for (i, byte) in bytes.iter().enumerate() {
                let address = start + i as u64;
                if *byte == 0 {
                    continue; // Memory begins as zeros.
                }
                match self.at(address).filter(|p| !reached.contains(p)) {
                    // When the second module writes, the first has run: it may write its own constants only.
                    Some(place) => put(&mut out[1], address, *byte, self.places[place].0),
                    None => put(&mut out[0], address, *byte, 0),
                }
            }
        }
        out
    }
}

/// Adds a byte behind the last piece, or begins another; a small gap is closed with zeros, from `floor` on.
fn put(pieces: &mut Vec<Piece>, address: u64, byte: u8, floor: u64) {
    if let Some((start, bytes)) = pieces.last_mut() {
        let end = *start + bytes.len() as u64;
        if address - end < GAP && end >= floor {
            bytes.resize((address - *start) as usize, 0);
            bytes.push(byte);
            return;
        }
    }
    pieces.push((address, vec![byte]));
}

/// The addresses that a function names.
pub fn named(body: &wasmparser::FunctionBody<'_>) -> Result<Vec<u64>, Fault> {
    let mut found = Vec::new();
    for operator in body.get_operators_reader()? {
        let operator = operator?;
        if let Operator::I32Const { value } = operator {
            found.push(u64::from(value as u32));
        } else if let Some(offset) = offset_of(&operator) {
            found.push(offset);
        }
    }
    Ok(found)
}

/// The fixed part of the address that an operator reads or writes.
fn offset_of(operator: &Operator<'_>) -> Option<u64> {
    use Operator as O;
    let (O::I32Load { memarg }
    | O::I64Load { memarg }
    | O::F32Load { memarg }
    | O::F64Load { memarg }
    | O::I32Load8S { memarg }
    | O::I32Load8U { memarg }
    | O::I32Load16S { memarg }
    | O::I32Load16U { memarg }
    | O::I64Load8S { memarg }
    | O::I64Load8U { memarg }
    | O::I64Load16S { memarg }
    | O::I64Load16U { memarg }
    | O::I64Load32S { memarg }
    | O::I64Load32U { memarg }
    | O::I32Store { memarg }
    | O::I64Store { memarg }
    | O::F32Store { memarg }
    | O::F64Store { memarg }
    | O::I32Store8 { memarg }
    | O::I32Store16 { memarg }
    | O::I64Store8 { memarg }
    | O::I64Store16 { memarg }
    | O::I64Store32 { memarg }) = operator
    else {
        return None;
    };
    Some(memarg.offset)
}

/// The active segments of a module.
fn pieces(bytes: &[u8]) -> Result<Vec<Piece>, Fault> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let Payload::DataSection(section) = payload? else { continue };
        for data in section {
            let data = data?;
            let DataKind::Active { offset_expr, .. } = data.kind else {
                return Err("a data segment that is not active".into());
            };
            match offset_expr.get_operators_reader().read()? {
                Operator::I32Const { value } => found.push((u64::from(value as u32), data.data.to_vec())),
                other => return Err(format!("a data segment at {other:?}").into()),
            }
        }
    }
    Ok(found)
}
