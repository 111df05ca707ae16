// The reason that the operator is typing, which no component keeps.
import { describe, expect, it } from 'vitest';
import { ReasonDraft } from '#web/state/common/reason-draft.svelte.ts';

describe('the draft of a reason', () => {
  it('keeps the typed text and the open form until it is cleared', () => {
    const draft = new ReasonDraft();
    draft.startSettingAside();
    draft.type(' Cover is  broken ');
    expect(draft).toMatchObject({ typed: ' Cover is  broken ', isSettingAside: true });
    expect(draft.entered).toEqual({ text: 'Cover is broken', refusal: undefined });
    draft.clear();
    expect(draft).toMatchObject({ typed: '', isSettingAside: false });
  });
});
