//! Other octets of the same signature: what its mathematics allow without the key.

use wimse_core::jose::Algorithm;

use crate::base::{Base, Kind};
use crate::jws::{Jws, encode};
use crate::mutant::{Mutant, Sink};
use crate::signature::Signature;

const P256: &str = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
const P384: &str =
    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973";
const P521: &str = "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409";
const ED25519: &str = "1000000000000000000000000000000014DEF9DEA2F79CD65812631A5CF5D3ED";

pub(crate) fn mutate(base: &Base, signature: Option<&Signature>, sink: &mut Sink<'_>) {
    let token = Jws::parse(&base.token()).unwrap();
    for (kind, octets) in others(token.algorithm(), &token.signature) {
        let text = format!("{}.{}", token.input, encode(&octets));
        sink(Mutant::new(kind, "wit", "", base.with_text(base.token_field(), &text)));
    }
    if let Some((line, proof)) = base.proof() {
        let value = &base.fields()[line].1;
        let scheme = value.rfind(' ').map_or("", |at| &value[..=at]);
        for (kind, octets) in others(proof.algorithm(), &proof.signature) {
            let text = format!("{scheme}{}.{}", proof.input, encode(&octets));
            sink(Mutant::new(kind, "wpt", "", base.with_text(Some(line), &text)));
        }
    }
    let algorithm = || token.claims["cnf"]["jwk"]["alg"].as_str()?.parse().ok();
    if let (Some(signature), Some(algorithm), false) = (signature, algorithm(), base.kind == Kind::Token) {
        for (kind, octets) in others(algorithm, &signature.octets) {
            sink(Mutant::new(kind, "signature", "", signature.replaced(base, &octets)));
        }
    }
}

fn others(algorithm: Algorithm, signature: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let half = signature.len() / 2;
    let (first, second) = signature.split_at(half);
    let mut others = vec![
        ("signature resized", Vec::new()),
        ("signature resized", first.to_vec()),
        ("signature resized", [signature, &[0]].concat()),
        ("signature resized", [&[0], signature].concat()),
        ("signature resized", signature[..signature.len() - 1].to_vec()),
        ("signature zeroed", vec![0; signature.len()]),
        ("signature halves swapped", [second, first].concat()),
    ];
    let order = match algorithm {
        Algorithm::Es256 => P256,
        Algorithm::Es384 => P384,
        Algorithm::Es512 => P521,
        Algorithm::Ed25519 | Algorithm::EdDsa => {
            let mut number = second.to_vec();
            number.reverse();
            // The same scalar, one group order higher.
            let mut higher = sum(&number, &octets(ED25519));
            higher.reverse();
            others.push(("signature not reduced", [first, &higher].concat()));
            return others;
        }
        _ => return others,
    };
    let order = octets(order);
    others.push(("signature mirrored", [first, &difference(&order, second)].concat()));
    for (place, half) in
        [(0, order.clone()), (1, order.clone()), (0, vec![0; order.len()]), (1, vec![0; order.len()])]
    {
        let halves = if place == 0 { [half.as_slice(), second] } else { [first, half.as_slice()] };
        others.push(("signature out of range", halves.concat()));
    }
    others
}

fn octets(hex: &str) -> Vec<u8> {
    data_encoding::HEXUPPER.decode(hex.as_bytes()).unwrap()
}

fn sum(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut sum: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(&a, &b)| {
            let sum = u16::from(a) + u16::from(b) + carry;
            carry = sum >> 8;
            sum.to_be_bytes()[1]
        })
        .collect();
    sum.reverse();
    sum
}

fn difference(a: &[u8], b: &[u8]) -> Vec<u8> {
    let complement: Vec<u8> = b.iter().map(|octet| !octet).collect();
    let mut one = vec![0; a.len()];
    *one.last_mut().unwrap() = 1;
    sum(&sum(a, &complement), &one)
}
