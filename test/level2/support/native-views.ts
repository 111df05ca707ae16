// What a headed browser draws outside the page, read from its own description of it (--enable-ui-devtools): the tree of its views with
// their properties. Knows no chooser.
import { TextSocket } from './text-socket.ts';

export interface View {
  readonly nodeId: number;
  readonly nodeName: string;
  /** Names and values in turn. */
  readonly attributes?: readonly string[];
  readonly children?: readonly View[];
}

export type Properties = Readonly<Record<string, string>>;

/** In ms. A question about a node that has no properties, as the root, is not answered. */
const LIMIT = 10_000;

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

interface Style {
  readonly name: string;
  readonly value: string;
}

interface Styles {
  readonly matchedCSSRules: readonly {
    readonly rule: { readonly style: { readonly cssProperties: readonly Style[] } };
  }[];
}

export class NativeViews {
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #socket: TextSocket | undefined;
  #lastId = 0;

  static async connect(port: number): Promise<NativeViews> {
    const views = new NativeViews();
    views.#socket = await TextSocket.connect(port, '/0', (text) => {
      const answer = JSON.parse(text) as Answer;
      views.#waiting.get(answer.id)?.(answer);
      views.#waiting.delete(answer.id);
    });
    await views.#call('DOM.enable');
    await views.#call('CSS.enable');
    return views;
  }

  /** Everything that is drawn now. */
  async tree(): Promise<View> {
    return (await this.#call<{ readonly root: View }>('DOM.getDocument')).root;
  }

  async properties({ nodeId }: View): Promise<Properties> {
    const { matchedCSSRules } = await this.#call<Styles>('CSS.getMatchedStylesForNode', { nodeId });
    const all = matchedCSSRules.flatMap(({ rule }) => rule.style.cssProperties);
    return Object.fromEntries(all.map(({ name, value }) => [name, value]));
  }

  close(): void {
    this.#socket?.close();
  }

  #call<T>(method: string, params: object = {}): Promise<T> {
    const id = ++this.#lastId;
    this.#socket?.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${method}`)), LIMIT);
      this.#waiting.set(id, ({ result, error }) => {
        clearTimeout(timer);
        if (error === undefined) resolve(result as T);
        else reject(new Error(`${method}: ${error.message}`));
      });
    });
  }
}

/** The views from the root to the first that is of that class; undefined when none is. */
export function trailTo(root: View, viewClass: string): readonly View[] | undefined {
  if (root.attributes?.[1] === viewClass) return [root];
  for (const child of root.children ?? []) {
    const trail = trailTo(child, viewClass);
    if (trail !== undefined) return [root, ...trail];
  }
  return undefined;
}
