import { type Signal, signal } from "@preact/signals";
import type { WrittenReport } from "../play/written-runs.ts";
import { EXAMPLES } from "./examples.ts";
import { packCode, unpackCode } from "./packed-code.ts";

/** The code of the policy that is written in the page: what the editor has, and what may run. */
export class WrittenCode {
  /** What the editor has. */
  readonly draft: Signal<string> = signal(EXAMPLES[0]!.code);
  /** What runs, once the reader has said so. */
  readonly running: Signal<string | undefined> = signal(undefined);
  /** Whether the draft came with the address, and the reader has not run it yet: anybody can have written it. */
  readonly isForeign: Signal<boolean> = signal(false);
  /** Why the draft is not kept in the address. */
  readonly problem: Signal<string | undefined> = signal(undefined);
  readonly report: Signal<WrittenReport | undefined> = signal(undefined);
  /** Of all requests, so many have been made by what runs; undefined: it does not run now. */
  readonly share: Signal<number | undefined> = signal(undefined);
  readonly #keep: (packed: string | undefined) => void;
  /** The draft as the address has it. */
  #packed: string | undefined;
  /** Counts what has become of the draft: packing takes a moment. */
  #edits = 0;

  /** @param keep puts packed code into the address */
  constructor(keep: (packed: string | undefined) => void) {
    this.#keep = keep;
  }

  /** Whether the draft may run without another word of the reader. */
  get isReady(): boolean {
    return !this.isForeign.peek();
  }

  /** Takes what the reader types. Code of somebody else stays so, whatever is changed in it. */
  async edit(draft: string): Promise<void> {
    this.draft.value = draft;
    const edit = ++this.#edits;
    const packed = await this.#pack(draft);
    if (packed === undefined || edit !== this.#edits) return;
    this.#packed = packed;
    this.#keep(packed);
  }

  /** The reader has said that the draft is to run. @returns it as the address has it; nothing if it is too long */
  async run(): Promise<string | undefined> {
    const draft = this.draft.peek();
    this.#edits++;
    const packed = await this.#pack(draft);
    if (packed === undefined) return undefined;
    this.#packed = packed;
    this.isForeign.value = false;
    this.running.value = draft;
    this.report.value = undefined;
    this.share.value = 0;
    return packed;
  }

  /** Shows the code of an address; it does not run. @returns what is wrong with it */
  async read(packed: string | undefined): Promise<string | undefined> {
    if (packed === this.#packed) return undefined;
    const edit = ++this.#edits;
    this.running.value = undefined;
    this.report.value = undefined;
    this.#packed = packed;
    if (packed === undefined) {
      this.isForeign.value = false;
      return undefined;
    }
    // Until it is there, nothing of it can be run.
    this.isForeign.value = true;
    try {
      const draft = await unpackCode(packed);
      if (edit === this.#edits) this.draft.value = draft;
      return undefined;
    } catch (error) {
      if (edit === this.#edits) this.isForeign.value = false;
      return `code: ${(error as Error).message}.`;
    }
  }

  /** Returns nothing if it is too long, and says so. */
  async #pack(draft: string): Promise<string | undefined> {
    try {
      const packed = await packCode(draft);
      this.problem.value = undefined;
      return packed;
    } catch (error) {
      this.problem.value = `The code is neither run nor kept in the address: ${(error as Error).message}.`;
      return undefined;
    }
  }
}
