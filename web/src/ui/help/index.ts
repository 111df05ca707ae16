// Lazily loaded: the view Help.
export { default as HelpView } from './HelpView.svelte';
