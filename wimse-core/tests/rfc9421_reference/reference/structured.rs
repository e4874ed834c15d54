//! Structured fields (RFC 9651 §4.1 and §4.2), octet by octet as the RFC has it.

use super::Lax;
use super::written::ALPHABET;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Bare {
    Integer(i64),
    /// In thousandths.
    Decimal(i64),
    String(String),
    Token(String),
    Bytes(Vec<u8>),
    Boolean(bool),
    Date(i64),
    Display(String),
}

pub(crate) type Parameters = Vec<(String, Bare)>;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Member {
    Item(Bare, Parameters),
    List(Vec<(Bare, Parameters)>, Parameters),
}

struct Input<'a, 'l> {
    rest: &'a [u8],
    lax: &'l mut Vec<Lax>,
}

/// A field that is a dictionary. `None` is a failure to parse.
pub(crate) fn dictionary(text: &[u8], lax: &mut Vec<Lax>) -> Option<Vec<(String, Member)>> {
    let mut members: Vec<(String, Member)> = Vec::new();
    let mut input = Input { rest: text, lax };
    input.whole(|input| {
        let key = input.key()?;
        let member = if input.take(b'=') {
            input.member()?
        } else {
            Member::Item(Bare::Boolean(true), input.parameters()?)
        };
        input.put(&mut members, key, member);
        Some(())
    })?;
    Some(members)
}

/// A field that is a list.
pub(crate) fn list(text: &[u8], lax: &mut Vec<Lax>) -> Option<Vec<Member>> {
    let mut members = Vec::new();
    Input { rest: text, lax }.whole(|input| {
        members.push(input.member()?);
        Some(())
    })?;
    Some(members)
}

/// A field that is an item.
pub(crate) fn item(text: &[u8], lax: &mut Vec<Lax>) -> Option<Member> {
    let mut input = Input { rest: text, lax };
    input.skip(b" ");
    let (bare, parameters) = input.item()?;
    input.skip(b" ");
    input.rest.is_empty().then_some(Member::Item(bare, parameters))
}

impl Input<'_, '_> {
    /// §4.2, §4.2.1 and §4.2.2: members between commas, none behind the last one.
    fn whole(&mut self, mut member: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.skip(b" ");
        while !self.rest.is_empty() {
            member(self)?;
            self.skip(b" \t");
            if self.rest.is_empty() {
                return Some(());
            }
            if !self.take(b',') {
                return None;
            }
            self.skip(b" \t");
            if self.rest.is_empty() {
                return None;
            }
        }
        Some(())
    }

    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn next(&mut self) -> Option<u8> {
        let first = self.peek()?;
        self.rest = &self.rest[1..];
        Some(first)
    }

    fn take(&mut self, wanted: u8) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.rest = &self.rest[1..];
        }
        there
    }

    fn skip(&mut self, blanks: &[u8]) {
        while self.peek().is_some_and(|octet| blanks.contains(&octet)) {
            self.rest = &self.rest[1..];
        }
    }

    /// An ordered map in which the last value of a key counts, in the place of the first.
    fn put<T>(&mut self, map: &mut Vec<(String, T)>, key: String, value: T) {
        match map.iter_mut().find(|(name, _)| *name == key) {
            Some((_, known)) => {
                self.lax.push(Lax::Repeated);
                *known = value;
            }
            None => map.push((key, value)),
        }
    }

    /// §4.2.3.3.
    fn key(&mut self) -> Option<String> {
        if !self.peek().is_some_and(|octet| octet.is_ascii_lowercase() || octet == b'*') {
            return None;
        }
        let mut key = String::new();
        while let Some(octet) = self.peek() {
            if !(octet.is_ascii_lowercase() || octet.is_ascii_digit() || b"_-.*".contains(&octet)) {
                break;
            }
            key.push(char::from(octet));
            self.next();
        }
        Some(key)
    }

    /// §4.2.1.1.
    fn member(&mut self) -> Option<Member> {
        if self.peek() != Some(b'(') {
            return self.item().map(|(bare, parameters)| Member::Item(bare, parameters));
        }
        self.next();
        let mut items = Vec::new();
        loop {
            self.skip(b" ");
            if self.take(b')') {
                return Some(Member::List(items, self.parameters()?));
            }
            items.push(self.item()?);
            if !matches!(self.peek()?, b' ' | b')') {
                return None;
            }
        }
    }

    /// §4.2.3.
    fn item(&mut self) -> Option<(Bare, Parameters)> {
        Some((self.bare()?, self.parameters()?))
    }

    /// §4.2.3.2.
    fn parameters(&mut self) -> Option<Parameters> {
        let mut parameters = Vec::new();
        while self.take(b';') {
            self.skip(b" ");
            let key = self.key()?;
            let value = if self.take(b'=') { self.bare()? } else { Bare::Boolean(true) };
            self.put(&mut parameters, key, value);
        }
        Some(parameters)
    }

    /// §4.2.3.1.
    fn bare(&mut self) -> Option<Bare> {
        match self.peek()? {
            b'-' | b'0'..=b'9' => self.number(),
            b'"' => self.string(),
            b'*' | b'a'..=b'z' | b'A'..=b'Z' => Some(self.token()),
            b':' => self.bytes(),
            b'?' => {
                self.next();
                match self.next()? {
                    b'1' => Some(Bare::Boolean(true)),
                    b'0' => Some(Bare::Boolean(false)),
                    _ => None,
                }
            }
            b'@' => {
                self.next();
                match self.number()? {
                    Bare::Integer(seconds) => Some(Bare::Date(seconds)),
                    _ => None,
                }
            }
            b'%' => self.display(),
            _ => None,
        }
    }

    /// §4.2.4.
    fn number(&mut self) -> Option<Bare> {
        let sign = if self.take(b'-') { -1 } else { 1 };
        if !self.peek()?.is_ascii_digit() {
            return None;
        }
        let mut text = String::new();
        let mut decimal = false;
        while let Some(octet) = self.peek() {
            match octet {
                b'0'..=b'9' => {}
                b'.' if !decimal && text.len() > 12 => return None,
                b'.' if !decimal => decimal = true,
                _ => break,
            }
            text.push(char::from(octet));
            self.next();
            if text.len() > if decimal { 16 } else { 15 } {
                return None;
            }
        }
        let Some((whole, fraction)) = text.split_once('.') else {
            return Some(Bare::Integer(sign * text.parse::<i64>().ok()?));
        };
        if fraction.is_empty() || fraction.len() > 3 {
            return None;
        }
        let thousandths: i64 = format!("{whole}{fraction:0<3}").parse().ok()?;
        Some(Bare::Decimal(sign * thousandths))
    }

    /// §4.2.5.
    fn string(&mut self) -> Option<Bare> {
        self.next();
        let mut text = String::new();
        loop {
            match self.next()? {
                b'\\' => match self.next()? {
                    escaped @ (b'"' | b'\\') => text.push(char::from(escaped)),
                    _ => return None,
                },
                b'"' => return Some(Bare::String(text)),
                octet @ 0x20..=0x7e => text.push(char::from(octet)),
                _ => return None,
            }
        }
    }

    /// §4.2.6.
    fn token(&mut self) -> Bare {
        let mut text = String::new();
        while let Some(octet) = self.peek() {
            if !(octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&octet)) {
                break;
            }
            text.push(char::from(octet));
            self.next();
        }
        Bare::Token(text)
    }

    /// §4.2.7. Padding may be missing and pad bits may be set: a parser should not fail for either.
    fn bytes(&mut self) -> Option<Bare> {
        self.next();
        let end = self.rest.iter().position(|octet| *octet == b':')?;
        let text = std::str::from_utf8(&self.rest[..end]).ok()?;
        self.rest = &self.rest[end + 1..];
        let digits = text.trim_end_matches('=');
        let padding = text.len() - digits.len();
        let wanted = (4 - digits.len() % 4) % 4;
        if wanted == 3 || padding > wanted {
            return None;
        }
        let mut octets = Vec::new();
        let (mut bits, mut count) = (0_u32, 0);
        for c in digits.chars() {
            let digit = ALPHABET.find(c)?;
            bits = bits << 6 | u32::try_from(digit).ok()?;
            count += 6;
            if count >= 8 {
                count -= 8;
                octets.push((bits >> count & 0xff) as u8);
            }
        }
        Some(Bare::Bytes(octets))
    }

    /// §4.2.10.
    fn display(&mut self) -> Option<Bare> {
        self.next();
        if !self.take(b'"') {
            return None;
        }
        let mut octets = Vec::new();
        loop {
            match self.next()? {
                b'%' => {
                    let digits = [self.next()?, self.next()?];
                    if !digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
                        return None;
                    }
                    octets.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
                }
                b'"' => return String::from_utf8(octets).ok().map(Bare::Display),
                octet @ 0x20..=0x7e => octets.push(octet),
                _ => return None,
            }
        }
    }
}
