// The log against values of other implementations: Merkle proofs, a signed note, and the examples
// in the text of C2SP.
import { describe, expect, it } from 'vitest';
import { toHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { fromBase64 } from '#protocol/log/base64.ts';
import { joinSubtrees, leafHash, nodeHash } from '#protocol/log/merkle.ts';
import { openNote, verifierKey } from '#protocol/log/note.ts';
import { readTilePath, tilePath, tilesOf } from '#protocol/log/tiles.ts';
import { isConsistent } from '#protocol/log/verify-consistency.ts';
import { isIncluded } from '#protocol/log/verify-inclusion.ts';
import proofs from '#test/vectors/merkle-proofs.json' with { type: 'json' };
import published from '#test/vectors/signed-note.json' with { type: 'json' };

const hex = (bytes: Uint8Array) => toHex(bytes).toLowerCase();
const hashes = (texts: readonly string[]) => texts.map(fromBase64);

describe('the Merkle tree', () => {
  it('has the hashes of transparency-dev/merkle, rfc6962_test.go', () => {
    expect(hex(joinSubtrees([]))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(hex(leafHash(new Uint8Array(0)))).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
    expect(hex(leafHash(ascii('L123456')))).toBe('395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56');
    expect(hex(nodeHash(ascii('N123'), ascii('N456')))).toBe(
      'aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb',
    );
  });

  it.each(proofs.consistency)('accepts or refuses the consistency proof $name', (vector) => {
    const { size1, size2, root1, root2, proof, wantErr } = vector;
    const earlier = { size: size1, root: fromBase64(root1) };
    // The format has no proof from an empty tree, because every tree begins with it.
    const expected = !wantErr && size1 > 0;
    expect(isConsistent(earlier, { size: size2, root: fromBase64(root2) }, hashes(proof))).toBe(expected);
  });

  it.each(proofs.inclusion)('accepts or refuses the inclusion proof $name', (vector) => {
    const { leafIdx, treeSize, root, leafHash: leaf, proof, wantErr } = vector;
    const tree = { size: treeSize, root: fromBase64(root) };
    expect(isIncluded(leafIdx, fromBase64(leaf), tree, hashes(proof))).toBe(!wantErr);
  });
});

describe('a signed note', () => {
  const { verifierKey: text, note } = published;
  const key = { name: 'example.com/foo', publicKey: fromBase64(text.split('+')[2] ?? '').slice(1) };

  it('verifies the example of C2SP signed-note', async () => {
    expect(verifierKey(key)).toBe(text);
    expect(await openNote(note, key, isSignedBy)).toBe('This is an example message.\n');
  });

  it.each([
    ['another text', note.replace('example message', 'exbmple message')],
    ['another name', note.replace('— example.com/foo', '— example.com/fop')],
    ['another key id', note.replace('Uw2QOkn8', 'Uw2QO0n8')],
    ['another signature', note.replace('yaQM=', 'yaQI=')],
    ['no signature', 'This is an example message.\n\n'],
    ['no blank line', note.replace('\n\n', '\n')],
    ['no end', note.slice(0, -1)],
    ['a control character', note.replace('This', 'This\r')],
    ['a line that is not a signature', `${note}example\n`],
  ])('is refused with %s', async (_why, changed) => {
    await expect(openNote(changed, key, isSignedBy)).rejects.toMatchObject({ name: 'IntegrityError' });
  });

  it('may have signatures of unknown keys', async () => {
    const line = note.split('\n')[2]?.replace('Uw2QOkn8', 'AAAAAAn8');
    expect(await openNote(`${note}${line}\n`, key, isSignedBy)).toBe('This is an example message.\n');
  });
});

describe('tiles', () => {
  it('have the path of the example in C2SP tlog-tiles', () => {
    const tile = { level: 3, index: 1_234_067, width: 256 } as const;
    expect(tilePath(tile)).toBe('tile/3/x001/x234/067');
    expect(readTilePath('tile/3/x001/x234/067')).toEqual(tile);
    expect(tilePath({ level: 'entries', index: 0, width: 7 })).toBe('tile/entries/000.p/7');
  });

  it.each([
    'tile/0/1',
    'tile/00/000',
    'tile/64/000',
    'tile/0/x000/001',
    'tile/0/000.p/256',
    'tile/0/000.p/0',
    'tile/0/x001',
    '/tile/0/000',
  ])('have no path %s', (path) => expect(readTilePath(path)).toBeUndefined());

  it('are those of the examples in C2SP tlog-tiles', () => {
    const of = (size: number, level: number) => tilesOf(size).filter((tile) => tile.level === level);
    expect(of(70_000, 0)).toHaveLength(274);
    expect(of(70_000, 0).at(-1)).toEqual({ level: 0, index: 273, width: 112 });
    expect(of(70_000, 1)).toEqual([
      { level: 1, index: 0, width: 256 },
      { level: 1, index: 1, width: 17 },
    ]);
    expect(of(70_000, 2)).toEqual([{ level: 2, index: 0, width: 1 }]);
    expect(tilesOf(256)).toEqual([
      { level: 'entries', index: 0, width: 256 },
      { level: 0, index: 0, width: 256 },
      { level: 1, index: 0, width: 1 },
    ]);
  });
});
