/** Code in an address: as text that is packed (deflate) and written in base64url. */

/** Characters of code that the page runs, and takes from an address. */
export const CODE_LIMIT = 20_000;

/** @throws RangeError if it is too long */
export async function packCode(code: string): Promise<string> {
  expectShort(code.length);
  const packed = await throughStream(new TextEncoder().encode(code), new CompressionStream("deflate-raw"));
  return btoa(String.fromCharCode(...packed))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** @throws RangeError if it is no packed code, or too long */
export async function unpackCode(packed: string): Promise<string> {
  let code: string;
  try {
    const text = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const unpacked = await throughStream(bytes, new DecompressionStream("deflate-raw"));
    code = new TextDecoder("utf-8", { fatal: true }).decode(unpacked);
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw new RangeError("it is cut off or was changed; ask for the whole address");
  }
  expectShort(code.length);
  return code;
}

function expectShort(length: number): void {
  if (length <= CODE_LIMIT) return;
  throw new RangeError(
    `it is longer than ${CODE_LIMIT.toLocaleString("en")} characters, more than this page takes`,
  );
}

/** A few bytes can be packed text of any length: what is too long is not unpacked to its end. */
async function throughStream(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
    // A character has three bytes at most in UTF-8, for each unit of its length.
    if (length > 3 * CODE_LIMIT) {
      await reader.cancel();
      expectShort(length);
    }
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
