// What is not on the screen of an ordinary run, as one part with a stylesheet of its own: loaded when it is first needed.
import { adopt } from './adopt.ts';
import css from './seldom.css?inline';

adopt(css);

export { default as Halted } from './Halted.svelte';
export { default as HistoryView } from './HistoryView.svelte';
export { default as NotListed } from './NotListed.svelte';
export { default as OpenAttempts } from './OpenAttempts.svelte';
export { default as Shortcuts } from './Shortcuts.svelte';
export { default as TraceList } from './TraceList.svelte';
export { default as TrustAnew } from './TrustAnew.svelte';
