import type { Note, NotesDescription } from "../tokens/notes.ts";
import { escapeHtml } from "./html.ts";
import { rollInsets } from "./piano-roll.ts";

/**
 * A piano roll with a button that plays its melody. The button is hidden until {@link playerScript} runs, so a
 * page without scripts shows the roll alone; a melody without notes has no button.
 *
 * @param options.name what the button says it plays, such as "melody 1 of optimal at 8 calls"
 * @param options.length ticks of the melody
 */
export function playableRoll(
  svg: string,
  notes: readonly Note[],
  { name, length, description }: { name: string; length: number; description: NotesDescription },
): string {
  const roll = `<div class="roll">${svg}<i class="head" hidden></i></div>`;
  if (notes.length === 0) return `<figure class="melody">${roll}</figure>`;
  const written = notes.map(({ pitch, start, ticks }) => `${pitch},${start},${ticks}`).join(" ");
  const tick = 60 / (description.beatsPerMinute * description.ticksPerBeat);
  const data = `data-notes="${written}" data-length="${length}" data-tick="${tick.toPrecision(6)}"`;
  return `<figure class="melody"><button type="button" class="play" hidden ${data}><span>Play</span><span class="unseen"> ${escapeHtml(name)}</span></button>${roll}</figure>`;
}

/**
 * The script of a page with playable rolls: Web Audio alone, nothing is fetched.
 *
 * A press schedules every note of the melody on the audio clock: a triangle wave of 440 * 2^((pitch - 69) / 12)
 * Hz whose loudness rises in 15 ms, falls by half while the note sounds and fades in 60 ms, so that nothing
 * clicks. A second press stops; another button stops the one that plays. A line moves over the roll meanwhile.
 */
export function playerScript(): string {
  return `(() => {
  "use strict";
  const Audio = window.AudioContext || window.webkitAudioContext;
  if (!Audio) return;
  let context;
  let playing;
  const say = (button, word) => { button.firstElementChild.textContent = word; };
  function stop() {
    if (!playing) return;
    const { button, master, voices, head } = playing;
    playing = undefined;
    const now = context.currentTime;
    master.gain.setTargetAtTime(0, now, 0.02);
    for (const voice of voices) { voice.onended = null; voice.stop(now + 0.15); }
    head.hidden = true;
    button.classList.remove("on");
    say(button, "Play");
  }
  function play(button) {
    context ??= new Audio();
    if (context.state === "suspended") context.resume();
    const { notes, length, tick } = button.dataset;
    const second = Number(tick);
    const start = context.currentTime + 0.1;
    const master = context.createGain();
    master.gain.value = 0.25;
    master.connect(context.destination);
    const voices = notes.split(" ").map((note) => {
      const [pitch, from, ticks] = note.split(",").map(Number);
      const [on, off] = [start + from * second, start + (from + ticks) * second];
      const voice = context.createOscillator();
      const loudness = context.createGain();
      voice.type = "triangle";
      voice.frequency.value = 440 * 2 ** ((pitch - 69) / 12);
      loudness.gain.setValueAtTime(0, on);
      loudness.gain.linearRampToValueAtTime(1, on + 0.015);
      loudness.gain.linearRampToValueAtTime(0.5, Math.max(on + 0.015, off - 0.03));
      loudness.gain.linearRampToValueAtTime(0, off + 0.03);
      voice.connect(loudness).connect(master);
      voice.start(on);
      voice.stop(off + 0.05);
      return voice;
    });
    const head = button.parentElement.querySelector(".head");
    playing = { button, master, voices, head };
    voices[voices.length - 1].onended = stop;
    button.classList.add("on");
    say(button, "Stop");
    const move = () => {
      if (playing?.head !== head) return;
      const share = Math.max(0, Math.min(1, (context.currentTime - start) / (second * length)));
      head.style.left = 100 * (${rollInsets.left.toFixed(4)} + share * ${(1 - rollInsets.left - rollInsets.right).toFixed(4)}) + "%";
      head.hidden = false;
      requestAnimationFrame(move);
    };
    move();
  }
  for (const button of document.querySelectorAll("button.play")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const again = playing?.button === button;
      stop();
      if (!again) play(button);
    });
  }
})();`;
}
