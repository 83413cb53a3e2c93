import { percentText } from "../parts/text.ts";
import type { Outcome, Ranked } from "./choice.ts";
import { policyLook } from "./policy-looks.ts";

export interface PolicyListProps {
  readonly ranked: readonly Ranked[];
  readonly optimum: Outcome | undefined;
  readonly chosen: string;
  readonly present: string;
  readonly size: string;
  readonly onChoose: (policy: string) => void;
}

/** The policies at the chosen size, the best one first: legend, ranking and control in one. */
export function PolicyList({ ranked, optimum, chosen, present, size, onChoose }: PolicyListProps) {
  return (
    <fieldset class="policies">
      <legend>At {size}, misses</legend>
      {ranked.map(({ policy, outcome }) => (
        <label key={policy}>
          <input
            type="radio"
            name="what-if-policy"
            value={policy}
            checked={policy === chosen}
            onChange={() => onChoose(policy)}
          />
          <LineSample policy={policy} />
          <span>
            {policy}
            {policy === present && <span class="tag">now</span>}
          </span>
          <span class="number">
            {percentText(outcome.missRatio)} % <small>± {percentText(outcome.error)}</small>
          </span>
        </label>
      ))}
      {optimum !== undefined && (
        <p class="optimum">
          <span />
          <LineSample policy={undefined} />
          <span>Belady's bound</span>
          <span class="number">
            {percentText(optimum.missRatio)} % <small>± {percentText(optimum.error)}</small>
          </span>
        </p>
      )}
    </fieldset>
  );
}

function LineSample({ policy }: { readonly policy: string | undefined }) {
  const look = policy === undefined ? undefined : policyLook(policy);
  const colour = `var(${look?.colour ?? "--ink-soft"})`;
  return (
    <svg width="32" height="12" viewBox="0 0 32 12" aria-hidden="true">
      <path
        d="M0 6h32"
        stroke={colour}
        stroke-width="1.75"
        stroke-dasharray={look === undefined ? "3 4" : look.dash}
      />
      {look !== undefined && <path d={look.mark} transform="translate(16 6)" fill={colour} />}
    </svg>
  );
}
