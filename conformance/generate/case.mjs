// How a case is put together: the defaults of a token, and the list that a file is made of.
import { isPlain, jws } from "./jose.mjs";
import { JUNE_5, keys, pub } from "./keys.mjs";

export const NOW = 1_760_000_000;
export const SUBJECT = "wimse://example.com/orders/api";
export const SVID_SUBJECT = "spiffe://example.com/orders/api";

export const CNF_ES256 = { jwk: pub(keys.workload_p256, { alg: "ES256" }) };
export const WIT_HEADER = { alg: "ES256", kid: "June 5", typ: "wit+jwt" };
export const WIT_CLAIMS = { sub: SUBJECT, exp: NOW + 3600, iat: NOW - 60, cnf: CNF_ES256 };

/** A WIT: by default sound, signed with the key `June 5`, for the P-256 key of the workload. */
export function wit({ header = {}, claims = {}, rawHeader, payload, key = JUNE_5, ...how } = {}) {
  const full = rawHeader ?? { ...WIT_HEADER, ...header };
  return jws({ header: full, payload: payload ?? { ...WIT_CLAIMS, ...claims }, key, alg: "ES256", ...how });
}

/** A list of cases whose ids must differ. */
export class Cases {
  #ids = new Set();
  list = [];

  constructor(prefix) {
    this.prefix = prefix;
  }

  push(name, fields) {
    const id = `${this.prefix}-${name}`;
    if (this.#ids.has(id)) throw new Error(`id used twice: ${id}`);
    this.#ids.add(id);
    this.list.push({ id, source: "generated", ...fields });
    return id;
  }
}

/** The cases of `own-wit.json`. */
export class WitCases extends Cases {
  constructor() {
    super("own-wit");
  }

  /**
   * `how`: `header`, `claims` (merged into the defaults; `undefined` leaves a member out), or any other
   * argument of `wit`. `rest`: `anchors`, `settings`, `now`, `profile`, `interop`, `why` (the reason code), `token`.
   */
  add(name, expected, requirements, reason, how = {}, rest = {}) {
    const { anchors = "default", why, token, now = NOW, profile = "wimse", ...more } = rest;
    const text = token ?? wit({ alg: how.header?.alg && how.key ? how.header.alg : "ES256", ...how });
    const shown = (part) => (isPlain(part) ? part : undefined);
    const plain = token === undefined && how.encode === undefined && how.finish === undefined;
    const drop = (o) => Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined));
    const header = plain && !how.rawHeader ? shown(drop({ ...WIT_HEADER, ...how.header })) : undefined;
    const claims = plain && !how.payload ? shown(drop({ ...WIT_CLAIMS, ...how.claims })) : undefined;
    this.push(name, {
      now,
      profile,
      trust_anchors: anchors,
      ...more,
      wit: text,
      expected,
      ...(why ? { expected_reason: why } : {}),
      reason,
      requirements,
      ...(header ? { header } : {}),
      ...(claims ? { claims } : {}),
    });
  }

  ok(name, requirements, reason, how, rest) {
    this.add(name, "accept", requirements, reason, how, rest);
  }

  bad(name, why, requirements, reason, how, rest) {
    this.add(name, "reject", requirements, reason, how, { why, ...rest });
  }
}
