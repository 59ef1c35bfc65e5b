/**
 * How far one long jump misses a teacher's path, of one row: what `gitsCosts` takes the mean of. All points are x / alpha,
 * [dimension].
 */

/** Measures a jump that starts on the path and should meet it again at `met`. */
export type JumpMetric = (jump: {
  /** Where the jump ends. */
  readonly reached: Float64Array;
  /** Where the path is at that time. */
  readonly met: Float64Array;
  /** Where the path begins and ends. */
  readonly start: Float64Array;
  readonly end: Float64Array;
}) => number;

/** |reached - met|_2, never negative. */
export const euclideanMiss: JumpMetric = ({ reached, met }) => {
  let sum = 0;
  for (let d = 0; d < met.length; d++) sum += (reached[d]! - met[d]!) ** 2;
  return Math.sqrt(sum);
};

/** |reached - met|_1, never negative. */
export const absoluteMiss: JumpMetric = ({ reached, met }) => {
  let sum = 0;
  for (let d = 0; d < met.length; d++) sum += Math.abs(reached[d]! - met[d]!);
  return sum;
};

/**
 * How much farther than `met` the jump ends from the chord, the straight line through the path's start and end; below 0
 * where it cuts a bend. Paths in many dimensions bend nearly in one plane, where this tells
 * most; in two dimensions it sees one of the two.
 */
export const chordMiss: JumpMetric = ({ reached, met, start, end }) =>
  fromChord(reached, start, end) - (met === end ? 0 : fromChord(met, start, end));

/** |(end - y) - u u.(end - y)| with u = (end - start) / |end - start|. */
function fromChord(y: Float64Array, start: Float64Array, end: Float64Array): number {
  let [chord, along] = [0, 0];
  for (let d = 0; d < y.length; d++) {
    const own = end[d]! - start[d]!;
    chord += own * own;
    along += own * (end[d]! - y[d]!);
  }
  let square = 0;
  for (let d = 0; d < y.length; d++) {
    square += (end[d]! - y[d]! - (along / chord) * (end[d]! - start[d]!)) ** 2;
  }
  return Math.sqrt(square);
}
