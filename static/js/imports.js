/* Dropping a file on the upload box, its name and size, and a word when it is too large. Without this it is a file field. */
(() => {
  for (const box of document.querySelectorAll("[data-drop]")) {
    const field = box.querySelector("input[type=file]"), name = box.querySelector("[data-drop-name]");
    const large = box.querySelector("[data-drop-large]"), asked = name.textContent;
    const button = field.form.querySelector("button.btn-primary");
    const most = Number(box.dataset.mostMegabytes) * 1e6;
    const show = () => {
      const file = field.files[0];
      const megabytes = file ? (Math.max(file.size, 1e5) / 1e6).toFixed(1) : 0;
      name.textContent = file ? `\u2068${file.name}\u2069 · \u2068${window.bashgah.number(megabytes)} ${box.dataset.megabytes}\u2069` : asked;
      box.classList.toggle("is-chosen", Boolean(file));
      large.hidden = !file || file.size <= most;
      button.disabled = !large.hidden;
    };
    field.addEventListener("change", show);
    for (const kind of ["dragenter", "dragover"]) box.addEventListener(kind, event => { event.preventDefault(); box.classList.add("is-over"); });
    for (const kind of ["dragleave", "drop"]) box.addEventListener(kind, () => box.classList.remove("is-over"));
    box.addEventListener("drop", event => {
      event.preventDefault();
      if (!event.dataTransfer.files.length) return;
      field.files = event.dataTransfer.files;
      show();
    });
    /* A large file takes a while: one press is enough. */
    field.form.addEventListener("submit", () => { if (field.files.length) button.setAttribute("aria-busy", "true"); });
  }
})();
