// The keyboard in a list: <details data-keys> tells the keys and holds their switch, rows are [data-rows] [data-row] with a link a.does.
// Letters do nothing while somebody types, with Ctrl, Alt or Meta, or once they are switched off (speech input and screen readers send letters).
const SWITCH = "steward:keys";
const TYPING = "input, textarea, select, [contenteditable], dialog";

function rows() {
  return [...document.querySelectorAll("[data-rows] [data-row]")];
}

function current() {
  return rows().findIndex((row) => row.contains(document.activeElement));
}

function move(step) {
  const [all, place] = [rows(), current()];
  const next = place < 0 ? all[0] : all[place + step];
  next?.querySelector("a.does")?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

export function keys(help) {
  const isOn = help.querySelector("[data-keys-on]");
  isOn.checked = localStorage.getItem(SWITCH) !== "off";
  isOn.addEventListener("change", () => localStorage.setItem(SWITCH, isOn.checked ? "on" : "off"));
  help.hidden = false;

  const acts = {
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    c: () => rows()[current()]?.querySelector("[data-claim]:enabled")?.click(),
    n: () => document.querySelector("[data-live] button:not([hidden])")?.click(),
    "/": () => document.querySelector("form[role=search] input[type=search]")?.focus(),
    "?": () => {
      help.open = true;
      help.querySelector("summary").focus();
    },
  };

  document.addEventListener("keydown", (event) => {
    if (!isOn.checked || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return;
    if (event.target.closest?.(TYPING)) return;
    if (event.key.startsWith("Arrow") && current() < 0) return; // elsewhere arrows scroll
    const act = Object.hasOwn(acts, event.key) ? acts[event.key] : null;
    if (!act) return;
    event.preventDefault();
    act();
  });
}
