// The sentences for what the AS finds in the journal of a vault (docs/protocol.md clause 10.5).
import type { VaultFindingJson, VaultFindingKind, VaultFindingValues } from '../../state/tokens/vault-return.ts';
import { leftToRight } from '../../text/left-to-right.ts';
import { plural, t } from '../../text/t.ts';
import { moment } from '../common/format.ts';

type Texts = { readonly [Kind in VaultFindingKind]: (values: VaultFindingValues[Kind]) => string };

const TEXTS: Texts = {
  'entry-missing': ({ entry, before }) =>
    t`The journal is incomplete: entry ${entry} is missing before entry ${before}.`,
  'entry-unchained': ({ entry }) => t`The journal is incomplete: entry ${entry} does not continue the one before it.`,
  'export-missing': ({ xc, before }) => t`The journal is incomplete: export ${xc} is missing before export ${before}.`,
  'journal-differs': ({ entry }) =>
    t`From entry ${entry} on, this journal differs from the one returned before. The database was put back to an older state, or the vault was used in two places.`,
  'journal-older': ({ last, returned }) =>
    t`An older journal was returned again. It ends at entry ${last}, but entry ${returned} was returned before.`,
  'database-older': ({ last, returned }) =>
    t`The database was put back to an older state. It ends at entry ${last}, but entry ${returned} was returned before.`,
  'receipt-foreign': ({ xc }) => t`The receipt for export ${xc} is not from the unit of that export.`,
  'receipt-other': ({ xc }) => t`Export ${xc} already has another receipt.`,
  'receipt-missing': ({ xc, sn }) => {
    const unit = leftToRight(sn);
    return t`Export ${xc} for unit ${unit} has no receipt. Check the unit: the key may be loaded.`;
  },
  'export-not-permitted': ({ xc, sn }) => {
    const unit = leftToRight(sn);
    return t`This vault may not make export ${xc} for unit ${unit}.`;
  },
  'export-outside-validity': ({ xc, time }) => {
    const when = moment(time);
    return t`Export ${xc} was made at ${when}, outside the validity of this vault.`;
  },
  'export-after-revocation': ({ xc, time }) => {
    const when = moment(time);
    return t`Export ${xc} was made at ${when}, after this vault was revoked.`;
  },
  'export-number-reused': ({ xc, times }) =>
    plural(times, {
      one: t`Export number ${xc} was used ${times} time, with different DATA.`,
      other: t`Export number ${xc} was used ${times} times, with different DATA.`,
    }),
  'quota-exceeded': ({ exports, quota }) =>
    plural(exports, {
      one: t`The vault made ${exports} export, but its quota is ${quota}.`,
      other: t`The vault made ${exports} exports, but its quota is ${quota}.`,
    }),
  'unit-quota-exceeded': ({ exports, quota, sn }) => {
    const unit = leftToRight(sn);
    return plural(exports, {
      one: t`The vault made ${exports} export for unit ${unit}, but its quota per unit is ${quota}.`,
      other: t`The vault made ${exports} exports for unit ${unit}, but its quota per unit is ${quota}.`,
    });
  },
  'import-repeated': ({ sn, count, receipts }) => {
    const unit = leftToRight(sn);
    return t`Unit ${unit} made ${receipts} different receipts for its import ${count}: it was reset, or a copy of it exists.`;
  },
  'imports-before': ({ sn, imports }) => {
    const unit = leftToRight(sn);
    return plural(imports, {
      one: t`Unit ${unit} had ${imports} import before the first receipt at this AS.`,
      other: t`Unit ${unit} had ${imports} imports before the first receipt at this AS.`,
    });
  },
  'imports-missing': ({ sn, first, last }) => {
    const unit = leftToRight(sn);
    return first === last
      ? t`No journal shows import ${first} of unit ${unit}.`
      : t`No journal shows imports ${first} to ${last} of unit ${unit}.`;
  },
};

/** Returns the sentence for a finding. For one of a newer AS, returns the sentence of the AS. */
export function findingText({ kind, values, words }: VaultFindingJson): string {
  if (!Object.hasOwn(TEXTS, kind)) return words;
  const textOf = TEXTS[kind as VaultFindingKind] as (values: VaultFindingJson['values']) => string;
  return textOf(values);
}
