// Words for the outcomes and steps of an attempt in the journal.
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
      return 'Requested a challenge from the unit';
    case 'export':
      if (entry.state === 'confirmed') return `Received the sealed key, export ${entry.export.exportId}`;
      return entry.thenImport ? 'Requested the key, to import it at once' : 'Requested the key';
    case 'import':
      return entry.state === 'intended' ? 'Sent the key to the unit' : 'The unit returned its receipt';
    case 'verify':
      return entry.verdict === undefined ? 'The token verified the receipt' : 'The AS verified the receipt';
    case 'not-imported':
      return 'The unit has no receipt, so the key is not stored';
    case 'failure':
      return 'Failed';
    case 'interruption':
      return 'Interrupted. Later steps were not recorded';
  }
}
