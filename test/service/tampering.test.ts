// Simulates an attacker who has the disk of the service but not its sealing key. A start
// authenticates every fact that it reads, and the service verifies a receipt before it signs a
// verdict on it.
import { copyFile, readFile, rename } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { revokeAccessCodes } from '#as-service/operators/operators.ts';
import { encodeReturn } from '#as-service/vaults/vault-ledger.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { openTestAs, receiptFor, refusalOf, temporaryFolder } from '#test/support/as-service.ts';
import { type ForgedLine, newLine, readLines, writeChained } from '#test/support/log-forger.ts';
import { exportFor, fetchReport, load, OrderSetup, report, unit } from '#test/support/orders.ts';
import { VaultSetup } from '#test/support/vault-service.ts';

let service: OrderSetup;
let lines: ForgedLine[];
const log = () => service.path('audit.log');
const last = () => lines.at(-1) as ForgedLine;
const find = (event: string) => lines.find(({ entry }) => entry.event === event) as ForgedLine;

/**
 * Issues an order for unit 1 and revokes it. Issues another order for unit 2, with an export and no
 * receipt.
 */
beforeEach(async () => {
  service = await OrderSetup.open();
  await service.issue({ units: [unit(1)] });
  await load(service.olga, unit(1));
  await service.revoke();
  await service.issue({ id: 'JOB-2', units: [unit(2)] });
  await exportFor(service.olga, unit(2), { workOrder: 'JOB-2' });
  await service.as.close();
  lines = await readLines(log());
});
afterEach(async () => {
  await service.as.close().catch(() => undefined);
  await service.close().catch(() => undefined);
});

/**
 * Expects that the start is refused with the number of the first wrong entry, and that no file is
 * changed.
 */
async function expectRefusal(sequence: number): Promise<void> {
  const before = await readFile(log());
  await expect(service.reopen()).rejects.toThrow(new RegExp(`broken at entry ${sequence}: .*authentication code`));
  expect(await readFile(log())).toEqual(before);
}

const forgedReceipt = () => toBase64url(new Uint8Array(64).fill(0x52));

describe('a start refuses a log', () => {
  it.each<[string, () => ForgedLine]>([
    [
      'a receipt',
      () => newLine('receipt', 'olga', { exportId: 'x', xc: 2, receipt: forgedReceipt(), kcv: '0000000000' }),
    ],
    ['a revocation', () => newLine('work-order-revoked', 'carl', { workOrder: 'JOB-2', reason: 'x' })],
    ['a closing', () => newLine('work-order-closed', 'carl', { workOrder: 'JOB-2', done: 1, absentReason: null })],
    ['a revocation of a vault', () => newLine('vault-revoked', 'carl', { vaultId: 'x', asNumber: 1, reason: 'x' })],
    ['a change of the state', () => newLine('tokens-revoked', 'carl', { name: 'olga', revision: 15 })],
    ['an entry without effect', () => newLine('service-stopped', null, {})],
  ])('in which %s was added', async (_name, forged) => {
    await writeChained(log(), [...lines, forged()]);
    await expectRefusal(lines.length + 1);
    // The forged line is refused with the MAC of a genuine line, an invented MAC or an empty MAC.
    for (const mac of [last().mac, lines[0]?.mac, 'A'.repeat(43), '']) {
      await writeChained(log(), [...lines, { ...forged(), ...(mac === undefined ? {} : { mac }) }]);
      await expectRefusal(lines.length + 1);
    }
  });

  it.each<[string, (line: ForgedLine) => void]>([
    ['another order', ({ entry }) => Object.assign(entry.details, { workOrder: 'JOB-2' })],
    ['another reason', ({ entry }) => Object.assign(entry.details, { reason: 'x' })],
    ['another actor', ({ entry }) => Object.assign(entry, { actor: 'olga' })],
    ['another time', ({ entry }) => Object.assign(entry, { time: '2026-01-01T00:00:00.000Z' })],
    ['another event', ({ entry }) => Object.assign(entry, { event: 'work-order-noted' })],
  ])('whose revocation was given %s', async (_name, change) => {
    const revocation = find('work-order-revoked');
    change(revocation);
    await writeChained(log(), lines);
    await expectRefusal(lines.indexOf(revocation) + 1);
  });

  it.each<[string, string]>([
    ['the revocation', 'work-order-revoked'],
    ['the receipt', 'receipt'],
    ['an export', 'export'],
  ])('from which %s was removed', async (_name, event) => {
    const index = lines.indexOf(find(event));
    await writeChained(
      log(),
      lines.filter((_, i) => i !== index),
    );
    await expectRefusal(index + 1);
  });

  it('whose MACs were removed, all of them or from any entry on', async () => {
    for (const from of [0, 1, lines.length - 1]) {
      const stripped = lines.map(({ mac, ...line }, index) =>
        index < from ? { ...line, ...(mac ? { mac } : {}) } : line,
      );
      await writeChained(log(), stripped);
      await expectRefusal(from + 1);
    }
  });

  it('of another service with the same sealing key, and accepts its own log again', async () => {
    const other = await temporaryFolder();
    await (await openTestAs(other.path)).close();
    await copyFile(log(), service.path('own'));
    await copyFile(`${other.path}/audit.log`, log());
    await expect(service.reopen()).rejects.toThrow(/Restore the whole folder/);
    await copyFile(`${other.path}/state.sealed`, service.path('state.sealed.next'));
    await expect(service.reopen()).rejects.toThrow(/Restore the whole folder/);
    await other.remove();
    await rename(service.path('own'), log());
    await service.reopen();
    expect(await service.exportRefusal(unit(1))).toEqual(['order-ended', expect.stringMatching(/revoked/)]);
  });
});

describe('a state file', () => {
  it('from before the last change is refused, so that the revoked access code stays revoked', async () => {
    await service.reopen();
    const { token } = service.olga;
    await copyFile(service.path('state.sealed'), service.path('before'));
    await revokeAccessCodes(service.as, 'test', 'olga');
    await service.as.close();
    await copyFile(service.path('state.sealed'), service.path('after'));
    await rename(service.path('before'), service.path('state.sealed'));
    await expect(service.reopen()).rejects.toThrow(/state.sealed is older than the audit log/);
    await rename(service.path('after'), service.path('state.sealed'));
    await service.reopen();
    expect((await service.call(token, '/v1/whoami')).status).toBe(401);
  });

  it('of the same revision but another history is refused', async () => {
    await copyFile(log(), service.path('log-before'));
    await copyFile(service.path('state.sealed'), service.path('state-before'));
    await service.reopen();
    await revokeAccessCodes(service.as, 'test', 'otto');
    await service.as.close();
    await rename(service.path('log-before'), log());
    await copyFile(service.path('state.sealed'), service.path('fork'));
    await rename(service.path('state-before'), service.path('state.sealed'));
    await service.reopen();
    await revokeAccessCodes(service.as, 'test', 'olga');
    await service.as.close();
    await rename(service.path('fork'), service.path('state.sealed'));
    await expect(service.reopen()).rejects.toThrow(/not the one that the audit log names/);
  });
});

describe('a stored receipt that is not from its unit', () => {
  /** Logs a receipt, as a faulty version of the service or a holder of its sealing key can do. */
  const plant = (xc: number, receipt: string) =>
    service.as.log.append({ event: 'receipt', actor: 'olga', details: { exportId: 'x', xc, receipt, kcv: '0' } });

  it.each<[string, (data: string, random: string) => string]>([
    ['noise', forgedReceipt],
    ['for another key', (data, random) => receiptFor(data, random, { key: new Uint8Array(32).fill(9) })],
    ['of another R', (data) => receiptFor(data, toBase64url(new Uint8Array(16).fill(3)))],
  ])('gets no verdict: %s', async (_name, forge) => {
    await service.reopen();
    const [exported] = [...service.as.ledger.exportsOf('JOB-2')];
    if (exported === undefined) throw new TypeError('no export');
    const { exportId, xc } = exported;
    const receipt = forge(toBase64url(exported.data), toBase64url(exported.random));
    await plant(xc, receipt);
    await service.reopen();
    expect(await service.problem(service.olga.token, '/v1/receipts', { exportId, receipt })).toBe('receipt-refused');
    expect(await report(service.olga, { close: true }, 'JOB-2')).toMatchObject({ closed: true });
    expect(await refusalOf(service.call(service.olga.token, '/v1/work-orders/JOB-2/report'))).toEqual([
      'receipt-refused',
      expect.stringMatching(/stored receipt of export 2 is not from the unit.*inform an auditor/),
    ]);
  });

  it('gets no verdict when a vault returns it again', async () => {
    const vaults = await VaultSetup.open();
    try {
      const vault = await vaults.unlock(await vaults.issue());
      await vaults.load(vault, 1);
      const [, exported, received] = vault.entries;
      if (exported?.event.kind !== 'export' || received?.event.kind !== 'receipt') throw new TypeError('no load');
      const { dataHash } = exported.event;
      const forged = { ...received, event: { ...received.event, receipt: forgedReceipt() } };
      const part = { entries: vault.entries, receipts: [{ dataHash, receipt: forgedReceipt() }], signed: '' };
      const { vaultId } = vault.vault.header;
      const record = encodeReturn(part);
      await vaults.as.log.append({ event: 'vault-returned', actor: 'olga', details: { vaultId }, record });
      await vaults.reopen();
      const journal = await vault.returnJournal([...vault.entries.slice(0, 2), forged]);
      const path = `/v1/vaults/${vaultId}/journal`;
      expect(await vaults.problem(vaults.operator, path, { journal })).toBe('receipt-refused');
    } finally {
      await vaults.close();
    }
  });

  it('does not affect genuine receipts, which get their verdicts after a restart', async () => {
    await service.reopen();
    await service.issue({ id: 'JOB-3', units: [unit(3)] });
    await load(service.olga, unit(3), { workOrder: 'JOB-3' });
    await report(service.olga, { close: true }, 'JOB-3');
    await service.reopen();
    const { rows } = await fetchReport(service.olga, 'JOB-3');
    expect(rows[0]?.loads[0]?.verdict).not.toBeNull();
  });
});
