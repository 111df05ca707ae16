// Makes a release (docs/release.md). Usage:
//   npm run release:key -- FILE
//   npm run release -- --key FILE --out FOLDER
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createBuilder } from 'vite';
import { counted } from '#protocol/text/counted.ts';
import { here } from '../environments.ts';
import { createReleaseKey, describeKey, ReleaseError, readReleaseKey } from './release-key.ts';
import { STATEMENT, writeRelease } from './write-release.ts';

const USAGE = `Usage:
  npm run release:key -- FILE                  writes a new release key, and prints its public key
  npm run release -- --key FILE --out FOLDER   builds, and writes a signed release to a new folder`;
const text = { type: 'string' } as const;

async function main(): Promise<readonly string[]> {
  const { values, words } = readArguments();
  const { key, out } = values;
  const [command, file] = words;
  if (command === 'key' && file !== undefined && words.length === 2) return createReleaseKey(resolve(file));
  if (words.length > 0 || key === undefined || out === undefined) throw new ReleaseError(USAGE);
  const folder = resolve(out);
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new ReleaseError(`${folder} is not empty. Name a new folder with --out.`);
  }
  const signer = readReleaseKey(resolve(key));
  // Every user may read a release, because a web server runs as another user.
  process.umask(0o022);
  const commit = readCommit();
  const builder = await createBuilder({ configFile: here('vite.config.ts') });
  await builder.buildApp();
  mkdirSync(folder, { recursive: true });
  const count = await writeRelease({ root: here(''), out: folder, commit, signer });
  return [
    `Wrote ${counted(count, 'file')} and the statement ${STATEMENT} to ${folder}.`,
    commit === undefined
      ? 'The statement names no commit, because the sources are not those of a commit.'
      : `The sources are those of commit ${commit}.`,
    'The statement is signed with the key',
    ...describeKey(signer.publicKey),
  ];
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({ options: { key: text, out: text }, allowPositionals: true });
    return { values, words: positionals };
  } catch (cause) {
    throw new ReleaseError(`${cause instanceof Error ? cause.message : String(cause)}\n${USAGE}`);
  }
}

/** Returns the commit of the sources; undefined if they were changed since, or without Git. */
function readCommit(): string | undefined {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: here(''), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return git('status', '--porcelain') === '' ? git('rev-parse', 'HEAD') : undefined;
  } catch {
    return undefined;
  }
}

main()
  .then((lines) => console.log(lines.join('\n')))
  .catch((cause: unknown) => {
    console.error(cause instanceof ReleaseError ? cause.message : cause);
    process.exitCode = 1;
  });
