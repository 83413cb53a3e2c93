/**
 * Where the words of a slot, a node, a ghost or whatever else has a number lie in an array.
 *
 * By `Math.imul`: of other products it is checked at each step whether they are 32-bit integers, and no zero below 0.
 * @param stride words of each
 * @param offset where those of number 0 would lie
 */
export function wordAt(index: number, stride: number, offset: number): number {
  return (Math.imul(index, stride) + offset) | 0;
}
