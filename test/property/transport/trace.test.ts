import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { redact } from '#web/transport/trace.ts';

const AT = new Date(0);
const byte = fc.integer({ min: 0, max: 0xff });
/** Data with many different bytes, so that no four of them appear in a trace by chance. */
const secret = fc.uint8Array({ minLength: 12, maxLength: 200 }).filter((bytes) => new Set(bytes).size > 8);

/** CLA and INS of SELECT and GET IDENTITY, whose data is public. */
const PUBLIC = ['00A4', '80CA'];

describe('the trace of any exchange', () => {
  it('shows no four consecutive bytes of data that may be secret', () => {
    fc.assert(
      fc.property(byte, byte, secret, secret, (cla, ins, data, answer) => {
        fc.pre(!PUBLIC.includes(toHex(Uint8Array.of(cla & 0xef, ins))));
        const exchange = redact(concat(cla, ins, 0, 0, data.length, data), concat(answer, 0x90, 0x00), AT);
        const shown = exchange.request + exchange.answer;
        for (const bytes of [data, answer]) {
          for (let i = 0; i + 4 <= bytes.length; i++) expect(shown).not.toContain(toHex(bytes.subarray(i, i + 4)));
        }
      }),
    );
  });

  it('accepts any bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.option(fc.uint8Array({ maxLength: 300 })),
        (command, response) => {
          const { header } = redact(command, response ?? undefined, AT);
          expect(header).toBe(toHex(command.subarray(0, 4)));
        },
      ),
    );
  });
});
