// The service compares the clock of the machine with the audit log, the certificates and the access
// codes. A page accepts every answer, and no access code is valid longer than it was issued for.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addOperator, issueAccessCode } from '#as-service/operators/operators.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import type { ExportAnswerJson, ReceiptAnswerJson } from '#protocol/service/messages.ts';
import { decodeVaultFile, verifyVaultFile } from '#protocol/vault/file.ts';
import type { VaultAnswerJson } from '#protocol/vault/messages.ts';
import { exportRequest, receiptFor, ServiceSetup } from '#test/support/as-service.ts';
import { newOrder } from '#test/support/orders.ts';
import { quickKey } from '#test/support/vault.ts';
import { VAULT_REQUEST } from '#test/support/vault-service.ts';
import { Trust } from '#web/as-client/trust.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR = 366 * DAY;
const TRUE_TIME = Date.parse('2026-11-23T12:00:00.000Z');

let service: ServiceSetup;
let clock: number;
const now = () => new Date(clock);
const options = () => ({ now, derive: quickKey });
const openAt = async (time: number) => {
  clock = time;
  service = await ServiceSetup.open(options());
};
const reopenAt = async (time: number, acceptClock = false) => {
  clock = time;
  await service.reopen({ ...options(), acceptClock });
};
beforeEach(() => {
  clock = TRUE_TIME;
});
afterEach(() => service.close());

/**
 * Makes one load, and verifies the answers as a page does. Resolves with the body of the receipt
 * request.
 */
async function loadLikeAPage(): Promise<{ exportId: string; receipt: string }> {
  const name = `olga${service.as.state.operators.length}`;
  const token = await service.addOperator(name);
  const request = exportRequest();
  const exported = await service.json<ExportAnswerJson>(token, '/v1/exports', request);
  const body = { exportId: exported.exportId, receipt: receiptFor(exported.data, request.random) };
  await verifyLikeAPage(body, token, exported);
  return body;
}

async function verifyLikeAPage(body: object, token: string, exported?: ExportAnswerJson): Promise<void> {
  const verified = await service.json<ReceiptAnswerJson>(token, '/v1/receipts', body);
  const trust = await Trust.from(service.as.signatures.trust, isSignedBy);
  if (exported !== undefined) await trust.openAuditHead(exported.auditHead);
  await trust.openVerdict(verified.verdict);
  await trust.openAuditHead(verified.auditHead);
}

const times = async () => (await service.events()).map(({ time }) => time);

describe('a start with a clock that was ahead before', () => {
  it.each([1, 2, 23])(
    'by %i hours gives only answers that a page accepts, and times that do not decrease',
    async (hours) => {
      await openAt(TRUE_TIME + hours * HOUR);
      const before = await loadLikeAPage();
      await reopenAt(TRUE_TIME);
      expect(service.as.notices.join(' ')).toContain('The clock of this machine says 2026-11-23T12:00:00.000Z.');
      expect(await service.events('clock-behind')).toHaveLength(1);
      await loadLikeAPage();
      await verifyLikeAPage(before, await service.addOperator('again'));
      expect(await times()).toEqual([...(await times())].sort());
      const custodian = await service.addOperator('carl', 'custodian');
      const order = newOrder({ notBefore: now().toISOString(), until: new Date(clock + DAY).toISOString() });
      expect((await service.call(custodian, '/v1/work-orders', order)).status).toBe(200);
      const vault = await service.json<VaultAnswerJson>(custodian, '/v1/vaults', VAULT_REQUEST);
      const root = fromBase64url(service.as.signatures.trust.root);
      await verifyVaultFile(decodeVaultFile(vault.file), [root], isSignedBy);
    },
  );

  it('by days is refused with a sentence about the clock; once the clock is accepted, a page accepts the answers', async () => {
    for (const ahead of [2 * DAY, 10 * YEAR]) {
      await openAt(TRUE_TIME);
      const first = await loadLikeAPage();
      await reopenAt(TRUE_TIME + ahead);
      const second = await loadLikeAPage();
      clock = TRUE_TIME + HOUR;
      await service.as.close();
      await expect(service.reopen(options())).rejects.toThrow(/clock of this machine says 2026-11-23.*--accept-clock/);
      await reopenAt(TRUE_TIME + HOUR, true);
      expect((await service.events('clock-accepted')).map(({ time }) => time)).toEqual([now().toISOString()]);
      await loadLikeAPage();
      const token = await service.addOperator('again');
      for (const body of [first, second]) await verifyLikeAPage(body, token);
      // The next start does not need --accept-clock again.
      await reopenAt(TRUE_TIME + 2 * HOUR);
      await loadLikeAPage();
      expect(service.as.notices).toEqual([]);
      await service.close();
    }
    await openAt(TRUE_TIME);
  });
});

describe('certificates', () => {
  it('are renewed while the service runs: after a step of the clock, and before they expire', async () => {
    await openAt(Date.parse('1970-01-02T00:00:00.000Z'));
    clock = TRUE_TIME;
    const first = await loadLikeAPage();
    clock = TRUE_TIME + 2.6 * YEAR;
    await loadLikeAPage();
    await verifyLikeAPage(first, await service.addOperator('again'));
  });

  it('can expire without making the verdicts of earlier receipts invalid, even after a restart', async () => {
    await openAt(TRUE_TIME);
    const first = await loadLikeAPage();
    for (const years of [2.6, 5.2]) {
      await reopenAt(TRUE_TIME + years * YEAR);
      await verifyLikeAPage(first, await service.addOperator(`at ${years}`.replace(' ', '-')));
    }
  });
});

describe('an access code that was issued while the clock was ahead', () => {
  const issue = async (hours: number) => {
    await addOperator(service.as, 'test', { name: 'otto', role: 'operator', sets: null, quota: null, embedded: false });
    return (await issueAccessCode(service.as, 'test', 'otto', { hours, replace: false })).code;
  };
  const status = async (code: string) => (await service.call(code, '/v1/whoami')).status;

  it.each<[string, number, boolean]>([
    ['2 hours ahead, at the next start', 2 * HOUR, true],
    ['2 hours ahead, in the same process', 2 * HOUR, false],
    ['a year ahead, at the next start', YEAR, true],
    ['a year ahead, in the same process', YEAR, false],
  ])('is valid for its hours: %s', async (_name, ahead, restarts) => {
    await openAt(TRUE_TIME + ahead);
    const codes = [await issue(1)];
    if (restarts) await reopenAt(TRUE_TIME, true);
    clock = TRUE_TIME;
    for (const code of codes) {
      expect(await status(code)).toBe(200);
      clock = TRUE_TIME + HOUR - 1000;
      expect(await status(code)).toBe(200);
      clock = TRUE_TIME + HOUR;
      expect(await status(code)).toBe(401);
      clock = TRUE_TIME + ahead;
      expect(await status(code)).toBe(401);
    }
    expect(await service.events('tokens-redated')).toMatchObject([{ details: { tokens: 1 } }]);
  });

  it('by 5 minutes is valid for at most 5 minutes longer', async () => {
    await openAt(TRUE_TIME + 4 * 60_000);
    const code = await issue(1);
    clock = TRUE_TIME;
    expect(await status(code)).toBe(200);
    clock = TRUE_TIME + HOUR + 5 * 60_000;
    expect(await status(code)).toBe(401);
  });
});
