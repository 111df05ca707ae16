// The rule for ATTR (docs/protocol.md clause 3.3), at each place where ATTR is read.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { requireEntry } from '#protocol/as-unit/entry.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { getData } from '#protocol/commands/get-data.ts';
import { getIdentity } from '#protocol/commands/get-identity.ts';
import { wrapKeyBlock } from '#protocol/crypto/key-block.ts';
import { keySchema } from '#protocol/service/messages.ts';
import { isAttributes } from '#protocol/tkl/attributes.ts';

const TAKEN = ['D0AB00N', 'D01B00N', 'D0AB001', 'P0TE12E', '0000000'] as const;
const REFUSED = ['d0ab00n', 'D0Ab00N', 'D0AB0aN', 'D0AB0 N', 'D0AB00', 'D0AB00NN', 'D0AB00~', '', 'DÄAB00N'] as const;

const KEY = { ref1: 1, label: 'Key', akv: 1, slot: 2, kcv: '5AAA42C6AD' };

const PLACES: Readonly<Record<string, (attributes: string) => unknown>> = {
  'an entry of the AS': (attributes) => requireEntry({ ref1: 1, akv: 1, slot: 2, attributes }),
  'a key block': (attributes) =>
    wrapKeyBlock(new Uint8Array(32), { attributes, optionalBlocks: [], key: new Uint8Array(16) }, new Uint8Array(30)),
  'the key list and the vault header': (attributes) => {
    if (attributes === '') throw new RangeError('an erasure');
    return v.parse(keySchema, { ...KEY, attributes });
  },
  'the data of a card': (attributes) =>
    getData.decode(
      fromHex(`01 0000BA7C 01 0007 00000000 00000064 01 0101 ${toHex(ascii(attributes))} 00000001 FFFF 0000000000 00`),
    ),
  'the identity of a unit': (attributes) =>
    getIdentity.decode(
      fromHex(
        `01 00000000000000004549000000000007 0000BA7C 01 01 01 01 03 40 00 07 00010203 01 0002 01 00000005 ${toHex(ascii(attributes))} 5AAA42C6AD`,
      ),
    ),
};

describe('seven upper-case letters and digits', () => {
  it('are a valid ATTR', () => {
    expect(TAKEN.filter((text) => !isAttributes(text))).toEqual([]);
    expect(REFUSED.filter(isAttributes)).toEqual([]);
  });

  it.each(Object.entries(PLACES))('are the only value that %s accepts', (_, read) => {
    for (const attributes of TAKEN) expect(() => read(attributes), attributes).not.toThrow();
    for (const attributes of REFUSED) expect(() => read(attributes), attributes).toThrow();
  });
});
