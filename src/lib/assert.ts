/** Thrown where the program's own reasoning turned out wrong; never for bad input. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

/** States what must hold. Cheap enough for seams; hot loops call it only in checks. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}
