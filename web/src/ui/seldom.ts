// What is not on the screen of an ordinary run, as one part: loaded when it is first needed.
export { default as Halted } from './Halted.svelte';
export { default as HistoryView } from './HistoryView.svelte';
export { default as NotListed } from './NotListed.svelte';
export { default as OpenAttempts } from './OpenAttempts.svelte';
export { default as TraceList } from './TraceList.svelte';
export { default as TrustAnew } from './TrustAnew.svelte';
