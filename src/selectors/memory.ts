/** What a selector remembers of one row between the steps of a run: named lists of numbers. A `Map` fits. */
export interface Memory {
  get(key: string): Float64Array | undefined;
  /** Stores a list; it must not be written to afterwards, as earlier states of the run hold it too. */
  set(key: string, values: Float64Array): void;
}

/** The part of a run's saved memory that belongs to `owner` and to one row of the batch. */
export function rowMemory(memory: Record<string, Float64Array>, owner: string, row: number): Memory {
  const name = (key: string): string => `${owner}/${row}/${key}`;
  return {
    get: (key) => memory[name(key)],
    set: (key, values) => {
      memory[name(key)] = values;
    },
  };
}

/** Makes what is remembered of each row a copy of what is of a chosen one, for all owners. @param chosen [batch] */
export function copyRowMemory(memory: Record<string, Float64Array>, chosen: Int32Array): void {
  const kept = Object.entries(memory).flatMap(([name, values]) => {
    const [, owner, row, key] = /^(.*)\/(\d+)\/(.*)$/.exec(name) ?? [];
    return row === undefined ? [] : [{ name, owner, row: Number(row), key, values }];
  });
  for (const { name } of kept) delete memory[name];
  chosen.forEach((which, row) => {
    for (const { owner, row: of, key, values } of kept) {
      if (of === which) memory[`${owner}/${row}/${key}`] = values;
    }
  });
}
