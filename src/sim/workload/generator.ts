import type { SeededRandom } from "../../lib/random.ts";
import { READ, WRITE } from "../../replay/records.ts";
import { ZipfSampler } from "./zipf.ts";

/** Generates requests one by one: object numbers from 0, and operations. */
interface Generator {
  /** @returns the object of the next request */
  next(): number;
  /** READ, WRITE or DELETE: the operation of the request that `next` returned last. */
  operation: number;
}

/** A kind of workload as the registry knows it. */
export interface GeneratorType {
  readonly name: string;
  readonly summary: string;
  /** Named parameters with their defaults. Every generator also has `requests`, `size` and `seed`. */
  readonly parameters: Readonly<Record<string, number>>;
  create(parameters: Readonly<Record<string, number>>, random: SeededRandom): Generator;
}

/** All workloads. Object numbers are scrambled before they become keys, so their order reveals nothing. */
export const GENERATORS: readonly GeneratorType[] = [
  {
    name: "zipf",
    summary: "popularity falls with the rank's power alpha",
    parameters: { n: 1_000_000, alpha: 1 },
    create: ({ n, alpha }, random) => {
      const sampler = new ZipfSampler(n!, alpha!, random);
      return reading(() => sampler.next() - 1);
    },
  },
  {
    name: "uniform",
    summary: "all objects are equally likely",
    parameters: { n: 1_000_000 },
    create: ({ n }, random) => reading(() => random.below(n!)),
  },
  {
    name: "scan",
    summary: "every object once, in turn; begins again only after n",
    parameters: { n: 1_000_000 },
    create: ({ n }) => reading(counter(n!)),
  },
  {
    name: "loop",
    summary:
      "n objects in turn, again and again; a scan of few objects, with a share of requests to popular others",
    parameters: { n: 10_000, share: 1, others: 10_000, alpha: 1 },
    create: ({ n, share, others, alpha }, random) => {
      const turn = counter(n!);
      const sampler = new ZipfSampler(others!, alpha!, random);
      return reading(() => (random.next() < share! ? turn() : n! + sampler.next() - 1));
    },
  },
  {
    name: "hotspot",
    summary: "a share of requests goes to a small hot set, which moves on periodically",
    parameters: { n: 100_000, hot: 1_000, share: 0.9, every: 100_000 },
    create: ({ n, hot, share, every }, random) => {
      let begin = 0;
      let count = 0;
      return reading(() => {
        if (count++ === every!) {
          count = 1;
          begin = (begin + hot!) % n!;
        }
        return random.next() < share! ? (begin + random.below(hot!)) % n! : random.below(n!);
      });
    },
  },
  {
    name: "drift",
    summary: "Zipf popularity with steadily moving ranks: new objects become popular, old ones fade",
    parameters: { n: 1_000_000, alpha: 1, every: 100 },
    create: ({ n, alpha, every }, random) => {
      const sampler = new ZipfSampler(n!, alpha!, random);
      let count = 0;
      return reading(() => {
        const shift = Math.floor(count++ / every!);
        return shift + sampler.next() - 1;
      });
    },
  },
  ycsb("a", "half reads, half updates", { read: 0.5, update: 0.5 }),
  ycsb("b", "mostly reads", { read: 0.95, update: 0.05 }),
  ycsb("c", "reads only", { read: 1 }),
  ycsb("d", "reads of recently inserted records", { read: 0.95, insert: 0.05 }, "latest"),
  ycsb("e", "short scans", { scan: 0.95, insert: 0.05 }),
  ycsb("f", "reads, and reads followed by a write of the same record", { read: 0.5, modify: 0.5 }),
];

interface YcsbMix {
  readonly read?: number;
  readonly update?: number;
  readonly insert?: number;
  readonly scan?: number;
  readonly modify?: number;
}

/**
 * The core workloads of the Yahoo! Cloud Serving Benchmark (B. F. Cooper et al.: "Benchmarking Cloud Serving Systems
 * with YCSB", SoCC 2010): Zipf popularity with alpha 0.99 over n records; a scan reads 1 to 100 records in turn.
 */
function ycsb(
  letter: string,
  summary: string,
  mix: YcsbMix,
  popularity: "zipf" | "latest" = "zipf",
): GeneratorType {
  return {
    name: `ycsb-${letter}`,
    summary: `YCSB workload ${letter.toUpperCase()}: ${summary}`,
    parameters: { n: 100_000, alpha: 0.99 },
    create: ({ n, alpha }, random) => {
      const sampler = new ZipfSampler(n!, alpha!, random);
      let records = n!;
      // The rest of a scan, or of a read followed by a write.
      let at = 0;
      let remaining = 0;
      const pick = (): number =>
        popularity === "latest" ? records - sampler.next() : (sampler.next() - 1) % records;
      const self: Generator = {
        operation: READ,
        next() {
          if (remaining > 0) {
            remaining--;
            if (mix.modify !== undefined) {
              self.operation = WRITE;
              return at;
            }
            self.operation = READ;
            at = (at + 1) % records;
            return at;
          }
          const draw = random.next();
          self.operation = READ;
          if (draw < (mix.read ?? 0)) return pick();
          if (draw < (mix.read ?? 0) + (mix.update ?? 0)) {
            self.operation = WRITE;
            return pick();
          }
          at = pick();
          if (draw < (mix.read ?? 0) + (mix.scan ?? 0) && mix.scan !== undefined) {
            remaining = random.below(100);
            return at;
          }
          if (mix.modify !== undefined) {
            remaining = 1;
            return at;
          }
          self.operation = WRITE;
          return records++;
        },
      };
      return self;
    },
  };
}

function reading(next: () => number): Generator {
  return { operation: READ, next };
}

function counter(n: number): () => number {
  let next = 0;
  return () => {
    const now = next;
    next = now + 1 === n ? 0 : now + 1;
    return now;
  };
}
