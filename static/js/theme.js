/* Light, dark or as the system has it; applied before the first paint, so it stands alone and blocks. */
(() => {
  const root = document.documentElement;
  const night = matchMedia("(prefers-color-scheme: dark)");
  const read = () => {
    try { return localStorage.getItem("ba-theme") || "auto"; } catch { return "auto"; }
  };
  const apply = () => {
    const chosen = read();
    const theme = chosen === "auto" ? (night.matches ? "dark" : "light") : chosen;
    const changed = root.dataset.bsTheme !== theme;
    root.dataset.bsTheme = theme;
    root.dataset.baTheme = chosen;
    if (changed) document.dispatchEvent(new CustomEvent("ba:theme", { detail: theme }));
  };
  root.classList.add("ba-js");
  apply();
  night.addEventListener("change", apply);
  addEventListener("storage", event => event.key === "ba-theme" && apply());
  document.addEventListener("click", event => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    try { localStorage.setItem("ba-theme", button.dataset.themeChoice); } catch { /* private window: for this page only */ }
    apply();
  });
})();
