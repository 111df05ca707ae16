// The mutants that `npm run mutate` creates, and the code that it leaves out. A source with
// inserted mutants behaves like the original until a mutant is active.
import ts from 'typescript';
import { afterEach, describe, expect, it } from 'vitest';
import { mutantsOf } from '#test/mutate/mutants.ts';
import { regexChanges } from '#test/mutate/regex-changes.ts';
import { SWITCH, weave } from '#test/mutate/weave.ts';

const changesOf = (source: string): string[] =>
  mutantsOf('source.ts', source).map(({ start, end, text }) => `${source.slice(start, end)} → ${text}`);

describe('the mutants of a source', () => {
  it('are the changes that a test must notice', () => {
    expect(changesOf('f(a < 1)')).toEqual([
      'f(a < 1) → ',
      'a < 1 → true',
      'a < 1 → false',
      'a < 1 → ((a) <= (1))',
      'a < 1 → ((a) >= (1))',
      '1 → (1 + 1)',
    ]);
    expect(changesOf('const x = a?.b ?? !c;')).toEqual(['a?.b ?? !c → ((a?.b) && (!c))', 'a?.b → a.b', '!c → (c)']);
    expect(changesOf('const x = (): string => "word";')).toEqual(['"word" → ""', '"word" → undefined']);
    expect(changesOf('while (list.every(f)) { x += 1; go(); }')).toEqual([
      'list.every(f) → false',
      'every → some',
      '{ x += 1; go(); } → {}',
      '+= → -=',
      '1 → (1 + 1)',
      'go(); → ',
    ]);
  });

  it('leave out types, imports, messages to people and unused fallbacks', () => {
    expect(changesOf("import { a } from 'b';\ntype A = 'c' | 1;\nconst d = e as 'f';")).toEqual([]);
    expect(changesOf(`const a = \`the unit \${b} has no key\`; const c = "no key";`)).toEqual([]);
    expect(changesOf(`throw new RangeError(\`\${a} bytes\`);`)).toEqual([]);
    expect(changesOf(`const a = \`DSSEv1 \${b}\`;`)).toEqual([`\`DSSEv1 \${b}\` → \`\``]);
    expect(changesOf(`const a = t\`it \${b}\`; const c = t\`empty\`;`)).toEqual([]);
    expect(changesOf('const a = bytes[b] ?? 0;')).toEqual(['bytes[b] ?? 0 → ((bytes[b]) && (0))']);
  });

  it('leave out the targets of an assignment', () => {
    expect(changesOf('[this.a, b] = [c, d];')).toEqual(['[c, d] → []']);
    expect(changesOf('({ a, b } = { a: c });')).toEqual(['{ a: c } → ({})']);
  });

  it('of a regular expression change anchors, classes and quantifiers', () => {
    expect(regexChanges('/^[a-z]+\\d?$/u')).toEqual([
      '/[a-z]+\\d?$/u',
      '/^[^a-z]+\\d?$/u',
      '/^[a-z]\\d?$/u',
      '/^[a-z]+\\D?$/u',
      '/^[a-z]+\\d$/u',
      '/^[a-z]+\\d?/u',
    ]);
  });
});

describe('a source with inserted mutants', () => {
  // The source has no loop, because a mutant could make a loop endless.
  const source = [
    'const list = [2, 1];',
    'class Box { #value = 2; read(): number | undefined { return this.#value; } }',
    'const box: { readonly at?: Box } | undefined = { at: new Box() };',
    'let count = 0;',
    'for (const at of list.keys()) { count += list[at] ?? 0; }',
    'count++;',
    '[count, list[0]] = [count, 2];',
    'switch (count) { case 4: count *= 2; break; default: count = 1; }',
    'if (count > 7) list.push(9);',
    `return [list.slice(1), box?.at?.read(), \`\${count}-x\`, String.raw\`\${count}\`];`,
  ].join('\n');
  const mutants = mutantsOf('source.ts', source);
  const woven = weave(source, mutants, 0);

  function run(text: string): string {
    const code = ts.transpile(`function run() { ${text}\n}`, { target: ts.ScriptTarget.ES2022 });
    try {
      return JSON.stringify(new Function(`${code}; return run();`)());
    } catch (error) {
      return String(error);
    }
  }

  afterEach(() => Reflect.deleteProperty(globalThis, SWITCH));

  it('behaves like the original while no mutant is active', () => {
    expect(run(woven)).toBe(run(source));
    expect(run(source)).toBe('[[1,9],2,"8-x","8"]');
  });

  it('behaves like the changed source while a mutant is active', () => {
    expect(mutants.length).toBeGreaterThan(25);
    for (const [id, { start, end, text }] of mutants.entries()) {
      Object.assign(globalThis, { [SWITCH]: (asked: number) => asked === id });
      expect(run(woven), `${source.slice(start, end)} → ${text}`).toBe(
        run(source.slice(0, start) + text + source.slice(end)),
      );
    }
  });
});
