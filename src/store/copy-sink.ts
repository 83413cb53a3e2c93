import { ByteBuffer, type LargeValue, type ValueSink } from "../lib/byte-buffer.ts";

/** Copies a value into a buffer of its own. */
export class CopySink implements ValueSink {
  #value: ByteBuffer | undefined;

  /** Whether a value was copied. */
  get hasCopy(): boolean {
    return this.#value !== undefined;
  }

  /** The copied value. */
  get copy(): Uint8Array {
    return this.#value!.view();
  }

  openValue(lengthBytes: number): ByteBuffer {
    this.#value = new ByteBuffer(lengthBytes);
    return this.#value;
  }

  closeValue(): void {}
}

/** As `CopySink`, but takes a large value as it is, without copying. */
export class TakingSink extends CopySink {
  readonly takesLarge = true;
  large: LargeValue | undefined;

  takeLarge(value: LargeValue): void {
    this.large = value;
  }
}
