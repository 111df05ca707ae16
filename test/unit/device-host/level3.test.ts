// The pure parts of level 3: the order of modules, the RAM disk, what a guest's lines add up to, and its column of the documents.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BEHAVIOURS } from '../../level2/fidelity/behaviours.ts';
import { encodeCpio } from '../../level3/cpio.ts';
import { DIFFERENCES_OF_LEVEL_3, LEFT_OUT, THE_SAME_AT_LEVEL_3 } from '../../level3/differences.ts';
import { moduleName, moduleOrder } from '../../level3/modules.ts';
import { decodeReport, encodeReport, outcomeOf, type Report } from '../../level3/report.ts';

describe('kernel modules', () => {
  const list = [
    'kernel/drivers/usb/usbip/vhci-hcd.ko: kernel/drivers/usb/usbip/usbip-core.ko kernel/drivers/usb/core/usbcore.ko',
    'kernel/drivers/usb/usbip/usbip-core.ko: kernel/drivers/usb/core/usbcore.ko',
    'kernel/drivers/usb/core/usbcore.ko:',
    'kernel/sound/soundcore.ko:',
  ].join('\n');

  it('are loaded after what they need, and nothing else is', () => {
    const names = moduleOrder(list, ['vhci_hcd', 'built_in']).map(moduleName);
    expect(names).toEqual(['usbcore', 'usbip_core', 'vhci_hcd']);
  });

  it('have the same name compressed', () => {
    expect(moduleName('kernel/fs/9p/9p.ko.xz')).toBe('9p');
  });
});

describe('the RAM disk', () => {
  it('is a cpio archive of the newc kind, every part at a multiple of four', () => {
    const archive = Buffer.from(encodeCpio([{ path: 'bin' }, { path: 'init', content: Buffer.from('#!') }]));
    expect(archive.length % 4).toBe(0);
    expect(archive.toString('latin1').match(/070701/g)).toHaveLength(3);
    expect(archive.subarray(0, 110).toString()).toMatch(/^07070100000001000041ed/);
    expect(archive.toString('latin1')).toContain('TRAILER!!!');
  });
});

describe('what the guest reports', () => {
  const plan: Report = { report: 'plan', names: ['a', 'b'] };
  const passed = (name: string): Report => ({ report: 'passed', name, seconds: 1 });

  it('is read line by line, and noise is none', () => {
    expect(decodeReport(encodeReport(plan).trim())).toEqual(plan);
    expect(decodeReport('SeaBIOS')).toBeUndefined();
    expect(decodeReport('{"report":"else"}')).toBeUndefined();
  });

  it('is green when every test of the plan passed and the end came', () => {
    expect(outcomeOf([plan, passed('a'), passed('b'), { report: 'end' }], '')).toMatchObject({ passed: 2, failed: [] });
  });

  it('counts a test that was not heard of, and an end that did not come', () => {
    const { passed: count, failed } = outcomeOf([plan, passed('a')], 'it hung');
    expect(count).toBe(1);
    expect(failed.map(({ name }) => name)).toEqual(['b', 'the guest']);
  });
});

describe('the level 3 column of docs/reliability.md', () => {
  const names = BEHAVIOURS.map(({ name }) => name);
  const rows = readFileSync('docs/reliability.md', 'utf8')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));

  it.each(names)('says what the kernel shows of: %s', (name) => {
    const [, , , told] = rows.find(([, first]) => first === name) ?? [];
    const reason = LEFT_OUT[name];
    expect(told).toBe(reason === undefined ? (DIFFERENCES_OF_LEVEL_3[name] ?? 'the same') : `not looked at: ${reason}`);
  });

  it('explains nothing that is not looked at', () => {
    const explained = [...Object.keys(DIFFERENCES_OF_LEVEL_3), ...Object.keys(LEFT_OUT), ...THE_SAME_AT_LEVEL_3];
    expect(explained.filter((name) => !names.includes(name))).toEqual([]);
  });
});
