/** What is used unless the command line says otherwise. UniPC is among the best of the solvers, with guidance too. */
export const continuousDefaults = { solver: "unipc", exactCount: 1000 } as const;
