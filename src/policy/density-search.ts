import {
  FIRST_DEVIATION,
  FIRST_RUNG,
  firstStep,
  LEAST_STEP,
  type Sample,
  type SearchState,
  SHIFT_CHANGE,
  STEP_DECAY,
  withSignOf,
} from "./window-search.ts";

/** Sizes that differ by less than this share of the capacity count as the same. */
const SAME_PLACE_SHARE = 0.02;
/** Steps shrink the window no further than to this share. */
const FLOOR_SHARE = 0.02;
/** The longest step, as a share. */
const STEP_LIMIT_SHARE = 0.3;
/** Step length per unit of the logarithm of the ratio of the two densities, as a share. */
const STEERING_GAIN = 0.03;

/** A segment is blind when it has fewer hits than 1/1,024 of the sample's requests, or fewer than four. */
const BLIND_SHIFT = 10;
const LEAST_BLIND_HITS = 4;
/** Share of that bar which a blind segment is assumed to have when the window is steered. */
const IMPUTED_SHARE = 0.125;
/** Added to both densities, so that their ratio is defined. */
const DENSITY_EPSILON = 1e-9;

/** Weight of a new sample in the smoothed hit ratio and deviation. */
const SMOOTHING = 0.2;
/** A shortfall counts when it exceeds this many deviations, and this much of the hit ratio. */
const NOISE_DEVIATIONS = 3;
const LEAST_MARGIN = 0.01;
/** Samples of shortfall in a row that send the window back to its anchor, and samples that the way back may take. */
const SHORTFALLS = 4;
const RETURN_SAMPLES = 8;

/** Kinds of walks. */
const NO_WALK = 0;
const PROBE = 1;
const AUDIT = 2;
/** Samples after which a walk without a verdict has failed. */
const WALK_SAMPLES = 16;
/** A probe is decided once the segment it enlarges has this many times the hits of a blind one. */
const VERDICT_FACTOR = 4;
/** Upper limit of the bar that a probe has to clear in a noisy workload. */
const PROBE_BAR_LIMIT: number = 3 * SHIFT_CHANGE;
/** The bars of an audit, as a share of a hit ratio. */
const AUDIT_BAR_SHARE = 0.15;
/** After an audit that crashed, the next one ends when this many samples are below its bar. */
const TOLERATED_BELOW = 3;
/** An audit succeeds after `AUDIT_SAMPLES` samples if the last `AUDIT_ABOVE` in a row were better than before. */
const AUDIT_SAMPLES = 5;
const AUDIT_ABOVE = 4;

/** Waits double with each failed walk, up to this limit. */
const LAST_RUNG: number = 4 * FIRST_RUNG;
const MIDDLE_RUNG: number = 2 * FIRST_RUNG;
/** Crashes in a row that count as a failure. */
const CRASHES = 2;
/** Samples without a step that make an audit due: usually, and at most. */
const AUDIT_WAIT = 32;
const AUDIT_WAIT_LIMIT = 512;

type WalkEnd = "goes on" | "crashed" | "failed" | "succeeded";

/**
 * Sizes the window by hit density. Within one sample it compares how many hits the window and the main segments have
 * per unit of their size, and moves capacity to the denser one.
 *
 * Density says nothing about a segment with next to no hits, nor whether another balance would be better than this
 * one. Therefore *walks* try other sizes for some samples: *probes* when a segment is blind, and *audits* when the
 * window has stood still for long. A walk that finds nothing better is undone, and the next one waits longer. The
 * *anchor* is a size known to do well: the window returns to it when the hit ratio falls clearly short of the
 * anchor's.
 *
 * One object serves one sample.
 */
export class DensitySearch {
  readonly #state: SearchState;
  readonly #sample: Sample;
  readonly #hitRatio: number;
  readonly #change: number;
  readonly #blindHits: number;
  readonly #mainHits: number;
  readonly #windowIsBlind: boolean;
  readonly #mainIsBlind: boolean;
  readonly #samePlace: number;
  readonly #floor: number;
  /** The largest window: it leaves the main segments a quarter of the capacity. */
  readonly #ceiling: number;

  constructor(state: SearchState, sample: Sample) {
    const { requests, hits, windowHits, capacity } = sample;
    this.#state = state;
    this.#sample = sample;
    this.#hitRatio = hits / requests;
    this.#change = this.#hitRatio - state.hitRatio;
    this.#blindHits = Math.max(LEAST_BLIND_HITS, Math.floor(requests / 2 ** BLIND_SHIFT));
    this.#mainHits = hits - windowHits;
    this.#windowIsBlind = windowHits < this.#blindHits;
    this.#mainIsBlind = this.#mainHits < this.#blindHits;
    this.#samePlace = Math.max(1, Math.floor(SAME_PLACE_SHARE * capacity));
    this.#floor = FLOOR_SHARE * capacity;
    this.#ceiling = capacity - Math.floor(capacity / 4);
  }

  /**
   * Ends the sample.
   * @returns by how much the window should grow
   */
  climb(): number {
    const { window } = this.#sample;
    const step = this.#next();
    const state = this.#state;
    const isStill = state.stoodAt < 0 || Math.abs(window - state.stoodAt) <= this.#samePlace;
    state.still = isStill ? state.still + 1 : Math.max(0, state.still - 1);
    state.stoodAt = window;
    state.hitRatio = this.#hitRatio;
    return step;
  }

  #next(): number {
    const state = this.#state;
    this.#noteShift();
    this.#noteHitRatio();
    if (state.walk !== NO_WALK) return this.#walkOn();
    if (state.wayBack !== 0) return this.#goBack(state.wayBack);
    if (state.returning === 1) return this.#returnToAnchor();
    if (this.#isBlind()) {
      if (state.probeWait === 0) return this.#beginWalk(PROBE, this.#probesDown());
      if (this.#auditIsDue()) return this.#beginAudit();
      state.probeWait--;
      return this.#atLeastFloor(0);
    }
    if (this.#fallsShort()) return this.#returnToAnchor();
    if (this.#auditIsDue()) return this.#beginAudit();
    return state.anchored === 1 ? 0 : this.#steer();
  }

  /**
   * Leaves the anchor when the workload has shifted, and drops it if the window is there: its hit ratio is of another
   * workload. A window that is kept at the anchor since few samples stays.
   */
  #noteShift(): void {
    const state = this.#state;
    if (state.walk === NO_WALK && state.anchored === 1 && state.shield > 0) {
      state.shield--;
      if (state.shield > 0) return;
    }
    if (Math.abs(this.#change) < SHIFT_CHANGE) return;
    this.#leaveAnchor();
    state.returning = 0;
    state.shortfalls = 0;
    if (!this.#isAtAnchor()) return;
    state.anchor = -1;
    state.smoothed = Number.NaN;
    state.deviation = FIRST_DEVIATION;
  }

  #noteHitRatio(): void {
    const state = this.#state;
    const hitRatio = this.#hitRatio;
    if (Number.isNaN(state.smoothed)) {
      state.smoothed = hitRatio;
      return;
    }
    state.deviation += SMOOTHING * (Math.abs(hitRatio - state.smoothed) - state.deviation);
    state.smoothed += SMOOTHING * (hitRatio - state.smoothed);
    const isSettled = state.walk === NO_WALK && state.returning === 0;
    if (state.anchor < 0) {
      if (isSettled) this.#setAnchor();
    } else if (this.#isAtAnchor()) {
      state.anchorHitRatio = state.smoothed;
    } else if (isSettled && state.smoothed > state.anchorHitRatio + this.#margin()) {
      this.#setAnchor();
      this.#leaveAnchor();
    }
  }

  // Steering: small steps towards the denser segment.

  #steer(): number {
    const { capacity, window } = this.#sample;
    const imputed = IMPUTED_SHARE * this.#blindHits;
    const main = Math.max(1, capacity - window);
    const windowDensity = Math.max(this.#windowDensity(), imputed / Math.max(1, window));
    const mainDensity = Math.max(this.#mainHits / main, imputed / main);
    const error = Math.log(windowDensity / mainDensity);
    const length = Math.min(this.#stepLimit(), Math.abs(error) * STEERING_GAIN * capacity);
    return this.#take(this.#atLeastFloor(this.#notBelowFloor(error >= 0 ? length : -length)));
  }

  #windowDensity(): number {
    return this.#sample.windowHits / Math.max(1, this.#sample.window);
  }

  #mainDensity(): number {
    return this.#mainHits / Math.max(1, this.#sample.capacity - this.#sample.window);
  }

  // Walks: excursions to other sizes.

  #isBlind(): boolean {
    const { window, capacity } = this.#sample;
    const bothAre = this.#windowIsBlind && this.#mainIsBlind;
    const smallWindowIs = this.#windowIsBlind && window <= Math.floor(capacity / 4);
    return bothAre || smallWindowIs || (this.#mainIsBlind && window >= this.#ceiling);
  }

  #probesDown(): boolean {
    const { window, capacity } = this.#sample;
    const bothAre = this.#windowIsBlind && this.#mainIsBlind;
    return this.#mainIsBlind && (window >= this.#ceiling || (bothAre && window >= Math.floor(capacity / 2)));
  }

  #auditIsDue(): boolean {
    return this.#state.still >= this.#state.auditWait;
  }

  #beginAudit(): number {
    const down = this.#auditsDown();
    this.#state.still = 0;
    return this.#beginWalk(AUDIT, down);
  }

  /** Chooses the direction of an audit: the side that has room; if both have, they alternate. */
  #auditsDown(): boolean {
    const state = this.#state;
    const { window } = this.#sample;
    if (window <= Math.floor(2 * this.#floor)) return false;
    if (window >= this.#ceiling) return true;
    const room = state.auditDown === 1 ? this.#ceiling - window : window - this.#floor;
    if (room >= this.#stride(AUDIT)) state.auditDown = 1 - state.auditDown;
    return state.auditDown === 1;
  }

  #beginWalk(kind: number, down: boolean): number {
    const state = this.#state;
    const { window, capacity, protectedSegment, probationHits } = this.#sample;
    state.walk = kind;
    state.walkDown = Number(down);
    state.walkFrom = window;
    state.walkHitRatio = this.#hitRatio;
    state.walkClaim = state.anchor < 0 ? state.smoothed : state.anchorHitRatio;
    state.walkProbationDensity = probationHits / Math.max(1, capacity - window - protectedSegment);
    state.walkSamples = 0;
    state.walkAbove = 0;
    state.walkBelow = 0;
    state.walkMatched = 0;
    return this.#walkBy(this.#direction() * this.#stride(kind));
  }

  #walkOn(): number {
    const state = this.#state;
    const kind = state.walk;
    const end = this.#endOfWalk();
    if (end === "goes on") return this.#walkBy(this.#nextStride());
    state.walk = NO_WALK;
    if (end !== "succeeded") return this.#undo(kind, end);
    this.#setAnchor();
    if (kind === PROBE) {
      this.#leaveAnchor();
      return this.#steer();
    }
    // Steering by density left this size before; the hold keeps it from leaving again.
    state.anchored = 1;
    state.shield = AUDIT_WAIT;
    return 0;
  }

  /** Takes a stride of the walk. The walk has failed if the stride leads back past its start. */
  #walkBy(stride: number): number {
    const state = this.#state;
    const to = this.#sample.window + stride;
    const isPastBeginning = state.walkDown === 1 ? to > state.walkFrom : to < state.walkFrom;
    if (isPastBeginning) {
      const kind = state.walk;
      state.walk = NO_WALK;
      this.#setCrashes(kind, 0);
      return this.#undo(kind, "failed");
    }
    state.walkSamples++;
    return this.#take(this.#notBelowFloor(stride));
  }

  #nextStride(): number {
    const state = this.#state;
    const isAudit = state.walk === AUDIT;
    const full = this.#stride(state.walk);
    if (isAudit && state.walkBelow > 0) {
      const decayed = state.step * STEP_DECAY;
      return Math.abs(decayed) < LEAST_STEP ? withSignOf(LEAST_STEP, state.step) : decayed;
    }
    const bar = isAudit
      ? Math.min(SHIFT_CHANGE, AUDIT_BAR_SHARE * Math.max(state.walkHitRatio, this.#noise()))
      : this.#crashBar();
    const heading = this.#change > -bar ? state.step : -state.step;
    const stride = Math.abs(this.#change) >= bar ? withSignOf(full, heading) : heading * STEP_DECAY;
    return Math.abs(stride) < LEAST_STEP ? this.#direction() * full : stride;
  }

  #endOfWalk(): WalkEnd {
    const state = this.#state;
    const kind = state.walk;
    const isBelow = this.#hitRatio <= state.walkHitRatio - this.#crashBar();
    state.walkBelow = isBelow ? state.walkBelow + 1 : 0;
    const isTolerant = kind === AUDIT && state.auditCrashes > 0;
    if (isBelow && (!isTolerant || state.walkBelow >= TOLERATED_BELOW)) {
      this.#setCrashes(kind, this.#crashes(kind) + 1);
      return "crashed";
    }
    const end = kind === AUDIT ? this.#endOfAudit() : this.#endOfProbe();
    if (end !== "goes on") this.#setCrashes(kind, 0);
    return end;
  }

  /** Judges an audit by the hit ratio: density prefers the size that the audit questions. */
  #endOfAudit(): WalkEnd {
    const state = this.#state;
    const isAbove = this.#hitRatio > state.walkClaim + LEAST_MARGIN;
    state.walkAbove = isAbove ? state.walkAbove + 1 : 0;
    if (this.#hitRatio >= state.walkHitRatio) state.walkMatched = 1;
    if (state.walkSamples >= AUDIT_SAMPLES && state.walkAbove >= AUDIT_ABOVE && state.walkMatched === 1) {
      state.auditRung = FIRST_RUNG;
      state.probeRung = 1;
      state.probeCrashes = 0;
      state.probeWait = 0;
      state.auditWait = AUDIT_WAIT;
      return "succeeded";
    }
    return state.walkSamples >= WALK_SAMPLES ? "failed" : "goes on";
  }

  /**
   * Judges a probe by density, as soon as it is large enough to be measured. A larger window takes room from
   * probation, so the window's density must exceed probation's at the start of the probe.
   */
  #endOfProbe(): WalkEnd {
    const state = this.#state;
    const down = state.walkDown === 1;
    const watched = down ? this.#mainHits : this.#sample.windowHits;
    if (watched >= VERDICT_FACTOR * this.#blindHits && state.walkSamples >= this.#leastProbeSamples()) {
      const other = down ? this.#mainDensity() : state.walkProbationDensity;
      const error = Math.log((this.#windowDensity() + DENSITY_EPSILON) / (other + DENSITY_EPSILON));
      if (error * this.#direction() <= 0) return "failed";
      state.probeRung = 1;
      state.probeWait = 0;
      return "succeeded";
    }
    return state.walkSamples >= WALK_SAMPLES ? "failed" : "goes on";
  }

  /**
   * Returns to where the walk began. A single crash may be the workload's doing, so only the second in a row counts
   * as a failure.
   */
  #undo(kind: number, end: "crashed" | "failed"): number {
    const state = this.#state;
    const hasFailed = end === "failed" || this.#crashes(kind) >= CRASHES;
    if (hasFailed) this.#setRung(kind, Math.min(LAST_RUNG, 2 * this.#rung(kind)));
    if (kind === AUDIT) {
      const waitsLonger = end === "failed" && state.auditRung >= LAST_RUNG;
      state.auditWait = waitsLonger
        ? Math.min(AUDIT_WAIT_LIMIT, 2 * Math.max(state.auditWait, state.auditRung))
        : Math.max(FIRST_RUNG, state.auditRung);
    }
    state.probeWait = state.probeRung;
    return this.#goBack(state.walkFrom - this.#sample.window);
  }

  #goBack(way: number): number {
    const stride = this.#limited(way);
    this.#state.wayBack = way - stride;
    return this.#take(stride);
  }

  #direction(): number {
    return this.#state.walkDown === 1 ? -1 : 1;
  }

  /** The drop of the hit ratio, since the walk began, that ends the walk. */
  #crashBar(): number {
    return this.#state.walk === AUDIT
      ? Math.min(SHIFT_CHANGE, AUDIT_BAR_SHARE * this.#state.walkHitRatio)
      : Math.min(PROBE_BAR_LIMIT, Math.max(SHIFT_CHANGE, this.#noise()));
  }

  /** Returns the length of a stride; walks after failed ones take longer strides. */
  #stride(kind: number): number {
    const rung = this.#rung(kind);
    const scale = rung >= LAST_RUNG ? 4 : rung >= MIDDLE_RUNG ? 2 : 1;
    return Math.min(this.#stepLimit(), scale * firstStep(this.#sample.capacity));
  }

  /** Probes after failed ones go further before they are judged. */
  #leastProbeSamples(): number {
    const { probeRung } = this.#state;
    return probeRung >= LAST_RUNG ? 10 : probeRung >= MIDDLE_RUNG ? 2 : 0;
  }

  #rung(kind: number): number {
    return kind === AUDIT ? this.#state.auditRung : this.#state.probeRung;
  }

  #setRung(kind: number, rung: number): void {
    if (kind === AUDIT) this.#state.auditRung = rung;
    else this.#state.probeRung = rung;
  }

  #crashes(kind: number): number {
    return kind === AUDIT ? this.#state.auditCrashes : this.#state.probeCrashes;
  }

  #setCrashes(kind: number, crashes: number): void {
    if (kind === AUDIT) this.#state.auditCrashes = crashes;
    else this.#state.probeCrashes = crashes;
  }

  // The anchor: a size known to do well.

  #setAnchor(): void {
    this.#state.anchor = this.#sample.window;
    this.#state.anchorHitRatio = this.#state.smoothed;
  }

  #isAtAnchor(): boolean {
    const { anchor } = this.#state;
    return anchor >= 0 && Math.abs(this.#sample.window - anchor) <= this.#samePlace;
  }

  #leaveAnchor(): void {
    this.#state.anchored = 0;
    this.#state.shield = 0;
  }

  /**
   * Tells whether the hit ratio has stayed clearly below the anchor's for some samples; if so, starts the way back.
   */
  #fallsShort(): boolean {
    const state = this.#state;
    const isAway = state.anchor >= 0 && !this.#isAtAnchor();
    if (!isAway || state.smoothed >= state.anchorHitRatio - this.#margin()) {
      state.shortfalls = 0;
      return false;
    }
    if (++state.shortfalls < SHORTFALLS) return false;
    state.shortfalls = 0;
    state.returning = 1;
    state.returnSamples = RETURN_SAMPLES;
    state.anchored = 1;
    return true;
  }

  #returnToAnchor(): number {
    const state = this.#state;
    const way = state.anchor - this.#sample.window;
    state.returnSamples--;
    if (Math.abs(way) <= this.#stepLimit() || state.returnSamples <= 0) state.returning = 0;
    return this.#take(this.#limited(way));
  }

  #noise(): number {
    return NOISE_DEVIATIONS * this.#state.deviation;
  }

  #margin(): number {
    return Math.max(LEAST_MARGIN, this.#noise());
  }

  // Steps: changes of the window's size, kept within its bounds.

  #take(step: number): number {
    this.#state.step = step;
    return step;
  }

  #stepLimit(): number {
    return STEP_LIMIT_SHARE * this.#sample.capacity;
  }

  #limited(way: number): number {
    const limit = this.#stepLimit();
    return Math.abs(way) > limit ? withSignOf(limit, way) : way;
  }

  /** Shortens a step down so that it ends at the floor. A step of no length still counts as a step down. */
  #notBelowFloor(step: number): number {
    const { window } = this.#sample;
    return step < 0 && window + step < this.#floor ? Math.min(-0, this.#floor - window) : step;
  }

  /** Lengthens a step so that a window below the floor reaches it. */
  #atLeastFloor(step: number): number {
    const { window } = this.#sample;
    return window < this.#floor ? Math.max(step, this.#floor - window) : step;
  }
}
