// Request cases about what a signature covers: the mandatory parts, parts that may be present, further parts.
import { addField, dropField, plus, setField, swap, without } from "./httpsig-case.mjs";
import { TXN } from "./wpt-case.mjs";

const BEARER = ["Authorization", "Bearer 16_mAd0GiwaZokU26_0902100"];
const MANDATORY = { '"@method"': "HSQ-01", '"@path"': "HSQ-02", '"@query"': "HSQ-03", '"workload-identity-token"': "HSQ-09", '"content-type"': "HSQ-05", '"content-digest"': "HSQ-06" };
const plain = (component) => component.replace(/[^a-z-]/g, "");

export function mandatory(c) {
  const bad = (name, row, reason, how) => c.bad(`cover-${name}`, "component_not_covered", [row], reason, how);
  for (const [component, row] of Object.entries(MANDATORY)) {
    const name = plain(component);
    bad(`no-${name}`, row, `${component} not covered`, { cover: without(component) });
    const other = component.startsWith('"@') ? `${component};req` : `${component};bs`;
    bad(`other-form-${name}`, row, `${component} covered only in another form, as ${other}`, { cover: swap(component, other), values: { [other]: "x" } });
  }
  bad("nothing", "HSQ-01", "an empty list of components", { cover: () => [] });
  bad("target-uri-instead", "HSQ-02", "@target-uri covered instead of @path and @query", { cover: (l) => ['"@target-uri"', ...without('"@path"', '"@query"')(l)] });
  bad("request-target-instead", "HSQ-02", "@request-target covered instead of @path and @query", { cover: (l) => ['"@request-target"', ...without('"@path"', '"@query"')(l)] });
  bad("query-param-instead", "HSQ-03", "the only query parameter covered instead of @query", { cover: swap('"@query"', '"@query-param";name="x"') });
  bad("digest-member-instead", "HSQ-06", "one member of Content-Digest covered instead of the field", { cover: swap('"content-digest"', '"content-digest";key="sha-256"') });
  bad("no-query-when-there-is-none", "HSQ-03", "no query in the target, and @query not covered", { target: "/orders", cover: without('"@query"') });
}

export function whenPresent(c) {
  const unseen = (name, why, row, reason, how) => c.bad(`present-${name}`, why, [row], reason, how);
  const not = "component_not_covered";
  c.ok("present-authorization", ["HSQ-07"], "Authorization present and covered", { fields: [BEARER] });
  c.ok("present-txn-token", ["HSQ-08", "CTX-01"], "Txn-Token present and covered", { fields: [["Txn-Token", TXN]] });
  c.ok("present-both", ["HSQ-07", "HSQ-08"], "Authorization and Txn-Token present and covered", { fields: [BEARER, ["Txn-Token", TXN]] });
  unseen("authorization-uncovered", not, "HSQ-07", "Authorization present, not covered", { fields: [BEARER], cover: without('"authorization"') });
  unseen("txn-token-uncovered", not, "HSQ-08", "Txn-Token present, not covered", { fields: [["Txn-Token", TXN]], cover: without('"txn-token"') });
  unseen("authorization-added", not, "HSQ-07", "Authorization added after signing", { after: addField(...BEARER) });
  unseen("txn-token-added", not, "HSQ-08", "Txn-Token added after signing", { after: addField("Txn-Token", TXN) });
  unseen("content-type-added", not, "HSQ-05", "Content-Type added after signing", { type: null, after: addField("Content-Type", "application/json") });
  unseen("content-type-added-upper-case", not, "HSQ-05", "Content-Type added after signing, name in upper case", { type: null, after: addField("CONTENT-TYPE", "text/html") });
  unseen("content-type-empty-added", not, "HSQ-05", "an empty Content-Type added after signing", { type: null, after: addField("Content-Type", "") });
  c.ok("present-content-type-without-content", ["HSQ-05"], "a GET with a covered Content-Type", { method: "GET", fields: [["Content-Type", "text/plain"]] });

  for (const [name, row, field] of [["authorization", "HSQ-07", BEARER], ["txn-token", "HSQ-08", ["Txn-Token", TXN]]]) {
    unseen(`${name}-changed`, "proof_signature", row, `${field[0]} altered after signing`, { fields: [field], after: setField(field[0], (v) => `${v}A`) });
    unseen(`${name}-removed`, "component_unresolved", row, `${field[0]} removed after signing`, { fields: [field], after: dropField(field[0]) });
    unseen(`${name}-second-line`, undefined, row, `a second ${field[0]} line added after signing`, { fields: [field], after: addField(field[0], "x") });
  }
  c.bad("present-authorization-two-lines", "proof_repeated", ["HSQ-07", "AMB-17"], "two Authorization lines, both covered", { fields: [BEARER, BEARER] });
  c.bad("present-txn-token-two-lines", "txn_token_mismatch", ["HSQ-08", "AMB-17", "CTX-01"], "two Txn-Token lines, both covered", { fields: [["Txn-Token", TXN], ["Txn-Token", TXN]] });
  unseen("content-type-changed", "proof_signature", "HSQ-05", "Content-Type altered after signing", { after: setField("Content-Type", () => "text/html") });
  unseen("content-type-removed", "component_unresolved", "HSQ-05", "Content-Type removed after signing", { after: dropField("Content-Type") });
  unseen("content-type-second-line", "component_unresolved", "HSQ-05", "a second Content-Type line added after signing", { after: addField("Content-Type", "text/html") });
  unseen("digest-removed", "component_unresolved", "HSQ-06", "Content-Digest removed after signing", { after: dropField("Content-Digest") });
}

export function further(c) {
  const rule = ["AMB-24", "HSQ-40"];
  for (const [name, component, fields] of [
    ["authority", '"@authority"'], ["host", '"host"'], ["target-uri", '"@target-uri"'], ["scheme", '"@scheme"'], ["request-target", '"@request-target"'],
    ["query-param", '"@query-param";name="x"'], ["bytes", '"content-type";bs'], ["digest-member", '"content-digest";key="sha-256"'],
    ["own-field", '"x-trace"', [["X-Trace", " a b "]]], ["two-lines", '"x-trace"', [["X-Trace", "a"], ["X-Trace", "b, c"]]], ["empty-field", '"x-trace"', [["X-Trace", ""]]],
  ]) c.ok(`further-${name}`, rule, `${component} covered too`, { fields, cover: plus(component) });
  c.ok("further-order", rule, "the components in reverse order", { cover: (l) => [...l].reverse() });
  c.bad("further-authority-changed", "proof_signature", ["HSQ-04", ...rule], "@authority covered although nobody asks for it, and Host altered", { cover: plus('"@authority"'), after: setField("Host", () => "evil.example") });
  c.ok("host-changed", ["HSQ-04", "HSQ-34"], "Host altered on the way: it is not covered, and the audience comes from configuration", { after: setField("Host", () => "backend.internal:8080") });
  c.ok("field-added", rule, "a field that nobody asks for added on the way", { after: addField("X-Forwarded-For", "192.0.2.1") });

  const missing = (name, component, values = "x") => c.bad(`unresolved-${name}`, "component_unresolved", ["HSQ-40"], `${component} covered, which the request does not have`, { cover: plus(component), values: { [component]: values } });
  missing("field", '"x-absent"');
  missing("field-empty", '"x-absent"', "");
  missing("authorization", '"authorization"');
  missing("status", '"@status"', "200");
  missing("req", '"@method";req', "POST");
  missing("field-req", '"content-type";req', "application/json");
  missing("trailer", '"x-trailer";tr');
  missing("query-param", '"@query-param";name="absent"');
  missing("digest-member", '"content-digest";key="sha-512"');
  missing("trailing", '"content-type";tr', "application/json");
  c.bad("unresolved-non-ascii", "component_unresolved", ["HSQ-40"], "a covered field with text outside ASCII", { fields: [["X-Trace", "Grüße"]], cover: plus('"x-trace"') }, { interop: "strict" });
  c.ok("uncovered-non-ascii", ["HSQ-40"], "a field with text outside ASCII that is not covered", { fields: [["X-Trace", "Grüße"]] });
  missing("strict-unknown", '"content-type";sf', "application/json");
}

export function identifiers(c) {
  const bad = (name, component, reason, why = "proof_malformed", rest = {}) => c.bad(`component-${name}`, why, ["HSQ-40"], reason, { cover: plus(component), values: { [component]: "x" } }, rest);
  bad("twice", '"@method"', "@method listed twice");
  bad("field-twice", '"content-type"', "content-type listed twice");
  c.bad("component-twice-parameters", "proof_malformed", ["HSQ-40"], "the same component twice, parameters in another order", {
    cover: plus('"content-digest";key="sha-256";req', '"content-digest";req;key="sha-256"'), values: { '"content-digest";key="sha-256";req': "x", '"content-digest";req;key="sha-256"': "x" },
  });
  bad("unknown-derived", '"@nothing"', "an unknown derived component");
  bad("signature-params", '"@signature-params"', "@signature-params listed");
  bad("upper-case", '"X-Trace"', "a field name not in lower case");
  bad("empty", '""', "an empty field name");
  bad("space", '"content type"', "a field name with a space");
  bad("token", "content-type", "a token instead of a string");
  bad("number", "1", "a number instead of a string");
  bad("unknown-parameter", '"content-type";lower', "an unknown component parameter");
  bad("parameter-false", '"content-type";bs=?0', "a flag that is false");
  bad("parameter-value", '"content-type";bs="1"', "a flag that is a string");
  bad("key-token", '"content-digest";key=sha-256', "key is a token instead of a string");
  bad("bs-sf", '"content-digest";bs;sf', "bs and sf together");
  bad("name-on-field", '"content-type";name="x"', "name on a field");
  bad("query-param-nameless", '"@query-param"', "@query-param without a name");
  bad("sf-on-derived", '"@method";sf', "sf on a derived component");
  bad("parameter-twice", '"content-type";bs;bs', "a component parameter twice", "proof_malformed", { interop: "strict" });
  bad("nested-list", '("content-type")', "a list inside the list");
  c.bad("component-parameter-5000", "proof_too_large", ["HSQ-40"], "a parameter 5,000 times on one component", { cover: plus(`"content-type"${";req".repeat(5000)}`), values: { [`"content-type"${";req".repeat(5000)}`]: "x" } });
  const many = (count) => Array.from({ length: count }, (_, i) => `"x-${i}"`);
  const fields = (count) => many(count).map((name) => [name.slice(1, -1), "v"]);
  c.ok("component-64", ["HSQ-40"], "64 components", { fields: fields(58), cover: plus(...many(58)) });
  c.bad("component-65", "proof_too_large", ["HSQ-40"], "65 components, more than this project reads", { fields: fields(59), cover: plus(...many(59)) }, { interop: "strict" });
}
