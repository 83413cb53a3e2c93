import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Awaited } from "../parts/view.tsx";

export interface SoonProps<T> {
  /** Begins to make it once the page has been drawn. */
  readonly make: () => Promise<T>;
  readonly children: (made: T) => ComponentChildren;
}

/** A part that needs many runs, which are made behind the page. */
export function Soon<T>({ make, children }: SoonProps<T>) {
  const made = useSignal<{ readonly value: T } | undefined>(undefined);
  useEffect(() => {
    const timer = setTimeout(async () => {
      made.value = { value: await make() };
    });
    return () => clearTimeout(timer);
  }, []);
  if (made.value === undefined) return <Awaited>The runs are being made.</Awaited>;
  return children(made.value.value);
}
