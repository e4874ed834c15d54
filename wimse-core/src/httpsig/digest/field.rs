//! Reading the `Content-Digest` field.

use http::HeaderMap;
use sfv::visitor::{
    DictionaryVisitor, EntryVisitor, Ignored, InnerListVisitor, ItemVisitor, ParameterVisitor,
};
use sfv::{BareItemFromInput, KeyRef, Parser};

use super::super::octets::one_member;
use super::super::value::Stop;
use super::{CONTENT_DIGEST, ContentDigest, DigestAlgorithm, DigestError};
use crate::few::Few;

/// Octets of all lines together.
const MAX_OCTETS: usize = 8192;

/// Members of the dictionary.
const MAX_MEMBERS: usize = 16;

const NONE: ContentDigest = ContentDigest { sha256: None, sha512: None };

pub(super) fn read(headers: &HeaderMap) -> Result<Option<ContentDigest>, DigestError> {
    let lines = headers.get_all(CONTENT_DIGEST);
    let octets = lines
        .iter()
        .try_fold(0_usize, |sum, line| Some(sum + line.len() + 2).filter(|sum| *sum <= MAX_OCTETS));
    match octets {
        None => return Err(DigestError::TooLarge),
        Some(0) => return Ok(None),
        Some(_) => {}
    }
    let mut reader = Reader { keys: Few::new(), digest: NONE, error: None };
    for line in lines {
        let line = line.as_bytes().trim_ascii();
        let parsed = match one_member::<64>(line) {
            Some((key, octets)) => reader.member(key, octets.as_slice()).is_ok(),
            None => Parser::new(line).parse_dictionary_with_visitor(&mut reader).is_ok(),
        };
        if !parsed || line.is_empty() {
            return Err(reader.error.unwrap_or(DigestError::Syntax));
        }
    }
    if reader.digest == NONE { Err(DigestError::NoKnownAlgorithm) } else { Ok(Some(reader.digest)) }
}

struct Reader<'a> {
    keys: Few<&'a str, 4>,
    digest: ContentDigest,
    error: Option<DigestError>,
}

impl<'a> Reader<'a> {
    fn stop(&mut self, error: DigestError) -> Stop {
        self.error = Some(error);
        Stop
    }

    /// A member begins. `None` if its algorithm is not known here.
    fn begin(&mut self, key: &'a str) -> Result<Option<DigestAlgorithm>, Stop> {
        if self.keys.as_slice().contains(&key) {
            return Err(self.stop(DigestError::Duplicate));
        }
        if self.keys.len() >= MAX_MEMBERS {
            return Err(self.stop(DigestError::TooMany));
        }
        self.keys.push(key);
        let known = [DigestAlgorithm::Sha256, DigestAlgorithm::Sha512];
        Ok(known.into_iter().find(|algorithm| algorithm.as_str() == key))
    }

    fn take(&mut self, algorithm: DigestAlgorithm, octets: &[u8]) -> Result<(), Stop> {
        let digest = &mut self.digest;
        let fits = match algorithm {
            DigestAlgorithm::Sha256 => octets.try_into().map(|octets| digest.sha256 = Some(octets)).is_ok(),
            DigestAlgorithm::Sha512 => octets.try_into().map(|octets| digest.sha512 = Some(octets)).is_ok(),
        };
        if fits { Ok(()) } else { Err(self.stop(DigestError::Member)) }
    }

    fn member(&mut self, key: &'a str, octets: &[u8]) -> Result<(), Stop> {
        self.begin(key)?.map_or(Ok(()), |algorithm| self.take(algorithm, octets))
    }
}

impl<'a> DictionaryVisitor<'a> for &mut Reader<'a> {
    type Out = ();
    type Error = Stop;

    fn entry(&mut self, key: &'a KeyRef) -> Result<impl EntryVisitor<'a>, Stop> {
        let algorithm = self.begin(key.as_str())?;
        Ok(algorithm.map(|algorithm| Member { reader: self, algorithm }))
    }

    fn finish(self) -> Result<(), Stop> {
        Ok(())
    }
}

/// The digest of a known algorithm.
struct Member<'r, 'a> {
    reader: &'r mut Reader<'a>,
    algorithm: DigestAlgorithm,
}

impl<'a> EntryVisitor<'a> for Member<'_, 'a> {
    type Error = Stop;

    fn item(self) -> Result<impl ItemVisitor<'a>, Stop> {
        Ok(self)
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'a>, Stop> {
        Err::<Ignored, _>(self.reader.stop(DigestError::Member))
    }
}

impl<'a> ItemVisitor<'a> for Member<'_, 'a> {
    type Out = ();
    type Error = Stop;

    fn bare_item(
        self,
        item: BareItemFromInput<'a>,
    ) -> Result<impl ParameterVisitor<'a, Out = Self::Out>, Stop> {
        self.reader.take(self.algorithm, item.as_byte_sequence().unwrap_or_default())?;
        Ok(Ignored)
    }
}
