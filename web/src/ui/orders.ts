// Work orders on the screen, as one part with a stylesheet of its own: loaded when the operator first asks for them.
import { adopt } from './common/adopt.ts';
import css from './orders.css?inline';

adopt(css);

export { default as OrderBoard } from './orders/OrderBoard.svelte';
export { default as OrdersView } from './orders/OrdersView.svelte';
export { default as ReportView } from './report/ReportView.svelte';
