// Notices in the browser, for who has switched them on: asked for while nobody looks at any of our pages, and silent as soon as somebody does.
import { words } from "./words.js";

const EVERY = 30_000;
const LOOKED = "steward:looked"; // when a page of ours was last in view, in any tab
const MOST = 3; // at once; more are said as one

function key() {
  return `steward:notify:${document.body.dataset.person ?? ""}`;
}

export function isWanted() {
  return "Notification" in window && Notification.permission === "granted" && localStorage.getItem(key()) === "on";
}

// The switch: <input type="checkbox" data-notify> with <p data-notify-says>.
export function notifySwitch(box) {
  const says = document.querySelector("[data-notify-says]");
  box.checked = isWanted();
  box.addEventListener("change", async () => {
    if (!("Notification" in window)) says.textContent = words.notifyCannot;
    else if (box.checked && (await Notification.requestPermission()) !== "granted") says.textContent = words.notifyRefused;
    else {
      localStorage.setItem(key(), box.checked ? "on" : "off");
      says.textContent = box.checked ? words.notifyOn : words.notifyOff;
    }
    box.checked = isWanted();
    if (box.checked) follow();
  });
}

function tell(title, body, address, tag) {
  const note = new Notification(title, { body, tag, lang: document.documentElement.lang, icon: "/static/icon.svg" });
  note.addEventListener("click", () => {
    window.focus();
    location.assign(address);
  });
}

function say(fresh) {
  if (fresh.length > MOST) tell(words.news(fresh.length), "", "/inbox", "news");
  else for (const one of fresh) tell(one.title, one.text, one.address, one.id);
}

function isSomebodyLooking() {
  return !document.hidden || Date.now() - Number(localStorage.getItem(LOOKED) ?? 0) < 15_000;
}

let following = false;

// Asks for what is new. What was there when one last looked is known; everything later is told once.
export function follow() {
  if (following || !isWanted()) return;
  following = true;
  let version = "";
  let known = null;
  const turn = async () => {
    if (!isWanted()) {
      following = false;
      return;
    }
    if (!document.hidden) localStorage.setItem(LOOKED, String(Date.now()));
    const answer = await fetch("/inbox/news", { headers: { "X-Background": "yes", "If-None-Match": `"${version}"` }, cache: "no-store" }).catch(() => null);
    if (answer?.ok && !answer.redirected) {
      version = (answer.headers.get("ETag") ?? "").replaceAll('"', "");
      const news = (await answer.json()).items;
      if (known && !isSomebodyLooking()) say(news.filter((one) => !known.has(one.id)));
      known = new Set([...(known ?? []), ...news.map((one) => one.id)]);
    }
    setTimeout(turn, EVERY);
  };
  setInterval(() => !document.hidden && localStorage.setItem(LOOKED, String(Date.now())), 10_000);
  turn();
}
