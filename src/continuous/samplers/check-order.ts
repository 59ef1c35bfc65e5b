/** @throws RangeError unless a method's order is a whole number within its range */
export function checkOrder(name: string, order: number, [least, most]: readonly [number, number]): void {
  if (!Number.isInteger(order) || order < least || order > most) {
    throw new RangeError(`${name}: order = ${order}; expected a whole number from ${least} to ${most}`);
  }
}
