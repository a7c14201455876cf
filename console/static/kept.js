/* Something to remember in; the same out, also by the next page where this tablet keeps anything. */

const memory = {};

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;        // storage is off, or holds something else
  }
}

export function write(key, value) {
  memory[key] = value;
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // storage is off: this page remembers, the next one begins anew
  }
}

export const kept = (key, otherwise) => read(key) ?? memory[key] ?? otherwise;
