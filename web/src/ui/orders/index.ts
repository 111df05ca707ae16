// The work orders of the page: the order list and the order board. Loaded with the first of them.
export { default as OrderBoard } from './OrderBoard.svelte';
export { default as OrdersView } from './OrdersView.svelte';
