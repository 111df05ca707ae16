// The book of words for failures (words.ts), which an ordinary run never opens: it is fetched at the first failure, or before that where
// nothing else keeps it at hand. A failure never stays without words: where the book is not had in time, the plain ones stand in.
import type { Failure } from '../../state/common/failure.ts';
import { fallbackMessage } from './fallback.ts';
import type { Message, MessageContext } from './types.ts';

type Explain = typeof import('./failures.ts').explain;

/** So long nothing is said of the network: a book that is at hand is here much sooner. */
const PATIENCE_MS = 2_000;

let book = $state.raw<{ readonly explain: Explain } | 'coming' | 'missing'>('coming');
let opening: Promise<void> | undefined;

/** Any number of times; after a refusal it is asked for anew. Never rejects. */
export function loadCatalog(): Promise<void> {
  opening ??= fetchBook();
  return opening;
}

async function fetchBook(): Promise<void> {
  const patience = setTimeout(() => {
    book = 'missing';
  }, PATIENCE_MS);
  await import('./failures.ts').then(
    ({ explain }) => {
      book = { explain };
    },
    () => {
      book = 'missing';
      opening = undefined;
    },
  );
  clearTimeout(patience);
}

/** Always at once; what shows it is told when the book has better words. */
export function explain(failure: Failure, seen: MessageContext): Message {
  if (typeof book === 'object') return book.explain(failure, seen);
  void loadCatalog();
  return fallbackMessage(failure, book);
}
