// The Help view at a station with simulated units: the facts that it collects, and its actions.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { Help, type HelpOptions } from '#web/state/help/help.svelte.ts';
import { PageHealth } from '#web/state/page/page-health.svelte.ts';
import { AsClock } from '#web/state/session/as-clock.svelte.ts';
import { PROFILES } from '#web/transport/device-profiles.ts';
import type { Link } from '#web/transport/link.ts';
import { FakeDevice, usbInterface } from '../../transport/fakes.ts';
import { attached, type BenchParts, type Cable, cable, createBench, load, NOW } from '../station/station-fixture.ts';

const SELECT = 0xa4;
const IMPORTKEY = 0xd8;

interface TestHelp {
  readonly help: Help;
  readonly bench: BenchParts;
  readonly unit: FakeDevice;
  readonly printer: FakeDevice;
  readonly wire: Cable;
  readonly codes: () => readonly string[];
}

/** A station with one unit and a printer, both permitted; the unit has a lane. */
async function openHelp(changes: Partial<HelpOptions> = {}, wire = cable()): Promise<TestHelp> {
  const bench = await createBench();
  const lane = await attached(bench, wire);
  const [unit, printer] = [new FakeDevice(usbInterface(0xff)), new FakeDevice(usbInterface(0x07))];
  Object.assign(printer, { vendorId: 0x0a5f, productId: 0x00d3, productName: 'Label printer' });
  const permitted = [unit, printer];
  printer.on.forget = async () => void permitted.pop();
  const link = (handle: unknown): Link | undefined => (handle === unit ? lane.link : undefined);
  let persistent = false;
  const settings = { getItem: () => null, setItem: () => undefined };
  const help = new Help({
    station: bench.station,
    health: new PageHealth(),
    asClock: new AsClock({ wall: () => NOW().getTime(), ticks: () => 0, settings }),
    journal: bench.journal,
    roots: bench.account.roots,
    storage: {
      estimate: async () => ({ quota: 2e9, usage: 1e6 }),
      persisted: async () => persistent,
      persist: async () => {
        persistent = true;
        return true;
      },
    } as unknown as StorageManager,
    platform: 'linux',
    userAgent: 'Chrome/148.0.0.0',
    isOnline: () => true,
    address: 'https://as.example/',
    readBuild: async () => ({ version: '1.2.3', script: 'index-abc.js', isServed: true }),
    readLocalNetwork: async () => 'denied',
    runSelfTest: async () => ({ at: NOW().toISOString(), passed: ['SHA-256'], failed: [] }),
    ticks: () => 0,
    usb: { getDevices: async () => [...permitted] } as unknown as USB,
    serial: undefined,
    profiles: () => PROFILES,
    isAllowed: () => true,
    linkTo: link,
    ...changes,
  });
  await help.check();
  return { help, bench, unit, printer, wire, codes: () => help.findings.map(({ code }) => code) };
}

describe('Help', () => {
  it('shows each permitted device with its ids, interfaces, profile and state', async () => {
    const { help, codes } = await openHelp();
    expect(help.facts?.devices).toMatchObject([
      {
        id: 1,
        link: 'usb',
        ids: { vendorId: 0x1209, productId: 0x0001 },
        interfaces: [{ number: 0, alternate: 0, codes: [0xff, 0, 0] }],
        role: 'unit',
        isListed: true,
        status: 'ready',
        unit: { sn: '00000000000000004549000000000007' },
      },
      { id: 2, label: 'Label printer', role: 'unknown', isListed: false, obstacle: 'no-interface', status: 'unused' },
    ]);
    expect(codes()).toContain('unit-ready');
    expect(help.facts?.access).toEqual({ usb: 'available', serial: 'absent' });
  });

  it('reports an interface as blocked if the browser or the page denies it', async () => {
    const usb = { getDevices: () => Promise.reject(new DOMException('no', 'SecurityError')) } as unknown as USB;
    const refused = await openHelp({ usb });
    expect(refused.help.facts?.access.usb).toBe('blocked');
    const denied = await openHelp({ isAllowed: () => false });
    expect(denied.help.facts?.access).toEqual({ usb: 'blocked', serial: 'absent' });
  });

  it('retries the device that could not be read', async () => {
    const wire = cable();
    wire.cut = { ins: SELECT, when: 'silence' };
    const { help, codes } = await openHelp({}, wire);
    expect(codes()).toContain('device-failed');
    expect(help.facts?.devices[0]?.failure).toEqual({ code: 'link-timeout' });
    wire.cut = undefined;
    await help.retryDevice(1);
    expect(codes()).toContain('unit-ready');
    expect(codes()).not.toContain('device-failed');
  });

  it('forgets a device, and closes its lane first', async () => {
    const { help, bench, printer, unit } = await openHelp();
    await help.forgetDevice(2);
    expect(printer.calls).toEqual(['forget']);
    expect(help.facts?.devices).toHaveLength(1);
    await help.forgetDevice(1);
    expect(unit.calls).toEqual(['forget']);
    expect(bench.station.lanes).toEqual([]);
  });

  it('asks the browser to keep the storage, shows its answer, and can ask again', async () => {
    const { help, codes } = await openHelp();
    expect(codes()).toContain('storage-clearable');
    await help.keepStorage();
    expect(codes()).toContain('storage-kept');
    let isInstalled = false;
    const storage = {
      persist: async () => isInstalled,
      persisted: async () => isInstalled,
    } as unknown as StorageManager;
    const refused = await openHelp({ storage });
    await refused.help.keepStorage();
    expect(refused.help.findings).toContainEqual(
      expect.objectContaining({ code: 'storage-refused', action: 'keep-storage' }),
    );
    isInstalled = true;
    await refused.help.keepStorage();
    expect(refused.codes()).toContain('storage-kept');
  });

  it('keeps the result of the self-test over the next check', async () => {
    const { help, codes } = await openHelp();
    expect(codes()).toContain('self-test-due');
    await help.runSelfTest();
    await help.check();
    expect(codes()).toContain('self-test-passed');
  });

  it('reports an AS that does not answer and a root key that is not the pinned one', async () => {
    const { bench } = await openHelp();
    const compare = (): Promise<never> => Promise.reject(new ProtocolError('service-unreachable', 'no network'));
    const away = await openHelp({ roots: { ...bench.account.roots, compare } });
    expect(away.codes()).toEqual(expect.arrayContaining(['service-failed', 'local-network-denied']));
    expect((await openHelp()).codes()).toContain('service-root-changed'); // the test AS shows another root key
  });

  it('lists the failures of the journal, newest first, and their commands', async () => {
    const { help, bench, wire } = await openHelp();
    await bench.session.signIn('KF');
    const [lane] = bench.station.lanes;
    if (!lane) throw new TypeError('no lane');
    wire.lie = { ins: IMPORTKEY, statusWord: 0x6988 };
    await load(lane, 1);
    wire.lie = undefined;
    await help.check();
    expect(help.facts?.failures[0]).toMatchObject({
      link: 'usb',
      failure: { code: 'status-word', command: 'IMPORTKEY', statusWord: 0x6988 },
    });
    expect(help.facts?.journal.attempts).toBe(1);
  });

  it('shows the support file until the facts change', async () => {
    const { help } = await openHelp();
    help.makeFile();
    expect(help.file?.text).toContain('"format": "keyferry-support"');
    expect(help.file?.text).toContain('"command": "SELECT"');
    expect(help.file?.text).not.toContain('4549000000000007');
    await help.updateDevices();
    expect(help.file).toBeUndefined();
  });
});
