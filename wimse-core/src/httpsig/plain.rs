//! A line of `Signature-Input` or `Accept-Signature` as signers of this profile write it, read where it stands.

use std::borrow::Cow;

use memchr::memchr;
use sfv::KeyRef;

use super::component::{Component, ComponentParameter, Derived};
use super::fields::{Entry, Input, Octets, ReceivedSignatures};
use super::limits::Limits;
use super::params::{Parameter, SignatureInput};
use super::value::Value;
use crate::ascii::is_printable;

/// Components and parameters that are read in place: as many as there is room for without the heap.
const COMPONENTS: usize = 10;
const PARAMETERS: usize = 8;

/// The longest whole number of a structured field, in digits (RFC 9651 §3.3.1).
const DIGITS: usize = 15;

/// Reads a line with one member in its strict serialisation: texts without escapes and whole numbers, on components no
/// parameter but `req`. `None` means that the line needs the whole parser, not that it is wrong.
///
/// `received` must be empty, and is left so where there is nothing to return.
pub(super) fn one_input<'a>(
    line: &'a [u8],
    limits: &Limits,
    received: &mut ReceivedSignatures<'a>,
) -> Option<()> {
    if !received.is_empty() || limits.labels == 0 {
        return None;
    }
    let read = read(line, limits, received);
    if read.is_none() {
        *received = ReceivedSignatures::default();
    }
    read
}

fn read<'a>(line: &'a [u8], limits: &Limits, received: &mut ReceivedSignatures<'a>) -> Option<()> {
    // Without escapes, every quotation mark begins or ends a text.
    let simple = is_printable(line) && memchr(b'\\', line).is_none();
    let line = std::str::from_utf8(line).ok().filter(|_| simple)?;
    let equals = memchr(b'=', line.as_bytes())?;
    let label = KeyRef::from_str(line.get(..equals)?).ok()?.as_str();
    let text = line.get(equals + 1..)?;

    let mut rest = text.strip_prefix('(')?;
    while !rest.starts_with(')') {
        let (name, behind) = quoted(rest)?;
        let mut component = component(name)?;
        rest = behind;
        if let Some(behind) = rest.strip_prefix(";req").filter(|_| limits.parameters > 0) {
            component = component.with(ComponentParameter::Req).ok()?;
            rest = behind;
        }
        received.components.push(component);
        if received.components.len() > COMPONENTS.min(limits.components) {
            return None;
        }
        match rest.strip_prefix(' ') {
            // Another one must follow.
            Some(behind) if behind.starts_with('"') => rest = behind,
            None if rest.starts_with(')') => {}
            _ => return None,
        }
    }
    rest = rest.strip_prefix(')')?;
    while !rest.is_empty() {
        let (parameter, behind) = parameter(rest.strip_prefix(';')?)?;
        if received.parameters.as_slice().iter().any(|other| other.name == parameter.name) {
            return None;
        }
        received.parameters.push(parameter);
        if received.parameters.len() > PARAMETERS.min(limits.parameters) {
            return None;
        }
        rest = behind;
    }
    let (components, parameters) = (received.components.as_slice(), received.parameters.as_slice());
    SignatureInput { components, parameters: &[], text: None }.check_components().ok()?;
    let input = Input {
        components: 0..components.len(),
        parameters: 0..parameters.len(),
        text: Some(text),
        defect: None,
    };
    received.entries.push(Entry { label, input: Some(input), signature: Octets::Absent });
    Some(())
}

fn component(name: &str) -> Option<Component<'_>> {
    if name.starts_with('@') {
        return Derived::ALL.into_iter().find(|derived| derived.as_str() == name).map(Component::from);
    }
    Component::field(name).ok()
}

fn parameter(text: &str) -> Option<(Parameter<'_>, &str)> {
    let end = text.bytes().position(|b| matches!(b, b'=' | b';')).unwrap_or(text.len());
    let (name, behind) = text.split_at_checked(end)?;
    let name = Cow::Borrowed(KeyRef::from_str(name).ok()?.as_str());
    let Some(behind) = behind.strip_prefix('=') else {
        return Some((Parameter { name, value: Value::boolean(true) }, behind));
    };
    let (value, behind) = if behind.starts_with('"') {
        let (text, behind) = quoted(behind)?;
        (Value::string(text).ok()?, behind)
    } else {
        let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = behind.split_at_checked(digits)?;
        let whole = (1..=DIGITS).contains(&digits) && (digits == 1 || !number.starts_with('0'));
        (Value::integer(number.parse().ok().filter(|_| whole)?).ok()?, behind)
    };
    Some((Parameter { name, value }, behind))
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('"')?;
    let end = memchr(b'"', text.as_bytes())?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::httpsig::SIGNATURE_INPUT;
    use http::{HeaderMap, HeaderValue};
    use proptest::prelude::*;

    const ORDINARY: &str = r#"wimse=("@method" "@path" "@query" "workload-identity-token" "content-type" "content-digest" "authorization" "txn-token");created=1745508910;expires=1745509210;nonce="abcd1111";tag="wimse-workload-to-workload";wimse-aud="https://a.example/x";wimse-sign-response"#;

    fn is_plain(line: &str) -> bool {
        let mut received = ReceivedSignatures::default();
        let plain = one_input(line.as_bytes(), &Limits::default(), &mut received).is_some();
        assert_eq!(received.is_empty(), !plain, "{line}");
        plain
    }

    /// All that can be seen of what was read.
    fn read(line: &str, limits: &Limits) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(SIGNATURE_INPUT, HeaderValue::from_str(line).unwrap());
        match ReceivedSignatures::parse(&headers, limits) {
            Err(error) => format!("{error:?}"),
            Ok(received) => {
                let inputs = received.iter().map(|signature| (signature.label(), signature.input()));
                let inputs = inputs.map(|(label, input)| {
                    let parameters = input.clone().map(|input| format!("{:?}", input.parameters()));
                    let components = input.clone().map(|input| format!("{:?}", input.components()));
                    format!("{label} {parameters:?} {components:?} {input:?}")
                });
                inputs.collect()
            }
        }
    }

    #[test]
    fn what_signers_of_the_profile_write_is_read_in_place() {
        assert!(is_plain(ORDINARY));
        assert!(is_plain(
            r#"wimse=("@status" "@method";req "@path";req "workload-identity-token");created=1"#
        ));
        assert!(is_plain(r#"a=("@method" "@path");created;expires;tag="x""#));
        assert!(is_plain("a=()"));
    }

    #[test]
    fn anything_else_is_left_to_the_parser() {
        for other in [
            "",
            "a",
            "a=",
            "a=(",
            "a=1",
            "A=()",
            "a=() ",
            "a=( )",
            "a=()x",
            "a=(),b=()",
            "a=();",
            "a=(); b",
            "a=();B=1",
            "a=();b=",
            "a=();b=?1",
            "a=();b=tok",
            "a=();b=:AA==:",
            "a=();b=-1",
            "a=();b=1.5",
            "a=();b=01",
            "a=();b=1234567890123456",
            "a=();b=\"\\\"\"",
            "a=();b=\"x",
            "a=();b=1;b=1",
            "a=();b=\"\u{e9}\"",
            "a=(\"x\" )",
            "a=(\"x\"  \"y\")",
            "a=(\"x\"\"y\")",
            "a=(\"x\";sf)",
            "a=(\"x\";req;tr)",
            "a=(\"x\";required)",
            "a=(\"X\")",
            "a=(x)",
            "a=(\"@x\")",
            "a=(\"@signature-params\")",
            "a=(\"@query-param\")",
            "a=(\"@status\";req)",
            "a=(\"x\" \"x\")",
            "a=\t()",
        ] {
            assert!(!is_plain(other), "{other}");
        }
    }

    #[test]
    fn only_the_first_line_is_read_in_place_and_no_more_than_the_limits_allow() {
        let mut received = ReceivedSignatures::default();
        let limits = Limits::default();
        one_input(b"a=()", &limits, &mut received).unwrap();
        assert!(one_input(b"b=()", &limits, &mut received).is_none());
        assert_eq!(received.len(), 1);
        for limits in [
            Limits { labels: 0, ..limits },
            Limits { components: 0, ..limits },
            Limits { parameters: 0, ..limits },
        ] {
            assert!(one_input(b"a=(\"x\");b", &limits, &mut ReceivedSignatures::default()).is_none());
        }
        let none = Limits { parameters: 0, ..limits };
        assert!(one_input(b"a=(\"x\")", &none, &mut ReceivedSignatures::default()).is_some());
        assert!(one_input(b"a=(\"x\";req)", &none, &mut ReceivedSignatures::default()).is_none());
        let list = |n: usize| (0..n).map(|i| format!("\"x{i}\"")).collect::<Vec<_>>().join(" ");
        assert!(is_plain(&format!("a=({})", list(COMPONENTS))));
        assert!(!is_plain(&format!("a=({})", list(COMPONENTS + 1))));
    }

    fn lines() -> impl Strategy<Value = String> {
        let component = r#""(@method|@path|@status|@query-param|@x|x|y-z|X)"(;req|;sf|;req;tr|;key="k")?"#;
        let value = r#"=([0-9]{1,17}|-1|"[ -~]{0,4}"|\?1|tok|1\.5|:AA==:)"#;
        let line = format!(r#"(a|*b|A)=\(({component}( {{1,2}}{component}){{0,3}})?\)((;|; )(a|b|tag|C)({value})?){{0,3}}[;, )]?"#)
            .replace('*', r"\*");
        proptest::string::string_regex(&line).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// A space that only the whole parser takes makes it read the very same line.
        #[test]
        fn in_place_is_as_the_parser_reads(line in lines(), few in any::<bool>()) {
            let limits = if few { Limits { components: 2, parameters: 2, ..Limits::default() } } else { Limits::default() };
            let spaced = line.replacen("=(", "=( ", 1);
            prop_assert!(!is_plain(&spaced));
            prop_assert_eq!(read(&line, &limits), read(&spaced, &limits));
        }

        /// What is signed over is what was sent.
        #[test]
        fn what_is_read_in_place_is_the_strict_serialisation(line in lines()) {
            if is_plain(&line) {
                let mut received = ReceivedSignatures::default();
                one_input(line.as_bytes(), &Limits::default(), &mut received).unwrap();
                let input = received.iter().next().unwrap().input().unwrap();
                let written = SignatureInput { text: None, ..input }.to_string();
                prop_assert_eq!(Some(written.as_str()), line.split_once('=').map(|(_, text)| text));
                prop_assert_eq!(input.to_string(), written);
            }
        }
    }
}
