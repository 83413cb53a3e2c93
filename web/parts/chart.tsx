import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

export interface ChartProps {
  /** What the chart shows now, in a sentence. */
  readonly label: string;
  readonly class?: string;
  /** Draws the chart for a width in pixels. */
  readonly children: (width: number) => ComponentChildren;
  /** Moves the chart's cursor by so many places. */
  readonly onMove?: (by: number) => void;
}

/** A chart drawn anew when its width changes. It can be focused if it has a cursor; arrow keys then move it. */
export function Chart({ label, class: name = "", children, onMove }: ChartProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10, Home: -1e6, End: 1e6 }[event.key];
    if (by === undefined || onMove === undefined) return;
    event.preventDefault();
    onMove(by);
  };
  return (
    <div
      ref={ref}
      class={`chart ${name}`}
      role="img"
      aria-label={label}
      tabIndex={onMove === undefined ? undefined : 0}
      onKeyDown={onKeyDown}
    >
      {width > 40 && children(width)}
    </div>
  );
}

/** Returns a reference for an element, and its width in whole pixels. */
export function useWidth<T extends HTMLElement>() {
  const ref = useRef<T>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setWidth(Math.floor(element.clientWidth)));
    observer.observe(element);
    setWidth(Math.floor(element.clientWidth));
    return () => observer.disconnect();
  }, []);
  return [ref, width] as const;
}

/** Whether an element is on the screen, or nearly: what is not need not be asked for or drawn. */
export function useOnScreen<T extends HTMLElement>() {
  const ref = useRef<T>(null);
  const [isOnScreen, setOnScreen] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => setOnScreen(entry!.isIntersecting), {
      rootMargin: "100px",
    });
    if (ref.current !== null) observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return [ref, isOnScreen] as const;
}
