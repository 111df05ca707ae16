// The signature of a site file over a state in memory: its number, and its entry in the log.
import { describe, expect, it, vi } from 'vitest';
import { UserError } from '#as-service/common/user-error.ts';
import type { As } from '#as-service/service/as.ts';
import { signSite } from '#as-service/site/sign-site.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { utf8 } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { readSiteDraft } from '#protocol/site/draft.ts';
import { STATE_TIME, StateInMemory } from '#test/support/service-state.ts';

const [FIRST, SECOND] = ['https://a.example', 'https://b.example'] as const;
const draftOf = (...as: readonly string[]) =>
  readSiteDraft(JSON.stringify({ name: 'ACME', as }), () => new Uint8Array());

async function simulate() {
  const signatures = { signSite: vi.fn(async (settings: string) => `signed ${settings}`) };
  const as = Object.assign(await StateInMemory.open(), { signatures });
  const sign = (after: number, ...addresses: readonly string[]) =>
    signSite(as as unknown as As, 'maria', draftOf(...addresses), after);
  return { as, sign };
}

describe('a site file', () => {
  it('contains the settings with the facts of the AS', async () => {
    const { as, sign } = await simulate();
    as.state = { ...as.state, asNumber: 3 };
    const text = await sign(0, FIRST, SECOND);
    const settings = text.slice('signed '.length);
    expect(JSON.parse(settings)).toEqual({
      ...{ format: 1, serial: 1, issued: STATE_TIME.toISOString(), service: 'Test AS', asNumber: 3 },
      ...draftOf(FIRST, SECOND),
    });
    const hash = toHex(sha256(utf8(settings)));
    expect(as.changes).toEqual([
      { event: 'site-signed', actor: 'maria', details: { serial: 1, as: `${FIRST} ${SECOND}`, profiles: 0, hash } },
    ]);
    expect(as.state).toMatchObject({ siteSerial: 1 });
  });

  it('has a higher number than the last one, and than the given one', async () => {
    const { as, sign } = await simulate();
    const serials = [];
    for (const after of [0, 0, 41, 7, 0x7fffffff - 1]) {
      await sign(after, FIRST);
      serials.push(as.state.siteSerial);
    }
    expect(serials).toEqual([1, 2, 42, 43, 0x7fffffff]);
    for (const after of [-1, 0x7fffffff, 1.5]) await expect(sign(after, FIRST)).rejects.toThrow(UserError);
    expect(as.changes).toHaveLength(5);
  });
});
