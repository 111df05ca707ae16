// Finds Firefox on this machine. If there is none and the user may install packages, installs
// Debian's firefox-esr. Accepts only versions with Web Serial.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { aptPrefix, type Found, installPackages } from '#test/support/install-chromium.ts';
import { runCommand } from '#test/support/run-command.ts';

/** The first version with Web Serial. */
const FIRST_VERSION = 151;
const NAMES = ['firefox-esr', 'firefox'];

/** Returns the path of a Firefox with Web Serial, or a sentence that says why there is none. */
export async function provideFirefox(say: (line: string) => void): Promise<Found> {
  const found = findFirefox();
  if (found !== undefined) return await withWebSerial(found);
  const prefix = await aptPrefix();
  if (prefix === undefined) return { missing: 'no Firefox was found; KEYFERRY_FIREFOX names one' };
  say('This machine has no Firefox: installing the firefox-esr package.');
  const failure = await installPackages(prefix, ['firefox-esr']);
  const installed = findFirefox();
  if (installed !== undefined) return await withWebSerial(installed);
  return { missing: failure ?? 'the firefox-esr package contains no browser' };
}

/**
 * Returns the path in KEYFERRY_FIREFOX if set, else the first match in PATH, else the usual path on
 * macOS.
 */
function findFirefox(): string | undefined {
  const named = process.env.KEYFERRY_FIREFOX;
  if (named !== undefined && named !== '') return existsSync(named) ? named : undefined;
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...paths, '/Applications/Firefox.app/Contents/MacOS/firefox'].find((path) => existsSync(path));
}

async function withWebSerial(path: string): Promise<Found> {
  const { output } = await runCommand(path, ['--version']);
  const version = /(\d+)\.\d/.exec(output)?.[1];
  if (Number(version) >= FIRST_VERSION) return { path };
  return { missing: `Firefox ${version ?? '(unknown version)'} has no Web Serial; ${FIRST_VERSION} has it` };
}
