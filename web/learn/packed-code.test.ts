import { expect, test } from "bun:test";
import { EXAMPLES } from "./examples.ts";
import { CODE_LIMIT, packCode, unpackCode } from "./packed-code.ts";

test("code comes back as it was, and is short in an address", async () => {
  for (const code of [
    "",
    "class Policy {}",
    "// Ähre, 牛, 🐮\n\t\u0000",
    ...EXAMPLES.map((each) => each.code),
  ]) {
    const packed = await packCode(code);
    expect(packed).toMatch(/^[\w-]*$/);
    expect(await unpackCode(packed)).toBe(code);
  }
  expect((await packCode(EXAMPLES[0]!.code)).length).toBeLessThan(1000);
  const longest = "牛".repeat(CODE_LIMIT);
  expect(await unpackCode(await packCode(longest))).toBe(longest);
});

test("what is too long is neither packed nor unpacked to its end", async () => {
  const message = "it is longer than 20,000 characters, more than this page takes";
  await expect(packCode("x".repeat(CODE_LIMIT + 1))).rejects.toThrow(message);
  // 50 MB of spaces, in some 50 kB.
  const stream = new Blob([" ".repeat(5e7)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = await new Response(stream).bytes();
  await expect(unpackCode(Buffer.from(bytes).toString("base64url"))).rejects.toThrow(message);
});

test("what is no packed code is told", async () => {
  const whole = await packCode(EXAMPLES[0]!.code);
  for (const text of [
    "!",
    whole.slice(0, -30),
    `${whole}AAAA`,
    "AAAA",
    Buffer.from([3, 0, 255]).toString("base64url"),
  ]) {
    await expect(unpackCode(text)).rejects.toThrow("it is cut off or was changed; ask for the whole address");
  }
});
