import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { searchVerdict } from "../src/cli/plan-search.ts";

describe("what a search says of its plan beside plain methods", () => {
  const others = { names: ["uniform", "cosine", "jys"], measure: "far-share", calls: 4 };
  for (const [gaps, sentence] of [
    [[3, 2.1, 5], /^better than every plain method at 4 calls \(by at least 2\.1 standard errors\)$/],
    [[3, 2, 5], /^as good as the best plain method at 4 calls, within two standard errors$/],
    [[3, -2, 0], /^as good as the best plain method/],
    [
      [-3.94, 2.5, -2.1],
      /^worse in far-share than uniform and jys at 4 calls \(by up to 3\.9 standard errors\), and chosen for/,
    ],
  ] as const) {
    it(`${gaps.join(", ")} standard errors`, () => assert.match(searchVerdict(gaps, others), sentence));
  }
});
