/**
 * An explicit Runge-Kutta method: stage i is made from the slopes of the stages before it with weights a[i], and the step
 * from all slopes with weights b. The stage sits at the fraction of the step that is the sum of a[i].
 */
export interface Tableau {
  readonly name: string;
  readonly order: number;
  /** [stages][stages before it] */
  readonly a: readonly (readonly number[])[];
  /** [stages] */
  readonly b: readonly number[];
}

type TableauName = "euler" | "heun" | "kutta" | "ralston" | "heun3" | "vanDerHouwen" | "ssp3" | "rk4";

/**
 * The eight methods of rhoRK-DEIS. There they are called 1euler, 2heun, 3kutta, 3ral, 3heun, 3vdh, 3ssprk and 4rk.
 *
 * Source: Zhang and Chen 2023 (2204.13902); the methods themselves as noted.
 */
export const tableaus: Readonly<Record<TableauName, Tableau>> = {
  /** Euler 1768. */
  euler: { name: "euler", order: 1, a: [[]], b: [1] },
  /** Heun 1900: the trapezoid rule. */
  heun: { name: "heun", order: 2, a: [[], [1]], b: [1 / 2, 1 / 2] },
  /** Kutta 1901: Simpson's rule. */
  kutta: { name: "kutta", order: 3, a: [[], [1 / 2], [-1, 2]], b: [1 / 6, 2 / 3, 1 / 6] },
  /** Ralston 1962: the least error bound of three stages. */
  ralston: { name: "ralston", order: 3, a: [[], [1 / 2], [0, 3 / 4]], b: [2 / 9, 1 / 3, 4 / 9] },
  /** Heun 1900, of third order. */
  heun3: { name: "heun3", order: 3, a: [[], [1 / 3], [0, 2 / 3]], b: [1 / 4, 0, 3 / 4] },
  /** Van der Houwen 1972: needs little storage. */
  vanDerHouwen: {
    name: "van-der-houwen",
    order: 3,
    a: [[], [8 / 15], [1 / 4, 5 / 12]],
    b: [1 / 4, 0, 3 / 4],
  },
  /** Shu and Osher 1988: strong stability preserving. */
  ssp3: { name: "ssp3", order: 3, a: [[], [1], [1 / 4, 1 / 4]], b: [1 / 6, 1 / 6, 2 / 3] },
  /** Kutta 1901: the classical one of fourth order. */
  rk4: {
    name: "rk4",
    order: 4,
    a: [[], [1 / 2], [0, 1 / 2], [0, 0, 1]],
    b: [1 / 6, 1 / 3, 1 / 3, 1 / 6],
  },
};
