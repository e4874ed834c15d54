// Writes the generated vector files. Run: node conformance/generate.mjs
import { writeFileSync } from "node:fs";

import { WitCases } from "./generate/case.mjs";
import { HTTPSIG_ANCHORS, HttpsigCases } from "./generate/httpsig-case.mjs";
import * as httpsigCoverage from "./generate/httpsig-coverage.mjs";
import * as httpsigDigest from "./generate/httpsig-digest.mjs";
import * as httpsigField from "./generate/httpsig-field.mjs";
import * as httpsigKey from "./generate/httpsig-key.mjs";
import * as httpsigLegacy from "./generate/httpsig-legacy.mjs";
import * as httpsigParams from "./generate/httpsig-params.mjs";
import * as httpsigReplay from "./generate/httpsig-replay.mjs";
import * as httpsigResponse from "./generate/httpsig-response.mjs";
import * as httpsigTime from "./generate/httpsig-time.mjs";
import * as identifier from "./generate/identifier.mjs";
import { DEFAULT_ANCHORS } from "./generate/keys.mjs";
import * as witAnchors from "./generate/wit-anchors.mjs";
import * as witClaims from "./generate/wit-claims.mjs";
import * as witConfirmation from "./generate/wit-cnf.mjs";
import * as witForm from "./generate/wit-form.mjs";
import * as witSvid from "./generate/wit-svid.mjs";
import { WPT_ANCHORS, WptCases } from "./generate/wpt-case.mjs";
import * as wptClaims from "./generate/wpt-claims.mjs";
import * as wptContext from "./generate/wpt-context.mjs";
import * as wptField from "./generate/wpt-field.mjs";
import * as wptLegacy from "./generate/wpt-legacy.mjs";
import * as wptProof from "./generate/wpt-proof.mjs";
import * as wptReplay from "./generate/wpt-replay.mjs";

const write = (name, content) =>
  writeFileSync(new URL(`vectors/${name}`, import.meta.url), `${JSON.stringify(content, null, 1)}\n`);

const wit = new WitCases();
for (const part of [witForm, witClaims, witAnchors, witConfirmation, witSvid]) for (const add of Object.values(part)) add(wit);
write("own-wit.json", {
  description: "Further WIT vectors of this project, in the format of wit.json; README.md tells the added fields. Keys: keys.json, keys-own.json.",
  trust_anchors: DEFAULT_ANCHORS,
  vectors: wit.list,
});

const wpt = new WptCases();
for (const part of [wptField, wptProof, wptClaims, wptContext, wptLegacy, wptReplay]) for (const add of Object.values(part)) add(wpt);
write("own-wpt.json", {
  description: "Further WPT vectors of this project, in the format of wpt.json, with trust anchors of their own; README.md tells the added fields. Keys: keys.json, keys-own.json.",
  trust_anchors: WPT_ANCHORS,
  vectors: wpt.list,
});

const httpsig = new HttpsigCases();
const httpsigParts = [httpsigParams, httpsigCoverage, httpsigTime, httpsigDigest, httpsigField, httpsigKey, httpsigReplay, httpsigResponse, httpsigLegacy];
for (const part of httpsigParts) for (const add of Object.values(part)) add(httpsig);
write("own-httpsig.json", {
  description: "Further vectors of this project for HTTP message signatures, in the format of httpsig.json, with trust anchors of their own; README.md tells the added fields. Keys: keys.json, keys-own.json.",
  trust_anchors: HTTPSIG_ANCHORS,
  vectors: httpsig.list,
});

write("own-identifier.json", {
  description: "Further identifier vectors of this project, in the format of identifier.json: for a spiffe: input the key spiffe decides, otherwise id_pr99; a text there means that both outcomes are right.",
  vectors: identifier.vectors,
  comparison: identifier.comparison,
});

console.log(`own-httpsig.json: ${httpsig.list.length}`);
console.log(`own-identifier.json: ${identifier.vectors.length} and ${identifier.comparison.length} comparisons`);
console.log(`own-wpt.json: ${wpt.list.length}`);
console.log(`own-wit.json: ${wit.list.length}`);
