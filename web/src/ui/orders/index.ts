// Lazily loaded: the order list and the order board.
export { default as OrderBoard } from './OrderBoard.svelte';
export { default as OrdersView } from './OrdersView.svelte';
