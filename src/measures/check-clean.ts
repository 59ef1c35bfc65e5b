/** @throws RangeError that names the first of the tokens which is not clean, as `where: name[at]` */
export function checkClean(
  where: string,
  tokens: Int32Array,
  { vocabulary, name = "tokens" }: { vocabulary: number; name?: string },
): void {
  const odd = tokens.findIndex((token) => token < 0 || token >= vocabulary);
  if (odd < 0) return;
  throw new RangeError(
    `${where}: ${name}[${odd}] = ${tokens[odd]}; expected a clean token from 0 to ${vocabulary - 1}`,
  );
}
