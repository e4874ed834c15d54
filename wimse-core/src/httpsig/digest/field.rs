//! Reading the `Content-Digest` field.

use http::HeaderMap;
use sfv::visitor::{
    DictionaryVisitor, EntryVisitor, Ignored, InnerListVisitor, ItemVisitor, ParameterVisitor,
};
use sfv::{BareItemFromInput, KeyRef, Parser};

use super::super::value::Stop;
use super::{CONTENT_DIGEST, ContentDigest, DigestAlgorithm, DigestError};

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
    let mut reader = Reader { keys: Vec::with_capacity(4), digest: NONE, error: None };
    for line in lines {
        let line = line.as_bytes().trim_ascii();
        let parsed = Parser::new(line).parse_dictionary_with_visitor(&mut reader);
        if parsed.is_err() || line.is_empty() {
            return Err(reader.error.unwrap_or(DigestError::Syntax));
        }
    }
    if reader.digest == NONE { Err(DigestError::NoKnownAlgorithm) } else { Ok(Some(reader.digest)) }
}

struct Reader<'a> {
    keys: Vec<&'a str>,
    digest: ContentDigest,
    error: Option<DigestError>,
}

impl<'a> DictionaryVisitor<'a> for &mut Reader<'a> {
    type Out = ();
    type Error = Stop;

    fn entry(&mut self, key: &'a KeyRef) -> Result<impl EntryVisitor<'a>, Stop> {
        let key = key.as_str();
        if self.keys.contains(&key) {
            self.error = Some(DigestError::Duplicate);
            return Err(Stop);
        }
        if self.keys.len() >= MAX_MEMBERS {
            self.error = Some(DigestError::TooMany);
            return Err(Stop);
        }
        self.keys.push(key);
        let known = [DigestAlgorithm::Sha256, DigestAlgorithm::Sha512];
        let algorithm = known.into_iter().find(|algorithm| algorithm.as_str() == key);
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
        self.reader.error = Some(DigestError::Member);
        Err::<Ignored, _>(Stop)
    }
}

impl<'a> ItemVisitor<'a> for Member<'_, 'a> {
    type Out = ();
    type Error = Stop;

    fn bare_item(
        self,
        item: BareItemFromInput<'a>,
    ) -> Result<impl ParameterVisitor<'a, Out = Self::Out>, Stop> {
        let octets = item.as_byte_sequence().unwrap_or_default();
        let digest = &mut self.reader.digest;
        let fits = match self.algorithm {
            DigestAlgorithm::Sha256 => octets.try_into().map(|octets| digest.sha256 = Some(octets)).is_ok(),
            DigestAlgorithm::Sha512 => octets.try_into().map(|octets| digest.sha512 = Some(octets)).is_ok(),
        };
        if !fits {
            self.reader.error = Some(DigestError::Member);
            return Err(Stop);
        }
        Ok(Ignored)
    }
}
