// Lazily loaded: the report view. The verifier (web/src/verify.ts) contains ReportCheck.svelte too.
export { default as ReportView } from './ReportView.svelte';
