//! Messages and `Signature-Input` drawn from octets, mostly sound, with what is nearly so in between.

use super::compare::{Answer, Case, Form};

/// Choices, one octet each. Where the octets end every choice is the first one.
pub(crate) struct Draw<'d>(pub(crate) &'d [u8]);

const AUTHORITIES: [&str; 20] = [
    "example.com",
    "Example.COM",
    ":443",
    ":80",
    ":8080",
    ":0443",
    ":",
    "[::1]",
    "[2001:DB8::1]",
    "@",
    "user",
    "%41",
    "%zz",
    "-",
    "_",
    "é",
    ":99999",
    ":123456",
    " ",
    "a",
];
const PATH: [&str; 18] =
    ["a", "/", "..", "%2F", "%zz", "*", "~", "é", "//", ";", ":", "@", "=", "&", "+", "\"", "{", "."];
const QUERY: [&str; 22] = [
    "a",
    "&",
    "=",
    "b",
    "+",
    "%20",
    "%FF",
    "%C3%A9",
    "%e9",
    "é",
    "%",
    "%4",
    "?",
    "/",
    "a=1",
    "&a=2",
    "%61",
    "%00",
    "*-._",
    "~",
    "%EF%BF%BD",
    "'",
];
const FIELDS: [&str; 10] = [
    "x-dictionary",
    "x-list",
    "x-item",
    "x-plain",
    "priority",
    "cache-status",
    "client-cert",
    "x-unknown",
    "host",
    "date",
];
const VALUES: [&str; 52] = [
    "a",
    "1",
    ", ",
    "=",
    ";",
    "a=1",
    "b=2",
    "(",
    ")",
    " ",
    "\"x\"",
    "b;x=1",
    ";p",
    ";p=1",
    ",",
    "\t",
    "-",
    "0.5",
    "1.50",
    "\"",
    "\\",
    "\\\"",
    ":AQ==:",
    ":AQ:",
    ":AQ=:",
    ":AR==:",
    ":A:",
    ":AQ===:",
    "::",
    ":=:",
    "?1",
    "?0",
    "?",
    "@1",
    "@-5",
    "@1.0",
    "%\"a%c3%a9\"",
    "%\"%C3\"",
    "%\"",
    "*",
    "tok/en:x",
    "é",
    "007",
    "-0",
    "123456789012345",
    "1234567890123456",
    "-0.0",
    "1.",
    "123456789012.125",
    "1234567890123.1",
    "a=(1 \"b\";q)",
    "A",
];
const NAMES: [&str; 24] = [
    "\"@method\"",
    "\"@path\"",
    "\"@query\"",
    "\"@authority\"",
    "\"@target-uri\"",
    "\"@scheme\"",
    "\"@request-target\"",
    "\"@query-param\";name=\"a\"",
    "\"@status\"",
    "\"x-dictionary\"",
    "\"x-list\"",
    "\"x-item\"",
    "\"x-plain\"",
    "\"priority\"",
    "\"cache-status\"",
    "\"client-cert\"",
    "\"x-unknown\"",
    "\"host\"",
    "\"@query-param\"",
    "\"@signature-params\"",
    "\"@other\"",
    "\"X-Plain\"",
    "\"\"",
    "x-plain",
];
const FLAGS: [&str; 20] = [
    ";sf",
    ";bs",
    ";tr",
    ";req",
    ";key=\"a\"",
    ";key=\"b\"",
    ";name=\"a\"",
    ";name=\"%C3%A9\"",
    ";name=\"%FF\"",
    ";name=\"%EF%BF%BD\"",
    ";name=\"b\"",
    ";name=\"%20\"",
    ";sf=?0",
    ";sf=1",
    ";key=a",
    ";key=\"A \\\"\"",
    ";other",
    "; sf",
    ";name=\"\"",
    ";name=\"a%20b\"",
];
const PARAMETERS: [&str; 18] = [
    ";created=1",
    ";expires=2",
    ";nonce=\"a\"",
    ";tag=\"t\"",
    ";alg=\"x\"",
    ";keyid=k",
    ";x",
    ";x=?0",
    ";y=1.50",
    ";y=:AQ=:",
    ";z=@5",
    ";z=%\"%c3%a9\"",
    "; w=-0.10",
    ";v=\"\\\"\\\\\"",
    ";u=*t:/",
    " ",
    ", other=()",
    ";created=1.0",
];

impl Draw<'_> {
    fn octet(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn below(&mut self, end: usize) -> usize {
        usize::from(self.octet()) % end
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Up to so many pieces, one after the other.
    fn pieces(&mut self, from: &[&str], most: usize) -> String {
        let count = self.below(most + 1);
        (0..count).map(|_| self.pick(from)).collect()
    }

    /// A field value: pieces, of which one may be no UTF-8.
    fn value(&mut self) -> Vec<u8> {
        let mut value = self.pieces(&VALUES, 8).into_bytes();
        if self.one_in(32) {
            value.push(0xff);
        }
        value
    }

    fn lines(&mut self) -> Vec<(String, Vec<u8>)> {
        (0..self.below(6)).map(|_| (self.pick(&FIELDS).to_owned(), self.value())).collect()
    }

    fn trailers(&mut self) -> Option<Vec<(String, Vec<u8>)>> {
        self.one_in(4).then(|| self.lines())
    }

    fn input(&mut self) -> String {
        let mut text = "(".to_owned();
        for index in 0..self.below(7) {
            if index > 0 || self.one_in(32) {
                text.push(' ');
            }
            text.push_str(self.pick(&NAMES));
            text.push_str(&self.pieces(&FLAGS, 2));
        }
        text.push(')');
        text + &self.pieces(&PARAMETERS, 4)
    }

    pub(crate) fn drawn(&mut self) -> Case {
        let forms = [
            Form::Origin,
            Form::OriginOfKnown,
            Form::Absolute,
            Form::AbsoluteInLine,
            Form::Authority,
            Form::Asterisk,
        ];
        let mut case = Case {
            form: self.pick(&forms),
            method: self.pick(&["GET", "POST", "get", "M-SEARCH", "X"]).to_owned(),
            scheme: self
                .pick(&[Some("https"), Some("http"), None, Some("HTTPS"), Some("wss")])
                .map(str::to_owned),
            authority: self.pick(&["example.com", "Example.COM:443", "[::1]:80", ""]).to_owned(),
            path: "/".to_owned() + &self.pieces(&PATH, 5),
            query: self.one_in(2).then(|| self.pieces(&QUERY, 10)),
            fields: self.lines(),
            trailers: self.trailers(),
            answer: None,
            input: String::new(),
        };
        if self.one_in(4) {
            case.authority = self.pieces(&AUTHORITIES, 4);
        }
        if self.one_in(16) {
            case.path.clear();
        }
        if self.one_in(3) {
            let status = [200, 404, 100, 999][self.below(4)];
            let (fields, trailers) = (self.lines(), self.trailers());
            case.answer = Some(Answer { status, fields, trailers, request_known: !self.one_in(8) });
        }
        case.input = self.input();
        case
    }

    /// The same, with single octets of the input changed.
    pub(crate) fn case(&mut self) -> Case {
        let mut case = self.drawn();
        // What is left changes single octets of the input, so that its syntax is not only what the pieces make of it.
        while self.0.len() >= 2 {
            let (at, octet) = (self.octet(), self.octet());
            let mut octets = case.input.into_bytes();
            let at = usize::from(at) % octets.len();
            octets[at] = octet & 0x7f;
            case.input = String::from_utf8(octets).unwrap_or_default();
            if case.input.is_empty() {
                break;
            }
        }
        case
    }
}
