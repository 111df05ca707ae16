// The journal of the page.
export { default as HistoryView } from './HistoryView.svelte';
