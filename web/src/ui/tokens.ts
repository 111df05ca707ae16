// Vault and card on the screen, as one part: loaded when the operator first asks for them.
export { default as TokensView } from './TokensView.svelte';
