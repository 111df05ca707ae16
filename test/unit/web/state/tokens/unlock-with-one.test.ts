// Several secrets may open a vault, for example a passphrase in two spellings.
import { expect, it } from 'vitest';
import { type Bytes, isZero } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { unlockWithOne } from '#web/state/tokens/unlock-with-one.ts';
import type { VaultClient } from '#web/vault-worker/client.ts';

const ROOTS = [new Uint8Array(32)];

/** Unlocks with three secrets. The worker answers with `codes`, one for each try. */
async function unlock(...codes: (ConstructorParameters<typeof ProtocolError>[0] | undefined)[]) {
  const tried: unknown[] = [];
  const client = {
    unlock: async (id: string, { by, secret }: { by: string; secret: Bytes }, roots: unknown) => {
      tried.push([id, by, secret[0], roots]);
      structuredClone(secret, { transfer: [secret.buffer] });
      const code = codes.shift();
      if (code) throw new ProtocolError(code, 'refused');
    },
  } as unknown as VaultClient;
  const secrets = [1, 2, 3].map((byte) => new Uint8Array(16).fill(byte));
  const ended = await unlockWithOne(client, 'vault', 'passphrase', secrets, ROOTS).then(
    () => 'unlocked',
    (error: ProtocolError) => error.code,
  );
  const kept = secrets.filter(({ length }) => length > 0);
  return { ended, tried, kept };
}

const tryOf = (byte: number) => ['vault', 'passphrase', byte, ROOTS];

it('the first secret that opens the vault ends the tries, and the others are wiped', async () => {
  const { ended, tried, kept } = await unlock('passphrase-wrong');
  expect(ended).toBe('unlocked');
  expect(tried).toEqual([tryOf(1), tryOf(2)]);
  expect(kept.map(isZero)).toEqual([true]);
});

it('another failure than a wrong secret ends the tries', async () => {
  const { ended, tried, kept } = await unlock('vault-busy');
  expect([ended, tried]).toEqual(['vault-busy', [tryOf(1)]]);
  expect(kept.map(isZero)).toEqual([true, true]);
});

it('the failure of the last secret is reported', async () => {
  const { ended, tried } = await unlock('passphrase-wrong', 'passphrase-wrong', 'passphrase-wrong');
  expect([ended, tried]).toEqual(['passphrase-wrong', [tryOf(1), tryOf(2), tryOf(3)]]);
});
