// Lazily loaded: the Tokens view.
export { default as TokensView } from './TokensView.svelte';
