import type { Departure, DepartureLog } from "../store/departure-log.ts";

/** Reads the departures of all threads, each once. */
export class DepartureReader {
  /** Departures that were replaced before they could be read. */
  lost = 0;
  readonly #logs: readonly DepartureLog[];
  /** The next departure to read of each log. */
  readonly #positions: number[];

  /** Begins with those that come from now on. */
  constructor(logs: readonly DepartureLog[]) {
    this.#logs = logs;
    this.#positions = logs.map(({ position }) => position);
  }

  /** @param most after how many of each log to stop */
  drain(nowMs: number, most: number, read: (departure: Departure) => void): void {
    this.#logs.forEach((log, index) => {
      const end = log.position;
      let position = this.#positions[index]!;
      const missed = ((end - position) >>> 0) - log.capacity + 1;
      if (missed > 0) {
        this.lost += missed;
        position = (position + missed) >>> 0;
      }
      for (let left = most; position !== end && left > 0; left--) {
        const departure = log.at(position, nowMs);
        if (departure === undefined) this.lost++;
        else read(departure);
        position = (position + 1) >>> 0;
      }
      this.#positions[index] = position;
    });
  }
}
