// The station with units attached, as one chunk that is loaded after the first screen.
export { default as Lanes } from './Lanes.svelte';
