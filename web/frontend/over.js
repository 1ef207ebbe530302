// A task over the list in which it stands: <a data-opens-over href="/tasks/12"> with <dialog data-over>. After the act one is back at the list.

const PARTS = "main > .title, main .first"; // of the task's own page

async function open(dialog, address) {
  const place = dialog.querySelector(".over");
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) {
    location.assign(address);
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  place.replaceChildren(...page.querySelectorAll(PARTS));
  for (const form of place.querySelectorAll("form[method=post]")) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "next", value: location.pathname + location.search }));
  }
  place.dispatchEvent(new CustomEvent("steward:added", { bubbles: true }));
  const operations = place.querySelector("details.operations");
  if (operations && !place.querySelector("form.next")) operations.open = true; // nothing to fill in: one came to hand it on or to remind
  dialog.showModal();
}

export function over(dialog) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-opens-over]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    link.setAttribute("aria-busy", "true");
    open(dialog, link.href).catch(() => location.assign(link.href)).finally(() => link.removeAttribute("aria-busy"));
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.querySelector(".over").replaceChildren());
}
