import { expect, test } from "bun:test";
import { TraceError } from "../../replay/records.ts";
import { streamBytes } from "./trace-bytes.ts";
import { unpacked } from "./unpacking.ts";

test("data of a program that is not installed gets advice", async () => {
  async function* data(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 100; i++) yield new Uint8Array(100_000);
  }
  const read = async (): Promise<void> => {
    const chunks = streamBytes(data()).chunks({ bytes: 0 });
    for await (const _ of unpacked(chunks, "no-such-program", "a.xz"));
  };
  await expect(read()).rejects.toThrow(
    new TraceError(
      "a.xz: this is no-such-program data, and the program no-such-program is not installed; install it, or unpack the file elsewhere",
    ),
  );
});

test("a read error is reported as it is", async () => {
  async function* data(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(10);
    throw new TraceError("a.xz: it may not be read");
  }
  const read = async (): Promise<void> => {
    for await (const _ of unpacked(streamBytes(data()).chunks({ bytes: 0 }), "cat", "a.xz"));
  };
  await expect(read()).rejects.toThrow("a.xz: it may not be read");
});
