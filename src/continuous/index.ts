export type { Resampling } from "../particles/particles.ts";
export { systematicResampling } from "../particles/systematic.ts";
export { weightedMean } from "../particles/weighted-mean.ts";
export { type Weights, weightsOf } from "../particles/weights-of.ts";
export type { Corrector } from "./correctors/corrector.ts";
export { type Dynamics, type Move, overdamped } from "./correctors/dynamics.ts";
export {
  calibratedMomentumLangevin,
  type LangevinOptions,
  langevin,
  momentumLangevin,
} from "./correctors/langevin.ts";
export { type MomentumOptions, momentum } from "./correctors/momentum.ts";
export { batchNorms, type Norms, rowNorms } from "./correctors/norms.ts";
export { preconditioned } from "./correctors/preconditioned.ts";
export { levelSize, type StepSize, signalToNoise } from "./correctors/step-size.ts";
export { clipped } from "./denoisers/clipped.ts";
export type { Denoiser, Noised } from "./denoisers/denoiser.ts";
export { type GaussianMixture, gaussianMixture, type Levels } from "./denoisers/gaussian-mixture.ts";
export { guided } from "./denoisers/guided.ts";
export { noisedMixture } from "./denoisers/noised-mixture.ts";
export { cleanFrom, type PredictionKind, predicting } from "./denoisers/prediction.ts";
export { thresholded } from "./denoisers/thresholded.ts";
export { energyDistance } from "./measures/energy-distance.ts";
export { klDivergence } from "./measures/kl-divergence.ts";
export { negativeLogLikelihood } from "./measures/negative-log-likelihood.ts";
export { rootMeanSquare } from "./measures/root-mean-square.ts";
export {
  type ContinuousMethod,
  continuousCalls,
  continuousOptions,
  ratioSamplers,
  type StoredTimes,
} from "./method.ts";
export { namedNoise } from "./named-noise.ts";
export { type Noise, rhoAt } from "./noise/noise.ts";
export { varianceExploding } from "./noise/variance-exploding.ts";
export { type LogAlpha, variancePreserving } from "./noise/variance-preserving.ts";
export { vpCosine } from "./noise/vp-cosine.ts";
export { vpLinear } from "./noise/vp-linear.ts";
export { alphaBars, vpTable } from "./noise/vp-table.ts";
export { type Normals, normals } from "./normals.ts";
export {
  type AlignedLevel,
  type AlignedSteps,
  type AlignYourStepsOptions,
  alignYourSteps,
} from "./optimize/align-your-steps.ts";
export {
  type CascadePolynomial,
  cascadePolynomial,
  cascadeRatios,
  type SearchedRatios,
} from "./optimize/cascade-polynomial.ts";
export { type DcRatios, type DcRatiosOptions, dcRatios, type SearchedStep } from "./optimize/dc-ratios.ts";
export { type ErrorBound, type ErrorBoundOptions, errorBound } from "./optimize/error-bound.ts";
export type { FoundTimes } from "./optimize/found-times.ts";
export {
  type FrozenDivergence,
  type FrozenDivergenceOptions,
  frozenDivergence,
} from "./optimize/frozen-divergence.ts";
export { type GitsFound, type GitsOptions, gits } from "./optimize/gits.ts";
export {
  type CheapestTimes,
  type GitsCostOptions,
  type GitsCosts,
  gitsCosts,
  gitsTimes,
} from "./optimize/gits-costs.ts";
export { absoluteMiss, chordMiss, euclideanMiss, type JumpMetric } from "./optimize/jump-metrics.ts";
export { leastRatio, type RatioSearch } from "./optimize/least-ratio.ts";
export { logLinear } from "./optimize/log-linear.ts";
export {
  type OptimisedSteps,
  type OptimisedStepsOptions,
  optimisedSteps,
} from "./optimize/optimised-steps.ts";
export {
  type PublishedModel,
  publishedLevels,
  publishedSchedule,
  publishedSchedules,
} from "./optimize/published-schedules.ts";
export {
  type FoundSolver,
  type SolverSearch,
  type SolverSearchOptions,
  searchSolvers,
} from "./optimize/search-solvers.ts";
export { atRandom, type SolverStrategy, type StrategyState, staged } from "./optimize/solver-strategy.ts";
export { ddimTeacher, flowTeacher, type Teacher } from "./optimize/teacher.ts";
export { makeSampler, noises, samplers, schedules } from "./parts.ts";
export {
  type ContinuousEvidence,
  type ContinuousPlan,
  type ContinuousSearch,
  continuousPlan,
  continuousPlanOptions,
  type PlannedModel,
} from "./plan.ts";
export { type Complex, type Fourier, fourier } from "./preconditioners/fourier.ts";
export { imageStatistics } from "./preconditioners/image-statistics.ts";
export { preconditionedStart } from "./preconditioners/preconditioned-start.ts";
export {
  type ImagePreconditioner,
  type Preconditioner,
  preconditioner,
} from "./preconditioners/preconditioner.ts";
export { probabilityFlow } from "./probability-flow.ts";
export { type SampleOptions, type Samples, type State, sample, steps } from "./sample.ts";
export { analyticFirstStep } from "./samplers/analytic-first-step.ts";
export { annealedLangevin } from "./samplers/annealed-langevin.ts";
export { type ChurnOptions, churned } from "./samplers/churned.ts";
export { clockExpansion, rhoExpansion, stepExpansion, timeExpansion } from "./samplers/clock-expansion.ts";
export { type CompensationOptions, compensated, dcSolver } from "./samplers/dc-solver.ts";
export { ddim } from "./samplers/ddim.ts";
export { ddpm } from "./samplers/ddpm.ts";
export { type Correction, type Decision, decidedCalls } from "./samplers/decision.ts";
export { decisionsOf, singlestepDecisions } from "./samplers/decisions-of.ts";
export { deisLogRho, deisRhoAb, deisTab } from "./samplers/deis.ts";
export { derivativeWeights } from "./samplers/derivative-weights.ts";
export { type DpmForm, dataForm, noiseForm } from "./samplers/dpm-form.ts";
export { dpmSolverPlusPlusSde } from "./samplers/dpm-sde.ts";
export {
  type DpmSinglestepOptions,
  dpmSolverPlusPlusSinglestep,
  dpmSolverSinglestep,
} from "./samplers/dpm-singlestep.ts";
export { type DpmSolverOptions, dpmSolver, dpmSolverPlusPlus } from "./samplers/dpm-solver.ts";
export { edmDpm2, edmEuler, edmHeun } from "./samplers/edm.ts";
export { type EmpiricalStatistics, empiricalExpansion } from "./samplers/empirical-expansion.ts";
export { eulerAncestral } from "./samplers/euler-ancestral.ts";
export {
  dataExpansion,
  type Evaluated,
  type ExpandedStep,
  type Expansion,
  noiseExpansion,
} from "./samplers/expansion.ts";
export { averageX0, type FirstGuess, pureNoise, zeroX0 } from "./samplers/first-guess.ts";
export { ipndm } from "./samplers/ipndm.ts";
export { type ParataaOptions, parataa } from "./samplers/parataa.ts";
export { preconditionedSampling, predictorCorrector } from "./samplers/predictor-corrector.ts";
export {
  bh1Relaxation,
  bh2Relaxation,
  exponentialRelaxation,
  linearRelaxation,
  type Relaxation,
  weightRelaxation,
} from "./samplers/relaxation.ts";
export { balancedReverseDiffusion, reverseDiffusion } from "./samplers/reverse-diffusion.ts";
export { rhoRungeKutta } from "./samplers/rho-runge-kutta.ts";
export type { Prediction, Sampler, Step } from "./samplers/sampler.ts";
export { type Tableau, tableaus } from "./samplers/tableaus.ts";
export { type TimeShiftOptions, timeShift } from "./samplers/time-shift.ts";
export { unified } from "./samplers/unified.ts";
export { type Taylor, unifiedUpdate } from "./samplers/unified-update.ts";
export { type UniPcOptions, uniPc } from "./samplers/unipc.ts";
export { bh1, bh2, type UniPcWeight } from "./samplers/unipc-update.ts";
export { logSnr, polynomial, timeLog, timePower, timeUniform } from "./schedules/even-times.ts";
export { gaussianOptimum } from "./schedules/gaussian-optimum.ts";
export {
  type LevelOptions,
  leadingLevels,
  levelTimes,
  linspaceLevels,
  trailingLevels,
} from "./schedules/levels.ts";
export type { EvenOptions, Schedule } from "./schedules/schedule.ts";
export { singlestepOrders, singlestepTimes } from "./schedules/singlestep-times.ts";
export { times } from "./schedules/times.ts";
export { type FeynmanKacOptions, feynmanKac } from "./steering/feynman-kac.ts";
export { temperedNoise } from "./steering/rates.ts";
export {
  annealed,
  type Expert,
  geometricAverage,
  productOfExperts,
  type Reward,
  type RewardAt,
  type Target,
  tilted,
} from "./steering/target.ts";
export {
  decidedSampler,
  type StoredDecision,
  type StoredDecisions,
  type StoredTaylor,
  storedDecisions,
} from "./stored-decisions.ts";
