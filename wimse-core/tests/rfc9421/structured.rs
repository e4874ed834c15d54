//! Structured fields: `;sf` and `;key`.

use http::HeaderName;
use wimse_core::httpsig::{
    BaseBuilder, Component, FieldType, FieldTypes, HttpSigError, Message, Problem, SignatureBuilder,
};

use crate::message::{problem, request, value};

fn strict(text: &str, field_type: FieldType) -> Result<String, Problem> {
    let request = request(&format!("GET / HTTP/1.1\n{text}"));
    let component: Component<'_> = r#""x";sf"#.parse().unwrap();
    let types = FieldTypes::default().with(HeaderName::from_static("x"), field_type);
    let mut base = BaseBuilder::new().with_field_types(types);
    let signature = SignatureBuilder::new("sig").cover([component]);
    match base.build(&Message::from(&request), signature.input()) {
        Ok(base) => Ok(base.lines().next().unwrap().strip_prefix("\"x\";sf: ").unwrap().to_owned()),
        Err(HttpSigError::Unresolved(_, problem)) => Err(problem),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn section_2_1_1_strict_serialisation() {
    use FieldType::{Dictionary, Item, List};
    for (lines, field_type, expected) in [
        ("X:  a=1,    b=2;x=1;y=2,   c=(a   b   c)", Dictionary, "a=1, b=2;x=1;y=2, c=(a b c)"),
        ("X: a=1\nX:b", Dictionary, "a=1, b"),
        ("X: a=?1;p=?1, b=?0, c;q", Dictionary, "a;p, b=?0, c;q"),
        ("X: a=( \"x\\\"\\\\\"  1.50 );p", Dictionary, "a=(\"x\\\"\\\\\" 1.5);p"),
        ("X: a=()", Dictionary, "a=()"),
        ("X:", Dictionary, ""),
        ("X: 1,  2; a=:AQ==:", List, "1, 2;a=:AQ==:"),
        ("X: 1\nX: (a;b c)", List, "1, (a;b c)"),
        ("X:", List, ""),
        ("X: ?1;a; b=?0", Item, "?1;a;b=?0"),
        ("X: 007", Item, "7"),
        ("X: -0", Item, "0"),
        ("X: 1.10", Item, "1.1"),
        ("X: :AQ:", Item, ":AQ==:"),
        ("X: @1659578233", Item, "@1659578233"),
        ("X: %\"f%c3%bc\"", Item, "%\"f%c3%bc\""),
        ("X: foo/bar:baz", Item, "foo/bar:baz"),
    ] {
        assert_eq!(strict(lines, field_type).as_deref(), Ok(expected), "{lines:?}");
    }
}

#[test]
fn section_2_1_1_what_is_not_the_structure_is_refused() {
    use FieldType::{Dictionary, Item, List};
    for (lines, field_type, expected) in [
        ("X: a=1, a=2", Dictionary, Problem::Ambiguous),
        ("X: a=1\nX: a=1", Dictionary, Problem::Ambiguous),
        ("X: a=1;p=1;p=2", Dictionary, Problem::Ambiguous),
        ("X: (a;p;p)", List, Problem::Ambiguous),
        ("X: 1;p;p", Item, Problem::Ambiguous),
        ("X: A=1", Dictionary, Problem::Structure),
        ("X: a=1,", Dictionary, Problem::Structure),
        ("X: a ;p", Dictionary, Problem::Structure),
        ("X: a=1\nX:", Dictionary, Problem::Structure),
        ("X:\nX: a=1", Dictionary, Problem::Structure),
        ("X: a=((1))", Dictionary, Problem::Structure),
        ("X: (1", List, Problem::Structure),
        ("X: 1, 2", Item, Problem::Structure),
        ("X: 1\nX: 2", Item, Problem::Structure),
        ("X:", Item, Problem::Structure),
        ("X: 1234567890123456", Item, Problem::Structure),
        ("X: \"a", Item, Problem::Structure),
        ("X: Tue, 20 Apr 2021 02:07:56 GMT", Item, Problem::Structure),
        ("X: \u{fc}", Item, Problem::Octets),
        ("Y: 1", Item, Problem::Absent),
    ] {
        assert_eq!(strict(lines, field_type), Err(expected), "{lines:?}");
    }
}

#[test]
fn the_type_is_never_guessed() {
    let request = request("GET / HTTP/1.1\nX: a=1\nPriority: u=1,  i\nClient-Cert: :AQ==:\n");
    assert_eq!(problem(&request, r#""x";sf"#), Problem::TypeUnknown);
    assert_eq!(value(&request, r#""priority";sf"#).unwrap(), "u=1, i");
    assert_eq!(value(&request, r#""priority";key="i""#).unwrap(), "?1");
    assert_eq!(problem(&request, r#""client-cert";key="a""#), Problem::TypeUnknown);
}

#[test]
fn section_2_1_2_members() {
    let request = request("GET / HTTP/1.1\nX: a=1,   b=( 1  2);q, c\nX: d=:AQ:\nY: 1, 2\nZ: a=1, b=1, b=2\n");
    for (key, expected) in [("a", "1"), ("b", "(1 2);q"), ("c", "?1"), ("d", ":AQ==:")] {
        assert_eq!(value(&request, &format!("\"x\";key=\"{key}\"")).unwrap(), expected, "{key}");
    }
    assert_eq!(problem(&request, r#""x";key="e""#), Problem::Absent);
    assert_eq!(problem(&request, r#""x";key="A""#), Problem::Absent);
    assert_eq!(problem(&request, r#""x";key="""#), Problem::Absent);
    assert_eq!(problem(&request, r#""y";key="a""#), Problem::Structure);
    assert_eq!(problem(&request, r#""z";key="a""#), Problem::Ambiguous);
    assert_eq!(problem(&request, r#""none";key="a""#), Problem::Absent);
}
