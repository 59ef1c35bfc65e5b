import type { Note } from "../../src/tokens/notes.ts";
import { element } from "./element.ts";

/** What sounds now: one melody at most on the whole page. */
interface Playing {
  readonly button: HTMLButtonElement;
  stop(): void;
}

let context: AudioContext | undefined;
let playing: Playing | undefined;

/** Stops what plays, if anything does. */
export function silence(): void {
  playing?.stop();
}

/**
 * A button that plays a melody by Web Audio, and stops it. Nothing plays by itself, and a melody stops the one before.
 *
 * A press schedules every note on the audio clock: a triangle wave of 440 * 2^((pitch - 69) / 12) Hz whose loudness
 * rises in 15 ms, falls by half while the note sounds and fades in 60 ms, so that nothing clicks.
 *
 * @param options.length ticks of the melody
 * @param options.onPlace told the tick that sounds, and undefined when it is over
 */
export function playButton({
  name,
  length,
  secondsPerTick,
  onPlace,
}: {
  name: string;
  length: number;
  secondsPerTick: number;
  onPlace: (tick: number | undefined) => void;
}): { button: HTMLButtonElement; setNotes(notes: readonly Note[]): void } {
  const word = element("span", {}, "Play");
  const button = element(
    "button",
    { type: "button", class: "melody" },
    word,
    element("span", { class: "unseen" }, ` ${name}`),
  );
  let notes: readonly Note[] = [];
  button.addEventListener("click", () => {
    const again = playing?.button === button;
    silence();
    if (!again && notes.length > 0) playing = started();
  });
  return {
    button,
    setNotes(next) {
      const same = next.length === notes.length && next.every((note, i) => sameNote(note, notes[i]!));
      if (playing?.button === button && !same) silence();
      notes = next;
      button.disabled = notes.length === 0;
    },
  };

  function started(): Playing {
    context ??= new AudioContext();
    const clock = context;
    if (clock.state === "suspended") void clock.resume();
    const start = clock.currentTime + 0.1;
    const master = new GainNode(clock, { gain: 0.25 });
    master.connect(clock.destination);
    const voices = notes.map((note) => voice(clock, master, note, start));
    let over = false;
    const stop = (): void => {
      over = true;
      playing = undefined;
      master.gain.setTargetAtTime(0, clock.currentTime, 0.02);
      for (const each of voices) {
        each.onended = null;
        each.stop(clock.currentTime + 0.15);
      }
      word.textContent = "Play";
      button.classList.remove("on");
      onPlace(undefined);
    };
    voices.at(-1)!.onended = stop;
    word.textContent = "Stop";
    button.classList.add("on");
    const follow = (): void => {
      // A melody that is no longer on the page goes silent.
      if (!over && !button.isConnected) stop();
      if (over) return;
      onPlace(Math.max(0, Math.min(length, (clock.currentTime - start) / secondsPerTick)));
      requestAnimationFrame(follow);
    };
    follow();
    return { button, stop };
  }

  function voice(clock: AudioContext, master: GainNode, note: Note, start: number): OscillatorNode {
    const [on, off] = [
      start + note.start * secondsPerTick,
      start + (note.start + note.ticks) * secondsPerTick,
    ];
    const tone = new OscillatorNode(clock, {
      type: "triangle",
      frequency: 440 * 2 ** ((note.pitch - 69) / 12),
    });
    const loudness = new GainNode(clock, { gain: 0 });
    loudness.gain.setValueAtTime(0, on);
    loudness.gain.linearRampToValueAtTime(1, on + 0.015);
    loudness.gain.linearRampToValueAtTime(0.5, Math.max(on + 0.015, off - 0.03));
    loudness.gain.linearRampToValueAtTime(0, off + 0.03);
    tone.connect(loudness).connect(master);
    tone.start(on);
    tone.stop(off + 0.05);
    return tone;
  }
}

function sameNote(a: Note, b: Note): boolean {
  return a.pitch === b.pitch && a.start === b.start && a.ticks === b.ticks;
}
