// What the operator sees of the way to a loaded key: each stage is over when the next one begins.
export type Stage = 'identity' | 'challenge' | 'export' | 'import' | 'receipt';
export const STAGES: readonly Stage[] = ['identity', 'challenge', 'export', 'import', 'receipt'];
