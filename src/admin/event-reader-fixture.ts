import type { JsonObject } from "./merge-patch.ts";

export interface ReceivedEvent {
  /** Empty: a comment. */
  readonly name: string;
  readonly id: number;
  readonly data: JsonObject;
}

/** Reads server-sent events from a response, one at a time. */
export class EventReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(response: Response) {
    this.#chunks = response.body![Symbol.asyncIterator]();
  }

  /** @returns undefined at the end */
  async next(): Promise<ReceivedEvent | undefined> {
    while (!this.#text.includes("\n\n")) {
      const { done, value } = await this.#chunks.next();
      if (done) return undefined;
      this.#text += this.#decoder.decode(value, { stream: true });
    }
    const end = this.#text.indexOf("\n\n");
    const lines = this.#text.slice(0, end).split("\n");
    this.#text = this.#text.slice(end + 2);
    const field = (name: string): string =>
      lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? "";
    const data = JSON.parse(field("data") || "{}") as JsonObject;
    return { name: field("event"), id: Number(field("id") || -1), data };
  }

  async stop(): Promise<void> {
    await this.#chunks.return?.();
  }
}
