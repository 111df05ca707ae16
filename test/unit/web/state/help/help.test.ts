// The Help view at a station with simulated units: the facts that it collects, and its actions.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { ATTEMPT } from '#test/unit/web/journal/records.ts';
import { Help, type HelpOptions } from '#web/state/help/help.svelte.ts';
import { ReleaseCheck } from '#web/state/help/release-check.svelte.ts';
import { PageHealth } from '#web/state/page/page-health.svelte.ts';
import { AsClock } from '#web/state/session/as-clock.svelte.ts';
import { PROFILES } from '#web/transport/device-profiles.ts';
import type { Link } from '#web/transport/link.ts';
import { FakeDevice, usbInterface } from '../../transport/fakes.ts';
import {
  attached,
  type BenchParts,
  type Cable,
  cable,
  createBench,
  IMPORTKEY,
  load,
  localOf,
  NOW,
  SELECT,
} from '../station/station-fixture.ts';

interface TestHelp {
  readonly help: Help;
  readonly bench: BenchParts;
  readonly unit: FakeDevice;
  readonly printer: FakeDevice;
  readonly wire: Cable;
  readonly codes: () => readonly string[];
}

/** A station with one unit and a printer, both permitted; the unit has a lane. Nothing is checked yet. */
async function createHelp(changes: Partial<HelpOptions> = {}, wire = cable()): Promise<TestHelp> {
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
    traces: { list: async () => [] },
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
    isSecure: true,
    address: 'https://as.example/',
    readBuild: async () => ({ version: '1.2.3', hash: '8643b1efe94df87f', script: 'index-abc.js', isServed: true }),
    readLocalNetwork: async () => 'denied',
    runSelfTest: async () => ({ at: NOW().toISOString(), passed: ['SHA-256'], failed: [] }),
    release: new ReleaseCheck({ folder: 'app', language: 'en', fetchFile: async () => undefined, verify: () => false }),
    site: () => undefined,
    sendsByHand: () => false,
    ticks: () => 0,
    reload: () => undefined,
    usb: { getDevices: async () => [...permitted] } as unknown as USB,
    serial: undefined,
    profiles: () => PROFILES,
    isAllowed: () => true,
    linkTo: link,
    ...changes,
  });
  return { help, bench, unit, printer, wire, codes: () => help.findings.map(({ code }) => code) };
}

/** The same after a check. */
async function openHelp(changes: Partial<HelpOptions> = {}, wire = cable()): Promise<TestHelp> {
  const made = await createHelp(changes, wire);
  await made.help.check();
  return made;
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

  it('names the device profile of each device, also one of a site file', async () => {
    const site = {
      name: 'Payment terminal, hall 3',
      role: 'unit',
      ids: { vendorId: 0x0a5f, productId: 0x00d3 },
      usb: { bwtMs: 500 },
    } as const;
    const { help } = await openHelp({ profiles: () => [site, ...PROFILES] });
    expect(help.facts?.devices.map(({ profile }) => profile)).toEqual(['Keyferry unit', 'Payment terminal, hall 3']);
    const { help: withoutSite } = await openHelp();
    expect(withoutSite.facts?.devices.map(({ profile }) => profile)).toEqual(['Keyferry unit', undefined]);
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

  it('of a page that cannot start says why, and asks neither the journal nor the AS for more', async () => {
    const failure = { code: 'site-changed' } as const;
    const refuse = (): Promise<never> => Promise.reject(new ProtocolError(failure.code, 'halted'));
    const { help, codes } = await openHelp({
      halted: failure,
      journal: { list: refuse, unsettled: refuse, lostAt: refuse },
      traces: { list: refuse },
      roots: { isPinned: refuse, compare: refuse, replace: refuse },
    });
    expect(help.findings.filter(({ level }) => level === 'needs-action')).toEqual([
      { code: 'page-halted', level: 'needs-action', area: 'page', failure, action: 'reload' },
    ]);
    expect(codes().filter((code) => /^(journal|service|clocks|no-device)/.test(code))).toEqual([]);
    expect(codes().filter((code) => /^(device|unit)/.test(code))).toEqual(['device-seen', 'device-seen']);
    expect(help.findings.filter(({ action }) => action === 'open-station')).toEqual([]);
    help.makeFile();
    expect(JSON.parse(help.file?.text ?? '').page.halted).toEqual({ failure });
  });

  it('has the exchanges of each attempt: of its lane, or as they were stored', async () => {
    const stored = { command: 'SELECT', header: '00A40400', request: '', answer: '', at: NOW().toISOString() };
    const traces = { list: async () => [{ attempt: 1, isDone: false, exchanges: [stored] }] };
    const { help, bench, wire } = await openHelp({ traces });
    await bench.session.signIn('KF');
    const [lane] = bench.station.lanes;
    if (!lane) throw new TypeError('no lane');
    wire.lie = { ins: IMPORTKEY, statusWord: 0x6988 };
    await load(lane, 1);
    await help.check();
    expect(help.facts?.attempts).toMatchObject([{ outcome: 'failed', failure: { statusWord: 0x6988 } }]);
    expect(help.facts?.attempts[0]?.exchanges.map(({ command }) => command)).toContain('IMPORTKEY');
    await bench.station.remove(lane);
    await help.check();
    expect(help.facts?.attempts[0]?.exchanges).toEqual([stored]);
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

  it('has no facts, no findings and no file before the first check', async () => {
    const { help } = await createHelp();
    expect([help.facts, help.findings, help.file, help.isBusy]).toEqual([undefined, [], undefined, false]);
    help.makeFile();
    await help.updateDevices();
    expect([help.facts, help.file]).toEqual([undefined, undefined]);
    const checking = help.check();
    expect(help.isBusy).toBe(true);
    await checking;
    expect(help.isBusy).toBe(false);
  });

  it('shows the page, the session and the last refused choice', async () => {
    const { help, bench } = await openHelp();
    expect(help.facts).toMatchObject({
      at: NOW().toISOString(),
      build: { version: '1.2.3', script: 'index-abc.js', isServed: true },
      browser: { name: 'Chrome', version: 148 },
      ...{ platform: 'linux', address: 'https://as.example/', isOnline: true, refused: undefined },
      page: { isBroken: false, isSuperseded: false, isCutOff: false, hasLostJournal: false },
      clock: { offsetMs: 0, differs: false },
      session: { kind: 'none', exportsLeft: undefined, failure: undefined },
      storage: { isPersistent: false, isRefused: false, freeBytes: 1.999e9 },
      journal: { attempts: 0, open: 0, lostAt: undefined },
      ...{ failures: [], selfTest: undefined },
    });
    bench.account.refuse('signIn', 'service-changed');
    await bench.session.signIn('KF');
    await help.check();
    expect(help.facts?.session).toMatchObject({ kind: 'none', failure: { code: 'service-changed' } });
    await bench.session.signIn('KF');
    await help.check();
    expect(help.facts?.session).toMatchObject({ kind: 'remote', failure: undefined });
    await bench.session.use(localOf(bench));
    await help.check();
    expect(help.facts?.session).toMatchObject({ kind: 'vault', exportsLeft: undefined });
    await bench.session.use({ ...localOf(bench), exportsLeft: async () => 3 });
    await help.check();
    expect(help.facts?.session).toMatchObject({ kind: 'vault', exportsLeft: 3 });
    await bench.session.use({
      ...localOf(bench),
      exportsLeft: () => Promise.reject(new ProtocolError('vault-locked', 'scripted')),
    });
    await help.check();
    expect(help.facts?.session).toMatchObject({ kind: 'vault', exportsLeft: undefined });
    await bench.session.use({ ...localOf(bench), exportsLeft: () => Promise.reject(new TypeError('a bug')) });
    await expect(help.check()).rejects.toThrow(TypeError);
  });

  it('measures the AS, and names the root key that was compared', async () => {
    let ticks = 0;
    const { help, bench } = await openHelp({ ticks: () => 7 * ticks++ });
    expect(help.facts?.service).toEqual({
      ...{ is: 'reached', ms: 7, comparedAt: '2026-11-22T12:00:00Z', isPinnedRoot: false },
    });
    const { compare } = bench.account.roots;
    const unpinned = await openHelp({
      roots: { ...bench.account.roots, compare: async () => ({ ...(await compare()), pinned: undefined }) },
    });
    expect(unpinned.help.facts?.service).toMatchObject({ comparedAt: undefined, isPinnedRoot: true });
    const same = await openHelp({
      roots: {
        ...bench.account.roots,
        compare: async () => {
          const { shown } = await compare();
          return { shown, pinned: { fingerprint: shown.fingerprint, at: 'then' } };
        },
      },
    });
    expect(same.help.facts?.service).toMatchObject({ comparedAt: 'then', isPinnedRoot: true });
  });

  it('shows why the journal cannot be read', async () => {
    const failing = (): Promise<never> => Promise.reject(new ProtocolError('journal-failed', 'scripted'));
    const { help } = await openHelp({ journal: { list: failing, unsettled: failing, lostAt: failing } });
    expect(help.facts?.journal).toEqual({ attempts: 0, open: 0, failure: { code: 'journal-failed' } });
    expect(help.facts?.failures).toEqual([]);
  });

  it('lists the failures and the interruptions of the newest 25 attempts', async () => {
    const { help, bench } = await openHelp();
    const failure = { code: 'link-timeout' } as const;
    for (let count = 0; count < 26; count++)
      await bench.journal.begin({ ...ATTEMPT, link: 'serial' }, [
        { step: 'challenge', state: 'intended', suite: 1 },
        { step: 'failure', state: 'confirmed', failure },
        { step: 'interruption', state: 'confirmed' },
      ]);
    await help.check();
    expect(help.facts?.failures).toHaveLength(50);
    const known = { at: NOW().toISOString(), link: 'serial', sn: ATTEMPT.sn };
    expect(help.facts?.failures.slice(0, 2)).toEqual([
      { ...known, failure: undefined },
      { ...known, failure },
    ]);
    expect(help.facts?.journal).toMatchObject({ attempts: 26, open: 0 });
  });

  it('does nothing to a device that it does not show, and nothing to a unit that is being loaded', async () => {
    const { help, bench, unit, printer } = await openHelp();
    await help.retryDevice(2);
    await help.forgetDevice(9);
    expect([printer.calls, help.facts?.devices.length]).toEqual([[], 2]);
    await bench.session.signIn('KF');
    const [lane] = bench.station.lanes;
    if (!lane) throw new TypeError('no lane');
    const loading = load(lane, 1);
    await help.forgetDevice(1);
    await help.retryDevice(1);
    expect([unit.calls, bench.station.lanes]).toEqual([[], [lane]]);
    await loading;
    expect(lane.phase.is).toBe('done');
  });

  it('removes the shown file when the self-test or a check has ended', async () => {
    const { help } = await openHelp();
    for (const action of [() => help.runSelfTest(), () => help.check()]) {
      help.makeFile();
      expect(help.file).toBeDefined();
      await action();
      expect(help.file).toBeUndefined();
    }
  });

  it('reads the devices again without the rest, and shows a choice that was refused since', async () => {
    let builds = 0;
    const { help, bench } = await openHelp({
      readBuild: async () => {
        builds++;
        return { version: '1.2.3', hash: '8643b1efe94df87f', script: 'index-abc.js', isServed: true };
      },
    });
    Object.defineProperty(bench, 'choice', {
      get: () => {
        throw new ProtocolError('no-interface', 'scripted');
      },
    });
    await bench.station.attach('usb');
    await help.updateDevices();
    expect(help.facts?.refused).toEqual({ kind: 'usb', failure: { code: 'no-interface' } });
    expect([builds, help.facts?.devices.length]).toEqual([1, 2]);
  });
});
