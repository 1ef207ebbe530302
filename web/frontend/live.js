// A list that stays true without being loaded anew: <div data-live data-version="…"> above <div id="list"> with rows <tr id="…" data-row="version">.
// Rows that one sees stay where they are: changed ones change in place, gone ones are struck out, new ones wait until they are asked for.
import { refreshClocks } from "./clocks.js";
import { isWanted } from "./notify.js";
import { words } from "./words.js";

const VISIBLE = 15_000;
const HIDDEN = 60_000;
const SLOWEST = 300_000;

async function ask(version) {
  const headers = { "X-Background": "yes", "If-None-Match": `"${version}"` };
  const answer = await fetch(location.href, { headers, cache: "no-store" });
  if (answer.status === 304) return null;
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function rowsOf(page) {
  return new Map([...page.querySelectorAll("#list [data-row]")].map((row) => [row.id, row]));
}

function isInUse(element) {
  return element.matches(":hover, :focus-within");
}

function strikeOut(row) {
  row.classList.add("gone");
  for (const button of row.querySelectorAll("button, input")) button.disabled = true;
  const said = Object.assign(document.createElement("small"), { className: "gone-note", textContent: words.gone });
  (row.querySelector(".act") ?? row.lastElementChild).append(said);
}

function update(known, found) {
  for (const [id, row] of known) {
    const now = found.get(id);
    if (!now && !row.classList.contains("gone")) strikeOut(row);
    else if (now && now.dataset.row !== row.dataset.row && !isInUse(row)) {
      row.dataset.row = now.dataset.row;
      row.replaceChildren(...now.cloneNode(true).childNodes);
    }
  }
}

function refreshAround(page) {
  for (const old of document.querySelectorAll("[data-refresh]")) {
    const now = page.getElementById(old.id);
    if (now && !isInUse(old)) old.replaceChildren(...now.cloneNode(true).childNodes);
  }
}

export function live(bar) {
  const [status, button] = [bar.querySelector("[role=status]"), bar.querySelector("button")];
  let version = bar.dataset.version;
  let waiting = null;
  let pause = VISIBLE;
  let timer = null;

  const show = (page) => {
    document.querySelector("#list").replaceWith(page.querySelector("#list"));
    waiting = null;
    button.hidden = true;
    document.dispatchEvent(new CustomEvent("steward:list"));
  };

  const take = (page) => {
    version = page.querySelector("[data-live]")?.dataset.version ?? version;
    const [known, found] = [rowsOf(document), rowsOf(page)];
    const fresh = [...found.keys()].filter((id) => !known.has(id));
    refreshAround(page);
    update(known, found);
    if (fresh.length) status.textContent = button.textContent = words.fresh(fresh.length);
    if (!known.size || (fresh.length && document.hidden)) show(page); // nobody is about to press anything
    else if (fresh.length) {
      waiting = page;
      button.hidden = false;
    }
    refreshClocks();
  };

  const turn = async () => {
    try {
      const page = await ask(version);
      pause = VISIBLE;
      if (page) take(page);
    } catch {
      pause = Math.min(pause * 2, SLOWEST);
    }
    wait();
  };

  const wait = () => {
    clearTimeout(timer);
    if (document.hidden && !isWanted()) return; // asked again as soon as somebody looks
    timer = setTimeout(turn, (document.hidden ? HIDDEN : pause) * (0.9 + Math.random() * 0.2));
  };

  button.addEventListener("click", () => {
    const known = rowsOf(document);
    if (waiting) show(waiting);
    status.textContent = "";
    [...rowsOf(document)].find(([id]) => !known.has(id))?.[1].querySelector("a")?.focus();
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? wait() : turn()));
  wait();
}
