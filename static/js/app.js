/* Behaviour every page shares. No framework, no inline code; listeners are delegated, so swapped-in parts work too.
   Everything here is an extra: links, forms and <details> do their work without it. */
(() => {
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const isRtl = () => document.documentElement.dir === "rtl";
  const number = value => Number(value).toLocaleString(document.documentElement.lang === "fa" ? "fa-IR" : "en-US");
  const ascii = text => text
    .replace(/[۰-۹]/g, digit => digit.charCodeAt(0) - 0x06f0)
    .replace(/[٠-٩]/g, digit => digit.charCodeAt(0) - 0x0660)
    .replace(/[٬,،\s\u200e\u200f\u2066-\u2069]/g, "").replace("٫", ".");
  window.bashgah = { number, ascii, isRtl };

  /* ---------- Tabs: role=tablist with [data-tab] buttons; the panel has that id ---------- */
  function openTab(tab) {
    const list = tab.closest("[role=tablist]") || tab.parentElement;
    for (const other of $$("[data-tab]", list)) {
      const on = other === tab;
      other.setAttribute("aria-selected", on);
      other.tabIndex = on ? 0 : -1;
      const panel = document.getElementById(other.dataset.tab);
      if (panel) panel.hidden = !on;
    }
    if (list.hasAttribute("data-hash")) history.replaceState(history.state, "", `#${tab.dataset.tab}`);
    document.dispatchEvent(new CustomEvent("ba:shown", { detail: document.getElementById(tab.dataset.tab) }));
  }
  function tabByHash() {
    const id = location.hash.slice(1);
    const tab = id && document.querySelector(`[data-tab="${CSS.escape(id)}"]`);
    if (tab) openTab(tab);
  }

  /* ---------- Menus: <details class="ba-menu"> ---------- */
  const menuItems = menu => $$(".ba-menu-l :is(a,button):not([disabled])", menu).filter(item => item.offsetParent);
  function closeMenu(menu, refocus) {
    menu.open = false;
    if (refocus) menu.querySelector("summary").focus();
  }
  document.addEventListener("toggle", event => {
    const menu = event.target;
    if (!menu.matches?.(".ba-menu") || !menu.open) return;
    for (const other of $$(".ba-menu[open]")) if (other !== menu && !other.contains(menu)) closeMenu(other);
  }, true);

  /* ---------- Notices ---------- */
  const toasts = () => document.getElementById("toasts");
  function dismissLater(toast) {
    if (toast.dataset.timed || toast.hasAttribute("data-keep")) return;
    toast.dataset.timed = "yes";
    const wait = toast.querySelector("form") ? 12000 : 6000;
    let timer = setTimeout(() => toast.remove(), wait);
    const hold = () => clearTimeout(timer);
    const go = () => { timer = setTimeout(() => toast.remove(), wait); };
    toast.addEventListener("pointerenter", hold);
    toast.addEventListener("focusin", hold);
    toast.addEventListener("pointerleave", go);
    toast.addEventListener("focusout", go);
  }
  function toast(name) {
    const template = document.getElementById(`toast-${name}`);
    const place = toasts();
    if (!template || !place) return;
    for (const old of $$(`[data-toast="${name}"]`, place)) old.remove();
    place.append(template.content.cloneNode(true));
  }
  window.bashgah.toast = toast;

  /* ---------- Clicks ---------- */
  document.addEventListener("click", event => {
    const target = event.target;
    for (const menu of $$(".ba-menu[open]")) if (!menu.contains(target)) closeMenu(menu);
    const tab = target.closest("button[data-tab]");
    if (tab) return openTab(tab);
    const opener = target.closest("[data-open]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.open);
      if (dialog?.showModal) { event.preventDefault(); dialog.showModal(); }
      return;
    }
    const closer = target.closest("[data-close]");
    if (closer) {
      const dialog = closer.closest("dialog");
      if (dialog) { event.preventDefault(); dialog.close(); }
      return;
    }
    if (target.matches("dialog[open]")) {
      /* A click on the backdrop arrives at the dialog itself, outside its box. */
      const box = target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside) target.close();
      return;
    }
    const dismiss = target.closest(".ba-toast-x");
    if (dismiss) return dismiss.closest(".ba-toast").remove();
    const copy = target.closest("[data-copy]");
    if (copy) return copyFrom(copy);
    const toggle = target.closest("button[aria-pressed]:not([data-theme-choice])");
    if (toggle && !toggle.disabled) {
      const group = toggle.closest("[data-one]");
      if (group) for (const other of $$("button[aria-pressed]", group)) other.setAttribute("aria-pressed", other === toggle);
      else toggle.setAttribute("aria-pressed", toggle.getAttribute("aria-pressed") !== "true");
    }
  });

  async function copyFrom(button) {
    const source = document.getElementById(button.dataset.copy);
    const text = source ? source.value ?? source.textContent.trim() : button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      if (source?.select) source.select();
      return;
    }
    const label = button.querySelector("[data-label]") || button;
    const before = label.textContent;
    label.textContent = button.dataset.done || before;
    setTimeout(() => { label.textContent = before; }, 2000);
  }

  /* ---------- Keys ---------- */
  document.addEventListener("keydown", event => {
    const { key, target } = event;
    if (key === "Escape") {
      const menu = target.closest?.(".ba-menu[open]") || document.querySelector(".ba-menu[open]");
      if (menu) { event.preventDefault(); closeMenu(menu, true); }
      return;
    }
    const menu = target.closest?.(".ba-menu");
    if (menu && ["ArrowDown", "ArrowUp", "Home", "End"].includes(key)) {
      event.preventDefault();
      if (!menu.open) menu.open = true;
      const items = menuItems(menu), at = items.indexOf(document.activeElement);
      const next = { ArrowDown: at + 1, ArrowUp: at < 0 ? items.length - 1 : at - 1, Home: 0, End: items.length - 1 }[key];
      items[(next + items.length) % items.length]?.focus();
      return;
    }
    const tab = target.closest?.("button[data-tab]");
    if (tab && ["ArrowLeft", "ArrowRight", "Home", "End"].includes(key)) {
      const tabs = $$("[data-tab]", tab.closest("[role=tablist]") || tab.parentElement), at = tabs.indexOf(tab);
      const forward = (key === "ArrowRight") !== isRtl() ? 1 : -1;
      const next = key === "Home" ? 0 : key === "End" ? tabs.length - 1 : (at + forward + tabs.length) % tabs.length;
      event.preventDefault();
      tabs[next].focus();
      openTab(tabs[next]);
    }
  });

  /* ---------- A range and its number field: <input type=range data-for="field id"> ---------- */
  document.addEventListener("input", event => {
    const field = event.target;
    if (field.matches("input[type=range][data-for]")) {
      const box = document.getElementById(field.dataset.for);
      if (!box) return;
      box.value = number(field.value);
      box.dispatchEvent(new Event("input", { bubbles: true }));
    } else if (field.id) {
      const range = document.querySelector(`input[type=range][data-for="${CSS.escape(field.id)}"]`);
      const value = range && Number(ascii(field.value));
      if (range && Number.isFinite(value)) range.value = value;
    }
    if (field.dataset.liveCount) count(field);
  });

  /* ---------- How long a text is: <textarea data-live-count="id of the place"> ---------- */
  function count(field) {
    const place = document.getElementById(field.dataset.liveCount);
    if (place) place.textContent = number([...field.value].length);
  }

  /* ---------- A form that sends itself when a choice changes: <form data-auto-submit> ---------- */
  document.addEventListener("change", event => {
    const form = event.target.closest("form[data-auto-submit]");
    if (form) form.requestSubmit();
  });

  /* ---------- Theme buttons show what is chosen ---------- */
  function showTheme(root = document) {
    const chosen = document.documentElement.dataset.baTheme;
    for (const button of $$("[data-theme-choice]", root)) button.setAttribute("aria-pressed", button.dataset.themeChoice === chosen);
  }
  document.addEventListener("click", event => event.target.closest("[data-theme-choice]") && showTheme());

  /* ---------- htmx: what went wrong is said, never swallowed ---------- */
  document.addEventListener("htmx:responseError", event => {
    const status = event.detail.xhr.status;
    toast(status === 403 ? "refused" : status === 404 ? "gone" : status === 429 ? "slow" : "error");
  });
  document.addEventListener("htmx:sendError", () => toast("offline"));
  document.addEventListener("htmx:timeout", () => toast("offline"));
  document.addEventListener("htmx:swapError", () => toast("error"));

  /* ---------- A row of tabs too narrow for all of them begins at the one that is open ---------- */
  function showCurrent(tab) {
    const row = tab.closest(".ba-tabs").getBoundingClientRect(), place = tab.getBoundingClientRect();
    if (place.left >= row.left && place.right <= row.right) return;
    tab.closest(".ba-tabs").scrollBy({ left: place.left + place.width / 2 - row.left - row.width / 2, behavior: "instant" });
  }

  /* ---------- Whatever has just appeared ---------- */
  function prepare(root) {
    $$(".ba-tabs [aria-current]", root).forEach(showCurrent);
    if (root.matches?.("[data-live-count]")) count(root);
    for (const field of $$("[data-live-count]", root)) count(field);
    /* What htmx has swapped in may be the dialog itself. */
    for (const dialog of [root, ...$$("dialog", root)]) if (dialog.matches?.("dialog[data-open-now]:not([open])")) dialog.showModal();
    showTheme(root);
  }
  document.addEventListener("htmx:load", event => prepare(event.detail.elt));
  addEventListener("hashchange", tabByHash);
  const start = () => {
    prepare(document);
    tabByHash();
    const place = toasts();
    if (place) {
      $$(".ba-toast", place).forEach(dismissLater);
      new MutationObserver(() => $$(".ba-toast", place).forEach(dismissLater)).observe(place, { childList: true, subtree: true });
    }
    /* A form sent back with errors: put the cursor where the first one is. */
    document.querySelector("[aria-invalid=true]")?.focus();
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
