// Reads the native views of a headed browser, which are outside the page: the tree of views with
// their properties. Uses the UI DevTools of the browser (--enable-ui-devtools).
import { TextSocket } from './text-socket.ts';

export interface View {
  readonly nodeId: number;
  readonly nodeName: string;
  /** Names and values, alternating. */
  readonly attributes?: readonly string[];
  readonly children?: readonly View[];
}

export type Properties = Readonly<Record<string, string>>;

/**
 * Time limit of a request, in ms. The browser never responds to a request for a node without
 * properties, such as the root.
 */
const LIMIT = 10_000;

interface Response {
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
  readonly #pending = new Map<number, (response: Response) => void>();
  #socket: TextSocket | undefined;
  #lastId = 0;

  static async connect(port: number): Promise<NativeViews> {
    const views = new NativeViews();
    views.#socket = await TextSocket.connect(port, '/0', (text) => {
      const response = JSON.parse(text) as Response;
      views.#pending.get(response.id)?.(response);
      views.#pending.delete(response.id);
    });
    await views.#call('DOM.enable');
    await views.#call('CSS.enable');
    return views;
  }

  /** The current views. */
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
      const timer = setTimeout(() => reject(new Error(`no response to ${method}`)), LIMIT);
      this.#pending.set(id, ({ result, error }) => {
        clearTimeout(timer);
        if (error === undefined) resolve(result as T);
        else reject(new Error(`${method}: ${error.message}`));
      });
    });
  }
}

/** Returns the views from the root to the first view of this class; undefined if there is none. */
export function pathTo(root: View, viewClass: string): readonly View[] | undefined {
  if (root.attributes?.[1] === viewClass) return [root];
  for (const child of root.children ?? []) {
    const path = pathTo(child, viewClass);
    if (path !== undefined) return [root, ...path];
  }
  return undefined;
}
