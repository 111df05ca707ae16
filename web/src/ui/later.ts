// What comes after the first screen, as one part: the works, and what a unit or a failure brings onto the screen.
export { keepOffline } from '../app/offline.ts';
export { startServices } from '../app/services.ts';
export { default as Advice } from './common/Advice.svelte';
export { loadCatalog } from './messages/catalog.svelte.ts';
export { default as Lanes } from './station/Lanes.svelte';
