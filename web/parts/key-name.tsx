import type { ToldKey } from "../../src/instruments/view.ts";

/** How many characters at its end a key keeps, whatever its length. */
const END = 10;

export function keyText(key: ToldKey): string {
  return "text" in key ? key.text : key.base64;
}

/** A key's name in one line: if it does not fit, the middle is left out, and both ends can be seen. */
export function KeyName({ name }: { readonly name: string }) {
  const visible = visibleText(name);
  const at = Math.max(0, visible.length - END);
  return (
    <span class="key" title={visible}>
      <span class="begin">{visible.slice(0, at)}</span>
      <span>{visible.slice(at)}</span>
    </span>
  );
}

/** Control characters and marks of direction would make a key look like something that it is not. */
export function visibleText(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u{${character.charCodeAt(0).toString(16)}}`,
  );
}
