// Photographs from the camera or the album: <div data-photos data-name="…" data-upload="…" data-view="…" [data-max]> with file inputs and a list.
import { keptValues } from "./keep.js";
import { holdSubmit, Unreachable, upload, UploadRefused } from "./uploads.js";
import { words } from "./words.js";

const LONGEST_SIDE = 1600;
const QUALITY = 0.82;

async function shrink(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new UploadRefused(words.notAPicture);
  }
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
}

export function photos(element) {
  const { name, upload: address, view } = element.dataset;
  const max = Number(element.dataset.max ?? 9);
  const list = element.querySelector("ul") ?? element.appendChild(document.createElement("ul"));
  list.classList.add("thumbnails");
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  element.append(status);
  let queue = Promise.resolve();
  let waiting = 0;
  const unsent = new Set(); // shrunk, but nobody answered: a lost connection costs no photograph

  function addRemove(item) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "remove", textContent: "×" });
    button.setAttribute("aria-label", `${words.remove}: ${item.querySelector("img").alt}`);
    button.addEventListener("click", () => {
      item.remove();
      for (const one of unsent) if (one.item === item) unsent.delete(one);
      status.textContent = "";
      element.dispatchEvent(new Event("change", { bubbles: true }));
    });
    item.append(button);
  }

  function addItem(source) {
    const item = document.createElement("li");
    item.append(Object.assign(document.createElement("img"), { src: source, alt: words.photo(list.children.length + 1), width: 96, height: 96 }));
    addRemove(item);
    list.append(item);
    return item;
  }

  const isThere = (hash) => [...list.querySelectorAll("input")].some((input) => input.value === hash);
  const keepHash = (item, hash) => item.append(Object.assign(document.createElement("input"), { type: "hidden", name, value: hash }));

  function show(hash) {
    if (!isThere(hash)) keepHash(addItem(view + hash), hash);
  }

  async function send(one) {
    try {
      const hash = await upload(address, one.small, one.name);
      if (isThere(hash)) one.item.remove();
      else keepHash(one.item, hash);
      unsent.delete(one);
      element.dispatchEvent(new Event("change", { bubbles: true }));
    } catch (error) {
      if (error instanceof Unreachable) throw new Unreachable(words.uploadLater);
      unsent.delete(one);
      one.item.remove();
      throw error;
    }
  }

  async function add(file) {
    if (list.children.length >= max) throw new UploadRefused(words.tooMany(max));
    const small = await shrink(file);
    const one = { small, name: file.name.replace(/\.\w+$/, "") + ".jpg", item: addItem(URL.createObjectURL(small)) };
    unsent.add(one);
    await send(one);
  }

  function later(work) {
    waiting += 1;
    status.textContent = words.uploading;
    queue = queue.then(work).then(
      () => (status.textContent = words.uploaded),
      (error) => (status.textContent = error.message),
    ).finally(() => (waiting -= 1));
    return queue;
  }

  const sendAgain = () => [...unsent].forEach((one) => later(() => unsent.has(one) && send(one)));

  for (const input of element.querySelectorAll('input[type="file"]')) {
    input.removeAttribute("name"); // the hashes are submitted, not the files
    input.removeAttribute("required");
    input.addEventListener("change", () => {
      [...input.files].forEach((file) => later(() => add(file)));
      input.value = "";
    });
  }
  window.addEventListener("online", sendAgain);
  [...list.children].forEach(addRemove);
  keptValues(element, name).forEach(show);
  holdSubmit(element, () => waiting > 0 || unsent.size > 0, async () => {
    if (!waiting) sendAgain();
    await queue;
    return unsent.size === 0;
  });
}
