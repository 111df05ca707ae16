// Loads the message catalog (failures.ts) at the first failure. Until it is loaded, and when it
// cannot be loaded, the fallback messages are shown (docs/adr/0036).
import type { Failure } from '../../state/common/failure.ts';
import { fallbackMessage } from './fallback.ts';
import type { Message, MessageContext } from './types.ts';

type Explain = typeof import('./failures.ts').explain;

/** Time after which the catalog counts as missing. A cached catalog loads much faster. */
const LOAD_LIMIT_MS = 2_000;

let catalog = $state.raw<{ readonly explain: Explain } | 'loading' | 'missing'>('loading');
let loading: Promise<void> | undefined;

/** Loads the catalog, at most once. A call after a failed load retries it. Never rejects. */
export function loadCatalog(): Promise<void> {
  loading ??= fetchCatalog();
  return loading;
}

async function fetchCatalog(): Promise<void> {
  const limit = setTimeout(() => {
    catalog = 'missing';
  }, LOAD_LIMIT_MS);
  await import('./failures.ts').then(
    ({ explain }) => {
      catalog = { explain };
    },
    () => {
      catalog = 'missing';
      loading = undefined;
    },
  );
  clearTimeout(limit);
}

/**
 * Returns the message for a failure immediately. Reactive: a component that shows a fallback
 * message updates when the catalog is loaded.
 */
export function explain(failure: Failure, context: MessageContext): Message {
  if (typeof catalog === 'object') return catalog.explain(failure, context);
  void loadCatalog();
  return fallbackMessage(failure, catalog);
}
