// The part of the page that prints labels. Loaded when a label can be printed.
export { default as LabelButtons } from './LabelButtons.svelte';
export { default as OrderLabels } from './OrderLabels.svelte';
