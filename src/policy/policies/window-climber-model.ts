/**
 * A second version of Caffeine's window climber, written for readability: objects with plain fields, and the rules of
 * a sample from top to bottom. It uses the terms of the version that `w-tinylfu.ts` names.
 */

interface Sample {
  readonly rate: number;
  readonly change: number;
  readonly maximum: number;
  readonly window: number;
  readonly windowHits: number;
  readonly mainHits: number;
  readonly densities: { window: number; main: number; probation: number };
  /** Hits below which a region is starved. */
  readonly bar: number;
}

interface Ladder {
  rung: number;
  crashStreak: number;
}

interface Walk {
  readonly ladder: Ladder;
  readonly isAudit: boolean;
  readonly direction: 1 | -1;
  readonly base: { window: number; rate: number; anchorRate: number; probationDensity: number };
  samples: number;
  above: number;
  below: number;
  beatBase: boolean;
}

export class WindowClimberModel {
  adjustment = 0;
  #hits = { window: 0, probation: 0, protected: 0 };
  #misses = 0;
  #previousRate = 0;
  #step: number;
  #rates = { smoothed: undefined as number | undefined, deviation: 0.05 };
  #anchor: { window: number; rate: number } | undefined;
  #held = false;
  #shield = 0;
  #shortfalls = 0;
  #returnsFor = 0;
  #walk: Walk | undefined;
  #undo = 0;
  #refractory = 0;
  #starvation: Ladder = { rung: 16, crashStreak: 0 };
  #audit: Ladder = { rung: 16, crashStreak: 0 };
  #clock = { still: 0, wait: 4, last: undefined as number | undefined, down: false };

  constructor(maximum: number) {
    this.#step = (maximum <= 512 ? 1 : -1) * restart(maximum);
  }

  recordHit(inWindow: boolean, inProbation: boolean): void {
    this.#hits[inWindow ? "window" : inProbation ? "probation" : "protected"]++;
  }

  recordMiss(): void {
    this.#misses++;
  }

  resetSample(): void {
    this.#close(0);
  }

  determine(maximum: number, window: number, protectedMaximum: number, sketchSample: number): void {
    const mainHits = this.#hits.probation + this.#hits.protected;
    const requests = mainHits + this.#hits.window + this.#misses;
    if (requests < this.#period(maximum, sketchSample)) return;
    const rate = (mainHits + this.#hits.window) / requests;
    const change = rate - this.#previousRate;
    if (maximum <= 4096) {
      this.adjustment = Math.trunc(this.#react(change, maximum));
    } else {
      const sample: Sample = {
        rate,
        change,
        maximum,
        window,
        windowHits: this.#hits.window,
        mainHits,
        densities: {
          window: this.#hits.window / Math.max(1, window),
          main: mainHits / Math.max(1, maximum - window),
          probation: this.#hits.probation / Math.max(1, maximum - window - protectedMaximum),
        },
        bar: Math.max(4, Math.trunc(requests / 1024)),
      };
      this.adjustment = Math.trunc(this.#densityClimb(sample));
      const moved = Math.abs(window - (this.#clock.last ?? window));
      this.#clock.still = Math.max(0, this.#clock.still + (moved <= band(maximum) ? 1 : -1));
      this.#clock.last = window;
    }
    this.#close(rate);
  }

  #close(rate: number): void {
    this.#hits = { window: 0, probation: 0, protected: 0 };
    this.#misses = 0;
    this.#previousRate = rate;
  }

  #period(maximum: number, sketchSample: number): number {
    if (maximum > 4096) return Math.min(4 * maximum, sketchSample);
    if (maximum > 512) return sketchSample;
    const initial = 0.0625 * maximum;
    const ratio = initial / Math.max(Math.abs(this.#step), initial / 4);
    return Math.trunc(sketchSample * Math.max(1, ratio));
  }

  #react(change: number, maximum: number): number {
    const amount = change >= 0 ? this.#step : -this.#step;
    if (Math.abs(change) >= 0.05) this.#step = Math.sign(amount) * restart(maximum);
    else this.#step = amount * (maximum <= 512 ? 0.995 : 0.98);
    return amount;
  }

  #densityClimb(sample: Sample): number {
    const isParked = this.#walk === undefined && this.#held && this.#shield > 0;
    if (isParked) this.#shield--;
    const rides = isParked && this.#shield > 0;
    if (Math.abs(sample.change) >= 0.05 && !rides) this.#standDown(sample);
    this.#updateReferences(sample);

    if (this.#walk !== undefined) return this.#judge(this.#walk, sample);
    if (this.#undo !== 0) return this.#return(this.#undo, sample);
    if (this.#returnsFor > 0) return this.#goToAnchor(sample);
    if (isBlind(sample)) {
      if (this.#refractory === 0) return this.#arm(this.#starvation, probesDown(sample) ? -1 : 1, sample);
      if (this.#clock.still >= this.#clock.wait) return this.#armAudit(sample);
      this.#refractory--;
      return Math.max(0, 0.02 * sample.maximum - sample.window);
    }
    if (this.#vetoes(sample)) return this.#goToAnchor(sample);
    if (this.#clock.still >= this.#clock.wait) return this.#armAudit(sample);
    return this.#held ? 0 : this.#steer(sample);
  }

  #standDown(sample: Sample): void {
    if (this.#anchor !== undefined && isSame(this.#anchor.window, sample)) {
      this.#anchor = undefined;
      this.#rates = { smoothed: undefined, deviation: 0.05 };
    }
    this.#held = false;
    this.#shield = 0;
    this.#returnsFor = 0;
    this.#shortfalls = 0;
  }

  #updateReferences(sample: Sample): void {
    const { smoothed } = this.#rates;
    if (smoothed === undefined) {
      this.#rates.smoothed = sample.rate;
      return;
    }
    const { deviation } = this.#rates;
    const rate = smoothed + 0.2 * (sample.rate - smoothed);
    this.#rates = {
      smoothed: rate,
      deviation: deviation + 0.2 * (Math.abs(sample.rate - smoothed) - deviation),
    };
    const isSettled = this.#walk === undefined && this.#returnsFor === 0;
    const anchor = this.#anchor;
    if (anchor === undefined) {
      if (isSettled) this.#anchor = { window: sample.window, rate };
    } else if (isSame(anchor.window, sample)) {
      anchor.rate = rate;
    } else if (isSettled && rate > anchor.rate + this.#vetoMargin()) {
      this.#anchor = { window: sample.window, rate };
      this.#held = false;
      this.#shield = 0;
    }
  }

  #judge(walk: Walk, sample: Sample): number {
    const { base, ladder, direction, isAudit } = walk;
    walk.below = sample.rate <= base.rate - this.#crashBar(walk) ? walk.below + 1 : 0;
    const patience = isAudit && ladder.crashStreak > 0 ? 3 : 1;
    if (walk.below >= patience) {
      ladder.crashStreak++;
      return this.#fail(walk, true, sample);
    }
    let verdict: boolean | undefined;
    if (isAudit) {
      walk.above = sample.rate > base.anchorRate + 0.01 ? walk.above + 1 : 0;
      walk.beatBase ||= sample.rate >= base.rate;
      if (walk.samples >= 5 && walk.above >= 4 && walk.beatBase) verdict = true;
    } else {
      const watched = direction < 0 ? sample.mainHits : sample.windowHits;
      const { rung } = this.#starvation;
      if (watched >= 4 * sample.bar && walk.samples >= (rung >= 64 ? 10 : rung >= 32 ? 2 : 0)) {
        const rival = direction < 0 ? sample.densities.main : base.probationDensity;
        verdict = direction * Math.log((sample.densities.window + 1e-9) / (rival + 1e-9)) > 0;
      }
    }
    if (verdict === undefined && walk.samples < 16)
      return this.#stride(walk, this.#driven(walk, sample), sample);
    ladder.crashStreak = 0;
    if (verdict !== true) return this.#fail(walk, false, sample);

    this.#walk = undefined;
    this.#refractory = 0;
    this.#starvation = { rung: 1, crashStreak: 0 };
    this.#anchor = { window: sample.window, rate: this.#rates.smoothed! };
    this.#held = isAudit;
    this.#shield = isAudit ? 32 : 0;
    if (!isAudit) return this.#steer(sample);
    this.#audit = { rung: 16, crashStreak: 0 };
    this.#clock.wait = 32;
    return 0;
  }

  #armAudit(sample: Sample): number {
    const { window, maximum } = sample;
    const clock = this.#clock;
    const corner = upperCorner(sample);
    let down: boolean;
    if (window <= Math.trunc(2 * (0.02 * maximum))) down = false;
    else if (window >= corner) down = true;
    else {
      const room = clock.down ? corner - window : window - 0.02 * maximum;
      if (room >= fullStride(this.#audit, maximum)) clock.down = !clock.down;
      down = clock.down;
    }
    clock.still = 0;
    return this.#arm(this.#audit, down ? -1 : 1, sample);
  }

  #arm(ladder: Ladder, direction: 1 | -1, sample: Sample): number {
    const walk: Walk = {
      ladder,
      isAudit: ladder === this.#audit,
      direction,
      base: {
        window: sample.window,
        rate: sample.rate,
        anchorRate: this.#anchor?.rate ?? this.#rates.smoothed!,
        probationDensity: sample.densities.probation,
      },
      samples: 0,
      above: 0,
      below: 0,
      beatBase: false,
    };
    this.#walk = walk;
    return this.#stride(walk, direction * fullStride(ladder, sample.maximum), sample);
  }

  /** Returns the next stride by the bold driver rule. */
  #driven(walk: Walk, sample: Sample): number {
    const full = fullStride(walk.ladder, sample.maximum);
    if (walk.isAudit && walk.below > 0) {
      const held = 0.98 * this.#step;
      return Math.abs(held) < 2 ? signOf(this.#step) * 2 : held;
    }
    const noise = 3 * this.#rates.deviation;
    const bar = walk.isAudit ? Math.min(0.05, 0.15 * Math.max(walk.base.rate, noise)) : this.#crashBar(walk);
    const heading = sample.change > -bar ? this.#step : -this.#step;
    const stride = Math.abs(sample.change) >= bar ? signOf(heading) * full : 0.98 * heading;
    return Math.abs(stride) < 2 ? walk.direction * full : stride;
  }

  #stride(walk: Walk, stride: number, sample: Sample): number {
    const past = (sample.window + stride - walk.base.window) * walk.direction;
    if (past < 0) {
      walk.ladder.crashStreak = 0;
      return this.#fail(walk, false, sample);
    }
    walk.samples++;
    this.#step = floored(stride, sample);
    return this.#step;
  }

  #fail(walk: Walk, crashed: boolean, sample: Sample): number {
    const { ladder } = walk;
    this.#walk = undefined;
    if (!crashed || ladder.crashStreak >= 2) ladder.rung = Math.min(64, 2 * ladder.rung);
    if (walk.isAudit) {
      const { wait } = this.#clock;
      const isDeep = !crashed && ladder.rung >= 64;
      this.#clock.wait = isDeep ? Math.min(512, 2 * Math.max(wait, ladder.rung)) : Math.max(16, ladder.rung);
    }
    this.#refractory = this.#starvation.rung;
    return this.#return(walk.base.window - sample.window, sample);
  }

  #return(way: number, sample: Sample): number {
    this.#step = capped(way, sample);
    this.#undo = way - this.#step;
    return this.#step;
  }

  #vetoes(sample: Sample): boolean {
    const anchor = this.#anchor;
    const falls =
      anchor !== undefined &&
      !isSame(anchor.window, sample) &&
      this.#rates.smoothed! < anchor.rate - this.#vetoMargin();
    this.#shortfalls = falls ? this.#shortfalls + 1 : 0;
    if (this.#shortfalls < 4) return false;
    this.#shortfalls = 0;
    this.#returnsFor = 8;
    this.#held = true;
    return true;
  }

  #goToAnchor(sample: Sample): number {
    const way = this.#anchor!.window - sample.window;
    this.#returnsFor = Math.abs(way) <= 0.3 * sample.maximum ? 0 : this.#returnsFor - 1;
    this.#step = capped(way, sample);
    return this.#step;
  }

  #steer(sample: Sample): number {
    const { maximum, window, densities, bar } = sample;
    const least = 0.125 * bar;
    const error = Math.log(
      Math.max(densities.window, least / Math.max(1, window)) /
        Math.max(densities.main, least / Math.max(1, maximum - window)),
    );
    const length = Math.min(0.3 * maximum, Math.abs(error) * 0.03 * maximum);
    const stride = floored(error >= 0 ? length : -length, sample);
    const floor = 0.02 * maximum;
    this.#step = window < floor ? Math.max(stride, floor - window) : stride;
    return this.#step;
  }

  #crashBar(walk: Walk): number {
    if (walk.isAudit) return Math.min(0.05, 0.15 * walk.base.rate);
    return Math.min(3 * 0.05, Math.max(0.05, 3 * this.#rates.deviation));
  }

  #vetoMargin(): number {
    return Math.max(0.01, 3 * this.#rates.deviation);
  }
}

function restart(maximum: number): number {
  return Math.max(2, 0.0625 * maximum);
}

function fullStride(ladder: Ladder, maximum: number): number {
  const scale = ladder.rung >= 64 ? 4 : ladder.rung >= 32 ? 2 : 1;
  return Math.min(0.3 * maximum, scale * restart(maximum));
}

function band(maximum: number): number {
  return Math.max(1, Math.trunc(0.02 * maximum));
}

function isSame(window: number, sample: Sample): boolean {
  return Math.abs(window - sample.window) <= band(sample.maximum);
}

function upperCorner({ maximum }: Sample): number {
  return maximum - Math.trunc(maximum / 4);
}

function starved({ windowHits, mainHits, bar }: Sample): { window: boolean; main: boolean } {
  return { window: windowHits < bar, main: mainHits < bar };
}

function isBlind(sample: Sample): boolean {
  const { window, main } = starved(sample);
  if (window && main) return true;
  if (window) return sample.window <= Math.trunc(sample.maximum / 4);
  return main && sample.window >= upperCorner(sample);
}

function probesDown(sample: Sample): boolean {
  const { window, main } = starved(sample);
  if (main && sample.window >= upperCorner(sample)) return true;
  return window && main && sample.window >= Math.trunc(sample.maximum / 2);
}

function capped(way: number, { maximum }: Sample): number {
  return Math.sign(way) * Math.min(Math.abs(way), 0.3 * maximum);
}

/** Ends a stride down at the floor. A stride of no length keeps its direction. */
function floored(stride: number, { window, maximum }: Sample): number {
  const floor = 0.02 * maximum;
  return stride < 0 && window + stride < floor ? Math.min(-0, floor - window) : stride;
}

function signOf(value: number): number {
  return value < 0 || Object.is(value, -0) ? -1 : 1;
}
