import { expect, it } from 'vitest';
import { FileError, IntegrityError, PinError, ProtocolError, StatusWordError } from '#protocol/errors.ts';

const cause = new TypeError('the cause');

it.each([
  [
    new ProtocolError('device-lost', 'unplugged', { cause }),
    { name: 'ProtocolError', code: 'device-lost', message: 'unplugged', cause },
  ],
  [
    new FileError('This file is empty.', 'Choose another', { cause }),
    {
      name: 'FileError',
      code: 'file-refused',
      message: 'This file is empty. Choose another.',
      title: 'This file is empty.',
      remedy: 'Choose another',
      cause,
    },
  ],
  [
    new StatusWordError('IMPORTKEY', 0x94),
    {
      name: 'StatusWordError',
      code: 'status-word',
      message: 'IMPORTKEY returned 0094',
      command: 'IMPORTKEY',
      statusWord: 0x94,
    },
  ],
  [new PinError(1), { name: 'PinError', code: 'pin-wrong', triesLeft: 1 }],
  [new PinError(0), { name: 'PinError', code: 'token-blocked', triesLeft: 0 }],
  [new IntegrityError(), { name: 'IntegrityError', code: 'integrity' }],
])('%o has a name, a code and its details', (error, expected) => {
  expect(error).toBeInstanceOf(ProtocolError);
  expect(error).toMatchObject(expected);
});
