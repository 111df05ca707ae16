/** The stages of a load on screen. A stage ends when the next one begins. */
export type Stage = 'identity' | 'challenge' | 'export' | 'import' | 'receipt';
export const STAGES: readonly Stage[] = ['identity', 'challenge', 'export', 'import', 'receipt'];
