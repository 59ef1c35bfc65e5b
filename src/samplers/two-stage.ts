import { purposes } from "../random.ts";
import { type Combination, combineByJump, combineByTarget } from "./combined-rates.ts";
import { finishInto } from "./finish.ts";
import type { Leap } from "./leap.ts";
import { pickChance } from "./leap-step.ts";
import { flatIndexes } from "./masked-positions.ts";
import { exitBound, movablePositions, rateTime } from "./reverse-rates.ts";
import type { Step } from "./sampler.ts";

/** A method with two calls: where the first leap ends, how both leap, and how the second one's rates are made. */
export interface TwoStages extends Combination {
  readonly theta: number;
  readonly leap: Leap;
}

/** @throws RangeError unless 0 < theta < 1 */
export function checkTheta(sampler: string, theta: number): void {
  if (!(theta > 0 && theta < 1)) {
    throw new RangeError(
      `${sampler}: theta = ${theta}; expected 0 < theta < 1, the share of a step before the second call`,
    );
  }
}

/** What a step is made of: its times, and the chances with which positions are picked. */
interface Plan extends TwoStages {
  readonly t: number;
  /** t - theta h, when the second call is made. */
  readonly midTime: number;
  /** How long the two leaps last. */
  readonly firstSpan: number;
  readonly secondSpan: number;
  /** The chance of a token to be picked for stage 1. */
  firstChance(x: number): number;
  /** The chance of a token, x at t and xMid after stage 1, to be picked for stage 2. */
  secondChance(x: number, xMid: number): number;
  /** Whether a token has a rate above 0 to leave at `midTime`. */
  movesLater(xMid: number): boolean;
}

/** What stage 1 leaves to stage 2. */
interface Middle {
  /** [batch, length] x* */
  readonly mids: Int32Array;
  /** Per row the positions picked for stage 2. */
  readonly second: readonly Int32Array[];
  /** The rates at t of positions picked for stage 2, by flat index; empty where they have weight 0. */
  readonly kept: ReadonlyMap<number, Float64Array>;
}

/**
 * One step of a method with two stages: leap theta h with the rates mu at t to x*, call the model at
 * (x*, t - theta h), then leap with the rates of both calls combined. At s = 0 the second leap is replaced by a
 * draw from the posterior, given the second call.
 *
 * Which positions may leave in a stage is drawn before its call, with the greatest chance that `exitBound`
 * allows: only they are read, and a call that nobody waits for is not made.
 *
 * Memory: the second call ends what the first returned, so the rates at t are kept for the positions that may
 * leave in stage 2, a row of [states] each: with a mask about as many as the step reveals, with uniform noise a
 * share of the order of h / (t (1 - t)), and for leaps that sum all of them. None in the step to s = 0, none if
 * `start` is 0.
 */
export async function twoStageStepInto(step: Step, stages: TwoStages): Promise<void> {
  const t = rateTime(step, step.t);
  const h = t - rateTime(step, step.s);
  if (h <= 0) return;
  const plan = planOf(step, stages, t, h);
  const middle = await firstStage(step, plan);
  if (step.s <= 0) {
    step.next.set(middle.mids);
    const positions = movablePositions({ ...step, tokens: middle.mids });
    return finishInto(step, { time: plan.midTime, positions, stage: 1 });
  }
  if (!stages.restarts) step.next.set(middle.mids);
  return secondStageInto(step, plan, middle);
}

function planOf(step: Step, stages: TwoStages, t: number, h: number): Plan {
  const { leap, theta, start } = stages;
  const midTime = t - theta * h;
  const secondSpan = stages.span * h;
  const boundStart = exitBound(step, t);
  const boundMid = exitBound(step, midTime);
  return {
    ...stages,
    t,
    midTime,
    firstSpan: theta * h,
    secondSpan,
    firstChance: (x) => pickChance(leap, boundStart(x), theta * h),
    secondChance: (x, xMid) =>
      pickChance(leap, stages.mid * boundMid(xMid) + (start > 0 ? start * boundStart(x) : 0), secondSpan),
    movesLater: (xMid) => leap.sums || boundMid(xMid) > 0,
  };
}

async function firstStage(step: Step, plan: Plan): Promise<Middle> {
  const { length, tokens, process, noise } = step;
  const { states } = process;
  const { leap, t } = plan;
  const keeps = step.s > 0 && plan.start !== 0;
  const mids = tokens.slice();
  const kept = new Map<number, Float64Array>();
  const positions = movablePositions(step);
  const first = positions.map((list, row) => {
    const draw = step.draw(row, purposes.jump);
    return list.filter((at) => draw.bernoulli(plan.firstChance(tokens[row * length + at]!), at));
  });
  const isFirst = new Set(flatIndexes(first, length));
  const isSecond = (row: number, position: number): boolean => {
    if (step.s <= 0) return false;
    const at = row * length + position;
    const chance = plan.secondChance(tokens[at]!, mids[at]!);
    return step.draw(row, purposes.jump, 1).bernoulli(chance, position);
  };
  // What is not picked for stage 1 keeps its token, so whether it is for stage 2 is known before the call.
  const open = positions.map((list, row) =>
    list.filter((position) => isFirst.has(row * length + position) || isSecond(row, position)),
  );

  const wanted = flatIndexes(keeps ? open : first, length);
  const predictions = wanted.length > 0 ? await step.predict({ time: t, wanted }) : undefined;
  const rates = new Float64Array(states);
  const scratch = new Float64Array(states);
  const second = open.map((list, row) => {
    const draw = step.draw(row, purposes.token);
    return list.filter((position) => {
      const at = row * length + position;
      const x = tokens[at]!;
      const moves = isFirst.has(at);
      if (moves || keeps) process.reverseRatesInto(rates, x, predictions!.row(row, position), noise, t);
      if (moves) {
        const site = { states, scratch, draw, position, length, picked: plan.firstChance(x) };
        mids[at] = leap.move(x, rates, plan.firstSpan, site);
      }
      const goesOn = !moves || isSecond(row, position);
      if (goesOn && keeps) kept.set(at, rates.slice());
      return goesOn;
    });
  });
  return { mids, second, kept };
}

async function secondStageInto(step: Step, plan: Plan, { mids, second, kept }: Middle): Promise<void> {
  const { length, tokens, next, process, noise } = step;
  const { states } = process;
  const { leap, restarts } = plan;
  const wanted = flatIndexes(
    second.map((list, row) => list.filter((position) => plan.movesLater(mids[row * length + position]!))),
    length,
  );
  const time = plan.midTime;
  const predictions = wanted.length > 0 ? await step.predict({ tokens: mids, time, wanted }) : undefined;
  const rates = new Float64Array(states);
  const scratch = new Float64Array(states);
  const combined = new Float64Array(leap.sums ? 2 * states - 1 : states);
  const none = new Float64Array(states);
  for (let row = 0; row < second.length; row++) {
    const draw = step.draw(row, purposes.token, 1);
    for (const position of second[row]!) {
      const at = row * length + position;
      const x = tokens[at]!;
      const xMid = mids[at]!;
      const moves = plan.movesLater(xMid);
      if (moves) process.reverseRatesInto(rates, xMid, predictions!.row(row, position), noise, time);
      const both = { x, atStart: kept.get(at) ?? none, xMid, atMid: moves ? rates : none };
      const from = restarts ? x : xMid;
      const site = { states, scratch, draw, position, length, picked: plan.secondChance(x, xMid) };
      if (leap.sums) {
        combineByJump(combined, plan, both);
        next[at] = leap.moveByJump(from, combined, plan.secondSpan, site);
      } else {
        combineByTarget(combined, plan, both, from);
        next[at] = leap.move(from, combined, plan.secondSpan, site);
      }
    }
  }
}
