/**
 * As much of a trace's name as there is room for. Of a path that is too long the end stays, which tells it from others;
 * of a workload, `zipf(n=…`, the beginning.
 */
export function shortTraceName(name: string, length: number): string {
  if (name.length <= length) return name;
  if (length < 2) return "…".slice(0, Math.max(0, length));
  const isWorkload = /^[a-z0-9-]+\(/.test(name);
  return isWorkload ? `${name.slice(0, length - 1)}…` : `…${name.slice(1 - length)}`;
}
