// Everything that a unit, a failure or an earlier run brings onto the screen, as one part: loaded after the first screen stands.
export { default as Advice } from './Advice.svelte';
export { default as Halted } from './Halted.svelte';
export { default as HistoryView } from './HistoryView.svelte';
export { default as Lanes } from './Lanes.svelte';
export { default as OpenAttempts } from './OpenAttempts.svelte';
