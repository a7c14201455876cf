/* What happened in; three sounds out, whether this tablet can make them, and that it really did. Soft attacks, so that nobody is startled. */

const RISING_HZ = [440, 554, 659];
const FALLING_HZ = [554, 415];
const LOW_HZ = [220];
const REPEAT_MS = 4000;      // alert: until somebody takes it
const GROW_S = 8;            // from 45 to 70 dB(A): 25 dB is a factor of 18
const QUIET = 1 / 18;
const LOST_AGAIN_MS = 120000;
const ATTACK_S = 0.1;
const NOTE_S = 0.42;
const FIRST_MS = 150;        // the first note of an alert swells before the next one cuts it off: what came meanwhile is told by that
const PEAK = 0.8;

export class Sound {
  #audio = null;
  #onchange;
  #alertTimer = null;
  #alertSince = 0;
  #rangAt = -Infinity;
  #ringing = [];
  #anew = null;
  #lostTimer = null;
  #onstarted;
  muted = false;

  /** `onchange` is called when the tablet gains or loses its voice, `onstarted` with "alert" or "lost" when the first note
      of that sound has been rendered: not when it was asked for. */
  constructor(onchange, onstarted = () => {}) {
    this.#onchange = onchange;
    this.#onstarted = onstarted;
  }

  get able() {
    return this.#audio?.state === "running";
  }

  /** Ask the browser for a voice; only a tap may. */
  async unlock() {
    if (!this.#audio) {
      this.#audio = new AudioContext();
      this.#audio.addEventListener("statechange", () => this.#onchange());
    }
    if (!this.able) await this.#audio.resume();
    this.#onchange();
  }

  test() {
    this.#play(RISING_HZ, 1, "test");
  }

  taken() {
    this.#play(LOW_HZ, 0.5);
  }

  /** Rising notes every 4 s while `on`, louder over the first 8 s. `anew`: somebody more needs you, so they begin again at
      once; never before the first note has swollen and been proved. */
  alert(on, anew = false) {
    if (!on) {
      if (this.#alertTimer === null) return;
      clearInterval(this.#alertTimer);
      clearTimeout(this.#anew);
      this.#alertTimer = this.#anew = null;
    } else if (this.#alertTimer === null) {
      this.#alertSince = performance.now();
      this.#ringFromNow();
    } else if (anew && this.#anew === null) {
      const wait = Math.max(0, this.#rangAt + FIRST_MS - performance.now());
      this.#anew = setTimeout(() => { this.#anew = null; this.#ringFromNow(); }, wait);
    }
  }

  #ringFromNow() {
    clearInterval(this.#alertTimer);
    this.#alertTimer = setInterval(() => this.#ring(), REPEAT_MS);
    this.#ring();
  }

  #ring() {
    for (const { tone, gain } of this.#ringing) {
      const now = this.#audio.currentTime;
      gain.gain.cancelScheduledValues(now);
      gain.gain.setTargetAtTime(0, now, 0.02);
      tone.stop(now + 0.1);
    }
    this.#rangAt = performance.now();
    const grown = Math.min((this.#rangAt - this.#alertSince) / 1000 / GROW_S, 1);
    this.#ringing = this.#play(RISING_HZ, QUIET ** (1 - grown), "alert");
  }

  /** Falling notes now and every 2 min until `seen()`. */
  lost() {
    this.seen();
    this.#play(FALLING_HZ, 0.7, "lost");
    this.#lostTimer = setInterval(() => this.#play(FALLING_HZ, 0.7, "lost"), LOST_AGAIN_MS);
  }

  /** Falling notes once: protection ended because somebody decided so. */
  notice() {
    this.#play(FALLING_HZ, 0.7, "lost");
  }

  /** Somebody is at the tablet, or protection is back. */
  seen() {
    clearInterval(this.#lostTimer);
    this.#lostTimer = null;
  }

  #play(notes, level, what = "") {
    if (!this.able || (this.muted && what !== "test")) return [];
    return notes.map((hertz, i) => {
      const start = this.#audio.currentTime + 0.02 + i * NOTE_S * 0.8;
      if (i === 0) this.#prove(start, what);
      const tone = new OscillatorNode(this.#audio, { type: "sine", frequency: hertz });
      const gain = new GainNode(this.#audio, { gain: 0 });
      gain.gain.setValueAtTime(0, start);
      gain.gain.linearRampToValueAtTime(PEAK * level, start + ATTACK_S);
      gain.gain.setTargetAtTime(0, start + NOTE_S * 0.6, 0.09);
      tone.connect(gain).connect(this.#audio.destination);
      tone.start(start);
      tone.stop(start + NOTE_S + 0.5);
      return { tone, gain };
    });
  }

  /** A silent tone that ends with the attack of the first note: it ends only where audio is rendered. */
  #prove(start, what) {
    const probe = new ConstantSourceNode(this.#audio, { offset: 0 });
    probe.addEventListener("ended", () => this.able && this.#onstarted(what));
    probe.connect(this.#audio.destination);
    probe.start(start);
    probe.stop(start + ATTACK_S);
  }
}
