// WPT cases about tokens that travel along: Txn-Token with tth, further fields with oth.
import { hash, padded, raw } from "./jose.mjs";
import { TXN, proofClaims } from "./wpt-case.mjs";

export function transactionToken(c) {
  const bad = (name, claims, more, reason, req = ["WPT-24", "WPT-25"], why = "txn_token_mismatch") => c.bad(`txn-${name}`, why, req, reason, { claims }, { more });
  const line = ["Txn-Token", TXN];
  const tth = hash(TXN);
  c.ok("txn-covered", ["WPT-24", "WPT-25", "CTX-01"], "one Txn-Token, covered by tth", { claims: { tth } }, { more: [line] });
  c.ok("txn-name-lower-case", ["WPT-25"], "field name in lower case", { claims: { tth } }, { more: [["txn-token", TXN]] });
  bad("not-covered", {}, [line], "Txn-Token without tth");
  bad("added", { tth: undefined }, [["TXN-TOKEN", TXN]], "Txn-Token added after signing, name in upper case");
  bad("absent", { tth }, [], "tth without a Txn-Token: stripped on the way", ["WPT-25", "AMB-15"]);
  bad("other", { tth: hash(`${TXN}x`) }, [line], "tth of another token");
  bad("changed", { tth }, [["Txn-Token", `${TXN}A`]], "Txn-Token altered on the way");
  bad("two-lines", { tth }, [line, ["Txn-Token", "a.b.c"]], "two Txn-Token lines", ["CTX-01", "AMB-17", "WPT-25"]);
  bad("two-lines-same", { tth }, [line, line], "the same Txn-Token on two lines", ["CTX-01", "AMB-17", "WPT-25"]);
  bad("joined", { tth }, [["Txn-Token", `${TXN}, a.b.c`]], "two Txn-Tokens joined by a comma, tth of the first", ["CTX-01", "AMB-17", "WPT-25"]);
  bad("padded", { tth: padded(tth) }, [line], "tth with padding");
  bad("number", { tth: 1 }, [line], "tth is a number", ["WPT-25"], undefined);
  bad("null", { tth: null }, [line], "tth is null beside a Txn-Token", ["WPT-25"], undefined);
  bad("array", { tth: [tth] }, [line], "tth is a list with the right hash", ["WPT-25"], undefined);
  bad("in-oth-only", { oth: { "txn-token": tth } }, [line], "Txn-Token covered by oth instead of tth", ["WPT-25"], undefined);
  c.bad("txn-alone", undefined, ["CTX-01"], "a Txn-Token is no authentication", {}, { fields: [], more: [line] });
}

export function contextTokens(c) {
  const X = "x-custom-token";
  const Y = "x-end-user";
  const value = "some-example-other-token";
  const h = hash(value);
  const line = ["X-Custom-Token", value];
  const add = (verb, name, why, req, reason, oth, more, understood = [X], rest = {}) => {
    const claims = oth === undefined ? {} : { oth };
    if (verb === "ok") c.ok(`oth-${name}`, req, reason, { claims }, { more, understood, ...rest });
    else c.bad(`oth-${name}`, why, req, reason, { claims }, { more, understood, ...rest });
  };
  const ok = (name, req, reason, ...rest) => add("ok", name, undefined, req, reason, ...rest);
  const bad = (name, why, req, reason, ...rest) => add("bad", name, why, req, reason, ...rest);

  ok("covered", ["WPT-26", "WPT-28", "WPT-30"], "one context token, covered", { [X]: h }, [line]);
  ok("two-covered", ["WPT-26", "WPT-30"], "two context tokens, both covered", { [X]: h, [Y]: hash("alice") }, [line, ["X-End-User", "alice"]], [X, Y]);
  ok("one-of-two-sent", ["WPT-26", "WPT-30"], "two understood, one sent and covered", { [X]: h }, [line], [X, Y]);
  ok("spaces", ["WPT-28"], "spaces around the value are not hashed, spaces inside are", { [X]: hash("a  b") }, [["X-Custom-Token", "  a  b "]]);
  ok("field-name-case", ["WPT-27"], "field name in upper case, oth key in lower case", { [X]: h }, [["X-CUSTOM-TOKEN", value]]);
  ok("empty-object", ["WPT-26"], "empty oth, no context token", {}, []);
  ok("understood-absent", ["WPT-26"], "a field is understood, but neither sent nor covered", undefined, []);
  ok("unlisted-field", ["WPT-32", "AMB-16"], "a field that is no context token here is not looked at", undefined, [["X-Other-Token", "v"]]);
  ok("unlisted-field-repeated", ["WPT-32", "AMB-16"], "a field that is no context token here may be repeated", undefined, [["X-Other", "v"], ["X-Other", "w"]]);
  ok("with-txn-token", ["WPT-24", "WPT-26"], "tth and oth together", { [X]: h }, [line]);

  const uncovered = ["WPT-32", "AMB-16"];
  bad("not-covered", "context_token_not_covered", uncovered, "context token present, no oth", undefined, [line]);
  bad("not-covered-empty-oth", "context_token_not_covered", uncovered, "context token present, oth empty", {}, [line]);
  bad("not-covered-second", "context_token_not_covered", uncovered, "two context tokens present, one covered", { [X]: h }, [line, ["X-End-User", "mallory"]], [X, Y]);
  bad("not-covered-upper-case", "context_token_not_covered", uncovered, "context token added under a name in upper case", undefined, [["X-CUSTOM-TOKEN", "mallory"]]);
  bad("not-covered-twice", undefined, uncovered, "context token on two lines, no oth", undefined, [line, line]);

  const verify = ["WPT-30"];
  const mismatch = (name, reason, ...rest) => bad(name, "context_token_mismatch", verify, reason, ...rest);
  mismatch("changed", "context token altered on the way", { [X]: h }, [["X-Custom-Token", "mallory"]]);
  mismatch("second-changed", "the second of two context tokens altered", { [X]: h, [Y]: hash("alice") }, [line, ["X-End-User", "mallory"]], [X, Y]);
  mismatch("absent", "context token stripped on the way", { [X]: h }, []);
  mismatch("padded", "oth value with padding", { [X]: padded(h) }, [line]);
  mismatch("case-of-value", "context token in other letters' case", { [X]: h }, [["X-Custom-Token", value.toUpperCase()]]);
  mismatch("inner-space", "one of two inner spaces lost on the way", { [X]: hash("a  b") }, [["X-Custom-Token", "a b"]]);
  bad("repeated", "context_token_mismatch", ["WPT-29"], "covered field on two lines", { [X]: h }, [line, line]);
  bad("repeated-other", "context_token_mismatch", ["WPT-29"], "covered field on two lines, the hash of the first", { [X]: h }, [line, ["X-Custom-Token", "mallory"]]);
  bad("joined", "context_token_mismatch", ["WPT-29", "WPT-30"], "a second value joined by a comma", { [X]: h }, [["X-Custom-Token", `${value}, mallory`]]);

  const unknown = (name, reason, ...rest) => bad(name, "context_token_unknown", ["WPT-31"], reason, ...rest);
  unknown("unknown", "oth covers a field that is not understood here, rightly", { "x-unknown": hash("v") }, [["X-Unknown", "v"]]);
  unknown("unknown-second", "one entry understood and right, one not understood", { [X]: h, "x-unknown": hash("v") }, [line, ["X-Unknown", "v"]]);
  unknown("unknown-absent", "an entry that is not understood, for a field that is absent", { "x-unknown": hash("v") }, []);
  unknown("key-authorization", "authorization is no legal key", { authorization: hash("Bearer x") }, [], []);
  unknown("key-wit", "the WIT is covered by wth, not by oth", { "workload-identity-token": h }, [], []);
  unknown("key-empty", "an empty key", { "": h }, [], []);
  unknown("nothing-understood", "no context token is understood here", { [X]: h }, [line], []);
  bad("key-upper-case", undefined, ["WPT-27"], "key not in lower case", { "X-Custom-Token": h }, [line]);
  bad("key-space", undefined, ["WPT-27"], "key with a space", { "x-custom-token ": h }, [line]);

  const shape = ["WPT-26", "WPT-30"];
  for (const [name, oth] of [["string", h], ["array", [h]], ["array-empty", []], ["number", 1], ["null", null], ["true", true]]) {
    bad(`is-${name}`, undefined, shape, `oth is no object: ${name}`, oth, [line]);
    bad(`is-${name}-alone`, undefined, shape, `oth is no object: ${name}; no context token sent`, oth, []);
  }
  for (const [name, entry] of [["number", 1], ["null", null], ["array", [h]], ["object", { hash: h }], ["true", true]]) {
    bad(`value-${name}`, undefined, shape, `oth value is no string: ${name}`, { [X]: entry }, [line]);
  }
  bad("value-empty", "context_token_mismatch", shape, "oth value is empty", { [X]: "" }, [line]);

  const twice = (name, text, reason) => c.bad(`oth-${name}`, undefined, ["WPT-30", "AMB-25"], reason,
    { payload: { ...proofClaims(), oth: raw(text) } }, { more: [line], understood: [X], interop: "strict" });
  twice("duplicate-key", `{"${X}":"${h}","${X}":"${hash("mallory")}"}`, "a key of oth occurs twice");
  twice("duplicate-key-same", `{"${X}":"${h}","${X}":"${h}"}`, "a key of oth occurs twice with the same value");
  twice("duplicate-key-escaped", `{"${X}":"${h}","x\\u002dcustom-token":"${hash("mallory")}"}`, "a key of oth occurs twice, once with an escape");
  c.ok("oth-key-escaped", ["WPT-27"], "a key of oth written with an escape is the same key",
    { payload: { ...proofClaims(), oth: raw(`{"x\\u002dcustom-token":"${h}"}`) } }, { more: [line], understood: [X] });
}
