// The instances that main.ts made, as every component finds them.
import { createContext } from 'svelte';
import type { Desk } from '../state/desk.svelte.ts';
import type { History } from '../state/history.svelte.ts';
import type { Station } from '../state/station.svelte.ts';

export interface House {
  readonly station: Station;
  readonly history: History;
  readonly desk: Desk;
}

export const [house, setHouse] = createContext<House>();
