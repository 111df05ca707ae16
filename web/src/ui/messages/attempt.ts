// The journal's outcomes and steps in words.
import type { Outcome, StepEntry } from '../../state/history/history.svelte.ts';
import type { Kind } from './lane.ts';

export const OUTCOMES: Readonly<Record<Outcome, { readonly kind: Kind; readonly word: string }>> = {
  running: { kind: 'working', word: 'Running' },
  done: { kind: 'done', word: 'Loaded' },
  unverified: { kind: 'unknown', word: 'Not confirmed' },
  unknown: { kind: 'unknown', word: 'Not known' },
  failed: { kind: 'failed', word: 'Not loaded' },
};

export function stepInWords(entry: StepEntry): string {
  switch (entry.step) {
    case 'challenge':
      return 'Asked the unit for a challenge';
    case 'export':
      if (entry.state === 'confirmed') return `The AS sealed the key, export ${entry.export.exportId}`;
      return entry.thenImport ? 'Asked the AS for the key, to be sent to the unit at once' : 'Asked the AS for the key';
    case 'import':
      return entry.state === 'intended' ? 'Sent the key to the unit' : 'The unit gave its receipt';
    case 'verify':
      return entry.verdict === undefined ? 'The token verified the receipt' : 'The AS verified the receipt';
    case 'not-imported':
      return 'The unit has no receipt: the key is not in';
    case 'failure':
      return 'Ended without success';
    case 'interruption':
      return 'Cut off: what followed was not written down';
  }
}
