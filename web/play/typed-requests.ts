/** Requests that somebody types: `A B C A x*3`, a name each, with a number of times behind `*`. */

export const TYPED_LIMIT = 2000;
const NAME_LIMIT = 40;

/**
 * Returns the name of each request, in order.
 * @throws RangeError naming the part that is wrong
 */
export function parseTyped(text: string): string[] {
  const names: string[] = [];
  for (const word of text.split(/[\s,]+/)) {
    if (word === "") continue;
    const [, name, times] = /^(.*?)(?:\*([0-9]+))?$/s.exec(word)!;
    if (name === "") throw new RangeError(`"${word}" has no name before its *`);
    if (name!.length > NAME_LIMIT) {
      throw new RangeError(`"${name!.slice(0, NAME_LIMIT)}…" is longer than ${NAME_LIMIT} characters`);
    }
    const count = times === undefined ? 1 : Number(times);
    if (names.length + count > TYPED_LIMIT) {
      throw new RangeError(`there are more than ${TYPED_LIMIT.toLocaleString("en")} requests`);
    }
    for (let i = 0; i < count; i++) names.push(name!);
  }
  if (names.length === 0) throw new RangeError("there is no request; type names such as A B C A");
  return names;
}
