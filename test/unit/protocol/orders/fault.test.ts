// Which errors are faults of the file that is verified, and which are not.
import { describe, expect, it } from 'vitest';
import { IntegrityError, ProtocolError } from '#protocol/errors.ts';
import { orNote } from '#protocol/orders/fault.ts';

async function noted(action: () => unknown): Promise<{ readonly result: unknown; readonly details: string[] }> {
  const details: string[] = [];
  const result = await orNote(action, (detail) => void details.push(detail));
  return { result, details };
}

const failure = (error: unknown) => (): never => {
  throw error;
};

describe('an action on a part of a file', () => {
  it('without an error has its result, at once or later', async () => {
    expect(await noted(() => 7)).toEqual({ result: 7, details: [] });
    expect(await noted(() => Promise.resolve('text'))).toEqual({ result: 'text', details: [] });
  });

  it.each([new IntegrityError(), new ProtocolError('file-refused', 'the part is not JSON')])(
    'that finds a fault notes its detail: %s',
    async (error) => {
      const expected = { result: undefined, details: [error.message] };
      expect(await noted(failure(error))).toEqual(expected);
      expect(await noted(() => Promise.reject(error))).toEqual(expected);
    },
  );

  it.each([new TypeError('a bug'), new ProtocolError('journal-failed', 'another failure')])(
    'that fails for another reason rejects: %s',
    async (error) => {
      await expect(noted(failure(error))).rejects.toBe(error);
      await expect(noted(() => Promise.reject(error))).rejects.toBe(error);
    },
  );
});
