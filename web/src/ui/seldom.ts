// What is not on the screen of an ordinary run, as one part with a stylesheet of its own: loaded when it is first needed.
import { adopt } from './common/adopt.ts';
import css from './seldom.css?inline';

adopt(css);

export { default as HistoryView } from './history/HistoryView.svelte';
export { default as OpenAttempts } from './history/OpenAttempts.svelte';
export { default as Halted } from './shell/Halted.svelte';
export { default as Shortcuts } from './shell/Shortcuts.svelte';
export { default as NotListed } from './station/NotListed.svelte';
export { default as TrustAnew } from './station/ReplaceRootKey.svelte';
export { default as TraceList } from './station/TraceList.svelte';
