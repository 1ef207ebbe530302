// Keeps the texts of running clocks true: <time data-due="ISO" [data-soon="ISO"]> and <time data-since="ISO">.
import { words } from "./words.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function serverOffset() {
  const told = document.querySelector('meta[name="server-now"]')?.content;
  return told ? Date.parse(told) - Date.now() : 0;
}

const offset = serverOffset(); // a phone's own clock may be wrong

export function span(milliseconds) {
  if (milliseconds < 100 * MINUTE) return words.minutes(Math.floor(milliseconds / MINUTE));
  if (milliseconds < 48 * HOUR) return words.hours(Math.floor(milliseconds / HOUR));
  return words.days(Math.floor(milliseconds / DAY));
}

function write(element, text, state) {
  if (element.textContent !== text) element.textContent = text;
  if (state && element.dataset.state !== state) element.dataset.state = state;
}

function refresh(element, now) {
  const due = Date.parse(element.dataset.due);
  if (Number.isNaN(due)) return;
  if (now > due) {
    write(element, words.late(span(now - due)), "late");
  } else {
    const soon = Date.parse(element.dataset.soon) <= now;
    write(element, words.left(span(due - now)), soon ? "soon" : "ok");
  }
}

export function refreshClocks() {
  const now = Date.now() + offset;
  for (const element of document.querySelectorAll("time[data-due]")) refresh(element, now);
  for (const element of document.querySelectorAll("time[data-since]")) {
    write(element, words.since(span(Math.max(0, now - Date.parse(element.dataset.since)))));
  }
}

export function startClocks() {
  refreshClocks();
  setInterval(refreshClocks, 10_000);
}
