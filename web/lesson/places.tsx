import type { ComponentChildren } from "preact";
import { render } from "preact";
import { systemClock } from "../../src/lib/clock.ts";
import { Display, DisplayProvider } from "../live/display.ts";

/** Puts a part into the place of this id. */
export type Place = (id: string, part: ComponentChildren) => void;

/** Returns what puts moving parts into the text of a page. They share the reader's switches. */
export function pagePlaces(): Place {
  const display = new Display(systemClock);
  return (id, part) => {
    const element = document.getElementById(id)!;
    element.textContent = "";
    render(<DisplayProvider value={display}>{part}</DisplayProvider>, element);
  };
}
