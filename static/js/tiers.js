/* The editor of tiers: marks what differs from the rules in force, and holds back "Apply" until the preview fits. */
(() => {
  const form = document.getElementById("tier-form");
  if (!form) return;
  const { ascii } = window.bashgah;
  const same = (box, was) => {
    const typed = box.value.trim();
    const numbers = [ascii(typed || "0"), ascii(was || "0")].map(Number);
    return numbers.every(Number.isFinite) ? numbers[0] === numbers[1] : typed === was;
  };

  function mark() {
    for (const card of form.querySelectorAll(".ba-tiercard, .ba-rules")) {
      let changed = false;
      for (const box of card.querySelectorAll("input[data-was]")) {
        const differs = !same(box, box.dataset.was);
        box.closest(".ba-unit")?.classList.toggle("ba-unit-changed", differs);
        const range = card.querySelector(`[data-for="${box.id}"]`);
        if (range) range.value = Number(ascii(box.value)) || 0;
        changed ||= differs && box.inputMode !== "" && !box.closest(".ba-perk-off");
      }
      const words = card.querySelector("[data-was-words]");
      if (words) words.hidden = !changed;
    }
  }

  form.addEventListener("input", event => {
    /* A slider writes into its number field, and that one says so again. */
    if (event.target.type === "range") return;
    mark();
    const apply = document.querySelector("[data-apply]");
    if (apply) apply.disabled = true;
  });
  /* After another metric the numbers mean something else: the page comes back with fitting ones. */
  form.addEventListener("change", event => {
    if (event.target.matches("[data-reload]")) {
      event.stopImmediatePropagation();
      form.submit();
    }
  }, true);
  mark();
})();
