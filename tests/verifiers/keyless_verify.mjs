#!/usr/bin/env node
// Verifies a Sigstore bundle signed with a certificate, with sigstore-js.
//
// Usage: keyless_verify.mjs BUNDLE TRUSTED_ROOT SUBJECT ISSUER [tlog|tsa]   exit code 0 when it is good, 1 otherwise.
// One witness is required: an entry of the log or a time stamp.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { bundleFromJSON } = require("@sigstore/bundle");
const { TrustedRoot } = require("@sigstore/protobuf-specs");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");

const [bundlePath, rootPath, subject, issuer, witness] = process.argv.slice(2);
const json = (path) => JSON.parse(readFileSync(path, "utf8"));
try {
  const root = toTrustMaterial(TrustedRoot.fromJSON(json(rootPath)));
  const thresholds = { tlogThreshold: witness === "tlog" ? 1 : 0, ctlogThreshold: 1, timestampThreshold: 1 };
  const policy = { subjectAlternativeName: subject, extensions: { issuer } };
  const bundle = bundleFromJSON(json(bundlePath));
  const signer = new Verifier(root, thresholds).verify(toSignedEntity(bundle), policy);
  console.log(JSON.stringify(signer.identity));
} catch (error) {
  console.error(`rejected: ${error.code ?? error.name}: ${error.message}`);
  process.exitCode = 1;
}
