import type { RecordBatch } from "../../replay/records.ts";
import { LineParser } from "./line-parser.ts";
import { operationOf } from "./operation.ts";
import { addKey, quantity, quoted, textOf, wholeNumber } from "./record-fields.ts";
import type { ParserContext, TraceFormat } from "./trace-format.ts";

const COMMA = 0x2c;
const FIELDS_BEHIND_KEY = 5;
const LINE =
  /^[0-9]+,.+,[0-9]+,[0-9]+,[0-9]+,(?:get|gets|set|add|replace|cas|append|prepend|delete|incr|decr),[0-9]+$/;

/**
 * Twitter's cache-trace (J. Yang et al.: "A large scale analysis of hundreds of in-memory cache clusters at Twitter",
 * OSDI 2020): seconds, key, key size, value size, client, operation, time to live in seconds. An object's size is key
 * size plus value size.
 */
export const twitter: TraceFormat = {
  name: "twitter",
  description: "Twitter's cache-trace: timestamp, key, key size, value size, client, operation, TTL",
  hasSizes: () => true,
  matches: ({ isText, lines, hasColumns }) =>
    isText && !hasColumns && lines.length > 0 && lines.every((line) => LINE.test(line)),
  open: (context) => new TwitterLines(context),
};

class TwitterLines extends LineParser {
  readonly #families: ParserContext["families"];
  readonly #commas = new Int32Array(FIELDS_BEHIND_KEY);

  constructor({ faults, families }: ParserContext) {
    super(faults);
    this.#families = families;
  }

  protected override line(bytes: Uint8Array, start: number, end: number, batch: RecordBatch): void {
    const keyStart = bytes.indexOf(COMMA, start) + 1;
    // A key may contain commas, so the fields after it are counted from the end.
    const commas = this.#commas;
    let found = FIELDS_BEHIND_KEY;
    for (let at = end - 1; at >= start && found > 0; at--) if (bytes[at] === COMMA) commas[--found] = at;
    if (found > 0 || keyStart === 0 || keyStart > commas[0]!) {
      this.bad(`${quoted(bytes, start, end)} does not have 7 columns`);
      return;
    }
    const keyEnd = commas[0]!;
    const seconds = quantity(bytes, start, keyStart - 1);
    const keySize = wholeNumber(bytes, keyEnd + 1, commas[1]!);
    const valueSize = wholeNumber(bytes, commas[1]! + 1, commas[2]!);
    const operation = operationOf(textOf(bytes, commas[3]! + 1, commas[4]!));
    const ttlSeconds = quantity(bytes, commas[4]! + 1, end);
    if (Number.isNaN(seconds)) this.bad(`the time ${quoted(bytes, start, keyStart - 1)} is not a number`);
    else if (keyStart === keyEnd) this.bad("the key is empty");
    else if (Number.isNaN(keySize + valueSize)) {
      this.bad(`the sizes ${quoted(bytes, keyEnd + 1, commas[2]!)} are not two whole numbers`);
    } else if (operation === undefined) {
      this.bad(
        `the operation ${quoted(bytes, commas[3]! + 1, commas[4]!)} is neither read, write nor delete`,
      );
    } else if (Number.isNaN(ttlSeconds)) {
      this.bad(`the time to live ${quoted(bytes, commas[4]! + 1, end)} is not a number`);
    } else {
      const i = batch.count;
      addKey(batch, bytes, keyStart, keyEnd, this.#families);
      batch.timeMs[i] = seconds * 1000;
      batch.size[i] = Math.max(1, keySize + valueSize);
      batch.operation[i] = operation;
      batch.ttlMs[i] = ttlSeconds * 1000;
    }
  }
}
