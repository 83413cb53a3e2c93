import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Awaited } from "../parts/view.tsx";

export interface SoonProps<S, R> {
  readonly of: readonly S[];
  readonly make: (setting: S) => R | Promise<R>;
  readonly children: (made: readonly R[]) => ComponentChildren;
}

/** A part that needs a run for each of many settings. They are made one by one, so that the page moves in between. */
export function Soon<S, R>({ of, make, children }: SoonProps<S, R>) {
  const made = useSignal<readonly R[]>([]);
  useEffect(() => {
    if (made.value.length === of.length) return undefined;
    const timer = setTimeout(async () => {
      made.value = [...made.value, await make(of[made.value.length]!)];
    });
    return () => clearTimeout(timer);
  }, [made.value.length]);
  if (made.value.length < of.length) return <Awaited>The runs are being made.</Awaited>;
  return children(made.value);
}
