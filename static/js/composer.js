/* The composer: a chip puts its word where the cursor is. Everything else about the text comes from the server. */
(() => {
  document.addEventListener("click", event => {
    const chip = event.target.closest("[data-insert]");
    const text = document.getElementById("id_text");
    if (!chip || !text) return;
    text.setRangeText(chip.dataset.insert, text.selectionStart, text.selectionEnd, "end");
    text.focus();
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
