// Request cases about the two signature fields: which signature counts, their syntax, their limits.
import { sign } from "./jose.mjs";
import { BILLING, LEGACY_FIELD, ORDERS, wpt } from "./wpt-case.mjs";
import { NOW, TAG, addField, dropField, request, setField } from "./httpsig-case.mjs";

const of = (message, name) => message.headers.find(([n]) => n === name)[1];
const change = (input, signature = (v) => v) => (message) => setField("Signature", signature)(setField("Signature-Input", input)(message));
const AAAA = ":AAAA:";

export function selection(c) {
  const rule = ["HSQ-22", "HSQ-24", "HSQ-37"];
  for (const label of ["a", "sig1", "*", "wimse-2.x_y*", "x".repeat(200)]) c.ok(`label-${label.length > 20 ? "long" : label.replace("*", "star")}`, ["HSQ-24"], `the label ${label.slice(0, 20)}`, { label });
  const proxy = ['proxy=("@method" "x-forwarded-for");created=1;keyid="proxy-key";alg="hmac-sha256";tag="proxy"', `proxy=${AAAA}`];
  const other = (name, reason, others, more = {}) => c.ok(`others-${name}`, rule, reason, { others, ...more });
  other("proxy", "a proxy's signature with another tag before ours", [proxy]);
  other("untagged", "a signature without a tag before ours", [['proxy=("@method")', `proxy=${AAAA}`]]);
  other("wimse-label", "another signature under the label wimse, ours under another", [['wimse=("@method");tag="x"', `wimse=${AAAA}`]], { label: "sig1" });
  other("tag-token", "another signature whose tag is ours, but as a token", [[`proxy=("@method");tag=${TAG}`, `proxy=${AAAA}`]]);
  other("unknown-component", "another signature over a component that nobody knows", [['proxy=("@nothing";x);tag="proxy"', `proxy=${AAAA}`]]);
  other("absent-component", "another signature over a field that is absent", [['proxy=("x-absent");tag="proxy"', `proxy=${AAAA}`]]);
  other("no-signature", "an input of another that has no signature", [['proxy=("@method");tag="proxy"', "x=:AAAA:"]]);
  other("not-bytes", "another signature that is no byte sequence", [['proxy=("@method");tag="proxy"', "proxy=1"]]);
  other("not-list", "an input of another that is no list", [["proxy=1", `proxy=${AAAA}`]]);
  other("several", "three signatures of others", [1, 2, 3].map((i) => [`p${i}=("@method");tag="proxy"`, `p${i}=${AAAA}`]));
  c.ok("others-added", rule, "a proxy adds its signature on lines of its own", { after: (m) => addField("Signature", proxy[1])(addField("Signature-Input", proxy[0])(m)) });
  c.ok("others-reordered", rule, "Signature has its members in another order than Signature-Input", { others: [proxy], after: setField("Signature", (v) => v.split(", ").reverse().join(", ")) });
  c.bad("others-swapped", "proof_signature", rule, "the signatures of two labels exchanged", { others: [proxy], after: setField("Signature", (v) => v.split(", ").map((m) => m.slice(m.indexOf("=") + 1)).reverse().map((m, i) => `${["proxy", "wimse"][i]}=${m}`).join(", ")) });
  c.ok("label-renamed", ["HSQ-24"], "the label changed on the way, in both fields", { after: change((v) => v.replace("wimse=", "proxy-1="), (v) => v.replace("wimse=", "proxy-1=")) });
  c.bad("others-only", "proof_missing", rule, "only a proxy's signature", { unsigned: true, after: (m) => addField("Signature", proxy[1])(addField("Signature-Input", proxy[0])(m)) });

  const several = (name, reason, how) => c.bad(`tagged-${name}`, "proof_repeated", ["HSQ-23", "AMB-38"], reason, how);
  several("two", "a second signature with our tag, which does not verify", { others: [[`sig2=("@method");tag="${TAG}"`, `sig2=${AAAA}`]] });
  several("two-no-signature", "a second input with our tag and no signature", { others: [[`sig2=();tag="${TAG}"`, "x=:AAAA:"]] });
  several("two-unusable", "a second input with our tag over an unknown component", { others: [[`sig2=("@nothing");tag="${TAG}"`, `sig2=${AAAA}`]] });
  several("two-not-list", "a second input with our tag that is no list", { others: [[`sig2=1;tag="${TAG}"`, `sig2=${AAAA}`]] });
  several("copy", "the same signature under a second label", { after: (m) => change((v) => `${v}, copy=${v.slice(6)}`, (v) => `${v}, copy=${v.slice(6)}`)(m) });
  several("copy-lines", "the same signature under a second label on lines of its own", { after: (m) => addField("Signature", of(m, "Signature").replace("wimse", "copy"))(addField("Signature-Input", of(m, "Signature-Input").replace("wimse", "copy"))(m)) });
}

export function absent(c) {
  const bad = (name, why, rule, reason, how) => c.bad(`absent-${name}`, why, rule, reason, how);
  bad("signature", "proof_missing", ["HSQ-22", "WIT-22"], "a WIT without any signature", { unsigned: true });
  bad("input", "proof_missing", ["HSQ-22"], "Signature without Signature-Input", { after: dropField("Signature-Input") });
  bad("value", "proof_malformed", ["HSQ-40"], "Signature-Input without Signature", { after: dropField("Signature") });
  bad("member", "proof_malformed", ["HSQ-40"], "Signature has another label than Signature-Input", { after: setField("Signature", (v) => v.replace("wimse=", "sig1=")) });
  bad("label-case", "proof_malformed", ["HSQ-40"], "the label in upper case in Signature", { after: setField("Signature", (v) => v.replace("wimse=", "WIMSE=")) });
  bad("wit", "wit_missing", ["HSQ-27", "HSQ-09"], "the WIT removed after signing", { after: dropField("Workload-Identity-Token") });
  bad("wpt-instead", "proof_missing", ["HSQ-22", "AMB-18"], "a proof token in its field instead of a signature", { unsigned: true, fields: [["Authorization", `WPT ${wpt()}`]] });
  bad("legacy-proof", "proof_missing", ["HSQ-22"], "an old proof token in its field instead of a signature", { unsigned: true, fields: [[LEGACY_FIELD, wpt()]] });
  c.ok("with-wpt", ["AMB-18", "HSQ-07"], "a signature that covers a proof token in Authorization", { fields: [["Authorization", `WPT ${wpt()}`]] });
}

export function syntax(c) {
  const bad = (name, reason, input, signature, interop) => c.bad(`syntax-${name}`, "proof_malformed", ["HSQ-40", "AMB-17"], reason, { after: change(input ?? ((v) => v), signature) }, interop ? { interop: "strict" } : {});
  bad("input-no-list", "the input is an item", (v) => v.replace(/\(.*\)/, '"@method"'));
  bad("input-flag", "the input is a flag with parameters", (v) => v.replace(/=\(.*\)/, ""));
  bad("input-open", "the list is not closed", (v) => v.replace(")", ""));
  bad("input-commas", "commas between components", (v) => v.replaceAll('" "', '", "'));
  bad("input-tab", "a tab between components", (v) => v.replace('" "', '"\t"'));
  bad("input-glued", "no space between two components", (v) => v.replace('" "', '""'));
  bad("input-trailing", "text behind the parameters", (v) => `${v} x`);
  bad("input-label-upper-case", "a label in upper case", (v) => v.replace("wimse", "Wimse"));
  bad("input-quoted", "the input in quotation marks", (v) => `"${v}"`);
  bad("input-trailing-comma", "a comma at the end of Signature-Input", (v) => `${v},`);
  bad("input-empty", "an empty second line of Signature-Input", undefined);
  c.list.at(-1).request.headers.push(["Signature-Input", ""]);
  bad("input-twice", "the label twice in Signature-Input", (v) => `${v}, ${v}`, undefined, true);
  bad("input-twice-other", "the label twice in Signature-Input: first an empty list, then ours", (v) => `wimse=(), ${v}`, undefined, true);
  bad("input-twice-other-last", "the label twice in Signature-Input: first ours, then an empty list", (v) => `${v}, wimse=();tag="${TAG}"`, undefined, true);
  bad("signature-twice", "the label twice in Signature: first a wrong one, then ours", undefined, (v) => `wimse=${AAAA}, ${v}`, true);
  bad("signature-twice-last", "the label twice in Signature: first ours, then a wrong one", undefined, (v) => `${v}, wimse=${AAAA}`, true);
  bad("signature-string", "the signature is a string", undefined, (v) => v.replace(/:/g, '"'));
  bad("signature-token", "the signature is a token", undefined, () => "wimse=abc");
  bad("signature-flag", "the signature is a flag", undefined, () => "wimse");
  bad("signature-list", "the signature is in a list", undefined, (v) => v.replace(/:.*:/, "($&)"));
  bad("signature-open", "the closing colon is missing", undefined, (v) => v.slice(0, -1));
  bad("signature-base64url", "the signature in base64url", undefined, () => `wimse=:${Buffer.alloc(64, 0xfb).toString("base64url")}:`);
  bad("signature-bare", "the signature without a label", undefined, (v) => v.slice("wimse=".length));
  c.ok("syntax-lines", ["AMB-17"], "Signature-Input on two lines, the other one of a proxy", { after: (m) => ({ ...m, headers: m.headers.flatMap((h) => (h[0] === "Signature-Input" ? [["Signature-Input", 'p=("@method");tag="p"'], h] : [h])) }) });
  const spaces = (m) => ({ ...m, input: m.input.replace("(", "(  ").replaceAll('" "', '"   "').replace(")", " )").replaceAll(";", ";  ") });
  c.ok("syntax-optional-space", ["HSQ-40"], "optional white space in Signature-Input: RFC 9421 signs the text without it, byte identity would refuse it", { member: spaces }, { interop: "either" });
  c.bad("syntax-reordered", "proof_signature", ["HSQ-40"], "parameters exchanged after signing", { after: setField("Signature-Input", (v) => v.replace(/(;created=\d+)(;expires=\d+)/, "$2$1")) });
  c.bad("syntax-component-dropped", "proof_signature", ["HSQ-40"], "a further covered component removed from the list after signing", { fields: [["X-Trace", "a"]], cover: (l) => [...l, '"x-trace"'], after: setField("Signature-Input", (v) => v.replace(' "x-trace"', "")) });
  for (const [name, pattern, to] of [["created", /created=\d+/, `created=${NOW - 4}`], ["expires", /expires=\d+/, `expires=${NOW + 300}`], ["nonce", /nonce="[^"]*"/, 'nonce="fresh"'], ["sign-response", /$/, ";wimse-sign-response"]]) {
    c.bad(`syntax-${name}-changed`, "proof_signature", ["HSQ-40"], `${name} altered after signing`, { after: setField("Signature-Input", (v) => v.replace(pattern, to)) });
  }
}

export function limits(c) {
  const labels = (count) => Array.from({ length: count }, (_, i) => [`p${i}=("@method")`, `p${i}=${AAAA}`]);
  c.ok("limit-16-labels", ["HSQ-37"], "16 signatures", { others: labels(15) });
  c.bad("limit-17-labels", "proof_too_large", ["HSQ-37"], "17 signatures, more than this project reads", { others: labels(16) }, { interop: "strict" });
  c.bad("limit-800-labels", "proof_too_large", ["HSQ-37"], "800 signatures", { others: labels(800) }, { interop: "strict" });
  c.bad("limit-octets", "proof_too_large", ["HSQ-40"], "a signature field of 40,000 octets", { params: { "x-long": "x".repeat(40_000) } }, { interop: "strict" });
}

export function anotherRequest(c) {
  const other = request({ who: BILLING });
  const fields = (m) => m.headers.filter(([n]) => n.startsWith("Signature"));
  c.bad("transplanted", "proof_signature", ["HSQ-09", "HSQ-29"], "the signature of another workload's request under this WIT", { unsigned: true, after: (m) => ({ ...m, headers: [...m.headers, ...fields(other.message)] }) });
  c.bad("base-of-request-target", "proof_signature", ["HSQ-40"], "the signature is over another text than the parameters say", { signer: (base) => sign("ES256", ORDERS.key, base.replace('"@path"', '"@pAth"')) });
  c.bad("base-line-end", "proof_signature", ["HSQ-40"], "the signature is over a base with a line end at its end", { signer: (base) => sign("ES256", ORDERS.key, `${base}\n`) });
  c.bad("base-crlf", "proof_signature", ["HSQ-40"], "the signature is over a base with CR LF", { signer: (base) => sign("ES256", ORDERS.key, base.replaceAll("\n", "\r\n")) });
}
