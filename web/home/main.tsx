import { pagePlaces } from "../lesson/places.tsx";
import { ThemeSwitch } from "../parts/page-head.tsx";
import { DEFAULT_SETTINGS, writeHash } from "../play/settings.ts";
import { CACHE, FIRST, GlassRun, SEED, WORKLOAD } from "./glass.ts";
import { GlassStage } from "./glass-stage.tsx";

const place = pagePlaces();
place("tools", <ThemeSwitch />);
place("picture", <GlassStage run={await GlassRun.open()} />);
const link = document.getElementById("in-playground");
if (link instanceof HTMLAnchorElement) {
  link.href += writeHash({
    ...DEFAULT_SETTINGS,
    workload: WORKLOAD,
    seed: SEED,
    caches: [CACHE, { ...CACHE, policy: "s3-fifo" }],
    at: FIRST,
  });
}
