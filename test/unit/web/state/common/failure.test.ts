// Which errors become a Failure, and what the Failure contains.
import { expect, it } from 'vitest';
import { FileError, ProtocolError, StatusWordError } from '#protocol/errors.ts';
import { failureOf } from '#web/state/common/failure.ts';

it('a status word is shown with its command', () => {
  expect(failureOf(new StatusWordError('IMPORTKEY', 0x6a80))).toEqual({
    code: 'status-word',
    statusWord: 0x6a80,
    command: 'IMPORTKEY',
  });
});

it('a refused file brings its own sentences', () => {
  expect(failureOf(new FileError('This file is too long.', 'Choose another file'))).toEqual({
    code: 'file-refused',
    message: { remedy: 'Choose another file', title: 'This file is too long.' },
  });
});

it('a malformed identity names the field; no other message is shown', () => {
  expect(failureOf(new ProtocolError('identity-malformed', 'the SN is zero'))).toEqual({
    code: 'identity-malformed',
    detail: 'the SN is zero',
  });
  expect(failureOf(new ProtocolError('link-timeout', 'no response within 1 s'))).toEqual({ code: 'link-timeout' });
});

it('a bug is thrown on', () => {
  for (const bug of [new TypeError('bug'), new RangeError('bug'), 'bug']) {
    expect(() => failureOf(bug)).toThrow(bug instanceof Error ? bug : 'bug');
  }
});
