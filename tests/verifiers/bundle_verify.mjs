#!/usr/bin/env node
// Verifies a Sigstore bundle v0.3 signed with a key, with sigstore-js.
//
// Usage: bundle_verify.mjs BUNDLE PUBKEY   exit code 0 and the statement's subjects as JSON when the key signed it, 1 otherwise.
// Needs the packages of package.json beside this file, in node_modules here or in the folder NODE_PATH names.
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { bundleFromJSON, isBundleWithPublicKey } = require("@sigstore/bundle");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");

function verify(bundlePath, keyPath) {
  const bundle = bundleFromJSON(JSON.parse(readFileSync(bundlePath, "utf8")));
  if (bundle.mediaType !== "application/vnd.dev.sigstore.bundle.v0.3+json" || !isBundleWithPublicKey(bundle)) {
    throw new Error(`not a bundle v0.3 with a public key: ${bundle.mediaType}`);
  }
  const publicKey = createPublicKey(readFileSync(keyPath));
  const keys = () => ({ publicKey, validFor: () => true });
  const noRoots = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
  // A key of our own needs no log and no time stamps.
  const thresholds = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 };
  new Verifier(toTrustMaterial(noRoots, keys), thresholds).verify(toSignedEntity(bundle));
  const statement = JSON.parse(bundle.content.dsseEnvelope.payload.toString("utf8"));
  return {
    hint: bundle.verificationMaterial.content.publicKey.hint,
    predicateType: statement.predicateType,
    subjects: statement.subject.map((subject) => subject.digest.sha256),
  };
}

const [bundlePath, keyPath] = process.argv.slice(2);
try {
  console.log(JSON.stringify(verify(bundlePath, keyPath)));
} catch (error) {
  console.error(`rejected: ${error.code ?? error.name}: ${error.message}`);
  process.exitCode = 1;
}
