// "log export" and "log verify --tiles": each change of an exported log is found without the
// service and its keys.
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runLogCommand } from '#as-service/cli/log-requests.ts';
import { exportLog } from '#as-service/log-files/log-export.ts';
import { verifyTiles } from '#as-service/log-files/verify-tiles.ts';
import type { As } from '#as-service/service/as.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { utf8 } from '#protocol/bytes/text.ts';
import { leafHash } from '#protocol/log/merkle.ts';
import { decodeBundle, encodeBundle } from '#protocol/log/tiles.ts';
import { openTestAs, type TemporaryFolder, temporaryFolder } from '#test/support/as-service.ts';

let folder: TemporaryFolder;
let as: As;
let root: Uint8Array;
/** Exported when the log had 300 entries. */
let tiles: string;
let checkpoint: string;
let trust: string;

const SIZE = 300;
const path = (name: string) => join(folder.path, name);

async function fill(service: As, size: number): Promise<void> {
  const missing = size - service.log.head.sequence;
  await Promise.all(
    Array.from({ length: missing }, (_, i) => service.log.append({ event: 'test', actor: null, details: { i } })),
  );
}

beforeAll(async () => {
  folder = await temporaryFolder();
  as = await openTestAs(folder.path);
  root = as.state.root.publicKey;
  await fill(as, SIZE);
  tiles = path('tiles');
  await exportLog(as, tiles);
  checkpoint = await readFile(join(tiles, 'checkpoint'), 'utf8');
  trust = await readFile(join(tiles, 'trust.json'), 'utf8');
});
afterAll(async () => {
  await as.close();
  await folder.remove();
});

/** Verifies a copy of the exported folder after a change. */
async function verifyChanged(change: (copy: string) => Promise<void>): Promise<unknown> {
  const copy = path('copy');
  await cp(tiles, copy, { recursive: true });
  try {
    await change(copy);
    return await verifyTiles(copy, { root, seen: checkpoint });
  } finally {
    await rm(copy, { recursive: true });
  }
}

async function edit(copy: string, name: string, change: (content: Uint8Array) => Uint8Array | string): Promise<void> {
  await writeFile(join(copy, name), change(await readFile(join(copy, name))));
}

describe('an exported log', () => {
  it('is complete, and begins with the checkpoint of an earlier export', async () => {
    expect(await verifyTiles(tiles, { root })).toEqual([
      'The log is complete: 300 entries, each under the signed checkpoint.',
      'Keep the checkpoint. With --seen, a later log is compared with it.',
    ]);
    await fill(as, 310);
    await exportLog(as, path('later'));
    expect((await verifyTiles(path('later'), { root, seen: checkpoint }))[1]).toBe(
      'The log begins with the entries of the checkpoint that was kept.',
    );
    const inFolder = await runLogCommand(folder.path, { command: 'log verify', seen: checkpoint, root, trust });
    expect(inFolder[0]).toContain('The chain is complete: 310 entries');
    await expect(exportLog(as, tiles)).rejects.toThrow('already exists');
  });

  it('of another root key is refused', async () => {
    await expect(verifyTiles(tiles, { root: new Uint8Array(32).fill(1) })).rejects.toThrow('trust.json is not of this');
    await expect(verifyTiles(tiles, {})).rejects.toThrow('--root is missing');
  });

  it('is compared only with a kept checkpoint that the AS signed', async () => {
    const lines = checkpoint.split('\n');
    const genuine = await verifyTiles(tiles, { root, seen: checkpoint });
    expect(genuine[1]).toContain('begins with the entries');
    const unsigned = [...lines.slice(0, 4), `— ${lines[0]} ${'A'.repeat(92)}`, ''].join('\n');
    const forged = [unsigned, checkpoint.replace('\n300\n', '\n299\n'), 'no checkpoint'];
    for (const seen of forged) {
      const message = 'The checkpoint of --seen is not signed';
      await expect(verifyTiles(tiles, { root, seen })).rejects.toThrow(message);
      await expect(runLogCommand(folder.path, { command: 'log verify', seen, root, trust })).rejects.toThrow(message);
    }
    for (const missing of [{ root }, { trust }, { root: null, trust }]) {
      const refused = runLogCommand(folder.path, { command: 'log verify', seen: checkpoint, ...missing });
      await expect(refused).rejects.toThrow('--seen needs --root, and --trust');
    }
  });

  const BUNDLE = 'tile/entries/001.p/44';
  const rewritten = (change: (leaves: Uint8Array[]) => Uint8Array[]) => (content: Uint8Array) =>
    encodeBundle(change(decodeBundle(content, 44)));

  it.each<[string, string, (copy: string) => Promise<void>]>([
    [
      'a changed entry',
      'broken at entry 257',
      (copy) =>
        edit(
          copy,
          BUNDLE,
          rewritten(([_, ...rest]) => [utf8('{}'), ...rest]),
        ),
    ],
    [
      'exchanged entries',
      'broken at entry 257',
      (copy) =>
        edit(
          copy,
          BUNDLE,
          rewritten(([a, b, ...rest]) => [b, a, ...rest] as Uint8Array[]),
        ),
    ],
    [
      'a removed entry',
      `${BUNDLE} has a wrong length`,
      (copy) =>
        edit(
          copy,
          BUNDLE,
          rewritten((leaves) => leaves.slice(1)),
        ),
    ],
    ['a missing file', `${BUNDLE} is missing`, (copy) => rm(join(copy, BUNDLE))],
    [
      'a changed hash of a higher tile',
      'tile/1/000.p/1 is not that of the entries',
      (copy) => edit(copy, 'tile/1/000.p/1', (content) => content.map((byte) => byte ^ 1)),
    ],
    [
      'a changed size',
      'checkpoint is not signed',
      (copy) => edit(copy, 'checkpoint', () => checkpoint.replace('\n300\n', '\n299\n')),
    ],
    [
      'an entry that was changed with its hash',
      'broken at entry 300: its number is undefined',
      async (copy) => {
        const leaf = utf8('{}');
        await edit(
          copy,
          BUNDLE,
          rewritten((leaves) => [...leaves.slice(0, -1), leaf]),
        );
        await edit(copy, 'tile/0/001.p/44', (content) => concat(content.subarray(0, -32), leafHash(leaf)));
      },
    ],
    [
      'the newest entry rewritten with number, chain and hashes',
      'The entries are not those that the checkpoint signs',
      async (copy) => {
        let forged = new Uint8Array(0);
        await edit(
          copy,
          BUNDLE,
          rewritten((leaves) => {
            const text = Buffer.from(leaves.at(-1) ?? [])
              .toString()
              .replace('"test"', '"fake"');
            forged = utf8(text);
            return [...leaves.slice(0, -1), forged];
          }),
        );
        await edit(copy, 'tile/0/001.p/44', (content) => concat(content.subarray(0, -32), leafHash(forged)));
      },
    ],
  ])('is refused with %s', async (_what, message, change) => {
    await expect(verifyChanged(change)).rejects.toThrow(message);
  });

  it('that the service signed is refused if it is a fork or shorter than the kept checkpoint', async () => {
    const other = await temporaryFolder();
    await cp(folder.path, other.path, { recursive: true, filter: (source) => !/tiles|later|copy/.test(source) });
    // Cuts the log back to 290 entries, as a restored backup does. The service then signs another continuation.
    const lines = (await readFile(join(other.path, 'audit.log'), 'utf8')).split('\n');
    await writeFile(join(other.path, 'audit.log'), `${lines.slice(0, 290).join('\n')}\n`);
    const restored = await openTestAs(other.path);
    await exportLog(restored, join(other.path, 'short'));
    await fill(restored, 350);
    await exportLog(restored, join(other.path, 'fork'));
    await restored.close();
    for (const name of ['short', 'fork']) {
      expect((await verifyTiles(join(other.path, name), { root }))[0]).toContain('The log is complete');
      const refused = verifyTiles(join(other.path, name), { root, seen: checkpoint });
      await expect(refused).rejects.toThrow('The log does not begin with the 300 entries');
    }
    const copied = runLogCommand(other.path, { command: 'log verify', seen: checkpoint, root, trust });
    await expect(copied).rejects.toThrow('The log does not begin with the 300 entries');
    await other.remove();
  });
});
