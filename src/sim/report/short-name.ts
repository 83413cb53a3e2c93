/**
 * Shortens a trace's name. A path keeps its end, which tells it from others; a workload, `zipf(n=…`, its beginning.
 */
export function shortTraceName(name: string, length: number): string {
  if (name.length <= length) return name;
  if (length < 2) return "…".slice(0, Math.max(0, length));
  const isWorkload = /^[a-z0-9-]+\(/.test(name);
  return isWorkload ? `${name.slice(0, length - 1)}…` : `…${name.slice(1 - length)}`;
}
