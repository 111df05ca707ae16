// Vault and card on the screen, as one part with a stylesheet of its own: loaded when the operator first asks for them.
import { adopt } from './common/adopt.ts';
import css from './tokens.css?inline';

adopt(css);

export { default as TokensView } from './tokens/TokensView.svelte';
