import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { redact } from '#web/transport/trace.ts';

const AT = new Date(0);
const octet = fc.integer({ min: 0, max: 0xff });
/** Long enough that four of its octets in a row do not stand in a trace by chance. */
const secret = fc.uint8Array({ minLength: 12, maxLength: 200 }).filter((octets) => new Set(octets).size > 8);

/** SELECT and GET IDENTITY, whose data everyone may see. */
const PUBLIC = ['00A4', '80CA'];

describe('the trace of any exchange', () => {
  it('shows no four octets in a row of data that is not known to be public', () => {
    fc.assert(
      fc.property(octet, octet, secret, secret, (cla, ins, data, answer) => {
        fc.pre(!PUBLIC.includes(toHex(Uint8Array.of(cla & 0xef, ins))));
        const exchange = redact(concat(cla, ins, 0, 0, data.length, data), concat(answer, 0x90, 0x00), AT);
        const shown = exchange.request + exchange.answer;
        for (const octets of [data, answer]) {
          for (let i = 0; i + 4 <= octets.length; i++) expect(shown).not.toContain(toHex(octets.subarray(i, i + 4)));
        }
      }),
    );
  });

  it('is made of whatever octets there are', () => {
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
