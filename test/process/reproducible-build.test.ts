// Makes the release twice: in folders with other paths, at other times, with another umask,
// language, time zone and home folder. All files must be equal, byte by byte. Only two of the six
// languages are built, because building all of them takes three times as long.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyRepository } from '#test/support/copy-repository.ts';
import { runCommand } from '#test/support/run-command.ts';

const CLOCK = pathToFileURL('test/process/preloads/clock.mjs').href;
const DAYS = 86_400_000;
/** Two builds take about a minute on a machine with two cores. */
const TIMEOUT_MS = 900_000;

interface Place {
  /** Folder of the sources, below the temporary folder. */
  readonly path: string;
  readonly umask: string;
  readonly environment: Readonly<Record<string, string>>;
}

const PLACES: readonly Place[] = [
  { path: 'a', umask: '022', environment: { TZ: 'UTC', LC_ALL: 'C', LANG: 'C' } },
  {
    path: 'another place/Ünïcode/keyferry-2',
    umask: '077',
    environment: {
      ...{ TZ: 'Asia/Kathmandu', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' },
      KF_CLOCK_OFFSET: String(4000 * DAYS),
    },
  },
];

describe('two builds of the same sources', () => {
  let root: string;
  const key = (): string => join(root, 'release.key');
  const sourcesOf = ({ path }: Place): string => join(root, path);
  const releaseOf = ({ path }: Place): string => join(root, 'releases', path);

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'kf-twice-'));
    for (const place of PLACES) copyRepository(sourcesOf(place));
    const made = await release(PLACES[0], 'key', key());
    expect(made).toMatchObject({ code: 0 });
    const built = await Promise.all(PLACES.map((place) => release(place, '--key', key(), '--out', releaseOf(place))));
    for (const { code, output } of built) expect(code, output).toBe(0);
  }, TIMEOUT_MS);

  afterAll(() => rm(root, { recursive: true }), TIMEOUT_MS);

  function release(place: Place | undefined, ...args: readonly string[]) {
    if (place === undefined) throw new TypeError('no place');
    const program = [join(sourcesOf(place), 'node_modules/tsx/dist/cli.mjs'), 'build/release/run.ts', ...args];
    const command = `cd "$1" && shift && umask ${place.umask} && exec "$@"`;
    return runCommand('sh', ['-c', command, 'sh', sourcesOf(place), process.execPath, ...program], {
      env: {
        ...place.environment,
        ...{ HOME: sourcesOf(place), NODE_OPTIONS: `--import=${CLOCK}`, KEYFERRY_LANGUAGES: 'en,ar' },
      },
    });
  }

  const filesIn = async (folder: string): Promise<string[]> =>
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
      .sort();

  async function expectEqual(folderOf: (place: Place) => string): Promise<readonly string[]> {
    const [first = '', second = ''] = PLACES.map(folderOf);
    const names = await filesIn(first);
    expect(await filesIn(second)).toEqual(names);
    const differing: string[] = [];
    for (const name of names) {
      const [a, b] = await Promise.all([first, second].map((folder) => readFile(join(folder, name))));
      if (a === undefined || b === undefined || !a.equals(b)) differing.push(name);
    }
    expect(differing).toEqual([]);
    return names;
  }

  it('give the same page, demo, service and lists of packages', async () => {
    const names = await expectEqual((place) => join(sourcesOf(place), 'dist'));
    for (const name of [
      'app/index.html',
      'app/index.ar.html',
      'demo/demo.html',
      'service/serve.js',
      'packages/client.json',
    ]) {
      expect(names).toContain(name);
    }
  });

  it('give the same release, with its SBOM and its signed statement', async () => {
    const names = await expectEqual(releaseOf);
    for (const name of ['SHA256SUMS', 'release.json', 'sbom.cdx.json', 'service/cli.js']) expect(names).toContain(name);
  });
});
