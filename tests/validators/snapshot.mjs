// Judges dependency snapshots: GitHub's own toolkit, told the same packages, must write the same manifests.
//
// Usage: node snapshot.mjs FILE...   exit code 0 when all are, 1 otherwise.

import { deepStrictEqual } from "node:assert";
import { readFile } from "node:fs/promises";
import { Manifest, PackageCache } from "@github/dependency-submission-toolkit";

// The toolkit's purl library predates purl-spec 1.0.1: it encodes colons, and wants a plus in a version as it is. What is
// meant is compared, not how it is encoded.
const dated = (purl) => purl.replace(/^[^?#]*/, (head) => head.replaceAll("%2B", "+"));
const meant = (value) =>
  JSON.parse(JSON.stringify(value), (_, inner) => {
    if (typeof inner === "string") return decodeURIComponent(inner);
    if (inner === null || typeof inner !== "object" || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).map(([key, held]) => [decodeURIComponent(key), held]));
  });

const rebuilt = ({ name, file, resolved }) => {
  const manifest = new Manifest(name, file?.source_location);
  const cache = new PackageCache();
  for (const purl of Object.keys(resolved)) cache.package(dated(purl));
  for (const [purl, found] of Object.entries(resolved)) {
    const known = cache.package(dated(purl));
    for (const needed of found.dependencies ?? []) known.dependsOn(cache.lookupPackage(dated(needed)));
    if (found.relationship === "direct") manifest.addDirectDependency(known, found.scope);
    else manifest.addIndirectDependency(known, found.scope);
  }
  // What nobody knows is left out by us; the toolkit has no way to say so.
  const written = meant(manifest);
  for (const [purl, found] of Object.entries(meant(resolved))) {
    if (found.relationship === undefined) delete written.resolved[purl].relationship;
  }
  return written;
};

let sound = true;
for (const path of process.argv.slice(2)) {
  const snapshot = JSON.parse(await readFile(path, "utf8"));
  for (const [key, manifest] of Object.entries(snapshot.manifests)) {
    try {
      deepStrictEqual(rebuilt(manifest), meant(manifest));
      console.log(`${path}: ${key}: valid, ${Object.keys(manifest.resolved).length} packages`);
    } catch (fault) {
      console.log(`${path}: ${key}: INVALID ${fault.message}`);
      sound = false;
    }
  }
}
process.exit(sound ? 0 : 1);
