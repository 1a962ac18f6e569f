/* The list of customers: what is chosen is counted and may be written to, tagged or exported alone.
   Without this the boxes still send their ids to the campaign's form. */
(() => {
  const boxes = () => [...document.querySelectorAll("#people-chosen input[name=id]")];
  const list = () => new URLSearchParams(location.search);

  function show() {
    const place = document.getElementById("people");
    if (!place) return;
    const chosen = boxes().filter(box => box.checked);
    for (const part of place.querySelectorAll("[data-chosen-none]")) part.hidden = chosen.length > 0;
    for (const part of place.querySelectorAll("[data-chosen-some]")) part.hidden = chosen.length === 0;
    for (const count of place.querySelectorAll("[data-chosen-count]")) count.textContent = window.bashgah.number(chosen.length);
    for (const box of boxes()) box.closest("tr").classList.toggle("ba-on", box.checked);
    /* Tagging and exporting speak of the chosen, or of the list as it stands in the address bar. */
    const people = new URLSearchParams(chosen.map(box => ["id", box.value]));
    const everyone = list();
    everyone.delete("page");
    everyone.delete("sort");
    for (const field of document.querySelectorAll("[data-people]")) field.value = chosen.length ? people : everyone;
  }

  document.addEventListener("change", event => event.target.closest("#people-chosen") && show());
  document.addEventListener("htmx:pushedIntoHistory", show);
  document.addEventListener("htmx:load", show);
  /* An address without the boxes left empty is one that a person can read. */
  document.addEventListener("htmx:configRequest", event => {
    if (event.target.id !== "people-form") return;
    const sent = event.detail.formData;
    for (const name of new Set(sent.keys())) if (sent.getAll(name).every(value => value === "")) sent.delete(name);
  });
  /* The answer to an export is a file: the page stays, so its dialog must go. */
  document.addEventListener("submit", event => event.target.matches("[data-export]") && event.target.closest("dialog")?.close());
  show();
})();
