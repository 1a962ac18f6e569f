/* The counter by keyboard: digits jump, arrows choose, Alt+n gives, Ctrl+Z takes back, Esc is ready for the next. */
(() => {
  const counter = document.getElementById("counter");
  if (!counter) return;
  const $$ = selector => [...counter.querySelectorAll(selector)];
  const form = document.getElementById("counter-find");
  const text = document.getElementById("counter-text");
  const boxes = $$(".ba-digits input");
  const digits = value => window.bashgah.ascii(value).replace(/\D/g, "");
  /* A keyboard on the screen would cover what has just been found. */
  const hasKeyboard = matchMedia("(hover: hover)").matches;

  function fill(from, value) {
    [...value].slice(0, boxes.length - from).forEach((digit, place) => { boxes[from + place].value = window.bashgah.number(digit); });
    const next = boxes.find(box => !box.value);
    (next || boxes[boxes.length - 1]).focus();
    if (!next) {
      text.value = "";
      form.requestSubmit();
    }
  }

  function clear() {
    form.reset();
    text.value = "";
    for (const box of boxes) box.value = "";
    document.getElementById("found").replaceChildren();
    document.getElementById("person").replaceWith(document.getElementById("counter-empty").content.firstElementChild.cloneNode(true));
    boxes[0].focus();
  }

  boxes.forEach((box, place) => {
    box.addEventListener("input", event => {
      /* htmx listens to the free field only, and a half-typed number finds nobody. */
      event.stopPropagation();
      const typed = digits(box.value);
      box.value = "";
      if (typed) fill(place, typed.length > 1 && place === 0 ? typed.slice(-boxes.length) : typed.slice(-1));
    });
    box.addEventListener("paste", event => {
      event.preventDefault();
      const pasted = digits(event.clipboardData.getData("text"));
      if (pasted) fill(0, pasted.slice(-boxes.length));
    });
    box.addEventListener("focus", () => box.select());
    box.addEventListener("keydown", event => {
      if (event.key === "Backspace" && !box.value && place) {
        event.preventDefault();
        boxes[place - 1].value = "";
        boxes[place - 1].focus();
      }
    });
  });
  /* 1240000 → 1,240,000 while it is typed, as long as the cursor is at the end and no pence have begun. */
  counter.addEventListener("input", event => {
    const box = event.target;
    if (box.id !== "amount" || box.selectionStart !== box.value.length) return;
    const typed = window.bashgah.ascii(box.value);
    if (/^\d{1,15}$/.test(typed)) box.value = window.bashgah.number(typed);
  }, true);
  text.addEventListener("input", () => { for (const box of boxes) box.value = ""; });

  document.addEventListener("keydown", event => {
    const { target, key } = event;
    const isTyping = target.matches?.("input:not([type=hidden]), textarea");
    if (event.altKey && /^Digit[1-9]$/.test(event.code)) {
      const button = counter.querySelector(`[data-give="${event.code.slice(-1)}"]`);
      if (button) { event.preventDefault(); button.click(); }
    } else if ((event.ctrlKey || event.metaKey) && event.code === "KeyZ" && !event.shiftKey) {
      /* In a field with something in it, Ctrl+Z is the field's own. */
      const button = counter.querySelector("[data-take-back]");
      if (button && !(isTyping && target.value)) { event.preventDefault(); button.click(); }
    } else if (key === "/" && !(isTyping && target.id !== "amount" && !boxes.includes(target) && target.value)) {
      event.preventDefault();
      for (const box of boxes) box.value = "";
      boxes[0].focus();
    } else if (key === "Escape" && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      clear();
    } else if (key === "ArrowDown" || key === "ArrowUp") {
      const found = $$(".ba-res button");
      if (!found.length || (isTyping && !form.contains(target))) return;
      event.preventDefault();
      const at = found.indexOf(document.activeElement);
      const next = key === "ArrowDown" ? at + 1 : at < 0 ? found.length - 1 : at - 1;
      if (next < 0) boxes[0].focus();
      else found[Math.min(next, found.length - 1)].focus();
    }
  });

  /* Where one goes on by keyboard: to the amount of whoever is chosen, or to the first of several. Only once all is
     settled: before that htmx does not know the new buttons, and a key would send their form by itself. */
  document.addEventListener("htmx:afterSettle", event => {
    if (event.detail.elt.id === "person" && !hasKeyboard) event.detail.elt.scrollIntoView({ block: "start" });
    if (!hasKeyboard) return;
    const swapped = event.detail.elt;
    const isRefused = counter.querySelector("#person [aria-invalid=true]");
    if (isRefused) isRefused.focus();
    else if (swapped.id === "person" || (swapped.id === "found" && $$(".ba-res button").length === 1)) document.getElementById("amount")?.focus();
    else if (swapped.id === "found" && document.activeElement !== text) $$(".ba-res button")[0]?.focus();
  });
  if (hasKeyboard) (counter.querySelector("#amount") || boxes[0]).focus();
})();
