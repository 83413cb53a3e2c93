/** Places beyond this many are told as unknown. */
const LIMIT = 255;

/** A policy and one of its queues. */
export interface Place {
  readonly policy: string;
  readonly queue: string;
}

const UNKNOWN: Place = { policy: "", queue: "" };

/** Numbers the places that entries are evicted from, from 1; 0 is an unknown one. */
export class PlaceNames {
  readonly #places: Place[] = [UNKNOWN];
  readonly #numbers = new Map<string, Map<string, number>>();

  numberOf({ policy, queue }: Place): number {
    if (policy === "") return 0;
    let ofPolicy = this.#numbers.get(policy);
    if (ofPolicy === undefined) {
      ofPolicy = new Map();
      this.#numbers.set(policy, ofPolicy);
    }
    const known = ofPolicy.get(queue);
    if (known !== undefined) return known;
    if (this.#places.length > LIMIT) return 0;
    const number = this.#places.push({ policy, queue }) - 1;
    ofPolicy.set(queue, number);
    return number;
  }

  nameOf(number: number): Place {
    return this.#places[number] ?? UNKNOWN;
  }
}
