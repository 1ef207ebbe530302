// Signing on the glass: <div data-signature data-name="…" data-upload="…" [data-required] [data-hash]>.
import SignaturePad from "signature_pad";
import { keptValues } from "./keep.js";
import { holdSubmit, upload } from "./uploads.js";
import { words } from "./words.js";

const PATIENCE = 900; // milliseconds after the last stroke

function build(element) {
  const given = element.dataset.hash || keptValues(element, element.dataset.name)[0] || "";
  const canvas = document.createElement("canvas");
  canvas.className = "signature-canvas";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", words.signHere);
  const clear = Object.assign(document.createElement("button"), { type: "button", textContent: words.clear, className: "secondary outline" });
  const status = document.createElement("p");
  status.className = "signature-status";
  status.setAttribute("role", "status");
  status.textContent = given ? words.signed : words.signHere;
  const value = Object.assign(document.createElement("input"), { type: "hidden", name: element.dataset.name, value: given });
  element.append(canvas, clear, status, value);
  return { canvas, clear, status, value };
}

// As many pixels as the glass has, so that the signature is sharp; turning the phone keeps what was drawn.
function fit(canvas, pad) {
  const ratio = Math.max(window.devicePixelRatio || 1, 1);
  const width = canvas.clientWidth * ratio;
  const height = canvas.clientHeight * ratio;
  if (!width || (canvas.width === width && canvas.height === height)) return;
  const strokes = pad.toData();
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").scale(ratio, ratio);
  pad.fromData(strokes);
}

export function signature(element) {
  const { canvas, clear, status, value } = build(element);
  const pad = new SignaturePad(canvas, { penColor: "#000", backgroundColor: "#fff", minWidth: 0.8, maxWidth: 2.8 });
  let timer;
  let running = null;
  let isDirty = false;

  async function send() {
    clearTimeout(timer);
    isDirty = false;
    status.textContent = words.uploading;
    try {
      const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
      value.value = await upload(element.dataset.upload, blob, `${element.dataset.name}.png`);
      status.textContent = words.signed;
      value.dispatchEvent(new Event("change", { bubbles: true }));
      return true;
    } catch (error) {
      isDirty = true;
      status.textContent = error.message;
      return false;
    }
  }

  function sendOnce() {
    running ??= send().finally(() => (running = null));
    return running;
  }

  new ResizeObserver(() => fit(canvas, pad)).observe(canvas);
  pad.addEventListener("beginStroke", () => clearTimeout(timer));
  pad.addEventListener("endStroke", () => {
    isDirty = true;
    value.value = "";
    timer = setTimeout(sendOnce, PATIENCE);
  });
  clear.addEventListener("click", () => {
    clearTimeout(timer);
    pad.clear();
    isDirty = false;
    value.value = "";
    status.textContent = words.signHere;
    value.dispatchEvent(new Event("change", { bubbles: true }));
  });
  const isMissing = () => "required" in element.dataset && !element.closest("[hidden]") && !value.value && pad.isEmpty();
  holdSubmit(element, () => isDirty || running !== null || isMissing(), async () => {
    if (isMissing()) {
      status.textContent = words.signatureMissing;
      status.setAttribute("role", "alert");
      element.scrollIntoView({ block: "center" });
      return false;
    }
    await running;
    return isDirty ? sendOnce() : true;
  });
}
