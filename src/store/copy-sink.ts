import { ByteBuffer, type LargeValue, type ValueSink } from "../lib/byte-buffer.ts";

/** Takes a value into bytes of its own. */
export class CopySink implements ValueSink {
  #value: ByteBuffer | undefined;

  /** Whether a value was delivered as a copy. */
  get hasCopy(): boolean {
    return this.#value !== undefined;
  }

  /** What was delivered. */
  get copy(): Uint8Array {
    return this.#value!.view();
  }

  openValue(lengthBytes: number): ByteBuffer {
    this.#value = new ByteBuffer(lengthBytes);
    return this.#value;
  }

  closeValue(): void {}
}

/** The same, but for a large value, which is taken as it is. */
export class TakingSink extends CopySink {
  readonly takesLarge = true;
  large: LargeValue | undefined;

  takeLarge(value: LargeValue): void {
    this.large = value;
  }
}
