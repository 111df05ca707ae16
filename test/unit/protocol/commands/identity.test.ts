import { describe, expect, it } from 'vitest';
import { encodeShortCommand } from '#protocol/apdu/command-apdu.ts';
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { run } from '#protocol/commands/command.ts';
import { getIdentity } from '#protocol/commands/get-identity.ts';
import { selectEi } from '#protocol/commands/select-ei.ts';
import { ProtocolError, StatusWordError } from '#protocol/errors.ts';

const SN = '00000000000000004549000000000007';
const KEY_SLOT = '0002 01 00000005 44304142303045 5AAA42C6AD';
const EMPTY_SLOT = '0003 00 00000009 00000000000000 0000000000';

/** Returns the bytes of an identity. `changes` replaces some of its fields, in hexadecimal. */
function identity(changes: Readonly<Partial<Record<keyof typeof FIELDS, string>>> = {}): Bytes {
  return fromHex(Object.values({ ...FIELDS, ...changes }).join(' '));
}

const FIELDS = {
  version: '01',
  sn: SN,
  set: '0000BA7C',
  tkv: '01',
  profile: '01',
  suites: '03 01 02 04',
  lifecycle: '03',
  tries: '40',
  signatureRequired: '00',
  capabilities: '07',
  firmware: '00010203',
  slots: `02 ${KEY_SLOT} ${EMPTY_SLOT}`,
};

describe('SELECT and GET IDENTITY', () => {
  it('are encoded as in docs/protocol.md clause 4.2', () => {
    expect(toHex(encodeShortCommand(selectEi.encode()))).toBe('00A4040006F0544B4C310100');
    expect(toHex(encodeShortCommand(getIdentity.encode()))).toBe('80CA000000');
  });

  it.each([selectEi, getIdentity])('$name decodes every field of the identity', (command) => {
    expect(command.decode(identity())).toEqual({
      sn: fromHex(SN),
      set: 0xba7c,
      tkv: 1,
      profile: 'diversified',
      suites: [1, 2, 4],
      lifecycle: 'operational',
      tries: 64,
      signatureRequired: false,
      capabilities: { keepsChallenge: true, extendedLength: true, identify: true },
      firmware: 0x00010203,
      slots: [
        { ref2: 2, state: 'key', akv: 5, attributes: 'D0AB00E', kcv: fromHex('5AAA42C6AD') },
        { ref2: 3, state: 'empty', akv: 9, attributes: '', kcv: fromHex('0000000000') },
      ],
    });
  });

  it('decode whether keys need a signature', () => {
    expect(getIdentity.decode(identity({ signatureRequired: '01' }))).toMatchObject({ signatureRequired: true });
  });

  it('decode a blank unit without slots', () => {
    const blank = identity({
      set: '00000000',
      tkv: '00',
      profile: '00',
      lifecycle: '00',
      capabilities: '00',
      slots: '00',
    });
    expect(getIdentity.decode(blank)).toMatchObject({
      set: 0,
      tkv: 0,
      profile: 'shared',
      lifecycle: 'blank',
      slots: [],
    });
    expect(getIdentity.decode(identity({ suites: '00', capabilities: '02' }))).toMatchObject({
      suites: [],
      capabilities: { keepsChallenge: false, extendedLength: true, identify: false },
    });
  });

  it('decode each capability from its own bit', () => {
    const names = ['keepsChallenge', 'extendedLength', 'identify'] as const;
    for (const [bit, name] of names.entries()) {
      const { capabilities } = selectEi.decode(identity({ capabilities: `0${1 << bit}` }));
      expect(names.filter((other) => capabilities[other])).toEqual([name]);
    }
  });

  it.each<[string, Partial<Record<keyof typeof FIELDS, string>>, RegExp]>([
    ['another version', { version: '02' }, /identity version 2 /],
    ['an SN of zero', { sn: '00'.repeat(16) }, /SN is zero/],
    ['another profile', { profile: '02' }, /profile 2 /],
    ['a reserved suite', { suites: '01 03' }, /suite 3 /],
    ['an unknown suite', { suites: '01 08' }, /suite 8 /],
    ['a suite twice', { suites: '02 01 01' }, /suite is listed twice/],
    ['another lifecycle', { lifecycle: '01' }, /lifecycle 1 /],
    ['a blank unit with a SET', { lifecycle: '00', tkv: '00' }, /lifecycle "blank"/],
    ['a blank unit with a TKV', { lifecycle: '00', set: '00000000' }, /lifecycle "blank"/],
    ['an operational unit without a TKV', { tkv: '00' }, /lifecycle "operational"/],
    ['65 tries', { tries: '41' }, /tries is 65/],
    ['a signature required that is neither 0 nor 1', { signatureRequired: '02' }, /signature required 2 /],
    ['an unknown capability', { capabilities: '08' }, /capabilities 8 /],
    ['the transport-key slot', { slots: `01 ${EMPTY_SLOT.replace('0003', 'FFFE')}` }, /slot FFFE is never listed/],
    ['the slot number FFFF', { slots: `01 ${EMPTY_SLOT.replace('0003', 'FFFF')}` }, /slot FFFF is never listed/],
    ['a slot twice', { slots: `02 ${KEY_SLOT} ${KEY_SLOT}` }, /slot 0002 is listed twice/],
    ['another slot state', { slots: `01 ${KEY_SLOT.replace(' 01 ', ' 02 ')}` }, /slot state 2 /],
    [
      'AKV FFFFFFFF',
      { slots: `01 ${KEY_SLOT.replace('00000005', 'FFFFFFFF')}` },
      /slot 0002 has AKV FFFFFFFF .*clause 3\.3/,
    ],
    [
      'an empty slot with ATTR',
      { slots: `01 ${EMPTY_SLOT.replace('00000000000000', '44304142303045')}` },
      /slot 0003 is empty/,
    ],
    ['an empty slot with a KCV', { slots: `01 ${EMPTY_SLOT.slice(0, -1)}1` }, /slot 0003 is empty/],
    [
      'a key with ATTR that is not text',
      { slots: `01 ${KEY_SLOT.replace('443041', '00FF41')}` },
      /slot 0002 has an ATTR/,
    ],
    [
      'a key with ATTR in lower case',
      { slots: `01 ${KEY_SLOT.replace('3030', '6161')}` },
      /slot 0002 has an ATTR .*clause 3\.3/,
    ],
    ['fewer slots than announced', { slots: `03 ${KEY_SLOT} ${EMPTY_SLOT}` }, /bytes are too few/],
    ['further bytes at its end', { slots: `00 ${KEY_SLOT}` }, /19 bytes follow/],
  ])('refuse an identity with %s', (_name, changes, message) => {
    expect(() => selectEi.decode(identity(changes))).toThrow(ProtocolError);
    expect(() => selectEi.decode(identity(changes))).toThrow(message);
  });

  it('name the field and the clause for each byte that is wrong, or accept another value', () => {
    const whole = identity();
    const named = new Map<number, string>();
    for (let offset = 0; offset < whole.length; offset++) {
      for (const value of [0x00, 0x03, 0x41, 0x61, 0xff]) {
        const changed = whole.slice();
        changed[offset] = value;
        try {
          getIdentity.decode(changed);
        } catch (error) {
          expect(error).toMatchObject({
            code: 'identity-malformed',
            message: /^GET IDENTITY: .+ \(docs\/protocol\.md clause [\d.]+\)$/,
          });
          named.set(offset, (error as ProtocolError).message);
        }
      }
    }
    const text = [...named.values()].join('\n');
    const fields = [
      /version/,
      /TKV/,
      /profile/,
      /suite/,
      /lifecycle/,
      /tries/,
      /signature/,
      /capabilities/,
      /slot state/,
      /ATTR/,
    ];
    for (const field of fields) expect(text).toMatch(field);
  });

  it('refuse an identity that is truncated or one byte too long, and name the missing field', () => {
    const whole = identity();
    const missing = new Set<string>();
    for (let length = 0; length < whole.length; length++) {
      try {
        getIdentity.decode(whole.subarray(0, length));
      } catch (error) {
        const fault = /^GET IDENTITY: (\d+) bytes are too few, (.+) is missing \(/.exec(
          String((error as Error).message),
        );
        expect(fault?.[1]).toBe(String(length));
        missing.add(fault?.[2] ?? '');
      }
    }
    expect([...missing]).toEqual([
      'the format',
      'the SN',
      'SET',
      'TKV',
      'profile',
      'nSuites',
      'a suite',
      'lifecycle',
      'tries',
      'signature required',
      'capabilities',
      'firmware',
      'nSlots',
      'REF2 of a slot',
      'slot state',
      'AKV of a slot',
      'ATTR of a slot',
      'KCV of a slot',
    ]);
    expect(() => getIdentity.decode(concat(whole, 0))).toThrow(/^GET IDENTITY: 1 bytes follow the identity/);
  });
});

describe('run', () => {
  const answering =
    (response: Uint8Array): Transmit =>
    async () =>
      concat(response);

  it('decodes a response with 9000', async () => {
    expect(await run(answering(concat(identity(), 0x90, 0x00)), selectEi, undefined)).toMatchObject({ set: 0xba7c });
  });

  it('rejects with command and status word when the card refuses, and ignores the response data', async () => {
    const failure = await run(answering(fromHex('AA6A82')), selectEi, undefined).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StatusWordError);
    expect(failure).toMatchObject({ code: 'status-word', command: 'SELECT', statusWord: 0x6a82 });
  });

  it('names the command of a malformed response', async () => {
    const failure = run(answering(fromHex('019000')), getIdentity, undefined);
    await expect(failure).rejects.toMatchObject({
      code: 'identity-malformed',
      message: 'GET IDENTITY: 1 bytes are too few, the SN is missing (docs/protocol.md clause 4.3)',
    });
  });
});
