// The diagram of a case: <div data-diagram="address of the XML" data-progress='{"done": […], …}' [data-labels='{"id": "text"}']>.
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import { words } from "./words.js";

const STATES = ["done", "here", "late", "failed"]; // a later one wins
const MARKS = { done: "✓", here: "•", late: "!", failed: "✕" };

const BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL";
const STEP = /(^task|Task|callActivity|[sS]ubProcess|transaction)$/;

// Editors write GBK and UTF-16 as well: what counts is what the file itself declares.
function decode(buffer) {
  const bytes = new Uint8Array(buffer);
  const head = new TextDecoder("latin1").decode(bytes.slice(0, 200));
  const marked = { "255,254": "utf-16le", "254,255": "utf-16be" }[bytes.slice(0, 2).join()];
  return new TextDecoder(marked ?? head.match(/encoding=["']([\w.-]+)["']/)?.[1] ?? "utf-8").decode(buffer);
}

class Expired extends Error {}

// Whoever is not logged in any more is sent to the login page: that is an answer, but no diagram.
async function load(address, accept = "*/*") {
  const response = await fetch(address, { headers: { Accept: accept } });
  if (new URL(response.url).pathname === "/login") throw new Expired();
  if (!response.ok) throw new Error(response.statusText);
  return response;
}

async function read(text) {
  if (!text) return {};
  return text.startsWith("/") ? (await load(text, "application/json")).json() : JSON.parse(text);
}

function stateOfEach(progress) {
  const states = new Map();
  for (const state of STATES) for (const id of progress[state] ?? []) states.set(id, state);
  return states;
}

function mark(text, className, title) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  if (title) element.title = title;
  return element;
}

function paint(viewer, progress, labels) {
  const canvas = viewer.get("canvas");
  const overlays = viewer.get("overlays");
  const registry = viewer.get("elementRegistry");
  for (const [id, state] of stateOfEach(progress)) {
    const shape = registry.get(id);
    if (!shape) continue;
    canvas.addMarker(id, `is-${state}`);
    overlays.add(id, { position: { top: -10, right: 10 }, html: mark(MARKS[state], `diagram-mark is-${state}`, words.states[state]) });
  }
  for (const id of progress.flows ?? []) if (registry.get(id)) canvas.addMarker(id, "is-taken");
  for (const [id, text] of Object.entries(labels)) {
    if (registry.get(id)) overlays.add(id, { position: { bottom: -4, left: 0 }, html: mark(text, "diagram-label") });
  }
}

// A file without a drawing: its steps one below the other, with the marks that the drawing would have.
function list(element, xml, progress, labels) {
  const states = stateOfEach(progress);
  const steps = Object.assign(document.createElement("ol"), { className: "diagram-steps" });
  const file = new DOMParser().parseFromString(xml.replace(/^\uFEFF?<\?xml[^>]*\?>/, ""), "text/xml");
  for (const node of file.getElementsByTagNameNS(BPMN, "*")) {
    const [id, name] = [node.getAttribute("id"), node.getAttribute("name")];
    if (!STEP.test(node.localName) && !(node.localName.endsWith("Event") && name)) continue;
    const step = Object.assign(document.createElement("li"), { textContent: `${name || id} ` });
    const state = states.get(id);
    if (state) step.append(mark(MARKS[state], `diagram-mark is-${state}`, words.states[state]));
    if (labels[id]) step.append(mark(labels[id], "diagram-label"));
    steps.append(step);
  }
  element.classList.add("is-list");
  element.replaceChildren(Object.assign(document.createElement("p"), { textContent: words.noDrawing }), steps);
}

// How far to shift a window of some length along a longer whole, so that the place is in the middle and no blank is shown.
function shift(place, length, begin, whole) {
  const margin = 20;
  if (whole <= length) return begin - (length - whole) / 2;
  return Math.min(Math.max(place - length / 2, begin - margin), begin + whole + margin - length);
}

// The whole diagram where it stays readable, else the present place at a readable size.
function look(viewer, progress) {
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  canvas.zoom("fit-viewport", "auto");
  if (canvas.zoom() >= 0.55) return;
  const present = ["late", "failed", "here"].flatMap((state) => progress[state] ?? []).map((id) => registry.get(id)).find(Boolean);
  const middle = present ?? registry.find((shape) => shape.type === "bpmn:StartEvent");
  canvas.zoom(0.7);
  if (!middle) return;
  const { width, height, inner } = canvas.viewbox();
  const x = shift(middle.x + middle.width / 2, width, inner.x, inner.width);
  const y = shift(middle.y + middle.height / 2, height, inner.y, inner.height);
  canvas.viewbox({ x, y, width, height });
}

function controls(element, viewer) {
  const bar = document.createElement("div");
  bar.className = "diagram-controls";
  const act = (text, label, run) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: text, className: "secondary outline" });
    button.setAttribute("aria-label", label);
    button.addEventListener("click", run);
    bar.append(button);
  };
  act("+", words.zoomIn, () => viewer.get("zoomScroll").stepZoom(1));
  act("−", words.zoomOut, () => viewer.get("zoomScroll").stepZoom(-1));
  act("⤢", words.fit, () => viewer.get("canvas").zoom("fit-viewport", "auto"));
  element.before(bar);
}

function loadStyles() {
  if (document.querySelector("link[data-diagram-styles]")) return Promise.resolve();
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL("diagram.css", import.meta.url).href });
  link.dataset.diagramStyles = "";
  return new Promise((done) => {
    link.addEventListener("load", done);
    link.addEventListener("error", done);
    document.head.append(link);
  });
}

export async function diagram(element) {
  element.setAttribute("aria-busy", "true");
  try {
    const [file, progress, labels] = await Promise.all([
      load(element.dataset.diagram).then((response) => response.arrayBuffer()),
      read(element.dataset.progress),
      read(element.dataset.labels),
      loadStyles(),
    ]);
    const xml = decode(file);
    if (!/[<:]BPMNShape\b/.test(xml)) {
      list(element, xml, progress, labels);
      element.dataset.state = "listed";
      return;
    }
    element.replaceChildren();
    const viewer = new NavigatedViewer({ container: element });
    await viewer.importXML(xml);
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", element.getAttribute("aria-label") ?? words.diagram);
    paint(viewer, progress, labels);
    look(viewer, progress);
    controls(element, viewer);
    element.dataset.state = "shown";
  } catch (error) {
    const hasExpired = error instanceof Expired;
    element.textContent = hasExpired ? words.loginExpired : words.diagramFailed;
    element.dataset.state = "failed";
    if (!hasExpired) console.error(error);
  } finally {
    element.removeAttribute("aria-busy");
  }
}
