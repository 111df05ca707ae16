import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { redact, traced } from '#web/transport/trace.ts';

const AT = new Date('2026-01-02T03:04:05.678Z');
const OK = fromHex('9000');
const SECRET = fromHex('5EC2E75EC2E75EC2E75EC2E75EC2E75E');

function textOf(command: Uint8Array, response: Uint8Array): string {
  return JSON.stringify(redact(command, response, AT));
}

describe('the trace', () => {
  it('shows the whole header, the status word and the whole identity of a unit', () => {
    const identity = fromHex('01 00112233445566778899AABBCCDDEEFF');
    expect(redact(fromHex('80CA000000'), concat(identity, OK), AT)).toEqual({
      command: 'GET IDENTITY',
      header: '80CA0000',
      request: '',
      answer: toHex(identity),
      statusWord: 0x9000,
      at: '2026-01-02T03:04:05.678Z',
    });
  });

  it('names INS CA by P1-P2, as GET IDENTITY of a unit or GET DATA of a token card', () => {
    expect(redact(fromHex('80CA000000'), OK, AT).command).toBe('GET IDENTITY');
    expect(redact(fromHex('80CA000100'), OK, AT).command).toBe('GET DATA');
  });

  it('shows the header of DATA and hides the rest', () => {
    const header = concat(ascii('TKL1'), new Uint8Array(44));
    const data = concat(header, SECRET, SECRET);
    const text = textOf(concat(fromHex('80D80000'), data.length, data), OK);
    expect(text).toContain(toHex(header));
    expect(text).toContain('(32 bytes, SHA-256 ');
    expect(text).not.toContain('5EC2E7');
  });

  it('shows HDR even if no further data follows', () => {
    const header = concat(ascii('TKL1'), new Uint8Array(44));
    expect(redact(concat(fromHex('80D80000'), header.length, header), OK, AT).request.trim()).toBe(toHex(header));
  });

  it('hides the later parts of a chain, which have no header', () => {
    const part = concat(SECRET, SECRET, SECRET, SECRET);
    for (const cla of ['90', '80']) {
      const text = textOf(concat(fromHex(`${cla}D80000`), part.length, part), OK);
      expect(text).toContain('"command":"IMPORTKEY"');
      expect(text).toContain('(64 bytes');
      expect(text).not.toContain('5EC2E7');
    }
  });

  it('shows the part of a receipt that its MAC covers and hides the MAC', () => {
    const covered = concat(ascii('TKR1'), new Uint8Array(44));
    const text = textOf(fromHex('80CB000100'), concat(covered, SECRET, OK));
    expect(text).toContain(toHex(covered));
    expect(text).not.toContain('5EC2E7');
  });

  it.each([
    ['a challenge', '8084000100'],
    ['the rest of a response', '00C0000000'],
    ['an unknown command', '8077000000'],
  ])('hides %s', (_what, command) => {
    const text = textOf(fromHex(command), concat(SECRET, OK));
    expect(text).toContain('16 bytes');
    expect(text).not.toContain('5EC2E7');
  });

  it('shows only the length of a PIN, because a hash would allow guessing', () => {
    const pin = ascii('123456789012');
    const exchange = redact(concat(fromHex('00200081'), pin.length, pin), OK, AT);
    expect(exchange.request).toBe('(12 bytes)');
    const change = redact(concat(fromHex('00240081'), 24, pin, pin), OK, AT);
    expect(change.request).toBe('(24 bytes)');
  });

  it('reads extended commands, and a command without data', () => {
    const data = concat(SECRET, new Uint8Array(284));
    const extended = concat(fromHex('80D80000 00 012C'), data);
    expect(redact(extended, OK, AT).request).toMatch(/^\(300 bytes, SHA-256 [0-9A-F]{8}…\)$/);
    expect(redact(fromHex('80CE0000'), OK, AT).request).toBe('');
    expect(redact(fromHex('80CE0000 00 0000'), OK, AT).request).toBe('');
  });

  it('names an unknown instruction by its INS and accepts malformed commands', () => {
    expect(redact(fromHex('8077'), fromHex('6D'), AT)).toMatchObject({ command: 'INS 77', answer: '' });
    expect(redact(new Uint8Array(), undefined, AT).command).toBe('INS 00');
  });

  it('reports each exchange when it has ended, and has no status word if there was no response', async () => {
    const exchanges: object[] = [];
    const answering = traced(
      async () => OK,
      (exchange) => exchanges.push(exchange),
      () => AT,
    );
    expect(await answering(fromHex('80CE0000'))).toBe(OK);
    const failing = traced(
      () => Promise.reject(new ProtocolError('device-lost', 'gone')),
      (exchange) => exchanges.push(exchange),
      () => AT,
    );
    await expect(failing(fromHex('80CE0000'))).rejects.toMatchObject({ code: 'device-lost' });
    expect(exchanges).toHaveLength(2);
    expect(exchanges[0]).toMatchObject({ command: 'IDENTIFY', statusWord: 0x9000 });
    expect(exchanges[1]).not.toHaveProperty('statusWord');
  });
});
