// The vaults and the card of the page.
export { default as TokensView } from './TokensView.svelte';
