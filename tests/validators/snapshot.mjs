// Judges dependency snapshots: GitHub's own toolkit, told the same packages, must write the same manifests.
//
// Usage: node snapshot.mjs FILE...   exit code 0 when all are, 1 otherwise.

import { deepStrictEqual } from "node:assert";
import { readFile } from "node:fs/promises";
import { Manifest, PackageCache } from "@github/dependency-submission-toolkit";

// The toolkit's purl library predates purl-spec 1.0.1, where a colon is never encoded.
const canonical = (purl) => purl.replaceAll("%3A", ":");

const rebuilt = ({ name, file, resolved }) => {
  const manifest = new Manifest(name, file?.source_location);
  const cache = new PackageCache();
  for (const purl of Object.keys(resolved)) cache.package(purl);
  for (const [purl, found] of Object.entries(resolved)) {
    const known = cache.package(purl);
    for (const needed of found.dependencies ?? []) known.dependsOn(cache.lookupPackage(needed));
    if (found.relationship === "direct") manifest.addDirectDependency(known, found.scope);
    else manifest.addIndirectDependency(known, found.scope);
  }
  return JSON.parse(JSON.stringify(manifest), (_, value) => (typeof value === "string" ? canonical(value) : value));
};

const spelt = (manifest, source) => {
  const resolved = {};
  for (const [purl, found] of Object.entries(manifest.resolved)) {
    const said = source.resolved[purl] ?? source.resolved[canonical(purl)];
    // What nobody knows is left out by us; the toolkit has no way to say so.
    const relationship = said?.relationship === undefined ? {} : { relationship: found.relationship };
    resolved[canonical(purl)] = { ...found, ...relationship };
    if (said?.relationship === undefined) delete resolved[canonical(purl)].relationship;
    if (found.dependencies.length === 0 && said?.dependencies === undefined) delete resolved[canonical(purl)].dependencies;
  }
  return { ...manifest, resolved };
};

let sound = true;
for (const path of process.argv.slice(2)) {
  const snapshot = JSON.parse(await readFile(path, "utf8"));
  for (const [key, manifest] of Object.entries(snapshot.manifests)) {
    try {
      deepStrictEqual(spelt(rebuilt(manifest), manifest), manifest);
      console.log(`${path}: ${key}: valid, ${Object.keys(manifest.resolved).length} packages`);
    } catch (fault) {
      console.log(`${path}: ${key}: INVALID ${fault.message}`);
      sound = false;
    }
  }
}
process.exit(sound ? 0 : 1);
