import { expect, it } from 'vitest';
import { toHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { argon2id } from '#protocol/crypto/argon2.ts';

// From src/test.c of the reference implementation (phc-winner-argon2, Argon2id, version 13).
it.each([
  [{ memoryKib: 256, passes: 2, lanes: 1 }, '9DFEB910E80BAD0311FEE20F9C0E2B12C17987B4CAC90C2EF54D5B3021C68BFE'],
  [{ memoryKib: 256, passes: 2, lanes: 2 }, '6D093C501FD5999645E0EA3BF620D7B8BE7FD2DB59C20D9FFF9539DA2BF57037'],
])('Argon2id derives the key of the reference implementation for %o', async (cost, expected) => {
  expect(toHex(await argon2id(ascii('password'), ascii('somesalt'), cost))).toBe(expected);
});
