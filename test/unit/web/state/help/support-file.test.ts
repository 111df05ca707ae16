// The support file shows what happened, but no secret and no name of a person.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { toHex } from '#protocol/bytes/hex.ts';
import { Database } from '#web/journal/database.ts';
import type { Facts } from '#web/state/help/facts.ts';
import { findingsOf } from '#web/state/help/findings.ts';
import { maskedNumber, supportFile, type UnitTrace } from '#web/state/help/support-file.ts';
import { Traces } from '#web/state/help/traces.ts';
import { redact } from '#web/transport/trace.ts';
import { ADAPTER, GOOD, PRINTER, SN, UNIT } from './facts-fixture.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** A canary word for each secret, and for each text that comes from outside the page. */
const CANARIES = {
  transportKey: 'C0FFEE00C0FFEE00C0FFEE00C0FFEE00C0FFEE00C0FFEE00C0FFEE00C0FFEE00',
  applicationKey: 'FACADE11FACADE11FACADE11FACADE11FACADE11FACADE11FACADE11FACADE11',
  accessCode: 'KF-CANAR-YCODE-CANAR-YCODE-CANAR-YCODE',
  passphrase: 'correct horse canary staple',
  operator: 'maria-canary',
  title: 'Order title canary',
  product: 'Product canary',
  profile: 'Profile canary',
  label: 'Label canary',
  sn: SN,
} as const;
const all = Object.values(CANARIES).join(' ');

/** An exchange whose command and response contain `canary`, redacted as in the page. */
const exchange = (header: readonly number[], canary: Uint8Array) =>
  redact(
    Uint8Array.of(...header, canary.length, ...canary),
    Uint8Array.of(...canary, 0x90, 0x00),
    new Date('2026-11-30T09:59:00Z'),
  );
const secret = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (each) => Number.parseInt(each, 16));

const failure = {
  code: 'status-word',
  statusWord: 0x6988,
  command: 'IMPORTKEY',
  detail: all,
  message: { remedy: all, title: all },
} as const;

/** The exchanges of one unit with a canary in each command that could contain it. */
const exchanges = [
  exchange([0x80, 0xca, 0, 0], secret(SN)), // GET IDENTITY, whose response is shown in the page
  exchange([0x80, 0xd8, 0, 1], secret(`544B4C31${'00'.repeat(20)}${SN}${CANARIES.applicationKey}`)),
  exchange([0x80, 0xdb, 0, 1], secret(CANARIES.transportKey)),
  exchange([0x00, 0x20, 0, 1], text('123456')),
  exchange([0x00, 0xa4, 4, 0], text(CANARIES.operator)),
];
const traces: readonly UnitTrace[] = [{ sn: SN, exchanges }];

/** Facts with a canary in every text. The member that the type lacks represents a member of a later version. */
const facts = {
  ...GOOD,
  devices: [
    {
      ...UNIT,
      label: CANARIES.product,
      profile: CANARIES.profile,
      failure,
      status: 'not-loaded',
      unit: { ...UNIT.unit, name: all },
    },
    { ...PRINTER, label: CANARIES.product, usbSerialNumber: 'SERIAL-CANARY-0815' },
    { ...ADAPTER, profile: CANARIES.profile },
  ],

  refused: { kind: 'usb', failure },
  service: { is: 'failed', failure, name: all },
  session: { kind: 'none', failure, operator: CANARIES.operator, accessCode: CANARIES.accessCode },
  journal: { attempts: 3, open: 1, failure, order: CANARIES.title },
  failures: [{ at: GOOD.at, link: 'usb', sn: SN, failure, operator: CANARIES.operator, keyLabel: all }],
  attempts: [
    {
      at: GOOD.at,
      link: 'usb',
      sn: SN,
      outcome: 'failed',
      failure,
      exchanges: exchanges.map((each) => ({ ...each, note: all })),
      operator: CANARIES.operator,
      keyLabel: CANARIES.label,
    },
  ],
  passphrase: CANARIES.passphrase,
} as unknown as Facts;

const file = supportFile(facts, findingsOf(facts), traces);
const content = JSON.parse(file.text);

/** Names of the canaries that a text contains, in any form. */
function found(content: string): readonly string[] {
  const squeezed = content.replaceAll(/\s/g, '').toUpperCase();
  const isIn = (form: string): boolean => squeezed.includes(form.replaceAll(/\s/g, '').toUpperCase());
  return Object.entries(CANARIES)
    .filter(([, canary]) => [canary, toHex(text(canary)), btoa(canary).slice(0, -4)].some(isIn))
    .map(([name]) => name);
}

const STATUSES = ['unused', 'reading', 'unread', 'ready', 'loading', 'done', 'not-loaded', 'unconfirmed'] as const;
const OUTCOMES = ['running', 'done', 'unverified', 'unknown', 'failed'] as const;
const SESSIONS = ['remote', 'vault', 'card', 'none'] as const;

describe('the support file', () => {
  it('contains no canary, in no form', () => {
    expect(found(all)).toEqual(Object.keys(CANARIES)); // the search itself works
    expect(found(file.text)).toEqual([]);
    expect(file.text).not.toMatch(/canary/i);
    expect(file.text).not.toContain(SN.slice(-5));
    expect(file.name).toBe('keyferry-support-20261130T1000.json');
  });

  it.each(
    STATUSES.flatMap((status) =>
      SESSIONS.flatMap((kind) => OUTCOMES.map((outcome) => [status, kind, outcome] as const)),
    ),
  )(
    'contains no canary of a device that is %s, with the AS “%s” and an attempt that is %s',
    (status, kind, outcome) => {
      const state = {
        ...facts,
        devices: facts.devices.map((device) => ({ ...device, status })),
        session: { ...facts.session, kind },
        attempts: facts.attempts.map((attempt) => ({ ...attempt, outcome })),
      };
      const made = supportFile(state, findingsOf(state), traces).text;
      expect(found(made)).toEqual([]);
      expect(made).not.toMatch(/canary/i);
    },
  );

  it('contains the last attempts with their exchanges', () => {
    expect(content.attempts).toMatchObject([
      { at: GOOD.at, link: 'usb', sn: '…4F47', outcome: 'failed', failure: content.failures[0].failure },
    ]);
    expect(content.attempts[0].exchanges).toEqual(content.traces[0].exchanges);
  });

  it('contains no canary when the page has halted', () => {
    const halted = { ...facts, page: { ...facts.page, halted: failure } };
    const made = supportFile(halted, findingsOf(halted), traces).text;
    expect(JSON.parse(made).findings[0]).toMatchObject({ code: 'page-halted', level: 'needs-action' });
    expect(found(made)).toEqual([]);
    expect(made).not.toMatch(/canary/i);
  });

  it('states its format and version first', () => {
    expect(Object.keys(content).slice(0, 2)).toEqual(['format', 'version']);
    expect(content).toMatchObject({ format: 'keyferry-support', version: 1, madeAt: GOOD.at });
  });

  it('contains findings, failures, devices and the masked numbers', () => {
    const failed = { code: 'status-word', command: 'IMPORTKEY', statusWord: '6988' };
    expect(content.findings).toContainEqual({
      level: 'needs-action',
      code: 'unit-not-loaded',
      device: 1,
      failure: failed,
    });
    expect(content.failures).toEqual([{ at: GOOD.at, link: 'usb', sn: '…4F47', failure: failed }]);
    expect(content.devices[0]).toMatchObject({ usb: '1209:0001', unit: { sn: '…4F47', set: '0000BA7C' } });
    expect(content.devices[1]).toMatchObject({ usbSerialNumber: '…0815', interfaces: [{ class: '07/01/02' }] });
    expect(content.devices[2]).toMatchObject({ usb: '0403:6001', serial: { baudRate: 115_200 } });
  });

  it('shows of an exchange the command, the length and the status word', () => {
    expect(content.traces[0].sn).toBe('…4F47');
    expect(content.traces[0].exchanges.slice(0, 2)).toEqual([
      {
        at: '2026-11-30T09:59:00.000Z',
        command: 'GET IDENTITY',
        header: '80CA0000',
        sentBytes: 16,
        receivedBytes: 16,
        statusWord: '9000',
      },
      {
        at: '2026-11-30T09:59:00.000Z',
        command: 'IMPORTKEY',
        header: '80D80001',
        sentBytes: 72,
        receivedBytes: 72,
        statusWord: '9000',
      },
    ]);
  });

  it('does not show the length of a PIN', () => {
    expect(content.traces[0].exchanges[3]).toEqual({
      at: '2026-11-30T09:59:00.000Z',
      command: 'VERIFY',
      header: '00200001',
      statusWord: '9000',
    });
  });

  it('of a station in order has each fact', () => {
    const traced: UnitTrace = { sn: undefined, exchanges: [exchange([0x80, 0xca, 0, 0], secret(SN))] };
    const { refused: _, ...named } = GOOD;
    const good = JSON.parse(supportFile({ ...named, devices: [UNIT, ADAPTER] }, [], [traced]).text);
    const { devices, traces: written, ...others } = good;
    expect(others).toEqual({
      ...{ format: 'keyferry-support', version: 1, madeAt: GOOD.at, findings: [], build: GOOD.build },
      browser: { name: 'Chrome', version: 148, platform: 'linux' },
      page: {
        ...{ address: 'https://as.example/', isOnline: true, isBroken: false },
        ...{ isSuperseded: false, isCutOff: false, hasLostJournal: false, halted: null, isSecure: true },
      },
      access: { usb: 'available', serial: 'available' },
      refusedChoice: null,
      service: { is: 'reached', ms: 24, rootComparedAt: '2026-11-12T08:00:00.000Z', isPinnedRoot: true },
      clockOffsetMs: 1200,
      session: { kind: 'remote', exportsLeft: null },
      storage: { isPersistent: true, isRefused: false, freeBytes: 2e9 },
      journal: { attempts: 12, open: 0, lostAt: null },
      selfTest: { at: '2026-11-30T09:00:00.000Z', passed: ['SHA-256', 'storage'], failed: [] },
      failures: [],
      attempts: [],
    });
    expect(devices).toEqual([
      {
        ...{ id: 1, link: 'usb', usb: '1209:0001', usbSerialNumber: '…4F47', role: 'unit', isListed: true },
        interfaces: [{ number: 0, alternate: 0, class: 'FF/4B/01' }],
        ...{ obstacle: null, serial: null, status: 'ready' },
        unit: {
          ...{ sn: '…4F47', set: '0000BA7C', tkv: 1, lifecycle: 'operational', firmware: '00010000' },
          ...{ suites: [1, 2], tries: 64 },
        },
      },
      {
        ...{ id: 3, link: 'serial', usb: '0403:6001', usbSerialNumber: null, interfaces: [] },
        ...{ role: 'unit', isListed: false, obstacle: null, status: 'unread', failure: { code: 'device-busy' } },
        serial: { baudRate: 115_200, parity: 'none', edc: 'crc' },
        unit: null,
      },
    ]);
    expect(written).toMatchObject([{ sn: null, exchanges: [{ command: 'GET IDENTITY' }] }]);
  });

  it('of a station with failures has each of them, and null for what is not known', () => {
    const reported = { code: 'status-word', command: 'IMPORTKEY', statusWord: '6988' };
    const device = { ...PRINTER, ids: undefined };
    const changed: Facts = {
      ...(facts as Facts),
      devices: [device],
      browser: { name: 'other browser', version: undefined },
      build: { ...GOOD.build, isServed: undefined },
      storage: { ...GOOD.storage, freeBytes: undefined },
      journal: { attempts: 3, open: 1, failure, lostAt: '2026-11-29T08:00:00Z' },
      session: { kind: 'vault', exportsLeft: 0, failure },
      selfTest: undefined,
      failures: [{ at: GOOD.at, link: 'usb', sn: SN, failure: undefined }],
    };
    const bad = JSON.parse(supportFile(changed, [], []).text);
    expect(bad).toMatchObject({
      browser: { name: 'other browser', version: null },
      build: { isServed: null },
      refusedChoice: { link: 'usb', failure: reported },
      devices: [{ usb: null, usbSerialNumber: null, obstacle: 'no-interface', unit: null, serial: null }],
      session: { kind: 'vault', exportsLeft: 0, failure: reported },
      storage: { freeBytes: null },
      journal: { attempts: 3, open: 1, lostAt: '2026-11-29T08:00:00Z', failure: reported },
      selfTest: null,
      failures: [{ at: GOOD.at, link: 'usb', sn: '…4F47', interrupted: true }],
    });
    expect(bad.service).toEqual({ is: 'failed', failure: reported, localNetwork: null });
    const unpinned: Facts = { ...GOOD, service: { is: 'reached', ms: 1.6, comparedAt: undefined, isPinnedRoot: true } };
    expect(JSON.parse(supportFile(unpinned, [], []).text).service).toEqual({
      ...{ is: 'reached', ms: 2, rootComparedAt: null, isPinnedRoot: true },
    });
  });

  it('has the newest 60 exchanges of a unit, and null for a response that is missing', () => {
    const first = { ...exchange([0x80, 0xca, 0, 0], secret(SN)), command: 'FIRST' };
    const { statusWord: _, ...unanswered } = { ...first, command: 'LAST', answer: '' };
    const exchanges = [first, ...Array.from({ length: 59 }, () => ({ ...first, command: 'OTHER' })), unanswered];
    const [trace] = JSON.parse(supportFile(GOOD, [], [{ sn: SN, exchanges }]).text).traces;
    expect([trace.exchanges.length, trace.exchanges[0].command]).toEqual([60, 'OTHER']);
    expect(trace.exchanges.at(-1)).toMatchObject({ command: 'LAST', receivedBytes: 0, statusWord: null });
  });

  it('does not show the length of the PINs in a change of the PIN', () => {
    const change = exchange([0x00, 0x24, 0, 0x81], text('123456654321'));
    const [trace] = JSON.parse(supportFile(GOOD, [], [{ sn: SN, exchanges: [change] }]).text).traces;
    expect(Object.keys(trace.exchanges[0])).toEqual(['at', 'command', 'header', 'statusWord']);
  });

  it('contains the same members for a station in order as for one with failures', () => {
    const good = JSON.parse(supportFile(GOOD, findingsOf(GOOD), []).text);
    expect(Object.keys(good)).toEqual(Object.keys(content));
  });
});

describe('the stored trace', () => {
  it('contains no secret: it was redacted before it was stored', async () => {
    const database = await Database.open(new IDBFactory(), () => undefined);
    const store = new Traces(database);
    const secrets = [CANARIES.transportKey, CANARIES.applicationKey].map(secret);
    const words = [CANARIES.accessCode, CANARIES.passphrase, '123456'].map(text);
    const headers = ['84', 'DA', 'D8', 'CB', 'DC', 'CE', 'DB', 'C0', '20', '24'].map((ins) => Number.parseInt(ins, 16));
    const redacted = headers.flatMap((ins) =>
      [0x00, 0x80, 0x90].flatMap((cla) => [...secrets, ...words].map((each) => exchange([cla, ins, 0, 1], each))),
    );
    for (let from = 0; from < redacted.length; from += 50)
      await store.append([{ attempt: from + 1, isDone: false, exchanges: redacted.slice(from, from + 50) }]);
    const stored = await store.list();
    expect(stored.flatMap((trace) => trace.exchanges)).toHaveLength(redacted.length);
    expect(found(JSON.stringify(stored))).toEqual([]);
    expect(JSON.stringify(stored)).not.toContain(toHex(text('123456')));
  });
});

describe('maskedNumber', () => {
  it.each([
    [SN, '…4F47'],
    ['12345678', '…5678'],
    ['1234567', '…'],
    ['', '…'],
    [undefined, null],
  ])('shows of %s only %s', (number, masked) => {
    expect(maskedNumber(number)).toBe(masked);
  });
});
