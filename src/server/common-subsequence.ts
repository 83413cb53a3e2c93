/** A run of bytes that two byte strings have in common. */
interface Match {
  /** Where the run begins in each. */
  readonly inA: number;
  readonly inB: number;
  readonly length: number;
}

export interface CommonSubsequence {
  readonly length: number;
  readonly text: Uint8Array;
  /** The runs that it consists of, the last one first. */
  readonly matches: readonly Match[];
}

/**
 * Finds the longest common subsequence of two byte strings, by the table of dynamic programming (Wagner and Fischer,
 * 1974). Of several equally long ones it returns the one that Redis's LCS finds. Takes time and 4 bytes of memory for
 * each pair of a byte of `a` and a byte of `b`.
 */
export function commonSubsequence(a: Uint8Array, b: Uint8Array): CommonSubsequence {
  const width = b.length + 1;
  const lengths = lengthTable(a, b);
  let i = a.length;
  let j = b.length;
  const length = lengths[i * width + j]!;
  const text = new Uint8Array(length);
  let left = length;
  const matches: Match[] = [];
  let runLength = 0;
  const endRun = (): void => {
    if (runLength > 0) matches.push({ inA: i, inB: j, length: runLength });
    runLength = 0;
  };
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      i--;
      j--;
      text[--left] = a[i]!;
      runLength++;
      continue;
    }
    endRun();
    if (lengths[(i - 1) * width + j]! > lengths[i * width + j - 1]!) i--;
    else j--;
  }
  endRun();
  return { length, text, matches };
}

/** Returns the lengths for the first i bytes of `a` and the first j of `b`, each at `i * (b.length + 1) + j`. */
function lengthTable(a: Uint8Array, b: Uint8Array): Uint32Array {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = 1; i <= a.length; i++) {
    const byte = a[i - 1]!;
    let at = i * width + 1;
    for (let j = 0; j < b.length; j++, at++) {
      if (byte === b[j]) lengths[at] = lengths[at - width - 1]! + 1;
      else lengths[at] = Math.max(lengths[at - width]!, lengths[at - 1]!);
    }
  }
  return lengths;
}
