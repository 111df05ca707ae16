// Entry point of the verifier, a page in one file that checks the report of a work order. Opens no
// network connection.
import { mount } from 'svelte';
import { readPinnedRoots } from './app/pinned-roots.ts';
import { verifyWith } from './as-client/web-crypto.ts';
import { Verification } from './state/report/verification.svelte.ts';
import VerifyView from './ui/report/VerifyView.svelte';

const target = document.getElementById('app');
if (!target) throw new TypeError('the page has no #app');
target.replaceChildren();
mount(VerifyView, {
  target,
  props: { check: new Verification(() => readPinnedRoots(indexedDB), verifyWith(crypto.subtle)) },
});
