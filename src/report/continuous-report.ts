import { numbersSection, qualitySection, sentence } from "./compared-sections.ts";
import type { Compared } from "./comparison.ts";
import { headlineOf, plural } from "./findings.ts";
import { formatCount } from "./format.ts";
import { escapeHtml } from "./html.ts";
import { figures, page, type Section } from "./page.ts";
import { shadesPicture } from "./shades-picture.ts";
import { type Plane, type Trajectories, trajectoryPicture } from "./trajectory-picture.ts";

/** Everything a report on a continuous model shows. */
export interface ContinuousComparison extends Compared {
  readonly model: Compared["model"] & { readonly dimension: number };
  /** In two dimensions: the paths of the first samples of some methods, and what lies under them. */
  readonly plane?: Plane;
  readonly trajectories: readonly Trajectories[];
  /** Of models of images: the first samples of every method. */
  readonly images: readonly ImageSet[];
}

/** Samples that are images, brightness from 0 to 1. */
export interface ImageSet {
  readonly method: string;
  readonly calls: number;
  readonly rows: number;
  readonly columns: number;
  /** [count][rows * columns] */
  readonly images: readonly (readonly number[])[];
}

/**
 * A comparison of samplers of a continuous model as one self-contained HTML document: error against calls on log-log
 * axes with the fitted order, trajectories in the plane, images, and every number.
 */
export function renderContinuousReport(comparison: ContinuousComparison): string {
  const { title, model } = comparison;
  const size =
    model.dimension === 1 ? "1 number a sample." : `${formatCount(model.dimension)} numbers a sample.`;
  return page({
    title,
    headline: headlineOf(comparison),
    facts: `${model.name}: ${sentence(model.description)} ${size}`,
    sections: [
      qualitySection(comparison),
      trajectorySection(comparison),
      imageSection(comparison),
      numbersSection(comparison),
    ],
  });
}

function trajectorySection({ plane, trajectories }: ContinuousComparison): Section {
  const pictures = plane ? trajectories.map((each) => ({ svg: trajectoryPicture(each, plane) })) : [];
  return {
    heading: "The ways that samples took",
    lead: "Contours: where data lies. Dashed: the exact probability flow from the same start points. A dot is a model call.",
    content: figures(pictures),
  };
}

function imageSection({ images }: ContinuousComparison): Section {
  const cards = images.map(({ method, calls, rows, columns, images: shown }) => {
    const pictures = shown.map((image, i) => {
      const describe = `image ${i + 1} of ${method}`;
      return `<li>${shadesPicture(image, { rows, columns, describe })}</li>`;
    });
    return `<article class="card"><h4>${escapeHtml(method)}, ${escapeHtml(plural(calls))}</h4><ul class="images">${pictures.join("")}</ul></article>`;
  });
  return {
    heading: "Samples side by side",
    lead: "The first samples of every method, from the same start points, not chosen by hand.",
    content: cards.length > 0 ? `<div class="grid two">${cards.join("")}</div>` : "",
  };
}
