import { visibleText } from "./key-text.ts";

/** How many characters at its end a key keeps, whatever its length. */
const END = 10;

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
