// The certificates of the service over years, and after clock steps and disk errors. The service
// keeps each certificate that a stored receipt or order needs. If it cannot renew its certificates,
// it uses the current ones as long as they are valid.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { UserError } from '#as-service/common/user-error.ts';
import { retain } from '#as-service/signing/retention.ts';
import { certify, createSigningKey, SIGNING_PURPOSES } from '#as-service/signing/signing.ts';
import type { State } from '#as-service/storage/state.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { WORK_ORDER_TYPE } from '#protocol/orders/order.ts';
import type { CertificateJson } from '#protocol/service/messages.ts';
import { type Envelope, keyId } from '#protocol/signing/envelope.ts';
import { createTestApp } from '#test/support/as-service.ts';
import { failSync } from '#test/support/failing-disk.ts';
import { fetchReport, judge, load, OrderSetup, report, unit } from '#test/support/orders.ts';
import { Trust } from '#web/as-client/trust.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const YEAR = 366 * DAY;
const TRUE_TIME = Date.parse('2026-11-23T12:00:00.000Z');

let service: OrderSetup;
let clock: number;
const now = () => new Date(clock);
beforeEach(async () => {
  clock = TRUE_TIME;
  service = await OrderSetup.open({ now });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await service.close();
});

const decode = ({ payload }: Envelope) => JSON.parse(Buffer.from(payload, 'base64url').toString()) as CertificateJson;
const times = { notBefore: new Date(TRUE_TIME - DAY).toISOString(), until: new Date(TRUE_TIME + DAY).toISOString() };

/**
 * Adds `count` certificates of a replaced key, as many as `count` steps of the clock would leave.
 */
async function addCertificates(count: number): Promise<void> {
  const certificate = await certify(service.as.state.root, 'report', createSigningKey().publicKey, 0, now());
  const added = Array.from({ length: count }, () => certificate);
  const next = (state: State) => ({ ...state, certificates: [...state.certificates, ...added] });
  await service.as.change({ event: 'test', actor: null, details: {}, next });
}

describe('after many steps of the clock', () => {
  it('the service lists few certificates, and those that stored orders and receipts need', async () => {
    await service.issue({ units: [unit(1)], ...times });
    await load(service.olga, unit(1));
    await report(service.olga, { close: true });
    const { order } = await service.show();
    await addCertificates(64);
    for (const time of [TRUE_TIME + 4 * YEAR, TRUE_TIME + 2 * DAY]) {
      clock = time;
      await service.as.followClock();
    }
    // The service keeps at most 64 certificates that no record needs, besides the 6 current ones
    // and the 2 that the order and its receipt need.
    expect(service.as.state.certificates.length).toBeLessThanOrEqual(64 + 6 + 2);
    expect((await service.events('certificates-dropped')).length).toBeGreaterThan(0);
    await service.reopen({ now, acceptClock: true });
    const trust = await Trust.from(service.as.signatures.trust, isSignedBy);
    await trust.open(order, WORK_ORDER_TYPE, 'work-order');
    const auditor = service.station(await service.addOperator('anna', 'auditor'));
    expect((await judge(service.as, await fetchReport(auditor))).faults).toEqual([]);
  });

  it('a state with more certificates than a page accepts has few after the next start', async () => {
    await addCertificates(1500);
    await service.reopen({ now });
    expect(service.as.signatures.trust.certificates.length).toBeLessThanOrEqual(64 + 6);
    expect(await service.events('certificates-dropped')).toMatchObject([{ details: { certificates: 1500 - 64 } }]);
    await service.reopen({ now });
    expect(await service.events('certificates-dropped')).toHaveLength(1);
  });
});

describe('the certificates to keep', () => {
  /**
   * Returns a state before and after its verdict and order keys were replaced, `age` milliseconds
   * after they were certified.
   */
  async function replaced(age: number) {
    const { state } = service.as;
    clock += age;
    const keys = { verdict: createSigningKey(), 'work-order': createSigningKey() };
    const made = await Promise.all(
      (['verdict', 'work-order'] as const).map((purpose) =>
        certify(state.root, purpose, keys[purpose].publicKey, 0, now()),
      ),
    );
    const after: State = {
      ...state,
      signingKeys: { ...state.signingKeys, ...keys },
      earlierVerdictKeys: [state.signingKeys.verdict],
      certificates: [...state.certificates, ...made],
    };
    return { before: state, after };
  }
  const retained = (state: State, receiptTimes: number[], orderKeys: string[], at: number) => {
    const { certificates, earlierVerdictKeys = [] } = retain(
      state,
      { receiptTimes, orderKeys: new Set(orderKeys) },
      new Date(at),
    );
    return [certificates.map((each) => decode(each).purpose), earlierVerdictKeys.length];
  };

  it('are all of them until they expire', async () => {
    const { after } = await replaced(2.6 * YEAR);
    const all = [...SIGNING_PURPOSES, 'verdict', 'work-order'];
    expect(retained(after, [], [], clock)).toEqual([all, 1]);
    expect(retained(after, [], [], TRUE_TIME + 3.2 * YEAR)).toEqual([
      ['data', 'audit-head', 'vault', 'report', 'site', 'verdict', 'work-order'],
      0,
    ]);
  });

  it('include the verdict key of a receipt, and the key of an order, for good', async () => {
    const { before, after } = await replaced(2.6 * YEAR);
    const late = TRUE_TIME + 9 * YEAR;
    const orderKey = keyId(before.signingKeys['work-order'].publicKey);
    expect(retained(after, [TRUE_TIME], [], late)).toEqual([
      ['data', 'verdict', 'audit-head', 'vault', 'report', 'site', 'verdict', 'work-order'],
      1,
    ]);
    expect(retained(after, [clock], [orderKey], late)).toEqual([
      ['data', 'audit-head', 'vault', 'work-order', 'report', 'site', 'verdict', 'work-order'],
      0,
    ]);
  });
});

describe('a disk that refuses a renewal', () => {
  const whoami = async (reports: unknown[]) => {
    const app = createTestApp(service.as, { report: (cause) => reports.push(cause) });
    return (await app.request('/v1/trust')).status;
  };
  const keyOf = () => decode(service.as.signatures.vault.certificate).publicKey;

  it('does not stop the service while its certificates are valid: it reports, and retries after a minute', async () => {
    const reports: UserError[] = [];
    const before = keyOf();
    await failSync(service.path(''), 'file');
    clock = TRUE_TIME + 2.6 * YEAR;
    for (let request = 0; request < 3; request++) expect(await whoami(reports)).toBe(200);
    expect(reports.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /could not renew its certificates.*which end at 2029-.*disk of the data folder reported an error/,
      ),
    ]);
    expect(keyOf()).toBe(before);
    vi.restoreAllMocks();
    expect(await whoami(reports)).toBe(200);
    expect(keyOf()).toBe(before);
    clock += MINUTE;
    expect(await whoami(reports)).toBe(200);
    expect(keyOf()).not.toBe(before);
    expect(reports).toHaveLength(1);
  });

  it('is a notice of the next start', async () => {
    await service.as.close();
    await failSync(service.path(''), 'file');
    clock = TRUE_TIME + 2.6 * YEAR;
    await service.reopen({ now });
    expect(service.as.notices.join()).toContain('could not renew its certificates');
  });

  it.each([
    ['have ended', TRUE_TIME + 3.1 * YEAR],
    ['have not begun', TRUE_TIME - 2 * DAY],
  ])('stops the requests when the certificates %s', async (_name, time) => {
    await failSync(service.path(''), 'file');
    clock = time;
    const reports: UserError[] = [];
    expect(await whoami(reports)).toBe(500);
    expect(reports.map(({ message }) => message)).toEqual([expect.stringContaining('reported an error')]);
  });
});
