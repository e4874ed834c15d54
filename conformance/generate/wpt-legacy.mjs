// WPT cases under the older revision, which a receiver has to opt in to.
import { hash, padded } from "./jose.mjs";
import { NOW } from "./case.mjs";
import { BILLING, LEGACY_FIELD, ORDERS, TXN, WIT_FIELD, wpt } from "./wpt-case.mjs";

const ACCESS = "16_mAd0GiwaZokU26_0902100";
const BEARER = ["Authorization", `Bearer ${ACCESS}`];

export function legacy(c) {
  const old = { profile: "wpt-01" };
  const ok = (name, req, reason, how, rest) => c.ok(`old-${name}`, req, reason, how, { ...old, ...rest });
  const bad = (name, why, req, reason, how, rest) => c.bad(`old-${name}`, why, req, reason, how, { ...old, ...rest });
  const W = [WIT_FIELD, ORDERS.wit];
  const ath = hash(ACCESS);

  ok("baseline", ["WPTL-01"], "proof in Workload-Proof-Token, no access token");
  ok("name-lower-case", ["WPTL-01"], "field name in lower case", {}, { fields: (p) => [W, ["workload-proof-token", p]] });
  ok("ath", ["WPTL-02"], "bearer token covered by ath", { claims: { ath } }, { more: [BEARER] });
  ok("ath-scheme-case", ["WPTL-02"], "scheme bearer in lower case", { claims: { ath } }, { more: [["Authorization", `bearer ${ACCESS}`]] });
  const access = (name, claims, more, reason) => bad(name, "access_token_mismatch", ["WPTL-02"], reason, { claims }, { more });
  access("ath-missing", {}, [BEARER], "bearer token without ath");
  access("ath-other", { ath: hash("another") }, [BEARER], "ath of another access token");
  access("ath-absent-token", { ath }, [], "ath without an access token");
  access("ath-padded", { ath: padded(ath) }, [BEARER], "ath with padding");
  access("ath-of-field", { ath: hash(BEARER[1]) }, [BEARER], "ath over scheme and token instead of the token alone");
  bad("ath-number", undefined, ["WPTL-02"], "ath is a number", { claims: { ath: 1 } }, { more: [BEARER] });
  bad("ath-two-tokens", undefined, ["WPTL-02", "AMB-17"], "two Authorization lines, ath of the first", { claims: { ath } }, { more: [BEARER, ["Authorization", "Bearer another"]] });

  const field = ["WPTL-01"];
  bad("two-lines", "proof_repeated", field, "two Workload-Proof-Token lines", {}, { fields: (p) => [W, [LEGACY_FIELD, p], [LEGACY_FIELD, wpt()]] });
  bad("two-lines-same", "proof_repeated", field, "the same proof on two lines", {}, { fields: (p) => [W, [LEGACY_FIELD, p], [LEGACY_FIELD, p]] });
  bad("joined", "proof_malformed", field, "two proofs joined by a comma", {}, { fields: (p) => [W, [LEGACY_FIELD, `${p}, ${wpt()}`]] });
  bad("scheme-prefix", "proof_malformed", field, "the scheme WPT inside the field", {}, { fields: (p) => [W, [LEGACY_FIELD, `WPT ${p}`]] });
  bad("empty", undefined, field, "an empty Workload-Proof-Token field", {}, { fields: [W, [LEGACY_FIELD, ""]] });
  bad("bearer-only", "proof_missing", ["WPTL-01", "WIT-22"], "WIT and bearer token without a proof", {}, { fields: [W, BEARER] });
  bad("proof-only", "wit_missing", ["WPTL-04", "WPT-06"], "proof without a WIT", {}, { fields: (p) => [[LEGACY_FIELD, p]] });
  bad("both-revisions", "revisions_mixed", ["AMB-01", "WPTL-01"], "sound proofs in the carriages of both revisions", {}, { fields: (p) => [W, ["Authorization", `WPT ${p}`], [LEGACY_FIELD, wpt()]] });
  bad("both-revisions-same", "revisions_mixed", ["AMB-01", "WPTL-01"], "the same proof in the carriages of both revisions", {}, { fields: (p) => [W, ["Authorization", `WPT ${p}`], [LEGACY_FIELD, p]] });

  const rest = (row) => ["WPTL-04", row];
  bad("typ", "proof_type", rest("WPT-09"), "typ JWT", { header: { typ: "JWT" } });
  bad("alg", "proof_algorithm", rest("WPT-07"), "alg EdDSA, cnf says ES256", { header: { alg: "EdDSA" } });
  bad("crit", "proof_malformed", rest("WPT-05"), "crit in the header", { header: { crit: ["exp"] } });
  bad("signature", "proof_signature", rest("WPT-08"), "signed by another workload's key", { key: BILLING.key });
  bad("aud", "audience_mismatch", rest("WPT-13"), "aud of another service", { claims: { aud: "https://billing.example.com/path" } });
  bad("aud-missing", "proof_claims", rest("WPT-10"), "no aud", { claims: { aud: undefined } });
  bad("exp", "proof_expired", rest("WPT-18"), "expired", { claims: { exp: NOW - 120 } });
  bad("exp-cap", "proof_lifetime", rest("WPT-19"), "valid for an hour", { claims: { exp: NOW + 3600 } }, { interop: "strict" });
  bad("exp-missing", "proof_claims", rest("WPT-18"), "no exp", { claims: { exp: undefined } });
  bad("jti-missing", "proof_claims", rest("WPT-20"), "no jti", { claims: { jti: undefined } });
  bad("wth", "proof_wit_mismatch", rest("WPT-23"), "proof of another workload", { token: wpt({ who: BILLING }) });
  bad("wth-missing", undefined, rest("WPT-23"), "no wth", { claims: { wth: undefined } });
  ok("tth", rest("WPT-25"), "Txn-Token covered by tth", { claims: { tth: hash(TXN) } }, { more: [["Txn-Token", TXN]] });
  bad("tth-missing", "txn_token_mismatch", rest("WPT-25"), "Txn-Token without tth", {}, { more: [["Txn-Token", TXN]] });
  bad("tth-absent", "txn_token_mismatch", rest("WPT-25"), "tth without a Txn-Token", { claims: { tth: hash(TXN) } });
  const custom = { more: [["X-Custom-Token", "v"]], understood: ["x-custom-token"] };
  ok("oth", rest("WPT-30"), "context token covered by oth", { claims: { oth: { "x-custom-token": hash("v") } } }, custom);
  bad("oth-changed", "context_token_mismatch", rest("WPT-30"), "context token altered", { claims: { oth: { "x-custom-token": hash("w") } } }, custom);
  bad("oth-unknown", "context_token_unknown", rest("WPT-31"), "oth entry not understood", { claims: { oth: { "x-unknown": hash("v") } } });
  bad("oth-not-covered", "context_token_not_covered", rest("WPT-32"), "context token not covered", {}, custom);
  bad("wit-two-lines", "wit_repeated", ["WPTL-04", "AMB-17"], "two WIT lines", {}, { fields: (p) => [W, W, [LEGACY_FIELD, p]] });

  const one = ok("replay", rest("WPT-21"), "first of the replay sequence", { claims: { jti: "own-jti-old-replay" } });
  c.sequence("old-replay-sequence", [one, one], ["accept", "reject"], rest("WPT-21"), "the same proof twice under the older revision");
}
