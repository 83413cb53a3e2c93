import {
  generatedWorkload,
  type PlaySettings,
  traceWorkload,
  typedWorkload,
  type Workload,
} from "../play/settings.ts";
import { TRACES } from "../play/traces.ts";

/** A workload to choose, and a size of the caches at which it shows something. */
export interface Preset {
  readonly name: string;
  /** What happens in it. */
  readonly says: string;
  readonly workload: Workload;
  readonly size: number;
  readonly speed?: PlaySettings["speed"];
}

export const PRESETS: readonly Preset[] = [
  {
    name: "Regulars, and a scan",
    says: "Letters are asked for again and again; numbers come by once, as when a backup reads everything.",
    workload: generatedWorkload("loop(n=1000,share=0.35,others=24,alpha=0.7)", 600),
    size: 20,
  },
  {
    name: "Popular and rare keys",
    says: "A is asked for most, B half as often, and so on down a long tail (Zipf's law).",
    workload: generatedWorkload("zipf(n=200,alpha=1)", 1000),
    size: 24,
  },
  {
    name: "A hot spot that moves",
    says: "Nine of ten requests go to twelve keys, and every 150 requests to twelve others.",
    workload: generatedWorkload("hotspot(n=240,hot=12,share=0.9,every=150)", 900),
    size: 20,
  },
  {
    name: "Popularity that drifts",
    says: "Every fifth request a new key becomes the most popular one, and the others fall back by a place.",
    workload: generatedWorkload("drift(n=100,alpha=1.1,every=5)", 1000),
    size: 20,
  },
  {
    name: "A loop, a little too large",
    says: "Twenty-four keys in turn, again and again, for twenty places.",
    workload: generatedWorkload("loop(n=24,share=1)", 400),
    size: 20,
  },
  {
    name: "A scan alone",
    says: "Every key once: no cache can help.",
    workload: generatedWorkload("scan(n=1000)", 300),
    size: 20,
  },
  {
    name: "All keys alike",
    says: "Sixty keys, each as likely as the other: no rule can be better than another.",
    workload: generatedWorkload("uniform(n=60)", 600),
    size: 20,
  },
  {
    name: "A million requests",
    says: "The long tail at full size: thousands of entries, a field of them, as fast as it goes.",
    workload: generatedWorkload("zipf(n=50000,alpha=0.9)", 1_000_000),
    size: 2000,
    speed: "max",
  },
  ...TRACES.map(
    ({ name, title, says, size }): Preset => ({
      ...{ name: title, says, workload: traceWorkload(name), size, speed: 100 },
    }),
  ),
  {
    name: "Your own requests",
    says: "Type names with spaces between them; A*3 is A three times.",
    workload: typedWorkload("A B C A D E A B F A*2 G H I J A"),
    size: 4,
  },
];

/** The preset with this workload. */
export function presetOf(workload: Workload): Preset | undefined {
  return PRESETS.find(({ workload: each }) => {
    if (workload.kind === "typed") return each.kind === "typed";
    if (workload.kind === "generated") return each.kind === "generated" && each.text === workload.text;
    return each.kind === workload.kind && each.name === workload.name;
  });
}
