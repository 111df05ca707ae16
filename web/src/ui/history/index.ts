// Lazily loaded: the History view.
export { default as HistoryView } from './HistoryView.svelte';
