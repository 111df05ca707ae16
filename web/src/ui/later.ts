// What a unit or a failure brings onto the screen, as one part: loaded after the first screen stands.
export { default as Advice } from './Advice.svelte';
export { default as Lanes } from './Lanes.svelte';
