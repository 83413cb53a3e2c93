const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const CARET = 0x5e;
const DASH = 0x2d;
const BACKSLASH = 0x5c;

/**
 * Whether a text matches a glob in Redis's dialect. `*` matches any run of bytes, `?` one byte, `[abc]`, `[a-z]` and
 * `[^…]` one byte of a class; `\` makes the next byte literal. Takes at most `pattern.length * text.length` steps for
 * any pattern.
 * @param ignoreCase whether ASCII letters match in either case
 */
export function matchesGlob(pattern: Uint8Array, text: Uint8Array, ignoreCase = false): boolean {
  // Redis does not look at the pattern when the text is empty, so even a star does not match it.
  if (text.length === 0) return pattern.length === 0;
  let p = 0;
  let t = 0;
  // Where to retry after a mismatch behind the last star: the star takes one byte more.
  let retryPattern = -1;
  let retryText = 0;
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === STAR) {
      p++;
      retryPattern = p;
      retryText = t;
    } else if (p < pattern.length && matchesByte(pattern, p, text[t]!, ignoreCase)) {
      p = elementEnd(pattern, p);
      t++;
    } else if (retryPattern >= 0) {
      p = retryPattern;
      retryText++;
      t = retryText;
    } else {
      return false;
    }
  }
  while (p < pattern.length && pattern[p] === STAR) p++;
  return p === pattern.length;
}

/** Whether the pattern's element at `at`, which is not a star, matches a byte. */
function matchesByte(pattern: Uint8Array, at: number, byte: number, ignoreCase: boolean): boolean {
  const element = pattern[at]!;
  if (element === QUESTION) return true;
  if (element === OPEN) return matchesClass(pattern, at, byte, ignoreCase);
  const literal = element === BACKSLASH && at + 1 < pattern.length ? pattern[at + 1]! : element;
  return fold(literal, ignoreCase) === fold(byte, ignoreCase);
}

/** Returns where the element at `at`, which is not a star, ends. */
function elementEnd(pattern: Uint8Array, at: number): number {
  const element = pattern[at]!;
  if (element === BACKSLASH) return Math.min(at + 2, pattern.length);
  return element === OPEN ? classEnd(pattern, at) : at + 1;
}

/** Returns where the class that opens at `at` ends; an unclosed one ends with the pattern. */
function classEnd(pattern: Uint8Array, at: number): number {
  let i = pattern[at + 1] === CARET ? at + 2 : at + 1;
  while (i < pattern.length && pattern[i] !== CLOSE) i = memberEnd(pattern, i);
  return Math.min(i + 1, pattern.length);
}

/** Returns where the member of a class at `at` ends: a byte, an escaped byte or a range. */
function memberEnd(pattern: Uint8Array, at: number): number {
  if (pattern[at] === BACKSLASH && at + 1 < pattern.length) return at + 2;
  return isRange(pattern, at) ? at + 3 : at + 1;
}

function isRange(pattern: Uint8Array, at: number): boolean {
  return at + 2 < pattern.length && pattern[at + 1] === DASH;
}

function matchesClass(pattern: Uint8Array, at: number, byte: number, ignoreCase: boolean): boolean {
  const negated = pattern[at + 1] === CARET;
  const wanted = fold(byte, ignoreCase);
  let found = false;
  let i = negated ? at + 2 : at + 1;
  while (i < pattern.length && pattern[i] !== CLOSE) {
    if (pattern[i] === BACKSLASH && i + 1 < pattern.length) {
      if (pattern[i + 1] === byte) found = true;
    } else if (isRange(pattern, i)) {
      const from = signed(fold(pattern[i]!, ignoreCase));
      const to = signed(fold(pattern[i + 2]!, ignoreCase));
      if (signed(wanted) >= Math.min(from, to) && signed(wanted) <= Math.max(from, to)) found = true;
    } else if (fold(pattern[i]!, ignoreCase) === wanted) {
      found = true;
    }
    i = memberEnd(pattern, i);
  }
  return found !== negated;
}

/** Converts to a signed byte: Redis compares the ends of a range as C's `char`, which is signed on most machines. */
function signed(byte: number): number {
  return (byte << 24) >> 24;
}

function fold(byte: number, ignoreCase: boolean): number {
  return ignoreCase && byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
