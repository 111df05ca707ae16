import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { redact, traced } from '#web/transport/trace.ts';

const AT = new Date('2026-01-02T03:04:05.678Z');
const OK = fromHex('9000');
const SECRETIVE = fromHex('5EC2E75EC2E75EC2E75EC2E75EC2E75E');

function shown(command: Uint8Array, response: Uint8Array): string {
  return JSON.stringify(redact(command, response, AT));
}

describe('the trace', () => {
  it('shows header, status word and an identity in full', () => {
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

  it('names the same instruction by what it asks for: a unit’s identity or the data of an AS token card', () => {
    expect(redact(fromHex('80CA000000'), OK, AT).command).toBe('GET IDENTITY');
    expect(redact(fromHex('80CA000100'), OK, AT).command).toBe('GET DATA');
  });

  it('shows the header of DATA and hides what comes after it', () => {
    const header = concat(ascii('TKL1'), new Uint8Array(44));
    const data = concat(header, SECRETIVE, SECRETIVE);
    const text = shown(concat(fromHex('80D80000'), data.length, data), OK);
    expect(text).toContain(toHex(header));
    expect(text).toContain('(32 bytes, SHA-256 ');
    expect(text).not.toContain('5EC2E7');
  });

  it('shows a header that nothing follows', () => {
    const header = concat(ascii('TKL1'), new Uint8Array(44));
    expect(redact(concat(fromHex('80D80000'), header.length, header), OK, AT).request.trim()).toBe(toHex(header));
  });

  it('hides the parts of a chain, of which none but the first begins with a header', () => {
    const part = concat(SECRETIVE, SECRETIVE, SECRETIVE, SECRETIVE);
    for (const cla of ['90', '80']) {
      const text = shown(concat(fromHex(`${cla}D80000`), part.length, part), OK);
      expect(text).toContain('"command":"IMPORTKEY"');
      expect(text).toContain('(64 bytes');
      expect(text).not.toContain('5EC2E7');
    }
  });

  it('shows what the MAC of a receipt covers and hides the MAC', () => {
    const covered = concat(ascii('TKR1'), new Uint8Array(44));
    const text = shown(fromHex('80CB000100'), concat(covered, SECRETIVE, OK));
    expect(text).toContain(toHex(covered));
    expect(text).not.toContain('5EC2E7');
  });

  it.each([
    ['a challenge', '8084000100'],
    ['an answer that goes on', '00C0000000'],
    ['an unknown command', '8077000000'],
  ])('hides %s', (_what, command) => {
    const text = shown(fromHex(command), concat(SECRETIVE, OK));
    expect(text).toContain('16 bytes');
    expect(text).not.toContain('5EC2E7');
  });

  it('says no more of a PIN than its length, not even a hash that could be guessed from', () => {
    const pin = ascii('123456789012');
    const exchange = redact(concat(fromHex('00200081'), pin.length, pin), OK, AT);
    expect(exchange.request).toBe('(12 bytes)');
    const change = redact(concat(fromHex('00240081'), 24, pin, pin), OK, AT);
    expect(change.request).toBe('(24 bytes)');
  });

  it('reads extended commands, and a command without data', () => {
    const data = concat(SECRETIVE, new Uint8Array(284));
    const extended = concat(fromHex('80D80000 00 012C'), data);
    expect(redact(extended, OK, AT).request).toMatch(/^\(300 bytes, SHA-256 [0-9A-F]{8}…\)$/);
    expect(redact(fromHex('80CE0000'), OK, AT).request).toBe('');
    expect(redact(fromHex('80CE0000 00 0000'), OK, AT).request).toBe('');
  });

  it('names an unknown instruction by its number and shows malformed octets without failing', () => {
    expect(redact(fromHex('8077'), fromHex('6D'), AT)).toMatchObject({ command: 'INS 77', answer: '' });
    expect(redact(new Uint8Array(), undefined, AT).command).toBe('INS 00');
  });

  it('reports an exchange after it ended, and one that the link did not survive without a status word', async () => {
    const seen: object[] = [];
    const answering = traced(
      async () => OK,
      (exchange) => seen.push(exchange),
      () => AT,
    );
    expect(await answering(fromHex('80CE0000'))).toBe(OK);
    const failing = traced(
      () => Promise.reject(new ProtocolError('device-lost', 'gone')),
      (exchange) => seen.push(exchange),
      () => AT,
    );
    await expect(failing(fromHex('80CE0000'))).rejects.toMatchObject({ code: 'device-lost' });
    expect(seen).toHaveLength(2);
    expect(seen[0]).toMatchObject({ command: 'IDENTIFY', statusWord: 0x9000 });
    expect(seen[1]).not.toHaveProperty('statusWord');
  });
});
