#!/usr/bin/env node
// A certificate authority (Fulcio), a log (Rekor v1 and v2) and a time stamping authority (RFC 3161), each Sigstore's own mock
// with keys of this process, behind real HTTP on 127.0.0.1.
//
// Usage: keyless_services.mjs   prints one line of JSON: `url`, and `trustedRoot` as clients read it; runs until killed.
// `PUT /out-of-order` with a list of names (fulcio, rekor, tsa) makes these answer 503 until the next such request.
// `GET /identity-token?audience=…` is a runner's answer with a token of a workflow.
import { createHash, generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const mock = require("@sigstore/mock");
const pkijs = require("pkijs");

const pair = () => generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const base64 = (bytes) => Buffer.from(bytes).toString("base64");
const keys = { ca: pair(), ct: pair(), log: pair(), tsa: pair() };
const ctlog = await mock.initializeCTLog(keys.ct);
const ca = await mock.initializeCA(keys.ca, ctlog);
const tsa = await mock.initializeTSA(keys.tsa);
// sigstore-js reads fractions of three digits only, and the mock writes as many as there are.
tsa.getCurrentTime = () => new Date(Math.floor(Date.now() / 1000) * 1000);

const start = new Date(Date.now() - 3600_000).toISOString();
const log = (baseUrl, publicKey) => {
  const spki = publicKey.export({ format: "der", type: "spki" });
  return {
    baseUrl,
    hashAlgorithm: "SHA2_256",
    publicKey: { rawBytes: base64(spki), keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor: { start } },
    logId: { keyId: createHash("sha256").update(spki).digest("base64") },
  };
};
const authority = (name, ...certificates) => ({
  subject: { organization: "sigstore.mock", commonName: name },
  uri: `https://${name}.example`,
  certChain: { certificates: certificates.map((certificate) => ({ rawBytes: base64(certificate) })) },
  validFor: { start },
});
const claims = {
  iss: "https://token.actions.githubusercontent.com",
  sub: "https://github.com/org/app/.github/workflows/release.yml@refs/heads/main",
  repository: "org/app",
};
const segment = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const token = `${segment({ alg: "none" })}.${segment(claims)}.`;

/** A query in DER, as RFC 3161 has it; the mock itself takes JSON, as sigstore-js sends it. */
async function stamp(body, contentType) {
  if (contentType.includes("json")) return mock.tsaHandler(tsa).fn(body.toString());
  const query = pkijs.TimeStampReq.fromBER(body);
  const imprint = query.messageImprint;
  const answer = await tsa.timestamp({
    artifactHash: Buffer.from(imprint.hashedMessage.valueBlock.valueHexView),
    hashAlgorithmOID: imprint.hashAlgorithm.algorithmId,
    policyOID: "1.2.3.4.1",
    nonce: 1,
    certReq: query.certReq ?? false,
  });
  return { statusCode: 201, response: answer, contentType: "application/timestamp-reply" };
}

let broken = [];
const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const reply = ({ statusCode, response: text, contentType }) =>
    response.writeHead(statusCode, { "content-type": contentType ?? "text/plain" }).end(text);
  const url = new URL(request.url, "http://here");
  if (url.pathname === "/out-of-order") {
    broken = JSON.parse(body.toString());
    return reply({ statusCode: 204 });
  }
  if (url.pathname === "/identity-token") {
    return reply({ statusCode: 200, response: JSON.stringify({ value: token }), contentType: "application/json" });
  }
  const service = services.find(({ path }) => path === url.pathname);
  if (!service) return reply({ statusCode: 404, response: "no such endpoint" });
  if (broken.includes(service.name)) return reply({ statusCode: 503, response: "out of order" });
  try {
    reply(await service.answer(body, request.headers["content-type"] ?? ""));
  } catch (error) {
    reply({ statusCode: 400, response: String(error) });
  }
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const url = `http://127.0.0.1:${server.address().port}`;
const rekor = await mock.initializeTLog(url, keys.log);

/** What Rekor keeps of a proposal (sigstore/rekor `pkg/types/dsse/v0.0.1`): hashes, and each signature beside its verifier. */
function kept(proposal) {
  if (proposal.kind !== "dsse") return proposal;
  const { envelope, verifiers } = proposal.spec.proposedContent;
  const { payload, signatures } = JSON.parse(envelope);
  const sha256 = (bytes) => ({ algorithm: "sha256", value: createHash("sha256").update(bytes).digest("hex") });
  const pairs = signatures.map(({ sig }, index) => ({ signature: sig, verifier: verifiers[index] }));
  const hashes = { envelopeHash: sha256(envelope), payloadHash: sha256(Buffer.from(payload, "base64")) };
  return { apiVersion: proposal.apiVersion, kind: proposal.kind, spec: { ...hashes, signatures: pairs } };
}
const log1 = { log: (proposal) => rekor.log(kept(proposal)) };
const services = [
  { name: "fulcio", handler: mock.fulcioHandler(ca) },
  { name: "rekor", handler: mock.rekorHandler(log1) },
  { name: "rekor", handler: mock.rekorV2Handler(rekor) },
].map(({ name, handler }) => ({ name, path: handler.path, answer: (body) => handler.fn(body.toString()) }));
services.push({ name: "tsa", path: "/api/v1/timestamp", answer: stamp });
// sigstore-js takes a checkpoint only from the host the root names.
const trustedRoot = {
  mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
  tlogs: [log(url, keys.log.publicKey)],
  certificateAuthorities: [authority("fulcio", ca.rootCertificate)],
  ctlogs: [log("https://ctfe.example", keys.ct.publicKey)],
  timestampAuthorities: [authority("tsa", tsa.intCertificate, tsa.rootCertificate)],
};
console.log(JSON.stringify({ url, trustedRoot }));
