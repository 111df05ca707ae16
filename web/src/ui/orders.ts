// Work orders on the screen, as one part with a stylesheet of its own: loaded when the operator first asks for them.
import { adopt } from './adopt.ts';
import css from './orders.css?inline';

adopt(css);

export { default as OrderBoard } from './OrderBoard.svelte';
export { default as OrdersView } from './OrdersView.svelte';
export { default as ReportView } from './ReportView.svelte';
