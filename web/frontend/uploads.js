// Sends one file to the attachment address of the element, and answers its content hash.
import { words } from "./words.js";

export class UploadRefused extends Error {}
export class Unreachable extends UploadRefused {} // nobody answered: the same may be sent again

export async function upload(address, blob, name) {
  const body = new FormData();
  body.append("file", blob, name);
  const headers = { Accept: "application/json", "X-CSRFToken": document.querySelector('meta[name="csrf-token"]')?.content ?? "" };
  let response;
  try {
    response = await fetch(address, { method: "POST", body, headers, credentials: "same-origin" });
  } catch {
    throw new Unreachable(words.uploadFailed);
  }
  // The session has ended: what was typed is kept, and this page comes again after the login.
  if (response.redirected) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok || !answer.hash) throw new UploadRefused(answer.error?.message ?? words.uploadFailed);
  return answer.hash;
}

// A submit waits until nothing of this element is on its way any more.
export function holdSubmit(element, isBusy, finish) {
  element.closest("form")?.addEventListener("submit", async (event) => {
    if (!isBusy()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { currentTarget: form, submitter } = event;
    if (await finish()) form.requestSubmit(submitter);
  }, { capture: true });
}
