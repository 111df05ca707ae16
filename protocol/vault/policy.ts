// The rules of a vault: its units, validity and quota (docs/protocol.md clause 10.4).
// The page's worker applies them before an export, and the AS applies them again to a returned
// journal.
import type { UnitExportRequest } from '../as-unit/memory.ts';
import { hexNumber, toHex } from '../bytes/hex.ts';
import { ProtocolError } from '../errors.ts';
import { counted } from '../text/counted.ts';
import type { VaultHeaderJson } from './header.ts';

/**
 * Checks set and unit, for Memory.authorise.
 * @throws ProtocolError not-allowed (another set), unit-not-listed
 */
export function requireServed(header: VaultHeaderJson, { unit }: Pick<UnitExportRequest, 'unit'>): void {
  if (unit.set !== header.set.set) throw new ProtocolError('not-allowed', 'This vault serves another set.');
  const sn = toHex(unit.sn);
  if (header.units === null || header.units.includes(sn)) return;
  throw new ProtocolError('unit-not-listed', `Unit ${sn} is not on the list of this vault.`);
}

/**
 * Requires that the vault is valid at `at`, a time in ms since 1970.
 * @throws ProtocolError vault-early, vault-expired
 */
export function requireValid({ notBefore, expires }: VaultHeaderJson, at: number): void {
  if (at < Date.parse(notBefore)) throw new ProtocolError('vault-early', `This vault is valid from ${notBefore}.`);
  if (at >= Date.parse(expires)) throw new ProtocolError('vault-expired', `This vault was valid until ${expires}.`);
}

/** Returns the sentence with which a custodian confirms the request for an open vault. */
export function openVaultSentence(set: number): string {
  const number = hexNumber(set, 8);
  return `This vault holds T of set ${number}: the person who opens it can load every unit of that set.`;
}

export interface VaultUse {
  /** Number of exports so far. `ofUnit` counts those for the unit of the request. */
  readonly exports: number;
  readonly ofUnit: number;
}

/** Checks the quota, for Memory.reserveExport. @throws ProtocolError quota-used, unit-quota-used */
export function requireQuota({ quota }: VaultHeaderJson, { exports, ofUnit }: VaultUse): void {
  if (exports >= quota.exports) {
    throw new ProtocolError('quota-used', `This vault may make ${counted(quota.exports, 'export')}, and none is left.`);
  }
  if (quota.perUnit !== null && ofUnit >= quota.perUnit) {
    throw new ProtocolError(
      'unit-quota-used',
      `This vault may make ${counted(quota.perUnit, 'export')} for each unit, and none is left for this one.`,
    );
  }
}
