/** Thrown when the program's own reasoning has turned out wrong; never for bad input. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

/** Asserts a condition. It is cheap enough for seams; hot loops call it only in their checks. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}
