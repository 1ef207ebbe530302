// Which fields a form shows is decided by the server (one reading of the conditions): it answers with the event `steward:hidden`.

export function showAllBut(form, keys) {
  const hidden = new Set(keys);
  for (const wrapper of form.querySelectorAll("[data-field]")) {
    const isHidden = hidden.has(wrapper.dataset.field);
    wrapper.hidden = isHidden;
    // What is not shown is neither required nor sent.
    for (const field of wrapper.querySelectorAll("input, select, textarea, button")) field.disabled = isHidden;
  }
}

export function followConditions() {
  document.addEventListener("steward:hidden", (event) => {
    const form = event.target.closest?.("form") ?? event.target.querySelector?.("form") ?? document;
    showAllBut(form, event.detail.keys ?? event.detail.value ?? []);
  });
}
