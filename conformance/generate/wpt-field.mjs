// WPT cases about the fields of the request: which, how often, in which form.
import { pub, OTHER_1 } from "./keys.mjs";
import { wit } from "./case.mjs";
import { BILLING, LEGACY_FIELD, ORDERS, SPIFFE, WIT_FIELD, workload, wpt } from "./wpt-case.mjs";

export function witField(c) {
  const bad = (name, why, req, reason, fields, rest) => c.bad(name, why, req, reason, {}, { fields, ...rest });
  const ok = (name, req, reason, fields, rest) => c.ok(name, req, reason, {}, { fields, ...rest });
  const W = ORDERS.wit;
  const auth = (proof) => ["Authorization", `WPT ${proof}`];
  const twoLines = ["WIT-25", "AMB-17"];

  ok("baseline", ["WIT-21", "WPT-01", "WPT-11"], "a sound request with ES256", (p) => [[WIT_FIELD, W], auth(p)]);
  bad("nothing", undefined, ["WIT-21"], "no credential at all", []);
  bad("wit-alone", "proof_missing", ["WIT-21", "WIT-22"], "a WIT without any proof: it is no bearer token", [[WIT_FIELD, W]]);
  bad("proof-alone", "wit_missing", ["WPT-06"], "a WPT without a WIT", (p) => [auth(p)]);
  bad("wit-as-bearer", undefined, ["WIT-22", "WIT-23"], "the WIT as a bearer token, nothing else", [["Authorization", `Bearer ${W}`]]);
  bad("wit-as-bearer-too", undefined, ["WIT-22", "WIT-23"], "the WIT in its field and as a bearer token", [[WIT_FIELD, W], ["Authorization", `Bearer ${W}`]]);
  bad("wit-as-wpt", "proof_type", ["WIT-23", "AMB-40"], "the WIT in its field, and again where the proof belongs", [[WIT_FIELD, W], ["Authorization", `WPT ${W}`]]);
  bad("wit-as-wpt-alone", undefined, ["WIT-23", "AMB-40"], "the WIT where the proof belongs, and no WIT field", [["Authorization", `WPT ${W}`]]);
  bad("wit-scheme", undefined, ["WIT-23"], "the WIT under an invented scheme WIT", [["Authorization", `WIT ${W}`]]);
  bad("svid-as-bearer", undefined, ["SVID-13", "WIT-22"], "a WIT-SVID as a bearer token", [["Authorization", `Bearer ${SPIFFE.wit}`]]);
  bad("svid-alone", "proof_missing", ["SVID-13", "WIT-22"], "a WIT-SVID without any proof", [[WIT_FIELD, SPIFFE.wit]]);
  bad("wit-cookie", "wit_missing", ["WIT-24"], "the WIT in a cookie", (p) => [["Cookie", `wit=${W}`], auth(p)]);
  for (const field of ["X-Workload-Identity-Token", "Workload-Identity", "Workload-Identity-Token-2", "Workload-IdentityToken"]) {
    bad(`wit-in-${field.toLowerCase()}`, "wit_missing", ["WIT-24"], `the WIT in the field ${field}`, (p) => [[field, W], auth(p)]);
  }
  bad("wit-underscores", "wit_missing", ["WIT-24"], "the WIT in Workload_Identity_Token, which some gateways map to the same name", (p) => [["Workload_Identity_Token", W], auth(p)]);
  ok("wit-underscores-too", ["WIT-24"], "another workload's WIT in Workload_Identity_Token beside the real field is not looked at",
    (p) => [["Workload_Identity_Token", BILLING.wit], [WIT_FIELD, W], auth(p)], { interop: "either" });
  ok("wit-name-lower-case", ["WIT-26"], "field names in lower case", (p) => [["workload-identity-token", W], ["authorization", `WPT ${p}`]]);
  ok("wit-name-upper-case", ["WIT-26"], "field names in upper case", (p) => [["WORKLOAD-IDENTITY-TOKEN", W], ["AUTHORIZATION", `WPT ${p}`]]);
  const start = W.lastIndexOf(".") + 1;
  const swapped = [...W.slice(start, -1)].map((x) => (x === x.toLowerCase() ? x.toUpperCase() : x.toLowerCase())).join("");
  bad("wit-value-case", "wit_signature", ["WIT-26", "WIT-28"], "letters of the WIT's signature in the other case: values are case-sensitive",
    (p) => [[WIT_FIELD, W.slice(0, start) + swapped + W.at(-1)], auth(p)]);
  bad("wit-value-lower-case", undefined, ["WIT-26"], "the whole WIT in lower case", (p) => [[WIT_FIELD, W.toLowerCase()], auth(p)]);

  bad("wit-two-lines", "wit_repeated", twoLines, "two WIT lines of different workloads", (p) => [[WIT_FIELD, W], [WIT_FIELD, BILLING.wit], auth(p)]);
  bad("wit-two-lines-same", "wit_repeated", twoLines, "the same WIT on two lines", (p) => [[WIT_FIELD, W], [WIT_FIELD, W], auth(p)]);
  bad("wit-two-lines-other-first", "wit_repeated", twoLines, "two WIT lines, names in different case", (p) => [["workload-identity-token", BILLING.wit], auth(p), [WIT_FIELD, W]]);
  bad("wit-two-lines-empty", "wit_repeated", twoLines, "an empty WIT line and a good one", (p) => [[WIT_FIELD, ""], [WIT_FIELD, W], auth(p)]);
  bad("wit-list", "wit_malformed", twoLines, "two WITs joined by a comma, as a proxy does", (p) => [[WIT_FIELD, `${W}, ${BILLING.wit}`], auth(p)]);
  bad("wit-list-same", "wit_malformed", twoLines, "the same WIT twice, joined by a comma", (p) => [[WIT_FIELD, `${W},${W}`], auth(p)]);
  bad("wit-empty", undefined, ["WIT-25"], "an empty WIT field", (p) => [[WIT_FIELD, ""], auth(p)]);
  bad("wit-quoted", "wit_malformed", ["WIT-25"], "quotation marks around the WIT", (p) => [[WIT_FIELD, `"${W}"`], auth(p)]);
  bad("wit-scheme-prefix", "wit_malformed", ["WIT-25"], "a scheme before the WIT", (p) => [[WIT_FIELD, `WIT ${W}`], auth(p)]);
  bad("wit-is-a-wpt", undefined, ["WIT-05"], "a WPT in the WIT field", (p) => [[WIT_FIELD, p], auth(p)]);
  bad("exchanged", undefined, ["WIT-05", "WPT-09"], "WIT and WPT in each other's field", (p) => [[WIT_FIELD, p], ["Authorization", `WPT ${W}`]]);
}

export function witFirst(c) {
  const order = ["WIT-39", "WPT-06", "WIT-38"];
  const forged = workload(ORDERS.key, "ES256", {}, { key: OTHER_1 });
  c.bad("wit-forged", "wit_signature", order, "WIT not signed by the issuer, proof sound for it", { who: forged });
  const expired = workload(ORDERS.key, "ES256", { exp: 1_759_990_000 });
  c.bad("wit-expired-proof-bad", "wit_expired", order, "WIT expired and proof wrongly signed: the WIT is judged first", { who: expired, key: OTHER_1 });
  c.bad("wit-forged-proof-expired", "wit_signature", order, "WIT forged and proof expired: the WIT is judged first", { who: forged, claims: { exp: 1_759_990_000 } });
  const foreign = workload(ORDERS.key, "ES256", { sub: "wimse://unknown.example/a" });
  c.bad("wit-unknown-domain", "trust_domain_unknown", [...order, "ID-26"], "unknown trust domain, proof sound", { who: foreign });
  const own = workload(OTHER_1, "ES256", {}, { header: { jwk: pub(OTHER_1) }, key: OTHER_1 });
  c.bad("wit-self-signed", "wit_signature", [...order, "AMB-26"], "the WIT is signed by the workload's own key", { who: own });
  const listed = { settings: { "example.com": { proof_algorithms: ["ES384"] } } };
  c.bad("proof-algorithm-not-listed", "wit_confirmation", ["HSQ-30", "WIT-19"], "ES256 proofs are not allowed for the trust domain", {}, listed);
  c.ok("proof-algorithm-listed", ["HSQ-30", "WIT-19"], "ES256 proofs are allowed for the trust domain", {}, { settings: { "example.com": { proof_algorithms: ["ES256"] } } });
  const named = workload(ORDERS.key, "ES256", { iss: "https://issuer.example.com" });
  c.ok("issuer-listed", ["TA-06"], "issuer on the allow-list", { who: named }, { settings: { "example.com": { issuers: ["https://issuer.example.com"] } } });
  c.bad("issuer-missing", "wit_issuer", ["TA-06"], "allow-list of issuers, WIT without iss", {}, { settings: { "example.com": { issuers: ["https://issuer.example.com"] } } });
  c.ok("other-domain", ["TA-01", "TA-07"], "a workload of another trusted domain", { who: workload(ORDERS.key, "ES256", { sub: "wimse://other.example/o" }, { header: { kid: "other-1" }, key: OTHER_1 }) });
  c.ok("spiffe-domain", ["ID-10"], "a workload under the spiffe scheme", { who: SPIFFE });
  c.bad("crit-in-wit", "wit_malformed", ["WIT-31", "AMB-25"], "WIT with crit, everything else sound", { who: { ...ORDERS, wit: wit({ header: { crit: [] } }) } });
}

export function proofField(c) {
  const W = [WIT_FIELD, ORDERS.wit];
  const bad = (name, why, req, reason, value, rest) => c.bad(name, why, req, reason, {}, {
    fields: (p) => [W, ...[value(p)].flat().map((v) => ["Authorization", v])], ...rest,
  });
  const ok = (name, req, reason, value, more = []) => c.ok(name, req, reason, {}, { fields: (p) => [W, ["Authorization", value(p)]], more });
  const form = ["WPT-02", "WPT-05"];
  ok("scheme-lower-case", ["WPT-02"], "scheme wpt in lower case", (p) => `wpt ${p}`);
  ok("scheme-mixed-case", ["WPT-02"], "scheme in mixed case", (p) => `wPt ${p}`);
  ok("many-spaces", ["WPT-02"], "five spaces after the scheme", (p) => `WPT     ${p}`);
  bad("tab", undefined, form, "a tab after the scheme", (p) => `WPT\t${p}`);
  bad("space-tab", undefined, form, "a space and a tab after the scheme", (p) => `WPT \t${p}`);
  bad("no-space", undefined, form, "nothing between scheme and token", (p) => `WPT${p}`);
  bad("scheme-only", undefined, form, "the scheme without a token", () => "WPT");
  bad("token-only", undefined, form, "the token without a scheme", (p) => p);
  bad("empty-authorization", undefined, form, "an empty Authorization field", () => "");
  bad("quoted", "proof_malformed", form, "quotation marks around the token", (p) => `WPT "${p}"`);
  bad("auth-param", "proof_malformed", form, "the token as an authentication parameter", (p) => `WPT token="${p}"`);
  bad("trailing-param", "proof_malformed", form, "a parameter after the token", (p) => `WPT ${p}, v=1`);
  bad("padding", "proof_malformed", form, "token68 padding after the token", (p) => `WPT ${p}==`);
  bad("two-tokens", "proof_malformed", form, "two tokens separated by a space", (p) => `WPT ${p} ${wpt()}`);
  bad("joined", "proof_malformed", ["WPT-04", "AMB-17"], "WPT and Bearer joined by a comma", (p) => `WPT ${p}, Bearer abc`);
  bad("joined-wpt", "proof_malformed", ["WPT-04", "AMB-17"], "two WPT credentials joined by a comma", (p) => `WPT ${p}, WPT ${wpt()}`);
  bad("joined-bearer-first", undefined, ["WPT-04", "AMB-17"], "Bearer and WPT joined by a comma", (p) => `Bearer abc, WPT ${p}`);
  bad("other-scheme", undefined, ["WPT-04"], "a scheme that begins with WPT", (p) => `WPT2 ${p}`);
  bad("basic", undefined, ["WPT-04"], "Basic credentials in place of the proof", () => "Basic dXNlcjpwYXNz");
  bad("bearer-word", undefined, ["WPT-04", "WPT-35"], "a bearer token in place of the proof", () => "Bearer 16_mAd0GiwaZokU26_0902100");
  const two = ["WPT-03", "WPT-04", "AMB-17"];
  bad("two-lines", "proof_repeated", two, "two WPT lines", (p) => [`WPT ${p}`, `WPT ${wpt()}`]);
  bad("two-lines-same", "proof_repeated", two, "the same WPT on two lines", (p) => [`WPT ${p}`, `WPT ${p}`]);
  bad("two-lines-bearer", "proof_repeated", [...two, "WPT-34", "WPT-35"], "a WPT line, then a Bearer line", (p) => [`WPT ${p}`, "Bearer abc"]);
  bad("two-lines-bearer-first", "proof_repeated", [...two, "WPT-34", "WPT-35"], "a Bearer line, then a WPT line", (p) => ["Bearer abc", `WPT ${p}`]);
  bad("two-lines-empty", "proof_repeated", two, "an empty Authorization line, then a WPT line", (p) => ["", `WPT ${p}`]);

  const proxy = ["WPT-36"];
  ok("proxy-authorization", proxy, "Proxy-Authorization belongs to the proxy and does not matter", (p) => `WPT ${p}`, [["Proxy-Authorization", "Basic dXNlcjpwYXNz"]]);
  ok("proxy-authorization-wpt", proxy, "the scheme WPT in Proxy-Authorization is out of scope", (p) => `WPT ${p}`, [["Proxy-Authorization", `WPT ${wpt()}`]]);
  c.bad("proxy-authorization-only", "proof_missing", proxy, "the proof in Proxy-Authorization only", {}, { fields: (p) => [W, ["Proxy-Authorization", `WPT ${p}`]] });
  c.bad("x-authorization", "proof_missing", ["WPT-01"], "the proof in X-Authorization", {}, { fields: (p) => [W, ["X-Authorization", `WPT ${p}`]] });
  c.bad("legacy-field", "revision_not_accepted", ["WPTL-01", "AMB-01"], "the proof in the field of the older revision", {}, { fields: (p) => [W, [LEGACY_FIELD, p]] });
  c.bad("both-fields", undefined, ["WPTL-01", "AMB-01"], "sound proofs in the carriages of both revisions", {},
    { fields: (p) => [W, ["Authorization", `WPT ${p}`], [LEGACY_FIELD, wpt()]], interop: "strict" });
}
