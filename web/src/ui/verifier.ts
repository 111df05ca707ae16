// The verifier's one view with its stylesheet.
import { adopt } from './adopt.ts';
import css from './orders.css?inline';

adopt(css);

export { default as VerifyView } from './VerifyView.svelte';
