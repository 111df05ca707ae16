// The verifier's one view with its stylesheet.
import { adopt } from './common/adopt.ts';
import css from './orders.css?inline';

adopt(css);

export { default as VerifyView } from './report/VerifyView.svelte';
