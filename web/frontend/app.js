// What every page loads. Everything else comes only where a page asks for it by a data attribute.
import htmx from "htmx.org";
import { refreshClocks, startClocks } from "./clocks.js";
import { followConditions } from "./hidden.js";
import { keepForms } from "./keep.js";
import { words } from "./words.js";

Object.assign(htmx.config, {
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyCacheSize: 0, // pages with residents' data do not stay in the browser
  refreshOnHistoryMiss: true,
  attributesToSettle: ["class"], // copying a style attribute would break the content policy
});

function enhance(root) {
  each(root, "[data-signature]", async (element) => (await import("./signature.js")).signature(element));
  each(root, "[data-photos]", async (element) => (await import("./photos.js")).photos(element));
  each(root, "[data-diagram]", openDiagram);
  each(root, "[data-live]", async (element) => (await import("./live.js")).live(element));
  each(root, "[data-keys]", async (element) => (await import("./keys.js")).keys(element));
  each(root, "[data-over]", async (element) => (await import("./over.js")).over(element));
  each(root, "[data-notify]", async (element) => (await import("./notify.js")).notifySwitch(element));
  each(root, "[data-chart]", async (element) => (await import("./chart.js")).chart(element));
  refreshClocks();
}

function each(root, selector, begin) {
  for (const element of root.querySelectorAll(selector)) {
    if (element.dataset.begun) continue;
    element.dataset.begun = "yes";
    begin(element);
  }
}

async function openDiagram(element) {
  const folded = element.closest("details:not([open])");
  if (folded) await new Promise((done) => folded.addEventListener("toggle", done, { once: true }));
  await inView(element);
  (await import("./diagram.js")).diagram(element);
}

function inView(element) {
  return new Promise((done) => {
    const watch = new IntersectionObserver((seen) => {
      if (!seen.some((one) => one.isIntersecting)) return;
      watch.disconnect();
      done();
    }, { rootMargin: "200px" });
    watch.observe(element);
  });
}

function token() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

function say(text) {
  const place = document.querySelector("[data-notices]") ?? document.body;
  const note = Object.assign(document.createElement("p"), { className: "notice", textContent: text });
  note.setAttribute("role", "alert");
  place.prepend(note);
  setTimeout(() => note.remove(), 8000);
}

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = token();
});

// Once a form is on its way, its draft is of no interest any more.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.dataset?.sending) event.preventDefault();
});

document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
});

document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
document.addEventListener("steward:added", (event) => {
  htmx.process(event.target);
  enhance(event.target);
});
document.addEventListener("htmx:sendError", () => say(words.offline));

// Last in the row of submit handlers, so that uploads have held the submit back before.
window.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) {
    event.preventDefault();
  } else if (!navigator.onLine) {
    event.preventDefault();
    say(words.offline);
  } else if (form.dataset.sending) {
    event.preventDefault();
  } else if (form.method === "post") {
    form.dataset.sending = "yes"; // a thumb in a glove taps twice
    setTimeout(() => delete form.dataset.sending, 5000);
  }
});

window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sending]")) delete form.dataset.sending;
});

// Who is picked from the list stands in the note as @name, and the list is free for the next.
document.addEventListener("change", (event) => {
  const list = event.target.closest("select[data-mention]");
  const note = list && document.getElementById(list.dataset.mention);
  if (!note || !list.value) return;
  const name = `@${list.selectedOptions[0].dataset.as} `;
  note.setRangeText(name, note.selectionStart, note.selectionEnd, "end");
  list.value = "";
  note.focus();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
  const back = event.target.closest("a[data-back]");
  if (back && document.referrer.startsWith(location.origin) && history.length > 1) {
    event.preventDefault();
    history.back();
  }
});

// Only who has switched browser notices on loads what asks for them.
if (document.body.dataset.person && localStorage.getItem(`steward:notify:${document.body.dataset.person}`) === "on") {
  import("./notify.js").then((notices) => notices.follow());
}

// On a phone the tabs go on beyond the edge: the present one is in view.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

keepForms();
followConditions();
enhance(document);
startClocks();
