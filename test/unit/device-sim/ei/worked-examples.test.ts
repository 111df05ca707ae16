// Runs the worked examples of an independent implementation on the simulated EI. The EI must return
// the same challenge MAC and the same receipt, byte for byte.
import { describe, expect, it } from 'vitest';
import { type EiConfiguration, personalise } from '#device-sim/ei/configuration.ts';
import { Ei, NO_LATENCY } from '#device-sim/ei/ei.ts';
import { Card } from '#device-sim/unit/card.ts';
import { VirtualClock } from '#device-sim/unit/clock.ts';
import { Memory } from '#device-sim/unit/memory.ts';
import { decodeResponse } from '#protocol/apdu/response-apdu.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { u16 } from '#protocol/bytes/integers.ts';
import { WORKED_EXAMPLES } from '#test/support/worked-examples.ts';

const CASES = WORKED_EXAMPLES.flatMap((example) =>
  (['shared', 'diversified'] as const).map((profile) => ({ title: example.title, profile, example })),
);

describe.each(CASES)('$title in a $profile unit', ({ profile, example }) => {
  it('returns the challenge MAC and the receipt of the example', async () => {
    const configuration: EiConfiguration = {
      sn: example.of('SN'),
      profile,
      suites: [example.suite],
      slots: [example.ref2],
      capacity: 1,
      firmware: 0,
      capabilities: { keepsChallenge: false, extendedLength: true, identify: false },
      ...(example.signed ? { signatureKey: example.of('vkAS') } : {}),
      signatureRequired: example.signed,
    };
    const memory = new Memory();
    personalise(memory, configuration, { set: example.set, tkv: example.tkv, transportKey: example.of('T') });
    const random = () => example.of('random');
    const options = {
      memory,
      clock: new VirtualClock(),
      random,
      latency: NO_LATENCY,
      onIdentify: () => undefined,
    };
    const card = new Card(new Ei(configuration, options).application('test'));
    const send = async (command: Uint8Array) => decodeResponse(await card.process(command));

    await send(fromHex('00A4040006F0544B4C310100'));
    const challenge = await send(concat(0x80, 0x84, 0x00, example.suite, 0x00));
    expect(toHex(challenge.data)).toBe(toHex(concat(example.of('random'), example.of('CHM'))));
    const field = concat(example.of('DATA'), u16(example.ref2));
    const answer = await send(concat(0x80, 0xd8, 0x00, 0x00, 0x00, u16(field.length), field, 0x00, 0x00));
    expect(toHex(concat(answer.data, u16(answer.sw)))).toBe(`${toHex(example.of('receipt'))}9000`);
    expect(JSON.stringify(memory.image())).toContain(toHex(example.of('TA')));
    for (const derived of ['T1', 'KM', 'KR'] as const) {
      expect(JSON.stringify(memory.image())).not.toContain(toHex(example.of(derived)));
    }
  });
});
