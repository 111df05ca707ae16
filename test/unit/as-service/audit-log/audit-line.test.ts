// One line of the audit log: its text, and why a line does not continue the chain.
import { describe, expect, it } from 'vitest';
import { type AuditEntry, decodeLine, encodeLine, FIRST_PREVIOUS, hashText } from '#as-service/audit-log/audit-line.ts';

const ENTRY: AuditEntry = {
  sequence: 3,
  time: '2026-11-23T12:00:00.000Z',
  previous: 'P',
  event: 'test',
  actor: null,
  details: {},
};
const END = { sequence: 2, hash: 'P' };
const line = (entry: AuditEntry, sealed?: string, mac?: string) => encodeLine(entry, sealed, () => mac).text;

describe('the text of a line', () => {
  it('has the entry and its hash, then the sealed part and the MAC if there are any', () => {
    const text = JSON.stringify(ENTRY);
    const hash = hashText(text);
    expect(encodeLine(ENTRY, undefined, () => undefined)).toEqual({ text: `{"entry":${text},"hash":"${hash}"}`, hash });
    expect(line(ENTRY, 'S')).toBe(`{"entry":${text},"hash":"${hash}","sealed":"S"}`);
    expect(encodeLine(ENTRY, undefined, (covered) => `of ${covered}`).text).toBe(
      `{"entry":${text},"hash":"${hash}","mac":"of ${hash}"}`,
    );
  });

  it('names 32 zero bytes as the hash before the first entry', () => {
    expect(FIRST_PREVIOUS).toBe('A'.repeat(43));
  });
});

describe('a line', () => {
  const sealed = { ...ENTRY, sealed: hashText('S') };

  it('is decoded with all its members if it continues the chain', () => {
    expect(decodeLine(line(sealed, 'S', 'M'), END)).toEqual({
      entry: sealed,
      hash: hashText(JSON.stringify(sealed)),
      sealed: 'S',
      mac: 'M',
    });
    expect(decodeLine(line(ENTRY), END)).toMatchObject({ entry: ENTRY });
  });

  it.each([
    ['it is not JSON', line(ENTRY).slice(1)],
    ['it has no entry', 'null'],
    ['it has no entry', '{}'],
    ['it has no entry', '{"entry":null}'],
    ['it has no entry', '{"entry":"text"}'],
    ['its number is 2, not 3', line({ ...ENTRY, sequence: 2 })],
    ['its number is 4, not 3', line({ ...ENTRY, sequence: 4 })],
    ['it does not continue the previous entry', line({ ...ENTRY, previous: 'Q' })],
    ['its sealed part is missing or was added', line(sealed)],
    ['its sealed part is missing or was added', line(ENTRY, 'S')],
    ['its sealed part was changed', line(sealed, 'T')],
    ['its hash does not fit its content', line(ENTRY).replace('"test"', '"text"')],
    ['its hash does not fit its content', `${line(ENTRY)} `],
  ])('is refused because %s', (reason, text) => {
    expect(decodeLine(text, END)).toBe(reason);
  });
});
