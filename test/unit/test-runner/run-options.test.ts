import { describe, expect, it } from 'vitest';
import { parseOptions, USAGE } from '#test/runner/run-options.ts';

describe('the options of the test runner', () => {
  it('select everything but the long part if there are no arguments', () => {
    expect(parseOptions([])).toEqual({ part: 'all', thenLong: false, only: [], within: undefined, help: false });
  });

  it('select a part', () => {
    expect(parseOptions(['--quick']).part).toBe('quick');
    expect(parseOptions(['--long']).part).toBe('long');
    expect(parseOptions(['--then-long', '--within', '2160'])).toMatchObject({ thenLong: true, within: 2160 });
  });

  it('may have several words for --only, separated by commas or in repeated options', () => {
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

  it('are all listed in the help', () => {
    for (const option of ['--only', '--then-long', '--within', '--help']) expect(USAGE).toContain(option);
  });
});
