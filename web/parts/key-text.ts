import type { ToldKey } from "../../src/instruments/view.ts";

export function keyText(key: ToldKey): string {
  return "text" in key ? key.text : key.base64;
}

/** Control characters and marks of direction would make a key look like something that it is not. */
export function visibleText(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u{${character.charCodeAt(0).toString(16)}}`,
  );
}
