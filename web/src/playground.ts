import type { Connection } from "../../src/web/index.ts";
import { hasGraphicsCard } from "../../src/web/machine.ts";
import { modelEntry } from "./catalog.ts";
import { controls } from "./controls.ts";
import { element, part } from "./element.ts";
import { showEngine } from "./engine-line.ts";
import { explain } from "./explanation.ts";
import { givenEditor } from "./given-editor.ts";
import { fromFragment, toFragment } from "./link.ts";
import { hasOwnPath, lossPanel } from "./loss-panel.ts";
import { silence } from "./melody-player.ts";
import { notices } from "./notices.ts";
import { callsText } from "./number-text.ts";
import { curveFor, type Opened, openModel } from "./opened.ts";
import { ownPaths } from "./own-paths.ts";
import { jobOf, planOf, takePlan } from "./plan-exchange.ts";
import { planPanel } from "./plan-panel.ts";
import { qualityPanel } from "./quality.ts";
import { replay } from "./replay.ts";
import { rowsOf } from "./run.ts";
import { sampling } from "./sampling.ts";
import { niceTop, planeOf, stepsOf } from "./schedule-choice.ts";
import { MOST_ROWS, type Settings, type Side, type SideName, sides } from "./settings.ts";
import { letters, sidePanel } from "./side-panel.ts";

/** Settings wait this long for more before they are sampled with, milliseconds. */
const PAUSE = 220;

/** The page: settings in, samples, curves and counters out. All its state is here. */
export function playground(connection: Connection): void {
  let settings: Settings;
  let opened: Opened | undefined;
  /** Index of the batch that is shown. */
  let page = 0;
  let loading: AbortController | undefined;
  let waiting: ReturnType<typeof setTimeout> | undefined;

  const paths = ownPaths(() => showLosses(settings));

  const say = notices();
  const showControls = controls((changed) => {
    if (changed.model !== undefined) void go(fromFragment(`#model=${changed.model}`, settings.weights));
    else change(changed.calls === undefined ? changed : { ...changed, ...freed(settings) });
  });
  const panels = bySide((side) =>
    sidePanel(side, (chosen) => {
      const { steps: _, ...before } = settings[side];
      const own = "schedule" in chosen && chosen.schedule === "own" ? { steps: stepsNow(side) } : {};
      // Own steps stay when the order is changed.
      const kept = "order" in chosen && before.schedule === "own" ? { steps: stepsNow(side) } : {};
      change({ [side]: { ...before, ...chosen, ...own, ...kept } });
    }),
  );
  const losses = bySide((side) =>
    lossPanel(side, {
      onSteps: (steps, done) => {
        const moved: Side = { ...settings[side], schedule: "own", steps };
        if (done) change({ [side]: moved });
        else showLosses({ ...settings, [side]: moved });
        if (!done) settings = { ...settings, [side]: moved };
      },
      onMeasure: () => void measurePath(side),
      onOptimum: () => change({ [side]: { schedule: "optimal", order: settings[side].order } }),
    }),
  );
  const quality = qualityPanel(part("quality", HTMLElement));
  const given = givenEditor({
    sample: () => {
      const recording = draws.drawn("left")?.recordings[page];
      return recording?.frames.at(-1)?.subarray(0, recording.length);
    },
    onGiven: (tokens) => {
      const { given: _, ...free } = settings;
      change(tokens ? { given: tokens } : {}, free);
    },
  });
  const film = replay((step) => {
    for (const side of sides) panels[side].show(step);
  });
  const draws = sampling({
    onBegin: (fresh) => {
      if (fresh.length === 0) return;
      silence();
      page = 0;
      film.begin(settings.calls);
    },
    onState: showProgress,
    onValues: (values) => quality.update(values),
  });

  part("sides", HTMLElement).append(...sides.map((side) => panels[side].element));
  part("charts", HTMLElement).append(...sides.map((side) => losses[side].element));
  part("plans", HTMLElement).append(
    ...sides.map((side) =>
      planPanel(side, {
        plan: () => planNow(side),
        onText: (text, file) => void importPlan(side, text, file),
      }),
    ),
  );
  part("more", HTMLButtonElement).addEventListener("click", () => {
    const { more } = modelEntry(settings.model);
    change({ rows: Math.min(MOST_ROWS, settings.rows + more) });
  });
  for (const [id, by] of [
    ["older", -1],
    ["newer", 1],
  ] as const) {
    part(id, HTMLButtonElement).addEventListener("click", () => turn(page + by));
  }
  part("copy-link", HTMLButtonElement).addEventListener("click", () => void copyLink());
  addEventListener("hashchange", () => {
    if (location.hash !== toFragment(fixed(settings))) void start();
  });
  void start();

  part("weights", HTMLButtonElement).addEventListener("click", () => {
    void go({ ...settings, weights: settings.weights === "full" ? "small" : "full" });
  });

  /** Reads the address and goes there; a damaged one is reported and left for the beginning. */
  async function start(): Promise<void> {
    const usual = (await hasGraphicsCard()) ? "full" : "small";
    try {
      await go(fromFragment(location.hash, usual));
    } catch (cause) {
      await go(fromFragment("", usual));
      say.problem(cause);
    }
  }

  /** Loads a model where another was open, and shows the settings. */
  async function go(next: Settings): Promise<void> {
    settings = next;
    say.problem();
    showControls(settings);
    if (opened?.facts.name === next.model && opened.weights === next.weights) return settle();
    loading?.abort();
    loading = new AbortController();
    const { signal } = loading;
    draws.clear();
    silence();
    void opened?.remote.dispose();
    opened = undefined;
    for (const side of sides) panels[side].open(undefined);
    quality.update({});
    say.status(`Loading the model ${next.model}.`);
    say.loading(0);
    try {
      opened = await openModel(connection, next, { signal, onProgress: say.loading });
      for (const side of sides) {
        // In turns of their own: a search for the best steps takes a moment, and is then known.
        await new Promise((resolve) => setTimeout(resolve));
        if (!signal.aborted) stepsNow(side);
      }
      if (!signal.aborted) settle();
    } catch (cause) {
      if (signal.aborted) return;
      say.status("");
      say.problem(cause);
    } finally {
      if (!signal.aborted) say.loading(undefined);
    }
  }

  function change(changed: Partial<Settings>, base: Settings = settings): void {
    settings = { ...base, ...changed };
    say.problem();
    settle(PAUSE);
  }

  /** Shows the settings everywhere, writes them to the address, and samples with them after a pause. */
  function settle(pause = 0): void {
    showControls(settings);
    if (!opened) return;
    const { facts, remote, openings } = opened;
    if (settings.given && settings.given.length < facts.length) {
      const blanks = Array.from({ length: facts.length - settings.given.length }, () => -1);
      settings = { ...settings, given: [...settings.given, ...blanks] };
    }
    for (const side of sides) panels[side].update({ side: settings[side], facts, given: settings.given });
    given.update({ facts, given: settings.given, openings });
    explain(facts);
    showLosses(settings);
    history.replaceState(null, "", toFragment(fixed(settings)));
    showEngine(settings, remote.provider);
    clearTimeout(waiting);
    waiting = setTimeout(() => void draw(), pause);
  }

  async function draw(): Promise<void> {
    if (!opened) return;
    const { remote, facts } = opened;
    const { shown } = modelEntry(settings.model);
    const jobs = bySide((side) =>
      jobOf(settings, { side: settings[side], steps: stepsNow(side), facts, batch: shown }),
    );
    say.status("Drawing samples.");
    try {
      await draws.draw(remote, jobs, settings.rows);
      say.status(`${settings.rows} samples on each side, ${callsText(settings.calls)} each.`);
      if (remote.provider !== "exact") return;
      // Exact models are quick enough to say at once what an order loses on its own path.
      for (const side of sides) if (hasOwnPath(settings[side].order)) void measurePath(side);
    } catch (cause) {
      if (!(cause instanceof DOMException && cause.name === "AbortError")) {
        say.status("");
        say.problem(cause);
      }
    }
  }

  /** Opens the batch that is shown, once its first state is there, and lets the replay know how far it is. */
  function showProgress(): void {
    const shown = sides.map((side) => draws.drawn(side)?.recordings[page]);
    sides.forEach((side, i) => {
      if (shown[i]) panels[side].open(shown[i]);
    });
    film.ready(Math.min(...shown.map((recording) => (recording ? recording.frames.length - 1 : 0))));
    const rows = Math.min(...sides.map((side) => rowsOf(draws.drawn(side)!)));
    part("drawn", HTMLElement).textContent = `${rows} of ${settings.rows} drawn on each side`;
    showPager();
  }

  function showPager(): void {
    const left = draws.drawn("left")?.recordings ?? [];
    const recording = left[page];
    const text = recording
      ? `samples ${recording.firstRow + 1} to ${recording.firstRow + recording.rows} of ${settings.rows}`
      : "";
    part("shown-rows", HTMLElement).textContent = text;
    part("older", HTMLButtonElement).disabled = page === 0;
    part("newer", HTMLButtonElement).disabled = page + 1 >= left.length;
  }

  function turn(to: number): void {
    page = to;
    silence();
    for (const side of sides) panels[side].open(draws.drawn(side)?.recordings[page]);
    film.end();
    showPager();
  }

  function showLosses(shown: Settings): void {
    if (!opened) return;
    const { facts } = opened;
    const seen = bySide((side) => {
      const curve = curveFor(opened!, shown[side].order);
      const plane = planeOf(facts, curve?.heights);
      const steps = stepsOf(shown[side], { calls: shown.calls, facts, curve: curve?.heights });
      return { plane, steps, whose: curve?.order };
    });
    const top = niceTop(Math.max(...sides.flatMap((side) => [...(seen[side].plane?.heights ?? [])])));
    for (const side of sides) {
      const { plane, steps, whose } = seen[side];
      losses[side].element.hidden = plane === undefined;
      if (!plane) continue;
      const curveOf = whose === shown[side].order ? undefined : whose;
      const own =
        hasOwnPath(shown[side].order) && plane.costs ? paths.of(shown, shown[side].order, steps) : undefined;
      losses[side].update({ side: shown[side], facts, plane, steps, top, curveOf, own });
    }
  }

  async function measurePath(side: SideName): Promise<void> {
    if (opened) await paths.measure(opened.remote, settings, settings[side].order, stepsNow(side));
  }

  function stepsNow(side: SideName): readonly number[] {
    const { facts } = opened!;
    const curve = curveFor(opened!, settings[side].order)?.heights;
    return stepsOf(settings[side], { calls: settings.calls, facts, curve });
  }

  /** With the steps of an optimal schedule written out, so that a link means the same after another measurement. */
  function fixed(all: Settings): Settings {
    if (!opened) return all;
    const held = (side: SideName): Side =>
      ["optimal", "own"].includes(all[side].schedule) ? { ...all[side], steps: stepsNow(side) } : all[side];
    return { ...all, left: held("left"), right: held("right") };
  }

  function planNow(side: SideName) {
    if (!opened) return undefined;
    const curve = opened.curves.get(settings[side].order);
    const { temperature } = settings;
    return planOf(opened.remote, { side: settings[side], steps: stepsNow(side), temperature, curve });
  }

  async function importPlan(side: SideName, text: string, file: string): Promise<void> {
    if (!opened) return;
    try {
      const plan = await opened.remote.readPlan(text, file);
      const { side: taken, calls, temperature } = takePlan(plan, opened.facts);
      change({ calls, temperature, ...freed(settings), [side]: taken });
      say.status(`The plan is on side ${letters[side]}; its calls and temperature hold for both.`);
    } catch (cause) {
      say.problem(cause);
    }
  }

  async function copyLink(): Promise<void> {
    const said = part("copied", HTMLElement);
    try {
      await navigator.clipboard.writeText(location.href);
      said.textContent = "Copied.";
    } catch {
      said.replaceChildren("Copy it from here: ", element("code", {}, location.href));
    }
  }
}

function bySide<Value>(make: (side: SideName) => Value): Record<SideName, Value> {
  return { left: make("left"), right: make("right") };
}

/** Both sides without steps that were only held fixed: another number of calls has others. */
function freed({ left, right }: Settings): Pick<Settings, "left" | "right"> {
  const free = (side: Side): Side =>
    side.schedule === "own" ? side : { schedule: side.schedule, order: side.order };
  return { left: free(left), right: free(right) };
}
