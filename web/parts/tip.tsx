import type { ComponentChildren, TargetedEvent } from "preact";
import { useEffect, useId } from "preact/hooks";
import { useDisplay } from "../live/display.ts";

const WIDTH = 380;
const GAP = 8;

/** Returns the attributes of an element that a sentence belongs to. */
export function useTip(says: ComponentChildren) {
  const id = useId();
  const display = useDisplay();
  const { tip } = display;
  const close = (): void => {
    if (tip.peek()?.id === id) tip.value = undefined;
  };
  useEffect(() => close, [id]);
  const show = ({ currentTarget }: TargetedEvent<HTMLElement>): void => {
    if (display.explain.value) return;
    const { left, top, bottom } = currentTarget.getBoundingClientRect();
    const isAbove = bottom > innerHeight - 160 && top > 160;
    tip.value = {
      id,
      says,
      left: Math.max(GAP, Math.min(left, innerWidth - WIDTH - GAP)),
      top: isAbove ? top - GAP : bottom + GAP,
      isAbove,
    };
  };
  return {
    "aria-describedby": tip.value?.id === id ? "tip" : undefined,
    onMouseEnter: show,
    onMouseLeave: close,
    onFocus: show,
    onBlur: close,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === "Escape") close();
    },
  };
}

/** The one place where tips appear. */
export function Tip() {
  const tip = useDisplay().tip.value;
  if (tip === undefined) return null;
  const { left, top, isAbove } = tip;
  const place = isAbove ? { left, bottom: innerHeight - top } : { left, top };
  return (
    <div id="tip" role="tooltip" style={place}>
      {tip.says}
    </div>
  );
}
