// SELECT on a link that was just opened: a unit, another device, and a link that fails.
import { describe, expect, it } from 'vitest';
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { attach } from '#protocol/provisioning/attached-unit.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('attach', () => {
  const answering =
    (...bytes: number[]): Transmit =>
    () =>
      Promise.resolve(Uint8Array.from(bytes));

  it('rejects with not-a-unit for a refusal, and with the fault for a malformed answer of a unit', async () => {
    await expect(attach(answering(0x6a, 0x82))).rejects.toMatchObject({
      ...{ code: 'not-a-unit', cause: { statusWord: 0x6a82 } },
    });
    await expect(attach(answering(0x6f, 0x65, 0x90, 0x00))).rejects.toMatchObject({
      code: 'identity-malformed',
      message: 'SELECT: identity version 111 is not defined (docs/protocol.md clause 4.3)',
    });
    await expect(attach(answering(0x00))).rejects.toEqual(code('not-a-unit'));
  });

  it('rejects with the error of the link when the link fails', async () => {
    const closed: Transmit = () => Promise.reject(new ProtocolError('device-lost', 'unplugged'));
    await expect(attach(closed)).rejects.toEqual(code('device-lost'));
  });
});
