import { type ReadonlySignal, signal } from "@preact/signals";
import type uPlot from "uplot";

/** The library for charts over time, which is a third of all that the page needs, and not needed at once. */
export class ChartLibrary {
  readonly #library = signal<typeof uPlot | undefined>(libraryOfPage());
  #isAsked = false;

  /** undefined until it is there. */
  get library(): ReadonlySignal<typeof uPlot | undefined> {
    return this.#library;
  }

  /** Loads it from the service. A page that was saved has it. */
  load(): void {
    if (this.#isAsked || this.#library.peek() !== undefined) return;
    this.#isAsked = true;
    const script = document.createElement("script");
    script.src = LIBRARY_PATH;
    script.onload = () => {
      this.#library.value = libraryOfPage();
    };
    script.onerror = () => {
      this.#isAsked = false;
      script.remove();
    };
    document.head.append(script);
  }
}

/** Where the service has it. */
export const LIBRARY_PATH = "/uplot.js";

function libraryOfPage(): typeof uPlot | undefined {
  return (globalThis as { uPlot?: typeof uPlot }).uPlot;
}
