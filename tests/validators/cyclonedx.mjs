// Judges CycloneDX JSON files with the official JavaScript library, which uses Ajv.
//
// Usage: node cyclonedx.mjs FILE...   exit code 0 when all are valid, 1 otherwise.

import { readFile } from "node:fs/promises";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";

let sound = true;
for (const path of process.argv.slice(2)) {
  const text = await readFile(path, "utf8");
  const version = JSON.parse(text).specVersion;
  const fault = Object.values(Spec.Version).includes(version)
    ? await new Validation.JsonStrictValidator(version).validate(text)
    : `unknown version ${version}`;
  console.log(`${path}: ${fault === null ? "valid" : `INVALID ${JSON.stringify(fault).slice(0, 2000)}`}`);
  sound &&= fault === null;
}
process.exit(sound ? 0 : 1);
