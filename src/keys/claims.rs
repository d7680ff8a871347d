//! Many signatures checked together, which takes a fraction of the time that they take one by
//! one. A single one that does not hold is found by halving.

use std::collections::HashMap;
use std::ops::Range;

use schnorrkel::{PublicKey, signing_context, verify_batch};

use super::signature::{CONTEXT, holds};
use super::{Hotkey, Signature};

/// So few are as fast one by one.
const FEW: usize = 16;

/// That the holder of `signer` signed `message`.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    pub signer: Hotkey,
    pub message: &'a [u8],
    pub signature: Signature,
}

/// For each claim whether it holds, by the rule of [`super::verify`]. CPU work: where all hold it
/// takes a third of the time of one by one, where none does it saves nothing.
pub fn verify_all(claims: &[Claim]) -> Vec<bool> {
    let mut verdicts = vec![false; claims.len()];
    let readable = Readable::new(claims);
    let all = 0..readable.places.len();
    match readable.hold_together(all.clone()) {
        true => readable.all_hold(all, &mut verdicts),
        false => readable.find_false(all, &mut verdicts),
    }
    verdicts
}

/// Claims whose keys and signatures are well-formed, those of one signer side by side: the curve
/// arithmetic then counts each signer once.
struct Readable<'a> {
    /// Where each stands among the claims.
    places: Vec<usize>,
    messages: Vec<&'a [u8]>,
    signatures: Vec<schnorrkel::Signature>,
    keys: Vec<PublicKey>,
}

impl<'a> Readable<'a> {
    fn new(claims: &[Claim<'a>]) -> Self {
        let mut order: Vec<usize> = (0..claims.len()).collect();
        order.sort_unstable_by_key(|place| claims[*place].signer);
        let mut keys = HashMap::new();
        let mut readable = Self {
            places: Vec::with_capacity(claims.len()),
            messages: Vec::with_capacity(claims.len()),
            signatures: Vec::with_capacity(claims.len()),
            keys: Vec::with_capacity(claims.len()),
        };
        for place in order {
            let claim = &claims[place];
            let key = keys
                .entry(claim.signer)
                .or_insert_with(|| PublicKey::from_bytes(claim.signer.public()).ok());
            let signature = schnorrkel::Signature::from_bytes(claim.signature.bytes());
            if let (Some(key), Ok(signature)) = (key, signature) {
                readable.places.push(place);
                readable.messages.push(claim.message);
                readable.signatures.push(signature);
                readable.keys.push(*key);
            }
        }
        readable
    }

    /// Writes the verdicts on these claims, which are known not to hold together.
    fn find_false(&self, range: Range<usize>, verdicts: &mut [bool]) {
        if range.len() <= FEW {
            return self.one_by_one(range, verdicts);
        }
        let middle = range.start + range.len() / 2;
        let (left, right) = (range.start..middle, middle..range.end);
        if self.hold_together(left.clone()) {
            self.all_hold(left, verdicts);
            self.find_false(right, verdicts);
        } else if self.hold_together(right.clone()) {
            self.all_hold(right, verdicts);
            self.find_false(left, verdicts);
        } else {
            // where both halves fail there are many, and halving would cost more than it saves
            self.one_by_one(range, verdicts);
        }
    }

    fn one_by_one(&self, range: Range<usize>, verdicts: &mut [bool]) {
        for i in range {
            verdicts[self.places[i]] = holds(&self.keys[i], self.messages[i], &self.signatures[i]);
        }
    }

    fn all_hold(&self, range: Range<usize>, verdicts: &mut [bool]) {
        for place in &self.places[range] {
            verdicts[*place] = true;
        }
    }

    fn hold_together(&self, range: Range<usize>) -> bool {
        let context = signing_context(CONTEXT);
        let messages = self.messages[range.clone()].iter();
        verify_batch(
            messages.map(|message| context.bytes(message)),
            &self.signatures[range.clone()],
            &self.keys[range],
            true,
        )
        .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keypair;

    /// Signatures of two keys in turn, of which `spoil` may change any.
    fn verdicts(count: u32, spoil: impl Fn(u32, &mut Signature, &[u8], &Keypair)) -> Vec<bool> {
        let keypairs = [1, 2].map(|seed| Keypair::from_seed(&[seed; 32]));
        let messages: Vec<_> = (0..count).map(u32::to_le_bytes).collect();
        let claims: Vec<Claim> = (0..count)
            .zip(&messages)
            .map(|(i, message)| {
                let keypair = &keypairs[(i % 2) as usize];
                let mut signature = keypair.sign(message);
                spoil(i, &mut signature, message, keypair);
                Claim {
                    signer: keypair.hotkey(),
                    message,
                    signature,
                }
            })
            .collect();
        verify_all(&claims)
    }

    #[test]
    fn claims_that_hold_are_all_found_true() {
        for count in [0, 1, 16, 17, 100] {
            let all = verdicts(count, |_, _, _, _| ());
            assert_eq!(all, vec![true; count as usize]);
        }
    }

    #[test]
    fn each_false_claim_is_found_whatever_is_wrong_with_it() {
        let is_false = |i: u32| matches!(i, 0 | 3 | 50 | 98 | 99);
        let all = verdicts(100, |i, signature, _, keypair| match i {
            0 => *signature = Signature::new([0; 64]),
            3 => *signature = Signature::new([0xff; 64]),
            _ if is_false(i) => *signature = keypair.sign(b"something else"),
            _ => (),
        });
        let expected: Vec<bool> = (0..100).map(|i| !is_false(i)).collect();
        assert_eq!(all, expected);
    }

    #[test]
    fn claims_over_the_wrapped_form_hold() {
        let all = verdicts(40, |i, signature, message, keypair| {
            if i % 3 == 0 {
                *signature = keypair.sign(&[b"<Bytes>", message, b"</Bytes>"].concat());
            }
        });
        assert_eq!(all, [true; 40]);
    }

    #[test]
    fn a_signer_that_is_no_point_of_the_curve_signs_nothing() {
        let signature = Keypair::from_seed(&[1; 32]).sign(b"text");
        let claim = Claim {
            signer: Hotkey::new([0xff; 32]),
            message: b"text",
            signature,
        };
        assert_eq!(verify_all(&[claim; 20]), [false; 20]);
    }
}
