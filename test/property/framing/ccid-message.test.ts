import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import { CcidDevice } from '#protocol/framing/ccid-device.ts';
import { type CcidMessage, CcidMessageReader, encodeCcidMessage } from '#protocol/framing/ccid-message.ts';

const byte = fc.integer({ min: 0, max: 255 });
const anyMessage: fc.Arbitrary<CcidMessage> = fc.record({
  type: byte,
  slot: byte,
  seq: byte,
  parameters: fc.tuple(byte, byte, byte),
  data: fc.uint8Array({ maxLength: 1309 }).map((bytes) => Uint8Array.from(bytes)),
});

describe('CCID messages of any kind', () => {
  it('are decoded as they were encoded, in a stream that is split anywhere', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 6 }), sizes, (messages, sizes) => {
        const stream = concat(
          ...messages.map(({ type, slot, seq, parameters, data }) =>
            encodeCcidMessage(type, slot, seq, parameters, data),
          ),
        );
        const reader = new CcidMessageReader();
        const found: unknown[] = [];
        for (let offset = 0, turn = 0; offset < stream.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          reader.push(stream.subarray(offset, offset + size));
          offset += size;
          for (let message = reader.next(); message !== undefined; message = reader.next()) found.push(message);
        }
        expect(found).toEqual(messages);
      }),
    );
  });

  it('from a hostile host run no command before power-on, and cause a bounded number of actions', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 64 }), (pieces) => {
        const device = new CcidDevice();
        let isPowered = false;
        for (const piece of pieces) {
          const actions = device.receive(piece);
          expect(actions.length).toBeLessThanOrEqual(2 * (piece.length + 1));
          for (const action of actions) {
            if (action.do === 'power') isPowered = action.on;
            if (action.do === 'run') expect(isPowered).toBe(true);
          }
        }
      }),
    );
  });
});
