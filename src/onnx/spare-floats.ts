/** Arrays given back for reuse, so that the calls of a run allocate a few times and not once a call. */
export interface SpareFloats {
  /** An array of `size` floats with any content: the caller's until `release` is called. */
  take(size: number): { readonly data: Float32Array<ArrayBuffer>; readonly release: () => void };
}

/** A spare array may be this many times as large as what it is used for. */
const ROOMY = 4;

/** @param options.keep at most this many spare arrays are kept, the newest */
export function spareFloats({ keep = 4 }: { keep?: number } = {}): SpareFloats {
  const spare: Float32Array<ArrayBuffer>[] = [];
  return {
    take(size) {
      const fits = ({ length }: Float32Array): boolean => length >= size && length <= ROOMY * size;
      const at = spare.findIndex(fits);
      const whole = at < 0 ? new Float32Array(size) : spare.splice(at, 1)[0]!;
      let released = false;
      return {
        data: whole.length === size ? whole : whole.subarray(0, size),
        release() {
          if (released) return;
          released = true;
          spare.push(whole);
          if (spare.length > keep) spare.shift();
        },
      };
    },
  };
}
