//! A field line that holds one byte sequence, as `Signature` and `Content-Digest` mostly do, read without the heap.

use data_encoding::BASE64;
use memchr::memchr;
use sfv::KeyRef;

use crate::few::Few;

/// The key and the octets of a dictionary with one member, `key=:base64:`. `None` means that the line needs the whole
/// parser, not that it is wrong.
pub(super) fn one_member<const N: usize>(line: &[u8]) -> Option<(&str, Few<u8, N>)> {
    let (key, value) = std::str::from_utf8(line).ok()?.split_once('=')?;
    let key = KeyRef::from_str(key).ok()?.as_str();
    let encoded = value.strip_prefix(':')?.strip_suffix(':')?.as_bytes();
    // The parser takes missing padding and stray bits as well; it shall decide about them. It does not take one encoding
    // behind another, each with its own padding, which this decoder takes.
    if memchr(b'=', encoded).is_some_and(|at| at + 2 < encoded.len()) {
        return None;
    }
    let mut octets = Few::new();
    let len = BASE64.decode_mut(encoded, octets.grow(BASE64.decode_len(encoded.len()).ok()?)).ok()?;
    octets.truncate(len);
    Some((key, octets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sfv::visitor::{
        DictionaryVisitor, EntryVisitor, Ignored, InnerListVisitor, ItemVisitor, ParameterVisitor,
    };
    use sfv::{BareItemFromInput, Parser};

    use super::super::value::Stop;

    #[derive(Default)]
    struct Members(Vec<(String, Option<Vec<u8>>)>);

    impl<'a> DictionaryVisitor<'a> for &mut Members {
        type Out = ();
        type Error = Stop;

        fn entry(&mut self, key: &'a KeyRef) -> Result<impl EntryVisitor<'a>, Stop> {
            self.0.push((key.as_str().to_owned(), None));
            Ok(Member(self))
        }

        fn finish(self) -> Result<(), Stop> {
            Ok(())
        }
    }

    struct Member<'m>(&'m mut Members);

    impl<'a> EntryVisitor<'a> for Member<'_> {
        type Error = Stop;

        fn item(self) -> Result<impl ItemVisitor<'a>, Stop> {
            Ok(self)
        }

        fn inner_list(self) -> Result<impl InnerListVisitor<'a>, Stop> {
            Err::<Ignored, _>(Stop)
        }
    }

    impl<'a> ItemVisitor<'a> for Member<'_> {
        type Out = ();
        type Error = Stop;

        fn bare_item(
            self,
            item: BareItemFromInput<'a>,
        ) -> Result<impl ParameterVisitor<'a, Out = Self::Out>, Stop> {
            self.0.0.last_mut().unwrap().1 = item.as_byte_sequence().map(<[u8]>::to_vec);
            Ok(Ignored)
        }
    }

    #[test]
    fn one_member_is_read_and_more_is_left_to_the_parser() {
        let (key, octets) = one_member::<4>(b"sig1=:AAECAw==:").unwrap();
        assert_eq!((key, octets.as_slice()), ("sig1", [0, 1, 2, 3].as_slice()));
        for other in [
            "a=:AA==:, b=:AA==:",
            "a=:AA==:;p",
            "a=:AA:",
            "a=:AB==:",
            "a=:AA==AA==:",
            "a=:AA==AAAA:",
            "A=:AA==:",
            "a= :AA==:",
            "a=1",
            "a",
            "",
        ] {
            assert!(one_member::<4>(other.as_bytes()).is_none(), "{other}");
        }
    }

    proptest! {
        /// Whatever is read in place, the parser reads in the same way.
        #[test]
        fn in_place_is_as_the_parser_reads(
            line in "[a*A1]{1,2}=:([AQgw/+_]{4}){0,2}([AQ]{2}==|[AQ]{3}=|[AQ]{1,3}|[AQ=]{4}){0,2}:[:,;a ]{0,1}"
        ) {
            if let Some((key, octets)) = one_member::<4>(line.as_bytes()) {
                let mut members = Members::default();
                Parser::new(&line).parse_dictionary_with_visitor(&mut members).unwrap();
                prop_assert_eq!(members.0, vec![(key.to_owned(), Some(octets.as_slice().to_vec()))]);
            }
        }
    }
}
