// Identifier cases beyond identifier.json. An input occurs once, since it is the case's name.
const LAX = "a valid URI under -03, which has no canonical form";
const W = "wimse://example.com";
const S = "spiffe://example.com";

const td = (label, length) => `${label}://${"a".repeat(length)}/x`;
const fill = (prefix, octets) => prefix + "a".repeat(octets - prefix.length);

/** Each row: input, what -03 says, what the canonical form says, rows of the requirements, reason, further fields. */
function wimse() {
  const yes = (input, req, reason) => [input, true, true, req, reason];
  const no = (input, req, reason) => [input, false, false, req, reason];
  const strict = (input, req, reason) => [input, LAX, false, req, reason];
  return [
    yes(`${W}/a`, ["ID-15", "ID-32"], "shortest path: one segment of one character"),
    yes(`${W}/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p`, ["ID-32"], "many segments"),
    yes(`${W}/...`, ["ID-34"], "three dots are no dot segment"),
    yes(`${W}/.hidden/a..b/x.`, ["ID-34"], "dots inside segments"),
    yes(`${W}/-_.~`, ["ID-33"], "every unreserved character that is neither letter nor digit"),
    yes(`${W}/ABC/xyz/019`, ["ID-33", "ID-34"], "letters of both cases, digits"),
    yes("wimse://a/b", ["ID-11"], "a trust domain of one letter: unwise, not malformed"),
    yes("wimse://prod_1.example-corp.test/a", ["ID-31"], "digits, underscore and hyphen in the trust domain"),
    yes("wimse://1.2.3.example/a", ["ID-12"], "digits and dots, but no address"),
    yes("wimse://192.0.2.1.example/a", ["ID-12"], "begins like an address, but is a name"),
    yes("wimse://xn--bcher-kva.example/a", ["ID-31"], "an internationalized name in its ASCII form"),
    yes(fill(`${W}/`, 2048), ["ID-07", "ID-24"], "exactly 2,048 octets"),
    yes(fill(`${W}/`, 2047), ["ID-07"], "2,047 octets"),
    [fill(`${W}/`, 2049), "longer than the 2,048 octets that have to be supported", false, ["ID-08", "ID-24"], "2,049 octets", { interop: "strict" }],
    [fill(`${W}/`, 10_000), "longer than the 2,048 octets that have to be supported", false, ["ID-08", "ID-24"], "10,000 octets", { interop: "strict" }],

    no("wimse://example.com/a?b=c#d", ["ID-03", "ID-04", "ID-23"], "query and fragment"),
    no("wimse://example.com/a#", ["ID-04", "ID-23"], "empty fragment"),
    no("wimse://example.com?", ["ID-03", "ID-23"], "empty query and no path"),
    no("wimse://example.com#f", ["ID-04"], "fragment and no path"),
    no("wimse://user:secret@example.com/a", ["ID-05", "ID-23"], "user information with a password"),
    no("wimse://example.com@evil.test/a", ["ID-05"], "a trusted name as user information"),
    no("wimse://:@example.com/a", ["ID-05"], "empty user and password"),
    no("wimse://example.com:0/a", ["ID-06", "ID-23"], "port 0"),
    no("wimse://example.com:99999/a", ["ID-06"], "port out of range"),
    no("wimse://example.com:x/a", ["ID-06", "ID-22"], "port that is no number"),
    no("wimse://:443/a", ["ID-02", "ID-06"], "port without a host"),
    no("wimse://", ["ID-02"], "scheme and nothing else"),
    no("wimse:///", ["ID-02"], "empty authority and root path"),
    no("wimse:", ["ID-01", "ID-02"], "scheme alone"),
    no("wimse", ["ID-01"], "a word"),
    no("://example.com/a", ["ID-01", "ID-22"], "empty scheme"),
    no(" wimse://example.com/a", ["ID-22", "ID-29"], "space before"),
    no("wimse://example.com/a ", ["ID-22", "ID-29"], "space after"),
    no("\twimse://example.com/a", ["ID-22"], "tab before"),
    no("wimse://example.com/a\n", ["ID-22"], "line feed after"),
    no("wimse://example.com/a\r\nx", ["ID-22"], "line break inside"),
    no("wimse://example.com/a\u0000", ["ID-22"], "NUL after"),
    no("wimse://example.com/a\u007f", ["ID-22"], "DEL inside"),
    no("\ufeffwimse://example.com/a", ["ID-22"], "byte order mark before"),
    no("wimse://example.com/a\\b", ["ID-22"], "backslash in the path"),
    no("wimse:\\\\example.com\\a", ["ID-22"], "backslashes instead of slashes"),
    no("wimse:/example.com/a", ["ID-02"], "one slash only"),
    no("wimse//example.com/a", ["ID-01"], "no colon"),
    no("wimse://example.com/a%", ["ID-22", "ID-33"], "percent sign without digits"),
    no("wimse://example.com/a%4", ["ID-22", "ID-33"], "percent sign with one digit"),
    no("wimse://example.com/a%zz", ["ID-22", "ID-33"], "percent sign with no hexadecimal digits"),
    no("wimse://example.com/a|b", ["ID-22"], "vertical bar"),
    no("wimse://example.com/a<b>", ["ID-22"], "angle brackets"),
    no("wimse://example.com/a\"b", ["ID-22"], "quotation mark"),
    no("wimse://example.com/a^b`c{d}", ["ID-22"], "further characters that no URI has"),
    no("wimse://example.com/[a]", ["ID-22"], "brackets in the path"),
    no("wimse://b\u00fccher.example/a", ["ID-22", "ID-31"], "non-ASCII trust domain"),
    no("wimse://ex\u0430mple.com/a", ["ID-31"], "a Cyrillic letter that looks like a Latin one"),
    no("wimse://example.com/\u212a", ["ID-33"], "Kelvin sign, which folds to k"),
    no("wimse://example.com/\uff0fa", ["ID-33"], "full-width slash"),
    no("wimse://example\u3002com/a", ["ID-31"], "ideographic full stop, which some resolvers take for a dot"),
    no("wimse://[2001:db8::1", ["ID-22", "ID-12"], "bracket without its partner"),

    strict("Wimse://example.com/a", ["ID-30", "ID-29"], "scheme with a capital"),
    strict("WIMSE://example.com/a", ["ID-30", "ID-29"], "scheme in upper case"),
    strict("wimse://EXAMPLE.COM/a", ["ID-31", "ID-29"], "trust domain in upper case"),
    strict("wimse://example.com%2fa/b", ["ID-31"], "percent-encoded slash in the trust domain"),
    strict("wimse://example%2ecom/a", ["ID-31"], "percent-encoded dot in the trust domain"),
    strict("wimse://exam~ple.com/a", ["ID-31"], "tilde in the trust domain"),
    strict("wimse://example.com,other.example/a", ["ID-31"], "two names joined by a comma"),
    strict("wimse://*.example.com/a", ["ID-31", "ID-27"], "asterisk in the trust domain"),
    strict("wimse://example!com/a", ["ID-31"], "exclamation mark in the trust domain"),
    strict("wimse://./a", ["ID-31"], "a single dot as trust domain"),
    strict("wimse://example.com../a", ["ID-31"], "two trailing dots"),
    strict(`${W}/.`, ["ID-34", "ID-29"], "a dot segment at the end"),
    strict(`${W}/..`, ["ID-34", "ID-29"], "a dot-dot segment at the end"),
    strict(`${W}/./a`, ["ID-34", "ID-29"], "a dot segment at the start"),
    strict(`${W}/a/./b`, ["ID-34", "ID-29"], "a dot segment inside"),
    strict(`${W}/a/`, ["ID-34", "ID-29"], "trailing slash"),
    strict(`${W}/a/b//`, ["ID-34", "ID-29"], "two trailing slashes"),
    strict(`${W}///`, ["ID-34", "ID-29"], "only empty segments"),
    strict(`${W}/a%2Fb`, ["ID-33", "ID-29"], "percent-encoded slash"),
    strict(`${W}/a%2fb`, ["ID-33", "ID-29"], "percent-encoded slash, lower-case digits"),
    strict(`${W}/%2e%2e/b`, ["ID-33", "ID-34"], "percent-encoded dot-dot segment"),
    strict(`${W}/%C3%BC`, ["ID-33", "ID-29"], "percent-encoded non-ASCII letter"),
    strict(`${W}/a%00`, ["ID-33", "ID-29"], "percent-encoded NUL"),
    strict(`${W}/a%20b`, ["ID-33", "ID-29"], "percent-encoded space"),
    strict(`${W}/a,b`, ["ID-33"], "comma in the path"),
    strict(`${W}/a!b`, ["ID-33"], "exclamation mark in the path"),
    strict(`${W}/a$b`, ["ID-33"], "dollar sign in the path"),
    strict(`${W}/a&b=c`, ["ID-33"], "ampersand and equals sign in the path"),
    strict(`${W}/a'b`, ["ID-33"], "apostrophe in the path"),
    strict(`${W}/(a)`, ["ID-33"], "parentheses in the path"),
    strict(`${W}/*`, ["ID-33", "ID-27"], "asterisk in the path"),
  ];
}

function addresses() {
  const legacy = "MUST NOT as trust domain, except in legacy systems";
  const v4 = (host, reason) => [`wimse://${host}/a`, legacy, false, ["ID-12"], reason, { interop: "strict" }];
  const v6 = (host, reason) => [`wimse://${host}/a`, legacy, false, ["ID-12", "ID-31"], reason];
  const unclear = "a number that some resolvers take for an address; RFC 3986 reads it as a name";
  return [
    v4("10.0.0.1", "private IPv4 address"),
    v4("127.0.0.1", "loopback IPv4 address"),
    v4("0.0.0.0", "unspecified IPv4 address"),
    v4("255.255.255.255", "broadcast IPv4 address"),
    v6("[::1]", "loopback IPv6 address"),
    v6("[::ffff:192.0.2.1]", "IPv4-mapped IPv6 address"),
    v6("[fe80::1%25eth0]", "IPv6 address with a zone"),
    v6("[v1.a]", "an address literal of a future version"),
    ["wimse://127.1/a", unclear, unclear, ["ID-12"], "IPv4 address with two numbers"],
    ["wimse://2130706433/a", unclear, unclear, ["ID-12"], "IPv4 address as one number"],
    ["wimse://0x7f.0.0.1/a", unclear, unclear, ["ID-12"], "IPv4 address with a hexadecimal number"],
    ["wimse://010.0.0.1/a", unclear, unclear, ["ID-12"], "IPv4 address with a leading zero"],
    ["wimse://a..b/x", "valid host syntax", "the character set allows it; no DNS name", ["ID-31"], "empty label in the trust domain"],
  ];
}

function spiffe() {
  const row = (input, verdict, req, reason, more) => [input, null, null, req, reason, { spiffe: verdict, ...more }];
  const v4 = "the character set allows it; identifier draft 4.3 MUST NOT still applies";
  return [
    row(`${S}/a`, true, ["ID-38"], "one segment"),
    row(`${S}/ns/prod/sa/api_1.b-c`, true, ["ID-38"], "every kind of character that is legal"),
    row(`${S}/A/b`, true, ["ID-38"], "upper case in the path is legal"),
    row(`${S}/...`, true, ["ID-38"], "three dots are no dot segment"),
    row(td("spiffe", 255), true, ["ID-37"], "trust domain of 255 octets"),
    row(td("spiffe", 254), true, ["ID-37"], "trust domain of 254 octets"),
    row(td("spiffe", 256), false, ["ID-37"], "trust domain of 256 octets"),
    row(fill(`${S}/`, 2048), true, ["ID-39", "ID-07"], "exactly 2,048 octets"),
    row(fill(`${S}/`, 2049), false, ["ID-39"], "2,049 octets", { interop: "strict" }),
    row(`${S}/a/`, false, ["ID-38"], "trailing slash"),
    row(`${S}//a`, false, ["ID-38"], "empty segment"),
    row(`${S}/./a`, false, ["ID-38"], "dot segment"),
    row(`${S}/a/..`, false, ["ID-38"], "dot-dot segment at the end"),
    row(`${S}/a%2Fb`, false, ["ID-38"], "percent-encoded slash"),
    row(`${S}/a+b`, false, ["ID-38"], "plus sign"),
    row(`${S}/a:b`, false, ["ID-38"], "colon"),
    row(`${S}/a?`, false, ["ID-03"], "empty query"),
    row(`${S}/a#f`, false, ["ID-04"], "fragment"),
    row("spiffe://Example.com/a", false, ["ID-37"], "trust domain in upper case"),
    row("spiffe://ex%61mple.com/a", false, ["ID-37"], "percent-encoding in the trust domain"),
    row("spiffe://exam~ple.com/a", false, ["ID-37"], "tilde in the trust domain"),
    row("spiffe://user@example.com/a", false, ["ID-05"], "user information"),
    row("spiffe://example.com:443/a", false, ["ID-06"], "port"),
    row("spiffe:///a", false, ["ID-02"], "empty trust domain"),
    row("spiffe:/example.com/a", false, ["ID-02"], "no authority"),
    row("spiffe://example.com/a\n", false, ["ID-38"], "line feed after"),
    row("spiffe://[2001:db8::1]/a", false, ["ID-12", "ID-37"], "IPv6 address as trust domain"),
    row("spiffe://192.0.2.1/a", v4, ["ID-12", "ID-37"], "IPv4 address as trust domain"),
    row("spiffe://example.com./a", "the character set allows it; no DNS name in its usual form", ["ID-37"], "trust domain with a trailing dot"),
    ["SPIFFE://example.com/a", LAX, false, ["ID-29"], "scheme in upper case"],
  ];
}

function otherSchemes() {
  const row = (input, reason) => [input, true, false, ["ID-09", "AMB-29"], reason, { interop: "strict" }];
  return [
    row("https://example.com/a", "https, a scheme without registered rules"),
    row("acme://example.com/a", "a scheme without registered rules"),
    row("wimse2://example.com/a", "a scheme whose name begins with wimse"),
    row("wimse+x://example.com/a", "a scheme whose name begins with wimse and a plus sign"),
    ["urn:example:workload", false, false, ["ID-02"], "a URN has no authority"],
    ["mailto:a@example.com", false, false, ["ID-02"], "no authority"],
  ];
}

export const vectors = [...wimse(), ...addresses(), ...spiffe(), ...otherSchemes()].map(
  ([input, id03, id_pr99, requirements, reason, more = {}]) => ({
    input, length: Buffer.byteLength(input), id03, id_pr99, ...more, reason, requirements,
  }),
);

export const comparison = [
  { a: `${W}/orders`, b: `${W}/orders`, equal: true, reason: "the same octets" },
  { a: `${W}/orders`, b: `${W}/Orders`, equal: false, reason: "paths are case-sensitive" },
  { a: `${W}/orders`, b: `${W}/orders/api`, prefix_match: false, equal: false, reason: "one is a prefix of the other" },
  { a: `${W}/admin`, b: `${W}/admin-tools`, prefix_match: false, equal: false, reason: "prefix within a segment" },
  { a: `${W}/admin`, b: "wimse://example.com.evil.test/admin", equal: false, reason: "same path, longer trust domain" },
  { a: `${W}/admin`, b: "wimse://sub.example.com/admin", equal: false, reason: "same path in a sub-domain" },
  { a: `${W}/orders`, b: `${S}/orders`, equal: false, reason: "the scheme is part of the identifier" },
  { a: `${S}/orders`, b: `${S}/orders`, equal: true, reason: "the same octets under spiffe" },
  { a: `${W}/orders`, b: `${W}/orders/`, equal: false, reason: "the second is not canonical: reject, do not normalize" },
  { a: `${W}/orders`, b: `${W}//orders`, equal: false, reason: "the second is not canonical: reject, do not normalize" },
  { a: `${W}/a/b`, b: `${W}/a/x/../b`, equal: false, reason: "the second is not canonical: reject, do not normalize" },
  { a: `${W}/orders`, b: "wimse://example.com./orders", equal: false, reason: "the second is not canonical: reject, do not normalize" },
];
for (const pair of comparison) pair.requirements = ["ID-13", "ID-35", ...("prefix_match" in pair ? ["ID-27"] : [])];

const inputs = vectors.map((v) => v.input);
if (new Set(inputs).size !== inputs.length) throw new Error("an input occurs twice");
