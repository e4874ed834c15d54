// Request cases about the content and its digest.
import { createHash } from "node:crypto";

import { BODY, addField, setField, sha256, sha512, without } from "./httpsig-case.mjs";

const hashed = (name, algorithm, body) => `${name}=:${createHash(algorithm).update(body).digest("base64")}:`;

export function content(c) {
  const rule = ["HSQ-10", "HSQ-11", "AMB-22"];
  const ok = (name, reason, how, rest) => c.ok(`digest-${name}`, rule, reason, how, rest);
  const bad = (name, why, reason, how, rest) => c.bad(`digest-${name}`, why, rule, reason, how, rest);
  const changed = (body) => (message) => ({ ...message, body });
  const S = sha256(BODY);

  ok("sha-512", "sha-512 alone", { digest: sha512(BODY) });
  ok("both", "sha-256 and sha-512, both right", { digest: `${S}, ${sha512(BODY)}` });
  ok("md5-beside", "an insecure algorithm beside sha-256 is not looked at", { digest: `${hashed("md5", "md5", BODY)}, ${S}` });
  ok("md5-wrong-beside", "an insecure algorithm with a wrong digest beside sha-256 is not looked at", { digest: `md5=:AAAAAAAAAAAAAAAAAAAAAA==:, ${S}` }, { interop: "either" });
  ok("unknown-beside", "an unknown algorithm beside sha-256", { digest: `x-new=:AAAA:, ${S}` });
  ok("parameter", "a digest with a parameter", { digest: `${S};a=1` });
  ok("empty-content", "no content, and the digest of no content", { body: "", digest: sha256("") });
  ok("no-content", "no content and no digest", { body: "", digest: null, type: null });
  ok("get-with-digest", "a GET without content, with the digest of no content", { method: "GET", fields: [["Content-Digest", sha256("")]] });
  ok("get-with-content", "a GET with content and its digest", { method: "GET", content: true });
  ok("non-ascii", "content outside ASCII: the digest is over octets", { body: "Grüße\n" });
  ok("large", "content of 20 KB", { body: "0123456789".repeat(2000) });

  bad("missing", "digest_missing", "content without a digest", { digest: null });
  bad("missing-space", "digest_missing", "content of one space without a digest", { body: " ", digest: null });
  bad("missing-added", "digest_missing", "content added to a GET after signing", { method: "GET", after: changed("x") });
  bad("empty-with-content", "digest_mismatch", "the digest of no content, and content", { digest: sha256("") });
  bad("content-removed", "digest_mismatch", "content removed after signing", { after: changed("") });
  bad("content-changed", "digest_mismatch", "content altered after signing", { after: changed(BODY.replace("please", "pleasf")) });
  bad("content-appended", "digest_mismatch", "content appended after signing", { after: changed(`${BODY}x`) });
  bad("content-white-space", "digest_mismatch", "the line end removed from the content", { after: changed(BODY.trim()) });
  bad("one-of-two-wrong", "digest_mismatch", "sha-256 right and sha-512 wrong", { digest: `${S}, ${sha512("x")}` });
  bad("first-of-two-wrong", "digest_mismatch", "sha-256 wrong and sha-512 right", { digest: `${sha256("x")}, ${sha512(BODY)}` });
  bad("both-changed", "proof_signature", "content and digest altered after signing", { after: (m) => setField("Content-Digest", () => sha256("x"))({ ...m, body: "x" }) });
  bad("uncovered", "component_not_covered", "a right digest that is not covered", { cover: without('"content-digest"') });
  bad("added", "component_not_covered", "a digest added to a message without content after signing", { method: "GET", after: addField("Content-Digest", sha256("")) });
  bad("repr-digest", "digest_missing", "Repr-Digest instead of Content-Digest", { digest: null, fields: [["Repr-Digest", S]] });
  bad("legacy-field", "digest_missing", "the old Digest field instead of Content-Digest", { digest: null, fields: [["Digest", S.replace("=:", "=").replace(/:$/, "")]] });
}

export function field(c) {
  const rule = ["HSQ-11", "AMB-17", "AMB-22"];
  const ok = (name, reason, digest, rest) => c.ok(`digest-${name}`, rule, reason, { digest }, rest);
  const bad = (name, reason, digest, rest) => c.bad(`digest-${name}`, "digest_malformed", rule, reason, { digest }, rest);
  const S = sha256(BODY);
  ok("two-lines", "two algorithms on two lines", [S, sha512(BODY)]);
  ok("two-lines-unknown", "sha-256 and an unknown algorithm on two lines", [S, "x-new=:AAAA:"]);
  bad("two-lines-same", "sha-256 on two lines with the same digest", [S, S], { interop: "strict" });
  bad("two-lines-other", "sha-256 on two lines with different digests", [S, sha256("x")], { interop: "strict" });
  bad("two-lines-other-first", "sha-256 on two lines with different digests, the right one last", [sha256("x"), S], { interop: "strict" });
  bad("key-twice", "sha-256 twice in one line", `${sha256("x")}, ${S}`, { interop: "strict" });
  bad("key-twice-unknown", "an unknown algorithm twice", `${S}, x-new=:AAAA:, x-new=:BBBB:`, { interop: "strict" });
  bad("md5-only", "md5 alone", hashed("md5", "md5", BODY));
  bad("sha-1-only", "sha alone", hashed("sha", "sha1", BODY));
  bad("sha-384-only", "sha-384 alone, which is not registered", hashed("sha-384", "sha384", BODY));
  bad("unknown-only", "an unknown algorithm alone", "x-new=:AAAA:");
  bad("upper-case", "the algorithm in upper case", S.replace("sha-256", "SHA-256"));
  bad("string", "the digest is a string", S.replace(/:/g, '"'));
  bad("token", "the digest is a token", "sha-256=abc");
  bad("flag", "sha-256 without a value", "sha-256");
  bad("list", "the digest is a list", `sha-256=(${S.slice("sha-256=".length)})`);
  bad("short", "the digest is one octet short", `sha-256=:${createHash("sha256").update(BODY).digest().subarray(0, 31).toString("base64")}:`);
  bad("no-octets", "a digest without octets", "sha-256=::");
  bad("one-of-two-short", "sha-256 right, sha-512 too short", `${S}, sha-512=:AAAA:`);
  bad("hex", "the digest in hexadecimal", `sha-256=${createHash("sha256").update(BODY).digest("hex")}`);
  bad("base64url", "the digest in base64url", `sha-256=:${createHash("sha256").update("d6").digest("base64url")}:`);
  bad("no-colon", "the closing colon is missing", S.slice(0, -1));
  bad("trailing-comma", "a comma at the end", `${S},`);
  bad("empty", "an empty field", "");
  ok("semicolons", "a digest behind a semicolon is a parameter of the first, and not looked at", `${S};${sha512("x")}`, { interop: "either" });
  const algorithms = (count) => Array.from({ length: count }, (_, i) => `x-${i}=:AAAA:`).join(", ");
  ok("16-members", "16 digests", `${algorithms(15)}, ${S}`);
  bad("17-members", "17 digests, more than this project reads", `${algorithms(16)}, ${S}`, { interop: "strict" });
  bad("600-members", "600 digests", `${algorithms(600)}, ${S}`, { interop: "strict" });
}
