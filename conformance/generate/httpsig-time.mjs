// Request cases about time: created, expires, and the window between them.
import { raw } from "./jose.mjs";
import { NOW } from "./httpsig-case.mjs";

export function window(c) {
  const ok = (name, created, expires, reason, rest) => c.ok(`time-${name}`, ["HSQ-13", "HSQ-35", "AMB-08"], reason, { params: { created, expires } }, rest);
  const bad = (name, why, created, expires, reason, rest) => c.bad(`time-${name}`, why, ["HSQ-35", "AMB-08"], reason, { params: { created, expires } }, rest);
  ok("window-600", NOW - 5, NOW + 595, "valid for exactly 10 minutes");
  bad("window-601", "proof_lifetime", NOW - 5, NOW + 596, "valid for 10 minutes and a second", { interop: "strict" });
  bad("window-day", "proof_lifetime", NOW - 5, NOW + 86_400, "valid for a day", { interop: "strict" });
  bad("window-years", "proof_lifetime", NOW - 5, 999_999_999_999_999, "expires at the largest integer of a structured field", { interop: "strict" });
  bad("window-old", "proof_lifetime", 0, NOW + 60, "created in 1970, expires soon", { interop: "strict" });
  bad("window-negative-created", "proof_lifetime", -999_999_999_999_999, NOW + 60, "created at the smallest integer of a structured field", { interop: "strict" });
  ok("window-1", NOW, NOW + 1, "valid for a second");
  bad("equal", "proof_lifetime", NOW, NOW, "expires equals created, still within the leeway");
  bad("reversed", "proof_lifetime", NOW + 10, NOW + 5, "expires before created, both within the leeway");

  ok("created-ahead-60", NOW + 60, NOW + 120, "created ahead by exactly the leeway");
  bad("created-ahead-61", "proof_not_yet_valid", NOW + 61, NOW + 120, "created ahead by a second more than the leeway");
  bad("created-ahead-day", "proof_not_yet_valid", NOW + 86_400, NOW + 86_500, "created a day ahead");
  ok("created-now", NOW, NOW + 60, "created now");
  ok("expired-59", NOW - 100, NOW - 59, "expired for a second less than the leeway");
  bad("expired-60", "proof_expired", NOW - 100, NOW - 60, "expired for exactly the leeway");
  bad("expired-day", "proof_expired", NOW - 86_500, NOW - 86_400, "expired a day ago");
  bad("expired-negative", "proof_expired", -10, -5, "times before 1970");
  bad("expired-zero", "proof_expired", 0, 0, "both times are 0");
  c.ok("time-wit-iat-later", ["AMB-09"], "the WIT's iat is 5 s after created", { params: { created: NOW - 65, expires: NOW + 60 } });
}

export function numbers(c) {
  const bad = (name, key, value, reason, why = "proof_malformed") => c.bad(`time-${name}`, why, ["HSQ-12", "HSQ-13", "HSQ-40"], reason, { params: { [key]: value } });
  bad("created-16-digits", "created", raw("1760000000000000"), "created has more digits than a structured field holds");
  bad("expires-u64", "expires", raw("18446744073709551615"), "expires is 2^64 - 1");
  bad("expires-exponent", "expires", raw("1e10"), "expires with an exponent");
  bad("expires-plus", "expires", raw(`+${NOW + 60}`), "expires with a plus sign");
  bad("created-milliseconds", "created", NOW * 1000, "created in milliseconds", "proof_not_yet_valid");
  bad("expires-decimal", "expires", raw(`${NOW + 60}.0`), "expires is a decimal", "signature_parameter");
  c.ok("time-leading-zeros", ["HSQ-40"], "created with leading zeros: RFC 9421 signs the number without them, byte identity would refuse it",
    { member: (m) => ({ ...m, input: m.input.replace(";created=", "$&00") }) }, { interop: "either" });
}
