// Rebuilds the records of the service from its audit log, entry by entry.
import { fromBase64url } from '#protocol/bytes/text.ts';
import { IntegrityError } from '#protocol/errors.ts';
import type { AuditLine } from '../audit-log/audit-line.ts';
import { UserError } from '../common/user-error.ts';
import { replayRepeat } from '../exports/exporter.ts';
import { decodeExport, Ledger } from '../ledger/ledger.ts';
import { OrderLedger, replayOrder } from '../orders/order-ledger.ts';
import type { SignedRecords } from '../signing/retention.ts';
import type { Sealer } from '../storage/sealer.ts';
import { replayVault, VaultLedger } from '../vaults/vault-ledger.ts';

/** The indexes of the records in the audit log. The service rebuilds them at each start. */
export interface Ledgers {
  readonly exports: Ledger;
  readonly orders: OrderLedger;
  readonly vaults: VaultLedger;
}

export function emptyLedgers(): Ledgers {
  return { exports: new Ledger(), orders: new OrderLedger(), vaults: new VaultLedger() };
}

export function replayLine(line: AuditLine, { exports, orders, vaults }: Ledgers, sealer: Sealer): void {
  const { entry, sealed } = line;
  const { event, time, details, sequence } = entry;
  const open = () => {
    try {
      return sealer.openRecord(sequence, Buffer.from(sealed ?? '', 'base64url'));
    } catch (cause) {
      if (cause instanceof IntegrityError) throw unreadable(sequence, cause);
      throw cause;
    }
  };
  if (event === 'export') {
    const { record, origin } = decodeExport(open());
    exports.addExport(record, origin, time);
  } else if (event === 'export-repeated') {
    replayRepeat(exports, open());
  } else if (event === 'receipt') {
    exports.addReceipt(Number(details.xc), fromBase64url(String(details.receipt)), time);
  } else {
    replayOrder(orders, line, open);
    replayVault(vaults, entry, open);
  }
}

/** Collects what the service has signed, or may sign again, with earlier keys. */
export function signedRecords({ exports, orders, vaults }: Ledgers): SignedRecords {
  const ofService = [...exports.all()].flatMap(({ receiptTime }) => receiptTime ?? []);
  const ofVaults = vaults.all.flatMap((record) => record.exports.flatMap(({ receipt }) => receipt?.time ?? []));
  return {
    receiptTimes: [...ofService, ...ofVaults].map((time) => Date.parse(time)),
    orderKeys: new Set([...orders.all()].map(({ envelope }) => envelope.signatures[0].keyid)),
  };
}

function unreadable(sequence: number, cause: unknown): UserError {
  return new UserError(
    `The sealed part of entry ${sequence} of the audit log does not open: the log was changed. Keep this copy as evidence, and restore the folder from a backup.`,
    { cause },
  );
}
