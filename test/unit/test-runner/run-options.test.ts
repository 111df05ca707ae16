import { describe, expect, it } from 'vitest';
import { parseOptions, USAGE } from '#test/runner/run-options.ts';

describe('the options of the test runner', () => {
  it('run everything but the long part without arguments', () => {
    expect(parseOptions([])).toEqual({ part: 'all', thenLong: false, only: [], within: undefined, help: false });
  });

  it('choose a part', () => {
    expect(parseOptions(['--quick']).part).toBe('quick');
    expect(parseOptions(['--long']).part).toBe('long');
    expect(parseOptions(['--then-long', '--within', '2160'])).toMatchObject({ thenLong: true, within: 2160 });
  });

  it('take several words after --only, by comma or by repetition', () => {
    expect(parseOptions(['--only', 'orders,unit/web', '--only', 'vault']).only).toEqual([
      'orders',
      'unit/web',
      'vault',
    ]);
  });

  it.each([
    [['orders']],
    [['--fast']],
    [['--only']],
    [['--only', '']],
    [['--only', 'orders,']],
    [['--within', 'long']],
    [['--quick', '--long']],
    [['--quick', '--then-long']],
    [['--long', '--then-long']],
    [['--only', 'orders', '--then-long']],
  ])('refuse %j', (args) => {
    expect(() => parseOptions(args)).toThrow(RangeError);
  });

  it('are all in the help', () => {
    for (const option of ['--only', '--then-long', '--within', '--help']) expect(USAGE).toContain(option);
  });
});
