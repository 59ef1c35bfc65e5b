export { drawIndex, entropy } from "./categorical.ts";
export { type Method, type MethodResult, measureMethod } from "./compare.ts";
export type { Corrector } from "./correctors/corrector.ts";
export {
  type Doubt,
  type DoubtOptions,
  lowConfidence,
  lowMargin,
  lowProbability,
} from "./correctors/doubt.ts";
export { forwardBackward } from "./correctors/forward-backward.ts";
export { informed } from "./correctors/informed.ts";
export { looGibbs } from "./correctors/loo-gibbs.ts";
export { type Abort, abortable } from "./denoisers/abortable.ts";
export { chainSamples } from "./denoisers/chain-samples.ts";
export type { Denoiser, Logits, Noised } from "./denoisers/denoiser.ts";
export { jointTable } from "./denoisers/joint-table.ts";
export { leaveOneOutModel } from "./denoisers/leave-one-out-model.ts";
export { type ChainOptions, markovChain } from "./denoisers/markov-chain.ts";
export { type Likelihood, observation } from "./denoisers/observation.ts";
export { type Predictions, predictions, type Shaping } from "./denoisers/predictions.ts";
export { type ScoreModel, scoreModel } from "./denoisers/score-model.ts";
export { annealed } from "./guidance/annealed.ts";
export { constrained } from "./guidance/constrained.ts";
export { type FeynmanKacOptions, feynmanKac } from "./guidance/feynman-kac.ts";
export { guided } from "./guidance/guided.ts";
export { guidedAncestral } from "./guidance/guided-ancestral.ts";
export type { Expert } from "./guidance/joint-predictions.ts";
export { noRepeat } from "./guidance/no-repeat.ts";
export { unprompted } from "./guidance/unprompted.ts";
export { type Factories, type Factory, makePart, type NamedPart, parsePart } from "./make-part.ts";
export { afterPrefix } from "./measures/after-prefix.ts";
export { chainNGramLaw } from "./measures/chain-n-gram-law.ts";
export { type Truth, unrelatedContinuations } from "./measures/continuations.ts";
export { distinct } from "./measures/distinct.ts";
export { farShare, nearestDistance } from "./measures/far-share.ts";
export { frechet } from "./measures/frechet.ts";
export { fitGaussian, type Gaussian, gaussianDistance } from "./measures/gaussian.ts";
export { countIntervals, intervalKL } from "./measures/interval-kl.ts";
export { hellinger, klDivergence, totalVariation } from "./measures/law-distance.ts";
export { likelihood } from "./measures/likelihood.ts";
export {
  type Estimate,
  estimate,
  type Measure,
  measureValue,
  type PooledMeasure,
  type SequenceMeasure,
} from "./measures/measure.ts";
export { advantage, type Measured, meanOf } from "./measures/measured.ts";
export { countNGrams } from "./measures/n-gram-counts.ts";
export { nGramKL } from "./measures/n-gram-kl.ts";
export type { Reference } from "./measures/nearest-distances.ts";
export { type NelboOptions, nelbo } from "./measures/nelbo.ts";
export { noteHellinger } from "./measures/note-hellinger.ts";
export { noteOutliers } from "./measures/note-outliers.ts";
export type { ReferenceLaw } from "./measures/reference-law.ts";
export { ruleError } from "./measures/rule-error.ts";
export { samplingFloor } from "./measures/sampling-floor.ts";
export { type NoteTokens, soundingNotes } from "./measures/sounding-notes.ts";
export { type Features, tanhFeatures } from "./measures/tanh-features.ts";
export { unigramEntropy } from "./measures/unigram-entropy.ts";
export { wordBigramKL } from "./measures/word-bigram-kl.ts";
export { wordShare } from "./measures/word-share.ts";
export { constant } from "./noise/constant.ts";
export { cosine as cosineNoise } from "./noise/cosine.ts";
export { exponential } from "./noise/exponential.ts";
export { geometric } from "./noise/geometric.ts";
export { linear } from "./noise/linear.ts";
export type { Noise } from "./noise/noise.ts";
export { sine } from "./noise/sine.ts";
export { bisectSchedule } from "./optimize/bisect-schedule.ts";
export {
  type FindOptions,
  type Found,
  type FoundSchedule,
  findSchedules,
} from "./optimize/find-schedules.ts";
export { type GoldenSection, goldenSection } from "./optimize/golden-section.ts";
export {
  type CurveOptions,
  curveLevels,
  fullCurve,
  type InformationCurve,
  informationCurve,
} from "./optimize/information-curve.ts";
export { type JumpYourSteps, type JumpYourStepsOptions, jumpYourSteps } from "./optimize/jump-your-steps.ts";
export {
  callsOf,
  type MethodParts,
  methodOptions,
  type StoredSchedule,
  scheduleFrom,
  stepsWithin,
  storedSchedule,
} from "./optimize/method-parts.ts";
export { optimalSchedules, scheduleCost } from "./optimize/optimal-schedule.ts";
export { optimalTimes, type PathCostOptions, type PathCosts, pathCosts } from "./optimize/path-cost.ts";
export {
  type CandidateOptions,
  gridCandidates,
  type PlanCandidate,
  planCandidates,
} from "./optimize/plan-candidates.ts";
export { planScore } from "./optimize/plan-score.ts";
export { type PlanSearch, type PlanSearchOptions, searchPlans } from "./optimize/search-plans.ts";
export {
  type HalvingOptions,
  type HalvingResult,
  successiveHalving,
} from "./optimize/successive-halving.ts";
export type { Resampling } from "./particles/particles.ts";
export { systematicResampling } from "./particles/systematic.ts";
export { weightedMean } from "./particles/weighted-mean.ts";
export { type Weights, weightsOf } from "./particles/weights-of.ts";
export { correctors, makeProcess, noises, plainSchedules, processes, samplers, selectors } from "./parts.ts";
export { type Plan, type PlanCheck, planOptions } from "./plan.ts";
export { absorbing } from "./processes/absorbing.ts";
export { corrupt } from "./processes/corrupt.ts";
export { scoreRatesInto, scoreStep } from "./processes/from-scores.ts";
export { matrixExponential } from "./processes/matrix-exponential.ts";
export { ordinal } from "./processes/ordinal.ts";
export { plugInPosterior } from "./processes/plug-in.ts";
export type { Process } from "./processes/process.ts";
export { rateMatrix } from "./processes/rate-matrix.ts";
export { scoreEntropy } from "./processes/score-entropy.ts";
export { stationaryLaw } from "./processes/stationary-law.ts";
export { uniformProcess } from "./processes/uniform-process.ts";
export { type Draw, type Purpose, philox, philoxInto, purposes, type Randomness } from "./random.ts";
export { type SampleOptions, type Samples, type State, sample, steps } from "./sample.ts";
export { analytic } from "./samplers/analytic.ts";
export { ancestral } from "./samplers/ancestral.ts";
export { euler } from "./samplers/euler.ts";
export { exponentialEuler } from "./samplers/exponential-euler.ts";
export { firstHitting } from "./samplers/first-hitting.ts";
export { kGillespie } from "./samplers/k-gillespie.ts";
export { exponentialLeap, type Leap, linearLeap, rejectingLeap, summingLeap } from "./samplers/leap.ts";
export { maskGit } from "./samplers/mask-git.ts";
export { type PositionScore, pathPlanning, randomScore } from "./samplers/path-planning.ts";
export { plugInAncestral } from "./samplers/plug-in-ancestral.ts";
export { type Kappa, type Posterior, type PsiStep, psi } from "./samplers/psi.ts";
export { type PsiProfile, psiCap, psiProfile, psiRemask, psiRescale } from "./samplers/psi-profile.ts";
export {
  cap,
  confidenceRule,
  flowMatching,
  forwardBackward as forwardBackwardRule,
  loop,
  type RemaskRule,
  type RemaskStep,
  rescale,
} from "./samplers/remask-rules.ts";
export { remdm } from "./samplers/remdm.ts";
export type { Prediction, Sampler, Step } from "./samplers/sampler.ts";
export { systematicAncestral } from "./samplers/systematic-ancestral.ts";
export { tauLeaping } from "./samplers/tau-leaping.ts";
export { thetaRk2 } from "./samplers/theta-rk2.ts";
export { thetaTrapezoidal } from "./samplers/theta-trapezoidal.ts";
export { uniformization } from "./samplers/uniformization.ts";
export { cosine } from "./schedules/cosine.ts";
export { counts } from "./schedules/counts.ts";
export { power } from "./schedules/power.ts";
export type { Grid, Schedule } from "./schedules/schedule.ts";
export { times } from "./schedules/times.ts";
export { uniform } from "./schedules/uniform.ts";
export { blockwise } from "./selectors/blockwise.ts";
export { dilated, dilatedCounts } from "./selectors/dilated.ts";
export { entropyBound } from "./selectors/entropy-bound.ts";
export { factor } from "./selectors/factor.ts";
export { independent } from "./selectors/independent.ts";
export { klass } from "./selectors/klass.ts";
export { leftToRight } from "./selectors/left-to-right.ts";
export type { Memory } from "./selectors/memory.ts";
export { random } from "./selectors/random.ts";
export { confidence, entropyOrder, margin } from "./selectors/ranked.ts";
export type { Choice, Selector } from "./selectors/selector.ts";
export { stratified } from "./selectors/stratified.ts";
export { stratifiedGrid } from "./selectors/stratified-grid.ts";
export { threshold } from "./selectors/threshold.ts";
export { type GreyDescription, greysOf } from "./tokens/grey.ts";
export { type Note, type NotesDescription, notesOf } from "./tokens/notes.ts";
