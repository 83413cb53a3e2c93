/**
 * Returns where the words of a numbered thing (a slot, a node, a ghost) lie in an array. Uses `Math.imul`: for other
 * products the runtime checks at each step whether they are 32-bit integers other than −0.
 * @param stride words of each
 * @param offset where the words of number 0 would lie
 */
export function wordAt(index: number, stride: number, offset: number): number {
  return (Math.imul(index, stride) + offset) | 0;
}
