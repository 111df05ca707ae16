// Words for the outcomes and steps of an attempt in the journal.
import type { Outcome, StepEntry } from '../../state/history/history.svelte.ts';
import { t } from '../../text/t.ts';
import type { Kind } from './lane.ts';

export const OUTCOMES: Readonly<Record<Outcome, { readonly kind: Kind; readonly word: string }>> = {
  running: { kind: 'working', word: t`Running` },
  done: { kind: 'done', word: t`Loaded` },
  unverified: { kind: 'unknown', word: t`Not confirmed` },
  unknown: { kind: 'unknown', word: t`Not known` },
  failed: { kind: 'failed', word: t`Not loaded` },
};

export function stepInWords(entry: StepEntry): string {
  switch (entry.step) {
    case 'challenge':
      return t`Requested a challenge from the unit`;
    case 'export':
      if (entry.state === 'confirmed') return t`Received the sealed key, export ${entry.export.exportId}`;
      return entry.thenImport ? t`Requested the key, to import it at once` : t`Requested the key`;
    case 'import':
      return entry.state === 'intended' ? t`Sent the key to the unit` : t`The unit returned its receipt`;
    case 'verify':
      return entry.verdict === undefined ? t`The token verified the receipt` : t`The AS verified the receipt`;
    case 'not-imported':
      return t`The unit has no receipt, so the key is not stored`;
    case 'failure':
      return t`Failed`;
    case 'interruption':
      return t`Interrupted. Later steps were not recorded`;
  }
}
