import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exchange } from '#protocol/apdu/chaining.ts';
import { type CommandApdu, encodeExtendedCommand, encodeShortCommand } from '#protocol/apdu/command-apdu.ts';
import { decodeCommand } from '#protocol/apdu/decode-command.ts';
import { decodeResponse, encodeResponse } from '#protocol/apdu/response-apdu.ts';
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';

const byte = fc.integer({ min: 0, max: 255 });
const bytes = (maxLength: number): fc.Arbitrary<Bytes> =>
  fc.uint8Array({ maxLength, size: 'max' }).map((array) => Uint8Array.from(array));
const commands = (maxNc: number, maxNe: number): fc.Arbitrary<CommandApdu> =>
  fc.record({
    cla: byte,
    ins: byte,
    p1: byte,
    p2: byte,
    data: bytes(maxNc),
    ne: fc.integer({ min: 0, max: maxNe }),
  });

describe('APDUs of any content', () => {
  it('are the same after encoding and decoding in short form', () => {
    fc.assert(
      fc.property(commands(255, 256), (command) => {
        expect(decodeCommand(encodeShortCommand(command))).toEqual({ ...command, extended: false });
      }),
    );
  });

  it('are the same after encoding and decoding in extended form', () => {
    fc.assert(
      fc.property(commands(2000, 65_536), (command) => {
        const extended = command.data.length > 0 || command.ne > 0;
        expect(decodeCommand(encodeExtendedCommand(command))).toEqual({ ...command, extended });
      }),
    );
  });

  it('have only one encoding: decoding and encoding returns the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (encoded) => {
        let command: ReturnType<typeof decodeCommand>;
        try {
          command = decodeCommand(encoded);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
          return;
        }
        const encode = command.extended ? encodeExtendedCommand : encodeShortCommand;
        expect(encode(command)).toEqual(Uint8Array.from(encoded));
      }),
      { numRuns: 1000 },
    );
  });

  it('are the same after encoding and decoding as a response', () => {
    fc.assert(
      fc.property(bytes(300), fc.integer({ min: 0, max: 0xffff }), (data, sw) => {
        expect(decodeResponse(encodeResponse(data, sw))).toEqual({ data, sw });
      }),
    );
  });
});

/**
 * Simulates a card that accepts command chains. The card returns the received data in pieces of
 * `piece` bytes, with 61XX while more data is left.
 */
function echoCard(piece: number, extendedLength: boolean): Transmit {
  let chain: Bytes[] = [];
  let rest: Bytes = concat();
  return async (apdu) => {
    const { cla, ins, data, ne, extended } = decodeCommand(apdu);
    if (extended && !extendedLength) return encodeResponse(concat(), 0x6700);
    if (ins === 0xc0) {
      if (cla !== 0x00 || ne !== Math.min(rest.length, 256)) return encodeResponse(concat(), 0x6a86);
    } else {
      chain.push(data);
      if (cla === 0x90) return encodeResponse(concat(), data.length === 255 && ne === 0 ? 0x9000 : 0x6700);
      rest = concat(...chain);
      chain = [];
    }
    const sent = rest.slice(0, piece);
    rest = rest.slice(sent.length);
    return encodeResponse(sent, rest.length === 0 ? 0x9000 : 0x6100 | (Math.min(rest.length, 256) % 256));
  };
}

describe('exchange with a card that echoes', () => {
  it('returns the sent data, chained or extended, in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(bytes(1500), fc.integer({ min: 16, max: 256 }), fc.boolean(), async (data, piece, extended) => {
        const command = { cla: 0x80, ins: 0xd8, p1: 0, p2: 0, data, ne: 256 };
        const response = await exchange(echoCard(piece, extended), command, { extendedLength: extended });
        expect(response).toEqual({ data, sw: 0x9000 });
      }),
    );
  });
});
