// The parts of level 3 that run without a guest: the order of kernel modules, the RAM disk, the
// outcome of the reports, and the level 3 column of docs/reliability.md.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BEHAVIOURS } from '../../level2/fidelity/behaviours.ts';
import { encodeCpio } from '../../level3/cpio.ts';
import { findMissing, type Host } from '../../level3/debian.ts';
import { DIFFERENCES_OF_LEVEL_3, NOT_COMPARED, THE_SAME_AT_LEVEL_3 } from '../../level3/differences.ts';
import { moduleName, moduleSequence } from '../../level3/modules.ts';
import { decodeReport, encodeReport, outcomeOf, type Report } from '../../level3/report.ts';

describe('the requirements of level 3', () => {
  const APT = '/usr/bin/apt-get';
  const bare: Host = { platform: 'linux', arch: 'x64', uid: 0, exists: (path) => path === APT };

  it('are packages to install if the user is root and apt-get exists', () => {
    expect(findMissing(bare)).toEqual({ packages: expect.arrayContaining(['qemu-system-x86', 'pcscd', 'libccid']) });
    expect(findMissing({ ...bare, exists: () => true })).toEqual({ packages: [] });
  });

  it('are listed in an apt-get command for other users', () => {
    for (const uid of [1000, undefined]) {
      expect(findMissing({ ...bare, uid })).toEqual({
        missing: expect.stringMatching(
          /^needs: sudo apt-get install --no-install-recommends qemu-system-x86 .*pcsc-tools/,
        ),
      });
    }
    const exists = (path: string): boolean => path === APT || !path.includes('qemu');
    expect(findMissing({ ...bare, uid: 1000, exists })).toEqual({
      missing: 'needs: sudo apt-get install --no-install-recommends qemu-system-x86',
    });
  });

  it('are listed by name if apt-get is missing, and include Linux', () => {
    expect(findMissing({ ...bare, exists: () => false })).toEqual({
      missing: expect.stringContaining('qemu-system-x86, '),
    });
    expect(findMissing({ ...bare, platform: 'darwin', arch: 'arm64' })).toEqual({
      missing: 'needs Linux on x86-64, and this is darwin on arm64',
    });
  });
});

describe('kernel modules', () => {
  const list = [
    'kernel/drivers/usb/usbip/vhci-hcd.ko: kernel/drivers/usb/usbip/usbip-core.ko kernel/drivers/usb/core/usbcore.ko',
    'kernel/drivers/usb/usbip/usbip-core.ko: kernel/drivers/usb/core/usbcore.ko',
    'kernel/drivers/usb/core/usbcore.ko:',
    'kernel/sound/soundcore.ko:',
  ].join('\n');

  it('are loaded after their dependencies, and no other modules are loaded', () => {
    const names = moduleSequence(list, ['vhci_hcd', 'built_in']).map(moduleName);
    expect(names).toEqual(['usbcore', 'usbip_core', 'vhci_hcd']);
  });

  it('have the same name if their file is compressed', () => {
    expect(moduleName('kernel/fs/9p/9p.ko.xz')).toBe('9p');
  });
});

describe('the RAM disk', () => {
  it('is a cpio archive in newc format, aligned to four bytes', () => {
    const archive = Buffer.from(encodeCpio([{ path: 'bin' }, { path: 'init', content: Buffer.from('#!') }]));
    expect(archive.length % 4).toBe(0);
    expect(archive.toString('latin1').match(/070701/g)).toHaveLength(3);
    expect(archive.subarray(0, 110).toString()).toMatch(/^07070100000001000041ED/);
    expect(archive.toString('latin1')).toContain('TRAILER!!!');
  });
});

describe('the reports of the guest', () => {
  const plan: Report = { report: 'plan', names: ['a', 'b'] };
  const passed = (name: string): Report => ({ report: 'passed', name, seconds: 1 });

  it('are decoded line by line, and other lines are ignored', () => {
    expect(decodeReport(encodeReport(plan).trim())).toEqual(plan);
    expect(decodeReport('SeaBIOS')).toBeUndefined();
    expect(decodeReport('{"report":"else"}')).toBeUndefined();
  });

  it('count as passed if every planned test passed and the run ended', () => {
    expect(outcomeOf([plan, passed('a'), passed('b'), { report: 'end' }], '')).toMatchObject({ passed: 2, failed: [] });
  });

  it('count a test without a result as failed, and a missing end as a failure', () => {
    const { passed: count, failed } = outcomeOf([plan, passed('a')], 'it hung');
    expect(count).toBe(1);
    expect(failed.map(({ name }) => name)).toEqual(['b', 'the guest']);
  });

  it('count tests without a result as skipped after a time limit, but failures as failed', () => {
    const late = outcomeOf(
      [plan, { report: 'failed', name: 'a', seconds: 1, message: 'no' }],
      'it hung',
      'time was up',
    );
    expect(late).toMatchObject({ passed: 0, failed: [{ name: 'a' }], skipped: [{ name: 'b', reason: 'time was up' }] });
  });
});

describe('the level 3 column of docs/reliability.md', () => {
  const names = BEHAVIOURS.map(({ name }) => name);
  const rows = readFileSync('docs/reliability.md', 'utf8')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));

  it.each(names)('has the result of: %s', (name) => {
    const [, , , cell] = rows.find(([, first]) => first === name) ?? [];
    const reason = NOT_COMPARED[name];
    expect(cell).toBe(reason === undefined ? (DIFFERENCES_OF_LEVEL_3[name] ?? 'the same') : `not compared: ${reason}`);
  });

  it('explains only behaviours that are compared', () => {
    const explained = [...Object.keys(DIFFERENCES_OF_LEVEL_3), ...Object.keys(NOT_COMPARED), ...THE_SAME_AT_LEVEL_3];
    expect(explained.filter((name) => !names.includes(name))).toEqual([]);
  });
});
