import assert from "node:assert/strict";
import { absorbing, type Denoiser, type Logits, type Noised, type Process } from "../src/index.ts";

/**
 * Counts what a denoiser is asked, and checks that it is what the contract says and that it stays as it is.
 *
 * @param revises whether clean positions may be wanted too, as by what corrects or takes back
 */
export function watched(
  denoiser: Denoiser,
  {
    process = absorbing({ vocabulary: denoiser.vocabulary }),
    revises = false,
  }: { process?: Process; revises?: boolean } = {},
): Denoiser & { readonly seen: { calls: number; rows: number } } {
  const seen = { calls: 0, rows: 0 };
  return {
    ...denoiser,
    seen,
    async predict(input: Noised): Promise<Logits> {
      const { tokens, batch, time, wanted, fixed } = input;
      seen.calls++;
      seen.rows += batch;
      assert.equal(tokens.length, batch * denoiser.length, "tokens are not [batch, length]");
      assert.equal(time.length, batch, "time is not [batch]");
      for (const t of time) assert.ok(t > 0 && t <= 1, `time ${t} is not in (0, 1]`);
      for (const token of tokens) assert.ok(token >= 0 && token < process.states, `token ${token}`);
      wanted?.forEach((at, i) => {
        if (process.mask !== undefined && !revises) {
          assert.equal(tokens[at], process.mask, `wanted ${at} is not masked`);
        }
        assert.ok(i === 0 || at > wanted[i - 1]!, "wanted does not ascend");
      });
      const before = [tokens.slice(), wanted?.slice(), fixed?.slice()];
      const logits = await denoiser.predict(input);
      assert.deepEqual([input.tokens, input.wanted, input.fixed], before, "the model's input was changed");
      return logits;
    },
  };
}
