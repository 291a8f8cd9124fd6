/** A tick for every peg that passes, and a short tune, made on the spot; fetched by who wants to hear them. */

/** @type {AudioContext | undefined} */
let audio;

/** @param {number} frequency @param {number} after seconds @param {number} length seconds @param {number} loud @param {OscillatorType} [type] */
function note(frequency, after, length, loud, type = "sine") {
  audio ??= new AudioContext();
  if (audio.state === "suspended") audio.resume();
  const [from, voice, gain] = [audio.currentTime + after, audio.createOscillator(), audio.createGain()];
  voice.type = type;
  voice.frequency.value = frequency;
  gain.gain.setValueAtTime(0, from);
  gain.gain.linearRampToValueAtTime(loud, from + 0.008);
  gain.gain.exponentialRampToValueAtTime(0.0001, from + length);
  voice.connect(gain).connect(audio.destination);
  voice.start(from);
  voice.stop(from + length);
}

/** Not one note more. */
export function hush() {
  audio?.close();
  audio = undefined;
}

/** One short tick as each peg passes the pointer. @param {number[]} times in seconds from now */
export function tick(times) {
  for (const time of times) note(1250, time, 0.03, 0.05, "triangle");
}

/** Four notes upwards. */
export function tune() {
  for (const [index, frequency] of [523.25, 659.25, 783.99, 1046.5].entries()) note(frequency, index * 0.13, index === 3 ? 0.9 : 0.35, 0.12);
}
