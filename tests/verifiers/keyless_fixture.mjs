#!/usr/bin/env node
// Signs a statement with sigstore-js at the services of keyless_services.mjs: how `crates/attest/tests/keyless` was made.
//
// Needs @sigstore/sign 5.1.0 beside the packages of package.json.
// Usage: keyless_fixture.mjs SERVICES.json FOLDER   writes the trusted root, and one bundle for each way of being witnessed.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { bundleToJSON } = require("@sigstore/bundle");
const { DSSEBundleBuilder, FulcioSigner, RekorWitness, TSAWitness } = require("@sigstore/sign");

const [servicesPath, folder] = process.argv.slice(2);
const { url, trustedRoot } = JSON.parse(readFileSync(servicesPath, "utf8"));
const { value: token } = await (await fetch(`${url}/identity-token?audience=sigstore`)).json();
const statement = {
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ name: "ghcr.io/org/app", digest: { sha256: createHash("sha256").update("image").digest("hex") } }],
  predicateType: "https://in-toto.io/attestation/test-result/v0.1",
  predicate: { result: "PASSED", configuration: [], finishedOn: "2026-09-21T11:00:00Z" },
};
const once = { retry: 0, timeout: 5000 };
const log = new RekorWitness({ rekorBaseURL: url, entryType: "dsse", ...once });
const old = new RekorWitness({ rekorBaseURL: url, entryType: "intoto", ...once });
const stamp = new TSAWitness({ tsaBaseURL: url, ...once });
const ways = { log: [log], intoto: [old], stamp: [stamp], both: [log, stamp], none: [] };
for (const [name, witnesses] of Object.entries(ways)) {
  const signer = new FulcioSigner({ fulcioBaseURL: url, identityProvider: { getToken: async () => token }, ...once });
  const artifact = { data: Buffer.from(JSON.stringify(statement)), type: "application/vnd.in-toto+json" };
  const bundle = await new DSSEBundleBuilder({ signer, witnesses }).create(artifact);
  writeFileSync(`${folder}/${name}.sigstore.json`, `${JSON.stringify(bundleToJSON(bundle))}\n`);
}
writeFileSync(`${folder}/trusted_root.json`, `${JSON.stringify(trustedRoot)}\n`);
