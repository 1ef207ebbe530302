// Nothing typed is lost: <form data-keep="key"> survives reload, Back, a lost connection and an expired session, in this tab.
import { words } from "./words.js";

const PREFIX = "steward:keep:";
const SENT = "steward:sent";
const NEVER = new Set(["password", "file", "submit", "button", "reset"]);

const leftOver = new WeakMap(); // values whose fields are made later: photographs, signatures

function keepable(form) {
  return [...form.elements].filter(
    (field) => field.name && !NEVER.has(field.type) && field.name !== "csrf_token" && field.dataset.kept !== "no",
  );
}

function read(form) {
  const values = {};
  for (const field of keepable(form)) {
    const list = (values[field.name] ??= []);
    if (field.type === "checkbox" || field.type === "radio") {
      if (field.checked) list.push(field.value);
    } else if (field.type === "select-multiple") {
      list.push(...[...field.selectedOptions].map((option) => option.value));
    } else {
      list.push(field.value);
    }
  }
  return values;
}

function write(form, values) {
  const rest = Object.fromEntries(Object.entries(values).map(([name, list]) => [name, [...list]]));
  for (const field of keepable(form)) {
    const list = rest[field.name];
    if (!list) continue;
    if (field.type === "checkbox" || field.type === "radio") field.checked = values[field.name].includes(field.value);
    else if (field.type === "select-multiple") {
      for (const option of field.options) option.selected = list.includes(option.value);
    } else if (list.length) field.value = list.shift();
  }
  leftOver.set(form, rest);
}

function storageKey(form) {
  return `${PREFIX}${document.body.dataset.person ?? ""}:${form.dataset.keep}`; // whoever logs in next in this tab reads nothing of it
}

function announce(form) {
  const note = document.createElement("p");
  note.className = "kept-note";
  note.setAttribute("role", "status");
  note.textContent = words.restored;
  form.prepend(note);
}

function follow(form) {
  const initially = JSON.stringify(read(form));
  const stored = sessionStorage.getItem(storageKey(form));
  if (stored && stored !== initially && !("keepFresh" in form.dataset)) {
    write(form, JSON.parse(stored));
    announce(form);
  }
  let timer = null;
  const save = () => {
    clearTimeout(timer);
    timer = null;
    sessionStorage.setItem(storageKey(form), JSON.stringify(read(form)));
  };
  const saveSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(save, 200);
  };
  form.addEventListener("input", saveSoon);
  form.addEventListener("change", saveSoon);
  window.addEventListener("pagehide", () => timer !== null && save());
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    save();
    sessionStorage.setItem(SENT, storageKey(form));
  });
}

// What was kept for a field that is only being made now; each value is handed out once.
export function keptValues(element, name) {
  const rest = leftOver.get(element.closest("form")) ?? {};
  const list = (rest[name] ?? []).filter(Boolean);
  delete rest[name];
  return list;
}

// The page after a submit tells how it went: the same form again, the login, or a refusal means that it was not accepted.
function forgetWhatArrived(forms) {
  const sent = sessionStorage.getItem(SENT);
  if (!sent) return;
  const isRefused = document.querySelector("form[data-login], [data-refused]") || forms.some((form) => storageKey(form) === sent);
  if (!isRefused) sessionStorage.removeItem(sent);
  sessionStorage.removeItem(SENT);
}

export function keepForms() {
  const forms = [...document.querySelectorAll("form[data-keep]")];
  forgetWhatArrived(forms);
  forms.forEach(follow);
}
