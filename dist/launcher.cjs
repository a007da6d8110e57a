// Starts the suite's binary for this platform and stands between it and the runner: the only JavaScript of the suite.
// It has no dependencies and decides nothing: choose, verify, start, forward signals, pass the exit code on.
'use strict';
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const bin = path.join(__dirname, '..', 'bin');
const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

// One line the runner shows as an error, and the suite's exit code for "could not find out".
function fail(action, message) {
  const text = message.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A').replace(/##\[/g, '## [');
  console.log(`::error title=${action}::${text}`);
  process.exitCode = 3;
}

function binary() {
  const platform = `${process.platform}-${process.arch}`;
  const name = process.platform === 'win32' ? 'lockkeeper.exe' : 'lockkeeper';
  const relative = `${platform}/${name}`;
  let sums;
  try {
    sums = fs.readFileSync(path.join(bin, 'SHA256SUMS'), 'utf8');
  } catch (error) {
    throw new Error(`this release tree is incomplete: ${error.message}\nhelp: pin a released version`);
  }
  const known = sums.split('\n').filter(Boolean).map((line) => line.split(/\s+\*?/));
  const entry = known.find(([, file]) => file === relative);
  if (!entry) {
    const platforms = known.map(([, file]) => path.dirname(file)).join(', ');
    throw new Error(`no binary for ${platform} in this release; it has ${platforms}\nhelp: use a runner of one of these platforms`);
  }
  const file = path.join(bin, relative);
  const found = createHash('sha256').update(fs.readFileSync(file)).digest('hex');
  if (found !== entry[0]) {
    throw new Error(`${relative} has checksum ${found}, but the release says ${entry[0]}; it was not started\nhelp: the action's files were changed after the release; clear the runner's action cache`);
  }
  return executable(file);
}

// Zipped artifacts and read-only caches lose the executable bit; then a copy that has it is started.
function executable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return file;
  } catch {
    const folder = fs.mkdtempSync(path.join(process.env.RUNNER_TEMP || require('node:os').tmpdir(), 'lockkeeper-'));
    const copy = path.join(folder, path.basename(file));
    fs.copyFileSync(file, copy);
    fs.chmodSync(copy, 0o755);
    return copy;
  }
}

module.exports = function launch(action, phase) {
  let file;
  try {
    file = binary();
  } catch (error) {
    return fail(action, `failed to start ${action}: ${error.message}`);
  }
  const child = spawn(file, [action, phase], { stdio: 'inherit' });
  // The runner signals this process only. On Windows the whole console group gets the event, so nothing is forwarded.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => process.platform !== 'win32' && child.kill(signal));
  }
  child.on('error', (error) => fail(action, `failed to start ${action}: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signalNumbers[signal] ?? 0);
  });
};
