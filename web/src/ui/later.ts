// What comes after the first screen, as one part: the works, and what a unit or a failure brings onto the screen.
export { keepOffline } from '../state/offline.ts';
export { openWorks } from '../state/works.ts';
export { default as Advice } from './Advice.svelte';
export { openBook } from './book.svelte.ts';
export { default as Lanes } from './Lanes.svelte';
