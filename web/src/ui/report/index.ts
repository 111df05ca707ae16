// The check of a report on the page. The verifier (web/src/verify.ts) has the same check.
export { default as ReportView } from './ReportView.svelte';
